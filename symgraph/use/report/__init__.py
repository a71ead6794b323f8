"""One page about a model on its data: the graph with numbers, the derivation, what was verified, runs, fit and residuals."""
