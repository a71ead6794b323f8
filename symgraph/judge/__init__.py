"""Everything that verifies: one reference for truth, and what modules compute held against it."""
