"""Pieces of a window that know no project and no models."""
