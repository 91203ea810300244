"""The command line: the same verbs as the window, on the same engine."""
