"""The studio: the window and the command line; it shows and asks, and never computes a picture."""
