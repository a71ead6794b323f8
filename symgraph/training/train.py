"""Training: epochs of updates until the epochs are done, a stop is met, or a value stops being finite."""

import math
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.errors import OptionError, WeightsError
from symgraph.io.module import GeneratedModule, ScalarModule
from symgraph.training.arrays import Array, float_array
from symgraph.training.choice import Choice, Work, checked_choice, choose_engine
from symgraph.training.clipping import Clip
from symgraph.training.engines import Engine, Several
from symgraph.training.history import Callback, EpochEnd, Failure, Reason, Stop, TrainResult
from symgraph.training.optimizers import Optimizer, OptimizerState
from symgraph.training.options import GREATEST_SEED, count, function
from symgraph.training.pairing import Pair, is_scalar, pair_of
from symgraph.training.rows import as_rows, shuffled


@dataclass(frozen=True, slots=True)
class _Plan:
    """Parts of a run that stay the same from epoch to epoch."""

    engine: Engine
    rows: int
    shuffle: bool
    seed: int
    at_once: int


@dataclass(frozen=True, slots=True)
class _Listeners:
    """Functions that are called after each finished epoch."""

    stop: Stop | None
    callbacks: Sequence[Callback]


def train(
    module: GeneratedModule | ScalarModule,
    X: Any = None,
    y: Any = None,
    *,
    optimizer: Optimizer,
    epochs: int = 100,
    batch_size: int | None = 1,
    shuffle: bool = False,
    seed: int | None = None,
    w0: Any = None,
    state: OptimizerState | None = None,
    stop: Stop | None = None,
    clip: Clip | None = None,
    callbacks: Sequence[Callback] = (),
    backend: Choice = "auto",
) -> TrainResult:
    """Train the weights of a model on all rows of X and y.

    The run never raises for a value that stops being finite, nor for Ctrl-C: the result says so and holds the weights, losses
    and optimizer state of the last epoch whose loss over all rows was finite; after Ctrl-C in a compiled run without stop and
    callbacks, of one at most 16,384 updates before it. Continue from there with `w0`, `state` and `seed`:
    the two runs together equal one uninterrupted run bit for bit.

    Args:
        module: a generated module with a loss, of the numpy backend or of the scalar one, which runs in float64.
        X: (n, d), with one feature also (n,); None for a model without features, whose every epoch is then one update.
        y: (n,); None for a model without target.
        optimizer: `sgd`, `momentum`, `adam`, a row of OPTIMIZERS, or one of your own.
        epochs: the most epochs, each of which goes through all rows.
        batch_size: rows per update, 1 to n; None is all of them. An update uses the mean gradient over its rows.
        shuffle: visit the rows in a new random order in each epoch.
        seed: of the default initial weights and of shuffling, 0 to 2**32 - 1; None draws one, which the result names.
        w0: (k,) initial weights; None is `module.initial_weights(seed)` in X's dtype. The run's dtype is that of w0 with X.
        state: the optimizer's state to go on from, with the w0 it belongs to; None starts afresh at epoch 0.
        stop: is called with the record of each epoch; True ends the run as converged.
        clip: changes each gradient before it is used, e.g. `clip_by_norm(1.0)`.
        callbacks: each is called with the record of each epoch, before the stop; one that returns True ends the run.
        backend: the backend of the updates. "auto": updates by single rows in float64 on Python floats, where the module's file
            has the scalar module beside it, all others on arrays. "numpy": arrays. "scalar": Python floats. "numba": compiled,
            with the extra `fast`; where numba cannot compile the run, Python floats. The backends agree to rounding; the
            result says which one it was, and why another one than asked for.

    Raises:
        OptionError: an option is out of bounds, the module has no loss, or the backend cannot do this run.
        DataError: X or y do not fit the model.
        WeightsError: w0 does not fit the model or is not finite.
    """
    if not isinstance(optimizer, Optimizer):
        raise OptionError(f"optimizer must be a value such as adam(0.001), not {optimizer!r}; OPTIMIZERS has them by name")
    _check_module(module)
    function("stop", stop, "converged(1e-6)")
    function("clip", clip, "clip_by_norm(1.0)")
    if state is not None and w0 is None:
        raise OptionError("state belongs to the weights it was reached with; give them as w0")
    count("epochs", epochs)
    seed = count("seed", _fresh_seed() if seed is None else seed, at_least=0, at_most=GREATEST_SEED)
    given, choice, by_rows = None if w0 is None else _checked_weights(module, w0), checked_choice(backend), is_scalar(module)
    rows = as_rows(module, X, y, dtype=np.dtype(np.float64) if by_rows else None if given is None else given.dtype)
    modules = pair_of(module)
    w = np.array(_initial_weights(modules, seed) if given is None else given, rows.dtype)
    start = optimizer.init(w) if state is None else _checked_state(optimizer, state, w)
    work = Work(modules, rows, optimizer, clip, _checked_batch_size(batch_size, rows.n), by_rows)
    listeners = _Listeners(stop, _checked_callbacks(callbacks))
    alone = not (shuffle or callbacks or stop is not None)
    engine = choose_engine(work, choice)
    plan = _Plan(engine, rows.n, shuffle, seed, engine.at_once if alone else 1)
    return _run(plan, w, start, epochs, listeners)


