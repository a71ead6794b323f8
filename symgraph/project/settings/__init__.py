"""Settings of a project, and the checks before one of its files is trusted."""
