"""Rows one by one in C: the model's C file and the optimizer's rule in one library, compiled into the user's cache."""

import ctypes
import math
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array, Rows
from symgraph.errors import ModuleError
from symgraph.module_functions import MODULE_FUNCTIONS, ModuleFunction
from symgraph.project.native.cache import VARIABLE
from symgraph.project.native.compiled import is_single, module_of, prefix_of
from symgraph.project.native.compiler import find_compiler
from symgraph.runtime.compiled_binding import for_c
from symgraph.runtime.generated_module import targets_of
from symgraph.use.training.clipping import Limit
from symgraph.use.training.epoch import ByEpoch, Epoch, Ran, Work, finished
from symgraph.use.training.epochs_in_floats import ScalarRows
from symgraph.use.training.history import Failure, Quantity
from symgraph.use.training.optimizers import Optimizer, OptimizerState, int64
from symgraph.use.training.other_backends import identity
from symgraph.use.training.rule_in_c import NotRecordedError, RuleInC, recorded

_UPDATES_AT_ONCE = 16_384
"""Most updates in one call where no callback needs each epoch: Ctrl-C loses no more than these."""

_PIECE = 2**18
"""Most rows in one call, some 25 ms of them, between which Ctrl-C is heard."""

_EPOCH = "epoch.c"

_P, _N, _D = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double