def _run(plan: _Plan, w: Array, state: OptimizerState, epochs: int, listeners: _Listeners) -> TrainResult:
    first_epoch = int(state.epoch)
    kept = _frozen(w, state)
    losses: list[float] = []
    reason: Reason = "epochs"
    failure: Failure | None = None
    try:
        for several in _unheard(plan, kept, epochs):
            losses += several.losses
            kept = several.epoch.weights, several.epoch.state
        while len(losses) < epochs:
            end = _advance(plan, *kept)
            if isinstance(end, Failure):
                reason, failure = "non-finite", end
                break
            losses.append(end.loss)
            kept = end.weights, end.state
            verdict = _verdict(listeners, end)
            if verdict is not None:
                reason = verdict
                break
    except KeyboardInterrupt:  # hours of training are worth more than a traceback; the reason tells the caller
        reason = "interrupted"
    weights, state = kept
    done = int(state.epoch) - first_epoch  # an interrupt may fall between a loss and its weights
    history, engine = np.array(losses[:done], np.float64), plan.engine
    return TrainResult(weights, history, done, reason, failure, state, first_epoch, plan.seed, engine.backend, engine.fallback)


def _unheard(plan: _Plan, start: tuple[Array, OptimizerState], epochs: int) -> Iterator[Several]:
    """Run several epochs in one call when no callback needs each of them, while the engine can and all values are finite."""
    reached, left = start, epochs
    while (some := min(plan.at_once, left)) > 1:
        several = plan.engine.several(*reached, some)
        if several is None:
            return
        reached = _frozen(several.epoch.weights, several.epoch.state)
        left -= some
        yield several


def _advance(plan: _Plan, w: Array, state: OptimizerState) -> EpochEnd | Failure:
    engine, epoch = plan.engine, int(state.epoch)
    order = shuffled(plan.rows, plan.seed, epoch) if plan.shuffle else None
    moved, moved_state, failure = engine.epoch(w, state, order)
    if failure is not None:
        return failure
    loss = engine.loss(moved)
    if not math.isfinite(loss):
        return Failure(epoch, engine.bad_row(moved), "loss")
    moved, moved_state = _frozen(moved, moved_state)
    return EpochEnd(epoch, loss, moved, w, moved_state)


def _verdict(listeners: _Listeners, end: EpochEnd) -> Reason | None:
    answers = [callback(end) for callback in listeners.callbacks]
    if listeners.stop is not None and listeners.stop(end):
        return "converged"
    # Only True itself: a callback that ends in file.write(...) or list.append(...) does not mean its result as an answer.
    return "callback" if any(isinstance(answer, bool | np.bool_) and answer for answer in answers) else None


def _frozen(w: Array, state: OptimizerState) -> tuple[Array, OptimizerState]:
    """Make the arrays read-only, since callbacks and results share them with the run."""
    for array in (w, *state.slots):
        array.flags.writeable = False
    return w, state


def _check_module(module: GeneratedModule | ScalarModule) -> None:
    if not hasattr(module, "row" if is_scalar(module) else "value_and_grad"):
        raise OptionError(f"{module.MODEL} has no loss and cannot be trained; give its spec a model.loss(...)")


def _initial_weights(modules: Pair, seed: int) -> Array:
    if modules.arrays is None:
        raise OptionError(f"w0 is missing: the scalar module draws no initial weights, and {modules.lacking}")
    if not hasattr(modules.arrays, "initial_weights"):
        raise OptionError(f"w0 is missing: the compiled module of {modules.arrays.MODEL} draws no initial weights")
    weights: Array = modules.arrays.initial_weights(seed)
    return weights


def _fresh_seed() -> int:
    return secrets.randbelow(GREATEST_SEED + 1)


def _checked_weights(module: GeneratedModule | ScalarModule, w0: Any) -> Array:
    w, wanted = float_array("w0", w0, module.WEIGHTS), len(module.WEIGHTS)
    if w.shape != (wanted,):
        raise WeightsError(f"w0 has shape {w.shape}; {module.MODEL} needs ({wanted},): {', '.join(module.WEIGHTS)}")
    if not np.isfinite(w).all():
        j = int(np.argmin(np.isfinite(w)))
        raise WeightsError(f"w0 has {module.WEIGHTS[j]} = {w[j]}; every initial weight must be finite")
    return w


def _checked_state(optimizer: Optimizer, state: OptimizerState, w: Array) -> OptimizerState:
    shapes = [np.shape(slot) for slot in state.slots]
    if shapes != [w.shape] * optimizer.slots:
        raise OptionError(
            f"state has slots of shapes {shapes}; {optimizer.name} needs {optimizer.slots} of {w.shape}: "
            "go on with the optimizer and the model that made it"
        )
    slots = tuple(np.array(slot, np.float64) for slot in state.slots)
    return state._replace(slots=slots)


def _checked_batch_size(batch_size: int | None, rows: int) -> int:
    return rows if batch_size is None else count(f"batch_size (None is all {rows} rows)", batch_size, at_most=rows)


def _checked_callbacks(callbacks: Sequence[Callback]) -> tuple[Callback, ...]:
    if callable(callbacks):
        name = getattr(callbacks, "__name__", repr(callbacks))
        raise OptionError(f"callbacks must be a sequence of functions, not one function: give [{name}]")
    return tuple(callbacks)
