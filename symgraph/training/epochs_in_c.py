"""Rows one by one in C: the model's C file and the optimizer's rule in one library, compiled into the user's cache."""

import ctypes
import math
import os
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import ModuleError
from symgraph.io.cache import VARIABLE
from symgraph.io.compiled import is_single, module_of, prefix_of
from symgraph.io.module import targets_of
from symgraph.training.clipping import Clip, Limit
from symgraph.training.epoch import ByEpoch, Epoch, Ran, finished
from symgraph.training.epochs_in_floats import ScalarRows
from symgraph.training.history import Failure, Quantity
from symgraph.training.limits import Limits
from symgraph.training.optimizers import Optimizer, OptimizerState, int64
from symgraph.training.other_backends import Siblings, identity
from symgraph.training.rows import Array, Rows
from symgraph.training.rule_in_c import NotRecordedError, RuleInC, recorded

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
        numbers: the constants of its rule, and behind them the limits of the weights, if there are some.
        limit: the number that belongs to the clip.
    """

    library: Any
    judge: Any
    rows: Rows
    optimizer: Optimizer
    numbers: NDArray[np.float64]
    limit: float

    @property
    def at_once(self) -> int:
        """Return the most epochs of one call, more than 1 where recording each would take as long as its updates."""
        return max(1, _UPDATES_AT_ONCE // self.rows.n)

    def epochs(self, w: Array, state: OptimizerState, count: int, orders: NDArray[np.int64] | None) -> Ran:
        """See `engines.Epochs`. An epoch with a value that is not finite is run again row by row, which finds the row."""
        n, size = self.rows.n, _PIECE
        kept: list[float] = []
        best = w
        if n <= _PIECE:
            first, step = int(state.epoch), int(state.step)
            room, behind = self._room(w, state, _padded(len(w)) + count)
            rates = behind[_padded(len(w)) :]
            rates[:] = [self.optimizer.rate_at(epoch) for epoch in range(first, first + count)]
            order = None if orders is None else np.ascontiguousarray(orders[:count]).reshape(-1)
            done = self.library.symgraph_epochs(_at(room), *self._data(0, order), n, step, count, self.limit)
            w, state = _read(room, len(w), step + done * n, first + done)
            kept, size = rates[:done].tolist(), 1
            best = behind[: len(w)].copy() if done else w
            if done == count:
                return Ran(Epoch(w, state, None), kept, best)
        orders = None if orders is None else orders[len(kept) :]
        end, more, last = ByEpoch(self.judge, self.rows, partial(self._epoch, size)).epochs(w, state, 1, orders)
        return Ran(end, kept + more, last if more and more[0] < min(kept, default=math.inf) else best)

    def _epoch(self, size: int, w: Array, state: OptimizerState, order: NDArray[np.int64] | None) -> Epoch:
        """Go through the rows once, some at a time; one at a time tells at which a value is not finite."""
        room, epoch, step, n = self._room(w, state)[0], int(state.epoch), int(state.step), self.rows.n
        rate = self.optimizer.rate_at(epoch)
        for start in range(0, n, size):
            before, some = room[0, : len(w)].copy(), min(size, n - start)
            lost = self.library.symgraph_steps(_at(room), *self._data(start, order), some, step, rate, self.limit)
            step += some
            if math.isfinite(lost):
                continue
            if size > 1:
                return self._epoch(1, w, state, order)
            row = start if order is None else int(order[start])
            return Epoch(w, state, Failure(epoch, row if self.rows.given else None, self._fault(before, room, row)))
        return finished(*_read(room, len(w), step, epoch + 1), (w, state))

    def _fault(self, before: Array, room: NDArray[np.float64], row: int) -> Quantity:
        """Tell which value was not finite at a row, from the weights before it and the state behind it."""
        loss, gradient = self.judge.value_and_grad(before, *self.rows.take(row))
        if not math.isfinite(loss):
            return "loss"
        if not (np.isfinite(gradient).all() and np.isfinite(room[1]).all()):  # the second has been clipped
            return "gradient"
        return "weights" if not np.isfinite(room[0, : len(before)]).all() else "loss"

    def _room(self, w: Array, state: OptimizerState, count: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the state that the C code changes, and room for so many numbers; between them is that for the state before."""
        parts, lanes = 2 + len(state.slots), _padded(len(w))
        block = np.zeros(2 * parts * lanes + count)
        room = block[: parts * lanes].reshape(parts, lanes)
        room[0, : len(w)] = w
        for place, slot in zip(room[2:], state.slots, strict=True):
            place[: len(w)] = slot
        return room, block[len(block) - count :]

    def _data(self, start: int, order: NDArray[np.int64] | None) -> tuple[int | None, ...]:
        """Return the addresses of the rule's numbers, of the rows from one on, and of their order."""
        X, y = self.rows.X, self.rows.y
        if order is not None:
            return _at(self.numbers), _at(X), _at(y), _at(order[start:])
        return _at(self.numbers), *(None if part is None else _at(part[start:]) for part in (X, y)), None


