"""Training: epochs of updates until the epochs are done, a stop is met, or a value stops being finite."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.errors import OptionError
from symgraph.io.module import GeneratedModule, ScalarModule
from symgraph.io.stream import Stream
from symgraph.training.clipping import Clip
from symgraph.training.engines import Choice, Engine, Work, checked_choice, choose_engine
from symgraph.training.history import Callback, EpochEnd, Reason, Stop, TrainResult
from symgraph.training.limits import limits_of
from symgraph.training.optimizers import Optimizer, OptimizerState
from symgraph.training.options import GREATEST_SEED, count, function
from symgraph.training.other_backends import Siblings, is_scalar, siblings_of
from symgraph.training.rows import Array, as_rows, as_weights, shuffled
from symgraph.training.streamed import streamed_run


class _Plan(NamedTuple):
    """Parts of a run that stay the same from epoch to epoch; stop and callbacks are called after each."""

    engine: Engine
    rows: int
    shuffle: bool
    seed: int
    stop: Stop | None
    callbacks: Sequence[Callback]

    @property
    def at_once(self) -> int:
        """Return the most epochs of one call: one where someone listens, or where each has an order of its own."""
        return 1 if self.shuffle or self.callbacks or self.stop is not None else self.engine.epochs.at_once


def train(
    module: GeneratedModule | ScalarModule | Stream,
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
        module: a generated module with a loss, of the numpy backend or of the scalar one, which runs in float64; or a
            `symgraph.stream` of one, which is trained on all rows at once.
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
        backend: the backend of the updates. "numpy": arrays, by NumPy also where the module is native. "scalar": single rows in
            float64 on Python floats, by the scalar module beside the module's file. "c": the same compiled, from the C file
            beside it; where the optimizer's rule or the clip cannot be written as C, Python floats. "auto": the last of these
            that can do the run. They agree to rounding; the result says which one it was, and why no faster one.

    Raises:
        OptionError: an option is out of bounds, the module has no loss, or the backend cannot do this run.
        DataError: X or y do not fit the model.
        WeightsError: w0 does not fit the model or is not finite.
    """
    if not isinstance(optimizer, Optimizer):
        raise OptionError(f"optimizer must be a value such as adam(0.001), not {optimizer!r}; OPTIMIZERS has them by name")
    if isinstance(module, Stream):
        module, w0 = streamed_run(module, X, y, batch_size, backend, w0)
        backend = "numpy"
    assert not isinstance(module, Stream)  # of which a module was made
    _check_module(module)
    function("stop", stop, "converged(1e-6)")
    function("clip", clip, "clip_by_norm(1.0)")
    if state is not None and w0 is None:
        raise OptionError("state belongs to the weights it was reached with; give them as w0")
    count("epochs", epochs)
    seed = count("seed", secrets.randbelow(GREATEST_SEED + 1) if seed is None else seed, at_least=0, at_most=GREATEST_SEED)
    given, choice, by_rows = None if w0 is None else as_weights(module, w0, "w0"), checked_choice(backend), is_scalar(module)
    rows = as_rows(module, X, y, dtype=np.dtype(np.float64) if by_rows else None if given is None else given.dtype)
    modules = siblings_of(module)
    w = np.array(_initial_weights(modules, seed) if given is None else given, rows.dtype)
    start = optimizer.init(w) if state is None else _checked_state(optimizer, state, w)
    size = rows.n if batch_size is None else count(f"batch_size (None is all {rows.n} rows)", batch_size, at_most=rows.n)
    work = Work(modules, rows, optimizer, clip, size, by_rows, limits_of(module, w))
    listeners = _checked_callbacks(callbacks)
    return _run(_Plan(choose_engine(work, choice), rows.n, shuffle, seed, stop, listeners), w, start, epochs)


def _run(plan: _Plan, w: Array, state: OptimizerState, epochs: int) -> TrainResult:
    first_epoch, engine = int(state.epoch), plan.engine
    kept = _frozen(w, state)
    losses: list[float] = []
    reason: Reason = "epochs"
    failure = None
    try:
        while len(losses) < epochs and reason == "epochs":
            order = shuffled(plan.rows, plan.seed, int(kept[1].epoch)) if plan.shuffle else None
            end, more = engine.epochs.epochs(*kept, min(plan.at_once, epochs - len(losses)), order)
            losses += more
            previous, kept = kept[0], _frozen(end.weights, end.state)
            if end.failure is not None:
                reason, failure = "non-finite", end.failure
            elif plan.stop is not None or plan.callbacks:
                reason = _verdict(plan, EpochEnd(int(end.state.epoch) - 1, more[0], end.weights, previous, end.state))
    except KeyboardInterrupt:  # hours of training are worth more than a traceback; the reason tells the caller
        reason = "interrupted"
    weights, state = kept
    done = int(state.epoch) - first_epoch  # an interrupt may fall between a loss and its weights
    history = np.array(losses[:done], np.float64)
    return TrainResult(weights, history, done, reason, failure, state, first_epoch, plan.seed, engine.backend, engine.fallback)


def _verdict(plan: _Plan, end: EpochEnd) -> Reason:
    """Return the reason to end the run after an epoch; "epochs" is none."""
    answers = [callback(end) for callback in plan.callbacks]
    if plan.stop is not None and plan.stop(end):
        return "converged"
    # Only True itself: a callback that ends in file.write(...) or list.append(...) does not mean its result as an answer.
    return "callback" if any(isinstance(answer, bool | np.bool_) and answer for answer in answers) else "epochs"


def _frozen(w: Array, state: OptimizerState) -> tuple[Array, OptimizerState]:
    """Make the arrays read-only, since callbacks and results share them with the run."""
    for array in (w, *state.slots):
        array.flags.writeable = False
    return w, state


def _check_module(module: GeneratedModule | ScalarModule) -> None:
    if is_scalar(module) and getattr(module, "METADATA", {}).get("has_penalty"):
        raise OptionError(f"{module.MODEL} has a penalty, which rows have no share in; train its numpy module")
    if not hasattr(module, "row" if is_scalar(module) else "value_and_grad"):
        raise OptionError(f"{module.MODEL} has no loss and cannot be trained; give its spec a model.loss(...)")


def _initial_weights(modules: Siblings, seed: int) -> Array:
    if modules.arrays is None:
        raise OptionError(f"w0 is missing: the scalar module draws no initial weights, and {modules.lacking['numpy']}")
    if not hasattr(modules.arrays, "initial_weights"):
        raise OptionError(f"w0 is missing: the compiled module of {modules.arrays.MODEL} draws no initial weights")
    weights: Array = modules.arrays.initial_weights(seed)
    return weights


def _checked_state(optimizer: Optimizer, state: OptimizerState, w: Array) -> OptimizerState:
    shapes = [np.shape(slot) for slot in state.slots]
    if shapes != [w.shape] * optimizer.slots:
        raise OptionError(
            f"state has slots of shapes {shapes}; {optimizer.name} needs {optimizer.slots} of {w.shape}: "
            "go on with the optimizer and the model that made it"
        )
    slots = tuple(np.array(slot, np.float64) for slot in state.slots)
    return state._replace(slots=slots)


def _checked_callbacks(callbacks: Sequence[Callback]) -> tuple[Callback, ...]:
    if callable(callbacks):
        name = getattr(callbacks, "__name__", repr(callbacks))
        raise OptionError(f"callbacks must be a sequence of functions, not one function: give [{name}]")
    return tuple(callbacks)