@dataclass(frozen=True, slots=True)
class CompiledRows:
    """Epochs of single rows by compiled code.

    Attributes:
        library: has `symgraph_steps` and `symgraph_epochs`, see `epoch.c`.
        judge: has the mean loss where a sum of losses overflows, and the loss of the row at which a value is not finite.
        rows: all rows, float64, each row's features in one piece.
        optimizer: the optimizer of the updates.
        numbers: the constants of its rule, and behind them the limits of the weights, if there are some, as numbers in a row.
        limit: the number that belongs to the clip.
    """

    library: Any
    judge: Any
    rows: Rows
    optimizer: Optimizer
    numbers: Sequence[float] | NDArray[np.float64]
    limit: float

    @property
    def at_once(self) -> int:
        """Return the most epochs of one call, more than 1 where recording each would take as long as its updates."""
        return max(1, _UPDATES_AT_ONCE // self.rows.n)

    def epochs(self, w: Array, state: OptimizerState, count: int, orders: NDArray[np.int64] | None) -> Ran:
        """See `engines.Epochs`. An epoch with a value that is not finite is run again row by row, which finds the row."""
        n, size, k = self.rows.n, _PIECE, len(w)
        kept: list[float] = []
        best = w
        if n <= _PIECE:
            first, step = int(state.epoch), int(state.step)
            room, numbers, behind = self._room(w, state, _padded(k) + count)
            rates, rate = room[behind + _padded(k) :], self.optimizer.rate
            rates[:] = [self.optimizer.rate_at(epoch) for epoch in range(first, first + count)] if callable(rate) else rate
            order = None if orders is None else np.ascontiguousarray(orders[:count]).reshape(-1)
            at = _at(room)
            done = self.library.symgraph_epochs(at, at + numbers, *self._data(0, order), n, step, count, self.limit)
            w, state = _read(room, k, len(state.slots), step + done * n, first + done)
            kept, size = rates[:done].tolist(), 1
            best = room[behind : behind + k].copy() if done else w
            if done == count:
                return Ran(Epoch(w, state, None), kept, best)
        orders = None if orders is None else orders[len(kept) :]
        end, more, last = ByEpoch(self.judge, self.rows, partial(self._epoch, size)).epochs(w, state, 1, orders)
        return Ran(end, kept + more, last if more and more[0] < min(kept, default=math.inf) else best)

    def _epoch(self, size: int, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """Go through the rows once, some at a time; one at a time tells at which a value is not finite."""
        order = None if order is None else np.ascontiguousarray(order)  # those of several epochs may be drawn column by column
        epoch, step, n = int(state.epoch), int(state.step), self.rows.n
        (room, numbers, _), rate = self._room(w, state), self.optimizer.rate_at(epoch)
        at = _at(room)
        for start in range(0, n, size):
            before, some = room[: len(w)].copy(), min(size, n - start)
            lost = self.library.symgraph_steps(at, at + numbers, *self._data(start, order), some, step, rate, self.limit)
            step += some
            if math.isfinite(lost):
                continue
            if size > 1:
                return self._epoch(1, w, state, order)
            row = start if order is None else int(order[start])
            return Epoch(w, state, Failure(epoch + 1, row if self.rows.given else None, self._fault(before, room, row)))
        return finished(*_read(room, len(w), len(state.slots), step, epoch + 1), (w, state))

    def _fault(self, before: Array, room: NDArray[np.float64], row: int) -> Quantity:
        """Tell which value was not finite at a row, from the weights before it and the state behind it."""
        loss, gradient = self.judge.value_and_grad(before, *self.rows.take(row))
        if not math.isfinite(loss):
            return "loss"
        k, lanes = len(before), _padded(len(before))
        if not (np.isfinite(gradient).all() and np.isfinite(room[lanes : lanes + k]).all()):  # the second has been clipped
            return "gradient"
        return "weights" if not np.isfinite(room[:k]).all() else "loss"

    def _room(self, w: Array, state: OptimizerState, count: int = 0) -> tuple[NDArray[np.float64], int, int]:
        """Return what the C code works on: the state, room for the state before, so many numbers; and those of the rule.

        The numbers of the rule, which come last, are out of the way of those that the C code counts from the state on.

        Returns:
            All that, then the place of the rule's numbers in bytes, and that of the others.
        """
        k, lanes = len(w), _padded(len(w))
        behind, own = 2 * (2 + len(state.slots)) * lanes, len(self.numbers)
        room = np.zeros(own + behind + count)
        room[:k] = w
        for i, slot in enumerate(state.slots, 2):
            room[i * lanes : i * lanes + k] = slot
        if own:
            room[behind + count :] = self.numbers
        return room[: behind + count], 8 * (behind + count), behind

    def _data(self, start: int, order: NDArray[np.int64] | None) -> tuple[int | None, ...]:
        """Return the addresses of the rows from one on, and of their order."""
        X, y = self.rows.X, self.rows.y
        if order is None and start:
            X, y = self.rows.take(slice(start, None))
        return _at_or_null(X), _at_or_null(y), None if order is None else _at(order[start:])


def compiled_rows(work: Work) -> CompiledRows:
    """Compile the epochs of a run of single rows, float64, unless the cache has them.

    Raises:
        NotRecordedError: the rule or the clip cannot be written as C.
        BuildError: there is no compiler, or it refuses the file.
        ModuleError: the C file was not built from the module's spec, or its self-test finds a fault.
    """
    siblings, rows, clip, limits = work.modules, work.rows, work.clip, work.limits
    if not (clip is None or isinstance(clip, Limit)):
        raise NotRecordedError("a clip of your own cannot be written as C")
    source, text = siblings.c_files[0]
    if is_single(text):
        raise ModuleError(f"{source} is in single precision, and an optimizer's state is in double; build it without --float")
    rule, numbers = recorded(work.optimizer)
    given: Any = siblings.arrays or siblings.scalar
    environment = tuple(map(os.environ.get, ("CC", "PATH", VARIABLE)))
    sizes = len(given.WEIGHTS), len(given.FEATURES), len(targets_of(given)), len(given.OUTPUTS)
    clipped = "" if clip is None else clip.in_c
    library, module = _library(siblings.c_files, sizes, rule, clipped, -1 if limits is None else len(numbers), environment)
    if identity(module) != identity(given):
        raise ModuleError(f"{source} was not built from the same spec; build it again")
    X, y = (None if part is None else for_c(part, np.dtype(np.float64)) for part in (rows.X, rows.y))
    rows = rows._replace(X=X, y=y)
    limit = 0.0 if clip is None else clip.limit
    judge = given if siblings.arrays is not None else ScalarRows(given)
    numbers_and_limits = numbers if limits is None else np.hstack([numbers, *limits])
    return CompiledRows(library, judge, rows, work.optimizer, numbers_and_limits, limit)


@lru_cache(maxsize=16)  # a run is often short beside the loading of a library
def _library(
    c_files: tuple[tuple[str, str], ...],
    sizes: tuple[int, ...],
    rule: RuleInC,
    clip: str,
    limits: int,
    environment: tuple[str | None, ...],
) -> tuple[ctypes.CDLL, ModuleType]:
    """Compile and load the epochs of a model, a rule and a clip.

    Args:
        c_files: names and texts of the C file and its header.
        sizes: the numbers of weights, features, targets and outputs.
        rule: the optimizer's.
        clip: the name of the clip's function, or "".
        limits: the place of the weights' limits behind the rule's numbers; -1 if there are none.
        environment: names the compiler and the cache; it is here to be compared.
    """
    source, text = c_files[0]
    weights, features, targets, outputs = sizes
    prefix, several = prefix_of(source, text), {kind for kind, count in (("target", targets), ("output", outputs)) if count > 1}
    defined = {
        "SOURCE": f'"{source}"',
        "MODEL(function)": f"{prefix}_##function",
        "WEIGHTS": str(weights),
        "PADDED": str(_padded(weights)),
        "FEATURES": str(features),
        "SLOTS": str(rule.slots),
        "TARGET(at)": f"y + {targets} * (at)" if targets > 1 else "y[at]" if targets else "0.0",
        "DECLARED": " ".join(_declared(prefix, one, several) for one in MODULE_FUNCTIONS if not one.extra),
        "CLIP": clip and f"{clip}(g, limit)",
        "PROJECT": "" if limits < 0 else f"project(w, numbers + {limits})",
        "POWERS(each)": " ".join(f"each({i}, {base})" for i, base in enumerate(rule.powers)),
        "UNIFORM": " \\\n    ".join(rule.uniform),
        "EACH": " \\\n    ".join(rule.each),
    }
    main = "".join(f"#define {macro} {value}\n" for macro, value in defined.items()) + f'#include "{_EPOCH}"\n'
    name = f"{Path(source).stem}_epochs.c"
    files = {**dict(c_files), name: main, _EPOCH: Path(__file__).with_name(_EPOCH).read_text(encoding="utf-8")}
    module = module_of(source, files, main=name, compiler=find_compiler().for_single_rows())
    library = ctypes.CDLL(str(module.__file__))
    library.symgraph_steps.restype = _D
    library.symgraph_steps.argtypes = (_P, _P, _P, _P, _P, _N, _D, _D, _D)
    library.symgraph_epochs.restype = _N
    library.symgraph_epochs.argtypes = (_P, _P, _P, _P, _P, _N, _D, _N, _D)
    return library, module


def _declared(prefix: str, row: ModuleFunction, several: Collection[str]) -> str:
    """Write the prototype of a model's function, for one file alone."""
    returned, parameters = row.c_form(several)
    types = {"array": "const double *", "written": "double *", "real": "double", "count": "size_t", "": "void"}
    return f"static {types[returned]} {prefix}_{row.name}({', '.join(types[kind] for _, kind in parameters)});"


def _padded(k: int) -> int:
    """Return the lanes of k weights: whole vectors of four."""
    return -(-k // 4) * 4


def _read(room: NDArray[np.float64], k: int, slots: int, step: int, epoch: int) -> tuple[Array, OptimizerState]:
    """Return the weights and the optimizer's state that a state of the C code holds."""
    lanes = _padded(k)
    kept = tuple([room[i * lanes : i * lanes + k].copy() for i in range(2, 2 + slots)])
    return room[:k].copy(), OptimizerState(int64(step), int64(epoch), kept)


def _at(array: NDArray[Any]) -> int:
    """Return the address of an array, in a tenth of the time that ``array.ctypes`` takes."""
    address: int = array.__array_interface__["data"][0]
    return address


def _at_or_null(array: NDArray[Any] | None) -> int | None:
    return None if array is None else _at(array)