def compiled_rows(
    siblings: Siblings, rows: Rows, optimizer: Optimizer, clip: Clip | None, limits: Limits | None = None
) -> CompiledRows:
    """Compile the epochs of a run, unless the cache has them.

    Args:
        siblings: the model's modules, with its C file.
        rows: all rows, float64.
        optimizer: the optimizer of the updates.
        clip: changes each gradient, or None.
        limits: where each update is projected to, or None.

    Raises:
        NotRecordedError: the rule or the clip cannot be written as C.
        BuildError: there is no compiler, or it refuses the file.
        ModuleError: the C file was not built from the module's spec, or its self-test finds a fault.
    """
    if not (clip is None or isinstance(clip, Limit)):
        raise NotRecordedError("a clip of your own cannot be written as C")
    source, text = siblings.c_files[0]
    if is_single(text):
        raise ModuleError(f"{source} is in single precision, and an optimizer's state is in double; build it without --float")
    (rule, numbers), given = recorded(optimizer), cast("Any", siblings.arrays or siblings.scalar)
    environment = tuple(os.environ.get(name, "") for name in ("CC", "PATH", VARIABLE))
    sizes = len(given.WEIGHTS), len(given.FEATURES), len(targets_of(given)), len(given.OUTPUTS)
    clipped = "" if clip is None else clip.in_c
    library, module = _library(siblings.c_files, sizes, rule, clipped, -1 if limits is None else len(numbers), environment)
    if identity(module) != identity(given):
        raise ModuleError(f"{source} was not built from the same spec; build it again")
    X, y = (None if part is None else np.ascontiguousarray(part, np.float64) for part in (rows.X, rows.y))
    limit = 0.0 if clip is None else clip.limit
    judge: Any = siblings.arrays or ScalarRows(cast("Any", siblings.scalar))
    constants = np.array(numbers, np.float64) if limits is None else np.hstack([numbers, *limits])
    return CompiledRows(library, judge, rows._replace(X=X, y=y), optimizer, constants, limit)


@lru_cache(maxsize=16)  # a run is often short beside the loading of a library
def _library(
    c_files: tuple[tuple[str, str], ...],
    sizes: tuple[int, ...],
    rule: RuleInC,
    clip: str,
    limits: int,
    environment: tuple[str, ...],
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
    prefix, pointers = prefix_of(source, text), "const double *, const double *"
    defined = {
        "SOURCE": f'"{source}"',
        "MODEL(function)": f"{prefix}_##function",
        "WEIGHTS": str(weights),
        "PADDED": str(_padded(weights)),
        "FEATURES": str(features),
        "SLOTS": str(rule.slots),
        "TARGET_TYPE": "const double *" if targets > 1 else "double",
        "TARGET(at)": f"y + {targets} * (at)" if targets > 1 else "y[at]" if targets else "0.0",
        "PREDICTS(name)": f"void name({pointers}, double *)" if outputs > 1 else f"double name({pointers})",
        "CLIP": clip and f"{clip}(g, limit)",
        "PROJECT": "" if limits < 0 else f"project(w, numbers + {limits})",
        "POWERS(each)": " ".join(f"each({i}, {base})" for i, base in enumerate(rule.powers)),
        "UNIFORM": " \\\n    ".join(rule.uniform),
        "EACH": " \\\n    ".join(rule.each),
    }
    main = "".join(f"#define {macro} {value}\n" for macro, value in defined.items()) + f'#include "{_EPOCH}"\n'
    name = f"{Path(source).stem}_epochs.c"
    files = {**dict(c_files), name: main, _EPOCH: Path(__file__).with_name(_EPOCH).read_text(encoding="utf-8")}
    module = module_of(source, files, main=name)
    library = ctypes.CDLL(str(module.__file__))
    library.symgraph_steps.restype = _D
    library.symgraph_steps.argtypes = (_P, _P, _P, _P, _P, _N, _D, _D, _D)
    library.symgraph_epochs.restype = _N
    library.symgraph_epochs.argtypes = (_P, _P, _P, _P, _P, _N, _D, _N, _D)
    return library, module


def _padded(k: int) -> int:
    """Return the lanes of k weights: whole vectors of four."""
    return -(-k // 4) * 4


def _read(state: NDArray[np.float64], k: int, step: int, epoch: int) -> tuple[Array, OptimizerState]:
    """Return the weights and the optimizer's state that a state of the C code holds."""
    return state[0, :k].copy(), OptimizerState(int64(step), int64(epoch), tuple(slot[:k].copy() for slot in state[2:]))


def _at(array: NDArray[Any] | None) -> int | None:
    """Return the address of an array, in a tenth of the time that ``array.ctypes`` takes."""
    return None if array is None else array.__array_interface__["data"][0]
