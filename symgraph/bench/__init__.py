"""Timing of a model's modules on this machine, beside other libraries' versions of the same spec."""

from symgraph.bench.measure import Report, bench
from symgraph.bench.peers import PEERS

__all__ = ["PEERS", "Report", "bench"]
