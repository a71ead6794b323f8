"""Analyses of graphs, with no representation of their own: intervals, signs, sizes, monomials."""
