"""Derivation of the graph of a spec and its derivatives: lowering, the adjoint, the schedule."""
