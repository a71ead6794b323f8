"""A model as people look at it: formulas, pictures, plots."""
