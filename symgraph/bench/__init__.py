"""How fast a model's modules are on this machine, beside what other libraries make of the same spec."""

from symgraph.bench.measure import Report, bench
from symgraph.bench.peers import PEERS

__all__ = ["PEERS", "Report", "bench"]
