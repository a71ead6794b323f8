"""Values that targets may have, by their declaration or by the likelihood, checked once where data enter."""

from typing import Any

import numpy as np

from symgraph.errors import DataError
from symgraph.io.module import targets_of

_WANTED = {"count": "a count: 0, 1, 2, ...", "class": "a class: a whole number from 0 to {}", "positive": "a number above 0"}


def check_labels(module: Any, X: Any, y: Any, origin: str = "y", numbers: Any = None) -> None:
    """Refuse targets with other values than the declared ones, or that the likelihood of a model gives no probability.

    The functions of a module do not look for them.

    Args:
        module: a generated module, whose METADATA say what the values are.
        X: (n, d) its features, or (n,) with one feature; read where one of them is the largest count.
        y: (n,) its target.
        origin: the data, for the message.
        numbers: (n,) the numbers of the rows in the data, where they are not all.

    Raises:
        DataError: a value is out of range; the message names the first such row, counted from 0.
    """
    if y is None:
        return
    _check_values(module, y, origin, numbers)
    kind, limit = getattr(module, "METADATA", {}).get("labels", ("number", None))
    if kind not in _WANTED:
        return
    target = np.asarray(y, np.float64)
    good = np.isfinite(target) & (target > 0.0 if kind == "positive" else (target >= 0.0) & (np.floor(target) == target))
    most: Any = limit - 1 if kind == "class" else limit
    if isinstance(limit, str):
        most = np.reshape(X, (len(target), -1))[:, module.FEATURES.index(limit)]
        good &= np.floor(most) == most
    if most is not None:
        good &= target <= most
    if good.all():
        return
    row = int(np.argmin(good))
    wanted = _WANTED[kind].format(most)
    if kind == "count" and most is not None:
        wanted += f", of {limit} = {most[row]:g} at most" if isinstance(limit, str) else f", {limit} at most"
        wanted += f", and a whole number as {limit}" if isinstance(limit, str) and most[row] % 1 != 0 else ""
    why = f"the likelihood {module.METADATA['likelihood']} of {module.MODEL} needs {wanted}"
    raise _error(origin, numbers, good, module.TARGET, target, why)


def _check_values(module: Any, y: Any, origin: str, numbers: Any) -> None:
    """Refuse values of targets that are none of the declared ones."""
    for name, values in getattr(module, "METADATA", {}).get("values", {}).items():
        column = np.reshape(np.asarray(y, np.float64), (-1, len(targets_of(module))))[:, targets_of(module).index(name)]
        good = np.isin(column, values)
        if not good.all():
            known = ", ".join(f"{value:g}" for value in values)
            raise _error(origin, numbers, good, name, column, f"{module.MODEL} declares the values {known} of it")


def _error(origin: str, numbers: Any, good: Any, name: str, column: Any, why: str) -> DataError:
    """Return the error that names the first bad row."""
    row = int(np.argmin(good))
    bad = f"; {count} more such rows follow" if (count := int(np.sum(~good)) - 1) else ""
    number = row if numbers is None else numbers[row]
    return DataError(f"{origin}: row {number} (counted from 0) has {name} = {column[row]:g}; {why}{bad}")
