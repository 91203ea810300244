"""Wan 2.1 and 2.2: one architecture in many models, of one expert or two, with or without known frames."""
