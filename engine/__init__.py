"""The engine: the process that owns models and jobs, and the workers it starts."""
