"""NIST's problems of nonlinear regression with their certified results, as published."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

DATA = Path(__file__).parent.parent.parent / "data" / "nist"
NAMES = tuple(sorted(path.stem for path in DATA.glob("*.json")))


class Problem(NamedTuple):
    """A data set: its formula, X and y, the two published starts, and certified weights, standard errors and sum of squares."""

    formula: str
    names: tuple[str, ...]
    X: Any
    y: Any
    starts: tuple[Any, Any]
    weights: Any
    errors: Any
    sum_of_squares: float


def read(name: str) -> Problem:
    told = json.loads((DATA / f"{name}.json").read_text())
    table = np.genfromtxt(DATA / f"{name}.csv", delimiter=",", names=True)
    columns = [column for column in table.dtype.names if column != "y"]
    return Problem(
        f"{told['response']} ~ {told['model']}",
        tuple(told["parameters"]),
        np.column_stack([table[column] for column in columns]),
        table["y"],
        (np.array(told["start1"]), np.array(told["start2"])),
        np.array(told["certified"]),
        np.array(told["std_err"]),
        told["residual_sum_of_squares"],
    )
