"""Functions that a module brings along because ``math`` has none: templates/scalar/functions.py.jinja.

Each block of that template is a part, a function; tables of coefficients are those of the runtime. A module has the parts that
it calls.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from symgraph.compiler.backends.numpy.runtime_source import runtime_library
from symgraph.compiler.backends.parts import called, tables
from symgraph.compiler.backends.rendering import Blocks


@cache
def parts() -> Mapping[str, str]:
    """Return the text of each part: the tables, under a name of the module's own, and the functions of the template."""
    found = {part.names[0]: part.text for part in runtime_library().parts if part.names[0] in tables()}
    texts = {name: re.sub(rf"^{name}\b", f"_{name}", text, flags=re.MULTILINE) for name, text in found.items()}
    return texts | {name: text.strip("\n") for name, text in Blocks("scalar/functions.py.jinja").items()}


def functions_called(lines: Iterable[str]) -> str:
    """Return the text of the parts that some lines call, and of those that these call in turn; "" if there are none."""
    texts = parts()
    found = called(lines, texts, r"\b_{}\b")
    above = "\n".join(text for name, text in found.items() if name.isupper())
    return "\n\n\n".join([*([above] if above else []), *(text for name, text in found.items() if not name.isupper())])
