"""Functions that a module brings along because ``math`` has none: templates/scalar/functions.py.jinja.

Each block of that template is a part: a function, or a table of coefficients. A module has the parts that it calls.
"""

from collections.abc import Iterable, Mapping
from functools import cache

from symgraph.backends.layout import number
from symgraph.backends.parts import called, tables
from symgraph.backends.rendering import blocks


@cache
def parts() -> Mapping[str, str]:
    """Return the text of each part of the template, tables before functions."""
    return {name: text.strip("\n") for name, text in blocks("scalar/functions.py.jinja", table=_table).items()}


def functions_called(lines: Iterable[str]) -> str:
    """Return the text of the parts that some lines call, and of those that these call in turn; "" if there are none."""
    texts = parts()
    tables = {name for name in texts if name.isupper()}
    found = called(lines, texts, r"\b_{}\b")
    above = "\n".join(text for name, text in found.items() if name in tables)
    return "\n\n\n".join([*([above] if above else []), *(text for name, text in found.items() if name not in tables)])


def _table(name: str) -> str:
    """Write the coefficients that have a name in the runtime."""
    return "\n".join([f"_{name} = (", *(f"    {number(value)}," for value in tables()[name]), ")"])
