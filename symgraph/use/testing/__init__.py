"""Assertions for tests of generated modules, and the pytest plugin, which imports nothing heavy when pytest starts."""

from symgraph.use.testing.gradients import assert_gradients

__all__ = ["assert_gradients"]
