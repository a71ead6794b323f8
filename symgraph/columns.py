"""Names of the columns of a result: a result of one column has the name of its kind, several have a name each."""

from collections.abc import Sequence

from symgraph.module_functions import PARTIALS

PREFIXES = {**PARTIALS, "loss": "grad"}
"""The word that begins the name of a partial by a weight, by the kind of the value: "grad w1" is one of "loss"."""


def columns_of(kind: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of a result's columns: the kind for one, such as "output"; for several "output re", "output im".

    Args:
        kind: of the result, "output" or "residual".
        names: of its columns; none where a model has no such result.
    """
    return tuple(f"{kind} {name}" for name in names) if len(names) > 1 else (kind,) * len(names)


def partials_of(value: str, prefix: str) -> str:
    """Return the name of all partials of a value: "jacobian re" of the value "output re" and the prefix "jacobian"."""
    return " ".join([prefix, *value.split(" ")[1:]])


def prefix_of(value: str) -> str:
    """Return what the names of a value's partials begin with: "jacobian re" of "output re", "grad" of "loss"."""
    return partials_of(value, PREFIXES[value.partition(" ")[0]])


def value_of(name: str) -> tuple[str, str]:
    """Return the value that a result is, or is a partial of, and the weight by which, "" for a value itself.

    ("output re", "w1") of "jacobian re w1", ("loss", "w1") of "grad w1", ("output re", "") of "output re".
    """
    kind, *rest = name.split(" ")
    value = next((value for value, prefix in PREFIXES.items() if prefix == kind), None)
    return (" ".join([value, *rest[:-1]]), rest[-1]) if value else (name, "")
