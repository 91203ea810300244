"""Model architectures: each a small translation of a recipe into one call of a diffusers pipeline."""
