"""The model spec: what a user declares, and what is checked while it is declared."""
