"""Model specs that come with symgraph."""
