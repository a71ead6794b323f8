"""Models with what belongs to them, run from a checkout."""
