"""From a spec to the graph of its derivatives: lowering, the adjoint, the schedule."""
