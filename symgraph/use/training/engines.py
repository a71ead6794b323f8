"""Choice of what runs the epochs of a training: arrays, Python floats, or compiled C."""

from typing import Any, Literal, NamedTuple, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array, batches
from symgraph.errors import BuildError, ModuleError, OptionError, did_you_mean
from symgraph.project.native.loading import LONGEST, NativeModule
from symgraph.use.training.epoch import ByEpoch, Epoch, Ran, Work, run_epoch
from symgraph.use.training.epochs_in_c import compiled_rows
from symgraph.use.training.epochs_in_floats import FloatRows, ScalarRows, takes_arrays
from symgraph.use.training.history import Backend
from symgraph.use.training.optimizers import OptimizerState
from symgraph.use.training.other_backends import Siblings
from symgraph.use.training.rule_in_c import NotRecordedError, recorded

Choice = Literal["auto", "numpy", "scalar", "c"]
_CHOICES = get_args(Choice)


class Epochs(Protocol):
    """Interface of the objects that run the epochs of a training."""

    @property
    def at_once(self) -> int:
        """Return the most epochs that `epochs` may be asked for where no callback needs each."""

    def epochs(self, w: Array, state: OptimizerState, count: int, orders: NDArray[np.int64] | None) -> Ran:
        """Run some epochs, each through all rows in the order of its row of `orders`; None is the order of the file."""


class Engine(NamedTuple):
    """Object that runs the epochs of a training, with what a result says of it.

    Attributes:
        epochs: runs the epochs.
        judge: has the mean loss of rows.
        backend: the backend of its updates.
        fallback: the reason why that is not the one asked for, or slower than it could be; or None.
    """

    epochs: Epochs
    judge: Any
    backend: Backend
    fallback: str | None


def checked_choice(value: Any, option: str = "backend") -> Choice:
    """Return the name of a backend after checking it.

    Args:
        value: the name to check.
        option: the option that it was given as, for the message.

    Raises:
        OptionError: there is none of that name.
    """
    if value not in _CHOICES:
        known = f"{', '.join(_CHOICES)}, not {value!r}{did_you_mean(value, _CHOICES)}"
        raise OptionError(f"{option} must be one of {known}")
    choice: Choice = value
    return choice


def choose_engine(work: Work, choice: Choice) -> Engine:
    """Make the engine of a run.

    "auto" takes, for single rows in float64, C where there is a C file and a compiler, else Python floats where there is a
    scalar module; and arrays for all else.

    Args:
        work: the description of the run.
        choice: the backend that was asked for.

    Raises:
        OptionError: that backend cannot do this run.
    """
    modules, single = work.modules, work.rows.dtype == np.float32
    alone = work.batch_size == 1 and not single
    if choice == "numpy" or single or (choice == "auto" and not work.by_rows and not alone):
        return _arrays(work, None if choice in ("auto", "numpy") else "float32 is for arrays alone", on_numpy=choice == "numpy")
    if work.batch_size != 1:
        raise OptionError(f"batch_size is {work.batch_size}; the backends scalar and c take one row an update, numpy more")
    if choice != "auto" and (lack := modules.lack(choice)) is not None:
        needed = {"c": "the model's C file", "scalar": "the scalar module"}[choice]
        raise OptionError(f"the backend {choice} needs {needed}: {lack}")
    reason = modules.lack("c") or _too_long(modules) if choice == "auto" else None
    if choice != "scalar" and reason is None:
        try:
            rows = compiled_rows(work)
            return Engine(rows, rows.judge, "c", None)
        except NotRecordedError as error:
            reason = str(error)
        except (BuildError, ModuleError) as error:
            if choice == "c":
                raise
            reason = str(error)
    if modules.scalar is None:
        return _arrays(work, reason)
    return _floats(work, modules.scalar, None if choice == "scalar" else reason)


def _too_long(modules: Siblings) -> str | None:
    name, text = modules.c_files[0]
    long = f"{name} has {len(text):,} characters, which take some time to compile: ask for it by the backend c"
    return long if len(text) > LONGEST else None


def _arrays(work: Work, reason: str | None, *, on_numpy: bool = False) -> Engine:
    module: Any = work.modules.arrays
    if module is None:
        raise OptionError(f"the backend numpy needs the numpy module: {work.modules.lack('numpy')}")

    if on_numpy and isinstance(module, NativeModule):
        module = module.numpy

    def run(w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        parts = batches(work.rows.n, work.batch_size, order)
        return run_epoch(
            module, work.rows, w, state, optimizer=work.optimizer, batches=parts, clip=work.clip, limits=work.limits
        )

    native = isinstance(module, NativeModule) and work.rows.dtype == np.float64
    return Engine(ByEpoch(module, work.rows, run), module, "native" if native else "numpy", reason)


def _floats(work: Work, scalar: Any, reason: str | None) -> Engine:
    judge: Any = work.modules.arrays or ScalarRows(scalar)
    try:
        recorded(work.optimizer)
        by_arrays = False
    except NotRecordedError as error:
        reason, by_arrays = str(error), takes_arrays(work.optimizer)
    engine = FloatRows(scalar, judge, work, by_arrays)
    return Engine(ByEpoch(judge, work.rows, engine.epoch), judge, "scalar", reason)
