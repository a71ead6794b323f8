"""Straight lines run with other numbers than arrays: pairs of floats, or values with bounds of their errors.

A line such as ``u = a * x - np.exp(b)`` says what is computed, not by which arithmetic: its operators are those of its
operands, and the functions that it calls are found by name when it runs.
"""

from collections.abc import Callable, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np


def names_of_lines(functions: Mapping[str, Callable[..., Any]], largest: Any) -> dict[str, Any]:
    """Give what lines find by the names that they call.

    Args:
        functions: by the names that the lines call, such as "np.exp" and "select".
        largest: what the largest number of a dtype reads as.
    """
    of_numpy = {name.removeprefix("np."): function for name, function in functions.items() if name.startswith("np.")}
    numpy = SimpleNamespace(finfo=lambda _: SimpleNamespace(max=largest), inf=np.inf, nan=np.nan, **of_numpy)
    return {**functions, "np": numpy}


def run_with(names: Mapping[str, Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function of lines that finds other things by some names."""
    assert isinstance(function, FunctionType)
    return FunctionType(function.__code__, {**function.__globals__, **names}, function.__name__, function.__defaults__)
