"""The process that owns a device: takes jobs from the engine, one at a time."""
