"""``symgraph replay``: the founding notebook, figure by figure."""


def replay() -> None:
    """Reproduce the founding notebook."""
