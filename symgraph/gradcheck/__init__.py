"""Checks the derivatives of any generated module against differences of its values; needs NumPy alone, no spec."""

from symgraph.gradcheck.check import gradcheck
from symgraph.gradcheck.report import FunctionReport, GradcheckReport, WeightReport

__all__ = ["FunctionReport", "GradcheckReport", "WeightReport", "gradcheck"]
