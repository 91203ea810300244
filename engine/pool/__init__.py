"""Workers: where renders run, one process per device."""
