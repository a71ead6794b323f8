"""Entry point of ``python -m symgraph``."""

from symgraph.cli import main

main()
