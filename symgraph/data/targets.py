"""Values that targets may have, by their declaration or by the likelihood, checked once where data enter."""

from typing import Any

import numpy as np

from symgraph.errors import DataError
from symgraph.runtime.generated_module import targets_of
from symgraph.runtime.target_values import other_value, target_rules


def check_labels(module: Any, X: Any, y: Any, origin: str = "y", numbers: Any = None) -> None:
    """Refuse targets with other values than the declared ones, or that the likelihood of a model gives no probability.

    The functions of a module refuse them by the same rules; here they are refused before anything is computed.

    Args:
        module: a generated module, whose METADATA say what the values are.
        X: (n, d) its features, or (n,) with one feature; read where one of them is the largest count.
        y: (n,) its target.
        origin: the data, for the message.
        numbers: (n,) the numbers of the rows in the data, where they are not all.

    Raises:
        DataError: a value is out of range; the message names the first such row, counted from 0.
    """
    metadata = getattr(module, "METADATA", {})
    rules = () if y is None else target_rules(module.MODEL, metadata, module.FEATURES, targets_of(module))
    if not rules:
        return
    values = np.asarray(y)
    values = values if values.dtype.kind == "f" else values.astype(np.float64)
    X = None if X is None else np.reshape(X, (len(values), -1))
    text = other_value(rules, X, values, origin, numbers=numbers)
    if text:
        raise DataError(text)
