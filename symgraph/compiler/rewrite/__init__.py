"""Rewrites of a user's formulas into forms that round well: a literal table, and the small language in which it is written."""

from symgraph.compiler.rewrite.engine import apply_rules
from symgraph.compiler.rewrite.rule import Rule
from symgraph.compiler.rewrite.table import RULES, VALUE_RULES

__all__ = ["RULES", "VALUE_RULES", "Rule", "apply_rules"]
