"""Rewrites of what a user writes into what rounds well: a literal table, and the little language in which it is written."""

from symgraph.rewrite.engine import apply_rules
from symgraph.rewrite.rule import Rule
from symgraph.rewrite.table import RULES, VALUE_RULES

__all__ = ["RULES", "VALUE_RULES", "Rule", "apply_rules"]
