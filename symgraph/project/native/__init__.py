"""Built modules, found, loaded and compiled."""
