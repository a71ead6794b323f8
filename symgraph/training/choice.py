"""Choice of the backend that a run uses."""

from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np

from symgraph.errors import OptionError
from symgraph.training.clipping import Clip
from symgraph.training.engines import ArrayEngine, Engine, RowByRow, row_engine
from symgraph.training.optimizers import Optimizer
from symgraph.training.pairing import Pair
from symgraph.training.rows import Rows

Choice = Literal["auto", "numpy", "scalar", "numba"]


class Work(NamedTuple):
    """Description of a run that does not depend on its backend.

    Attributes:
        modules: of the model; at least one of them.
        rows: all rows.
        optimizer: the optimizer of the updates.
        clip: changes each gradient, or None.
        batch_size: rows per update.
        by_rows: whether the given module is the scalar one, which can only go row by row.
    """

    modules: Pair
    rows: Rows
    optimizer: Optimizer
    clip: Clip | None
    batch_size: int
    by_rows: bool


def checked_choice(value: Any, option: str = "backend") -> Choice:
    """Return the name of a backend after checking it.

    Args:
        value: the name to check.
        option: the option that it was given as, for the message.

    Raises:
        OptionError: there is none of that name.
    """
    if value not in get_args(Choice):
        raise OptionError(f"{option} must be one of {', '.join(get_args(Choice))}, not {value!r}")
    return cast("Choice", value)


def choose_engine(work: Work, choice: Choice) -> Engine:
    """Make the engine of a run.

    "auto" takes Python floats for single rows in float64 where there is a scalar module, and arrays otherwise. It never
    takes numba: the result of a run must not depend on what else is installed.

    Args:
        work: the description of the run.
        choice: the backend that was asked for.

    Raises:
        OptionError: that backend cannot do this run.
    """
    modules, single = work.modules, work.rows.dtype == np.float32
    if choice == "auto":
        possible = modules.scalar is not None and work.batch_size == 1 and not single
        choice = "scalar" if work.by_rows or possible else "numpy"
        lacking = modules.lacking if not possible and work.batch_size == 1 and not single else None
    else:
        lacking = "float32 is for arrays alone" if single else None
    if choice == "numpy" or (single and not work.by_rows):
        if modules.arrays is None:
            raise OptionError(f"the backend numpy needs the numpy module: {modules.lacking}")
        return ArrayEngine(modules.arrays, work.rows, work.optimizer, work.clip, work.batch_size, lacking)
    if modules.scalar is None:
        raise OptionError(f"the backend {choice} needs the scalar module: {modules.lacking}")
    if work.batch_size != 1:
        raise OptionError(f"batch_size is {work.batch_size}; the scalar module takes one row an update, the numpy module more")
    parts = RowByRow(modules.scalar, modules.arrays, work.rows, work.optimizer, work.clip)
    return row_engine(parts, compiled=choice == "numba")
