"""Model files on disk: checked, then loaded by an allow-list of classes."""
