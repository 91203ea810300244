"""The one client of the engine's API, for the command line, scripts and the window alike."""
