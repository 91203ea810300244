"""The engine client of a Qt window: events as signals, calls that never block the GUI thread."""
