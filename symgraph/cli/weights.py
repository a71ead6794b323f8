"""Weights on the command line: numbers by name, as options give them, and files of weights."""

import os
import re
import sys
import unicodedata
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.cli.terminal import note
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.runtime.generated_module import GeneratedModule
    from symgraph.spec.model import Model

_ITEM = re.compile(r"([^=[]*(?:\[.*\])?)(?:(=)(.*))?", re.DOTALL)
"""A name, which may end in the name of a data set in brackets, and what stands after its "="."""


def pairs(option: str, text: str) -> list[tuple[str, str | None]]:
    """Return names with what stands after their "=", None where there is none."""
    items: dict[str, str | None] = {}
    pieces = re.split(r",(?![^[]*\])", text) if text.strip() else []  # a comma within brackets is of the name of a data set
    for part in map(str.strip, pieces):
        found = _ITEM.fullmatch(part)
        name, equals, value = map(str.strip, found.groups("")) if found else ("", "", "")
        name = name if "[" in name else unicodedata.normalize("NFKC", name)  # as Python reads it in formulas
        if not name or (equals and not value) or name in items:
            raise OptionError(f"{option}: {part!r} is not NAME=VALUE, or names a weight again")
        items[name] = value if equals else None
    return list(items.items())


def number(option: str, name: str, text: str | None) -> float:
    """Return the number of a name."""
    try:
        return real(text if text is not None else "")
    except ValueError:
        shown = "nothing" if text is None else repr(text)
        raise OptionError(f"{option}: {name} is {shown}, not a number; write {name}=1.5") from None


def real(text: str) -> float:
    """Return the number of a text; a ValueError, too, where Python reads 1_0 as 10, for which hardly anyone means it."""
    if "_" in text:
        raise ValueError(text)
    return float(text)


def numbers(option: str, text: str) -> dict[str, float]:
    """Return numbers by name."""
    return {name: number(option, name, value) for name, value in pairs(option, text)}


def note_names(model: "Model", *, quiet: bool) -> None:
    """Say on stderr which names of a formula are features, and which weights."""
    features, weights = ([one.name for one in some] for some in (model.feature_inputs, model.weight_inputs))
    note_kinds(model.doc, features, weights, quiet=quiet)


def note_kinds(formula: str, features: Sequence[str], weights: Sequence[str], *, quiet: bool) -> None:
    """Say the same of names that are known."""
    note(f"{formula}: features {', '.join(features) or 'none'}; weights {', '.join(weights) or 'none'}", quiet=quiet)


def read_weights(path: Path, module: "GeneratedModule", option: str = "--weights") -> Any:
    """Read weights; warn on stderr about those of another version of the model.

    Args:
        path: the file, or the weights themselves, such as "a=1,b=2", where no file is called so.
        module: the module or the facts of the model.
        option: the option that gives them.

    Raises:
        WeightsError: they are not the model's.
        OptionError: a weight that stands there itself is no number.
    """
    from symgraph.data.weights import WeightsVersionWarning, load_weights, weights_of

    if "=" in str(path) and not os.path.exists(path):  # noqa: PTH110  Path.exists refuses what is too long for a name
        return weights_of(numbers(option, str(path)), module)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", WeightsVersionWarning)
        weights = load_weights(path, module)
    for warning in caught:
        print(f"warning: {warning.message}", file=sys.stderr)
    return weights
