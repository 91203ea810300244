"""Observable state of the window: what views show and what they ask for; QtCore only."""
