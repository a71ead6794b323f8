"""Results as people see them while they work: HTML for notebooks, and progress on terminals, in notebooks and in logs."""
