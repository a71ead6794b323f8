"""Checks the derivatives of any generated module against differences of its values; needs NumPy alone, no spec."""

from symgraph.judge.differences.check import gradcheck
from symgraph.judge.differences.report import FunctionReport, GradcheckReport, WeightReport

__all__ = ["FunctionReport", "GradcheckReport", "WeightReport", "gradcheck"]
