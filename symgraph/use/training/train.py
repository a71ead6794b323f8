"""Training: epochs of updates until the epochs are done, a stop is met, or a value stops being finite."""

import math
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, cast

import numpy as np

from symgraph.data.options import GREATEST_SEED, count, function
from symgraph.data.rows import Array, Rows, Split, as_rows, as_weights, shuffled_epochs, split
from symgraph.data.stream import Stream
from symgraph.errors import OptionError
from symgraph.runtime.facts import ArrayLike
from symgraph.runtime.generated_module import GeneratedModule, ScalarModule
from symgraph.use.training.checkpoints import Checkpoints, Journal, Saved, described, opened
from symgraph.use.training.clipping import Clip
from symgraph.use.training.engines import Choice, Engine, checked_choice, choose_engine
from symgraph.use.training.epoch import Ran, Work
from symgraph.use.training.history import Callback, EpochEnd, Reached, Reason, Stop, TrainResult
from symgraph.use.training.keywords import OF_TRAINING, explains
from symgraph.use.training.limits import limits_of
from symgraph.use.training.optimizers import Optimizer, OptimizerState, as_optimizer
from symgraph.use.training.other_backends import Siblings, is_scalar, siblings_of
from symgraph.use.training.streamed import streamed_run


class _Plan(NamedTuple):
    """Parts of a run that stay the same from epoch to epoch; stops and callbacks are called after each."""

    engine: Engine
    rows: Rows
    batch_size: int
    validation: Rows | None
    split: Split | None
    shuffle: bool
    seed: int
    stops: Sequence[Stop]
    callbacks: Sequence[Callback]
    journal: Journal | None
    optimizer: Optimizer

    def at_once(self, done: int) -> int:
        """Return the most epochs of one call after some are done: one where someone looks at each, else up to a checkpoint."""
        if self.callbacks or self.stops or self.validation is not None:
            return 1
        most = self.engine.epochs.at_once
        return most if self.journal is None else min(most, self.journal.every - done % self.journal.every)


@explains(OF_TRAINING)
def train(
    module: GeneratedModule | ScalarModule | Stream,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    optimizer: Optimizer | str,
    epochs: int = 100,
    batch_size: int | None = 1,
    shuffle: bool = True,
    seed: int | None = None,
    validation: float | tuple[Any, Any] | None = None,
    w0: ArrayLike | None = None,
    state: OptimizerState | None = None,
    stop: Stop | Sequence[Stop] | None = None,
    clip: Clip | None = None,
    callbacks: Sequence[Callback] = (),
    backend: Choice = "auto",
    checkpoint: Checkpoints | None = None,
) -> TrainResult:
    """Train the weights of a model on all rows of X and y.

    A value that is not finite, and Ctrl-C, end the run without an exception. The result gives the reason, and has the weights,
    losses and optimizer state of the last epoch whose loss over all rows was finite; after Ctrl-C in a compiled run without
    stop and callbacks, of an epoch at most 16,384 updates earlier. Continue from there with `w0`, `state` and `seed`:
    the two runs together give the same bits as one uninterrupted run.

    Args:
        module: a generated module with a loss, of the numpy backend or of the scalar one, which runs in float64; or a
            `symgraph.stream` of one, which is trained on all rows at once.
        X: (n, d), with one feature also (n,); None for a model without features, where each epoch is one update.
        y: (n,); None for a model without target.
        optimizer: `sgd(0.01)`, `adam(0.001)` and so on, the name of a row of OPTIMIZERS such as "adam" for its usual rate, or
            one of your own.
        epochs: the most epochs, each of which goes through all rows.
        batch_size: rows per update, 1 to n; None is all of them. An update uses the mean gradient over its rows.
        shuffle: visit the rows in a new random order in each epoch, which depends only on seed and epoch; False keeps the order
            of the data, as do updates with all rows.
        seed: of the default initial weights, of shuffling and of the rows held out, 0 to 2**32 - 1; None draws one, which the
            result has.
        validation: the share of the rows to hold out, at random, such as 0.2, or other rows (X, y). Their mean loss is recorded
            after each epoch and determines the best weights.
        w0: (k,) initial weights; None is `module.initial_weights(seed)` in X's dtype. The run's dtype is that of w0 with X.
        state: the optimizer's state to continue from, with its w0; None starts at epoch 0.
        stop: is called with the record of each epoch, and ends the run if it returns True; several may be given.
        clip: changes each gradient before it is used, e.g. `clip_by_norm(1.0)`.
        callbacks: each is called with the record of each epoch, before the stop; one that returns True ends the run. If one
            has a method ``close``, it is called at the end.
        backend: the backend of the updates. "numpy": arrays, by NumPy also where the module is native. "scalar": single rows in
            float64 on Python floats, by the scalar module beside the module's file. "c": the same compiled, from the C file
            beside it; where the optimizer's rule or the clip cannot be written as C, Python floats. "auto": the fastest of
            these that can do the run. They agree to rounding; the result names the backend, and why no faster one was used.
        checkpoint: `checkpoints(folder)` saves the run in a folder, `resume(folder)` continues it and gives the same result as
            one uninterrupted run; None saves nothing.

    Raises:
        OptionError: an option is out of bounds, the module has no loss, the backend cannot do this run, or a continued run
            has other data, options, backend or another module than at its start.
        DataError: X or y do not fit the model.
        WeightsError: w0 does not fit the model or is not finite.
    """
    optimizer = as_optimizer(optimizer)
    if isinstance(module, Stream):
        module, w0 = streamed_run(module, X, y, batch_size, backend, w0)
        backend = "numpy"
    by_rows = is_scalar(module)
    _check_module(module, by_rows)
    stops, listeners = _checked_stops(stop), _checked_callbacks(callbacks)
    function("clip", clip, "clip_by_norm(1.0)")
    if state is not None and w0 is None:
        raise OptionError("state belongs to the weights it was reached with; give them as w0")
    count("epochs", epochs)
    if checkpoint is not None and not isinstance(checkpoint, Checkpoints):
        raise OptionError(f"checkpoint must be a value such as checkpoints('run', every=10), not {checkpoint!r}")
    choice = checked_choice(backend)
    given = None if w0 is None else as_weights(module, w0, "w0")
    with opened(checkpoint) as journal:
        saved = None if journal is None else journal.saved
        if saved is not None:
            given, state, seed = _weights_of(saved, module), None, saved.run["seed"] if seed is None else seed
        seed = secrets.randbits(32) if seed is None else seed
        seed = count("seed", seed, at_least=0, at_most=GREATEST_SEED)
        rows = as_rows(module, X, y, dtype=np.dtype(np.float64) if by_rows else None if given is None else given.dtype)
        modules = siblings_of(module)
        w = np.array(_initial_weights(modules, seed) if given is None else given, rows.dtype)
        start = optimizer.init(w) if state is None else _checked_state(optimizer, state, w)
        judged, drawn = _validation(module, validation, rows, seed)
        trained = rows if drawn is None else rows.only(drawn.trained)
        size = trained.n
        if batch_size is not None:
            size = count(f"batch_size (None is all {size} rows)", batch_size, at_most=size)
        engine = choose_engine(Work(modules, trained, optimizer, clip, size, by_rows, limits_of(module, w)), choice)
        shuffle = bool(shuffle) and size < trained.n  # the mean over all rows has no order
        plan = _Plan(engine, trained, size, judged, drawn, shuffle, seed, stops, listeners, journal, optimizer)
        first = int(start.epoch) if saved is None else saved.run["first_epoch"]
        reached = Reached(w, start, w, first, math.inf) if saved is None else saved.reached
        if journal is not None:
            apart: Any = judged if drawn is None else float(cast("float", validation))  # tells if others are held out
            settings = {"batch_size": size, "shuffle": shuffle, "seed": seed, "clip": clip, "validation": apart}
            run = described(modules, rows, optimizer, backend=engine.backend, first_epoch=first, **settings)
            journal.begin(run, reached)
            _checked_state(optimizer, reached.state, w)
        with _closed(listeners):
            return _run(plan, reached, saved, epochs)


@contextmanager
def _closed(callbacks: Sequence[Callback]) -> Iterator[None]:
    """Call in the end the method ``close`` of each callback that has one."""
    try:
        yield
    finally:
        for callback in callbacks:
            getattr(callback, "close", lambda: None)()


def _weights_of(saved: Saved, module: GeneratedModule | ScalarModule) -> Array:
    weights, model = saved.reached.weights, saved.run["model"]
    if model != module.MODEL or len(weights) != len(module.WEIGHTS):
        raise OptionError(f"the run that is to go on is of model {model}, with {len(weights)} weights, not of {module.MODEL}")
    return weights


def _validation(module: GeneratedModule | ScalarModule, value: Any, rows: Rows, seed: int) -> tuple[Rows | None, Split | None]:
    """Return the rows held out for validation, if any, and the places of all rows where these were drawn from them."""
    if value is None:
        return None, None
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise OptionError(f"validation must be a share such as 0.2, or (X, y), not {len(value)} values")
        return as_rows(module, *value, dtype=rows.dtype), None
    if not rows.given:
        raise OptionError(f"validation: {module.MODEL} has neither features nor target, and so no rows to hold out")
    drawn = split(rows.n, value, seed)
    return rows.only(drawn.held_out), drawn


def _run(plan: _Plan, kept: Reached, saved: Saved | None, epochs: int) -> TrainResult:
    """Run epochs until there are as many in all, those of a saved run included, or there is a reason to end."""
    losses, held = ([], []) if saved is None else (list(saved.losses), list(saved.validation_losses))
    first_epoch, journal = int(kept.state.epoch) - len(losses), plan.journal
    kept = _frozen(kept)
    reason: Reason = (None if saved is None else saved.ended) or "epochs"
    failure = None
    try:
        while len(losses) < epochs and reason == "epochs":
            if journal is not None and journal.due(len(losses)):
                journal.write(kept, losses, held, None)
            ran = _some_epochs(plan, kept, min(plan.at_once(len(losses)), epochs - len(losses)))
            more = ran.losses
            if plan.validation is not None and more:
                more = [float(plan.engine.judge.loss(ran.end.weights, plan.validation.X, plan.validation.y))]
                held += more
            losses += ran.losses
            previous, kept = kept.weights, _frozen(_after(kept, ran, more))
            if ran.end.failure is not None:
                reason, failure = "non-finite", ran.end.failure
            elif plan.stops or plan.callbacks:
                judged = more[0] if plan.validation is not None else None
                end = EpochEnd(
                    int(kept.state.epoch), ran.losses[0], kept.weights, previous, kept.state, judged, kept.best_epoch
                )
                reason = _verdict(plan, end)
    except KeyboardInterrupt:  # hours of training are worth more than a traceback; the reason tells the caller
        reason = "interrupted"
    done = int(kept.state.epoch) - first_epoch  # an interrupt may fall between a loss and its weights
    if journal is not None:
        journal.write(kept, losses[:done], held[:done], reason, anew=reason == "interrupted")
    if failure is not None and failure.row is not None and plan.split is not None:
        failure = replace(failure, row=int(plan.split.trained[failure.row]))
    return TrainResult(
        weights=kept.weights,
        losses=np.array(losses[:done], np.float64),
        epochs=done,
        reason=reason,
        failure=failure,
        state=kept.state,
        first_epoch=first_epoch,
        seed=plan.seed,
        backend=plan.engine.backend,
        fallback=plan.engine.fallback,
        validation_losses=None if plan.validation is None else np.array(held[:done], np.float64),
        held_out=None if plan.split is None else plan.split.held_out,
        best_weights=kept.best_weights,
        best_epoch=kept.best_epoch,
        shuffle=plan.shuffle,
        batch_size=plan.batch_size,
        optimizer=plan.optimizer,
    )


def _some_epochs(plan: _Plan, kept: Reached, most: int) -> Ran:
    """Run at most so many epochs in one call; fewer if fewer orders of the rows were drawn together."""
    orders = None
    if plan.shuffle:
        orders = shuffled_epochs(plan.rows.n, plan.seed, int(kept.state.epoch))[:most]
        most = len(orders)
    return plan.engine.epochs.epochs(kept.weights, kept.state, most, orders)


def _after(kept: Reached, ran: Ran, judged: Sequence[float]) -> Reached:
    """Return what a run has reached after some epochs; `judged` are the losses that tell which weights are the best."""
    best = kept.best_weights, kept.best_epoch, kept.best_loss
    least = min(judged, default=math.inf)
    if least < kept.best_loss:
        best = ran.best, int(kept.state.epoch) + judged.index(least) + 1, least
    return Reached(ran.end.weights, ran.end.state, *best)


def _verdict(plan: _Plan, end: EpochEnd) -> Reason:
    """Return the reason to end the run after an epoch; "epochs" is none."""
    answers = [callback(end) for callback in plan.callbacks]
    for stop in plan.stops:
        if stop(end):
            reason: Reason = getattr(stop, "reason", "stop")
            return reason
    # Only True itself: a callback that ends in file.write(...) or list.append(...) does not mean its result as an answer.
    return "callback" if any(isinstance(answer, bool | np.bool_) and answer for answer in answers) else "epochs"


def _frozen(reached: Reached) -> Reached:
    """Make the arrays read-only, since callbacks and results share them with the run."""
    for array in (reached.weights, reached.best_weights, *reached.state.slots):
        array.flags.writeable = False
    return reached


def _check_module(module: GeneratedModule | ScalarModule, by_rows: bool) -> None:
    if by_rows and getattr(module, "METADATA", {}).get("has_penalty"):
        raise OptionError(f"{module.MODEL} has a penalty, which rows have no share in; train its numpy module")
    if not hasattr(module, "row" if by_rows else "value_and_grad"):
        raise OptionError(f"{module.MODEL} has no loss and cannot be trained; give its spec a model.loss(...)")


def _initial_weights(modules: Siblings, seed: int) -> Array:
    if modules.arrays is None:
        raise OptionError(f"w0 is missing: the scalar module draws no initial weights, and {modules.lack('numpy')}")
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
    if isinstance(callbacks, str) or not all(map(callable, [callbacks] if callable(callbacks) else callbacks)):
        raise OptionError(f"callbacks must be a sequence of functions of an epoch's record, not {callbacks!r}")
    if callable(callbacks):
        name = getattr(callbacks, "__name__", repr(callbacks))
        raise OptionError(f"callbacks must be a sequence of functions, not one function: give [{name}]")
    return tuple(callbacks)


def _checked_stops(stop: Stop | Sequence[Stop] | None) -> tuple[Stop, ...]:
    stops: tuple[Any, ...] = () if stop is None else tuple(stop) if isinstance(stop, list | tuple) else (stop,)
    for one in stops:
        function("stop", one, "converged(1e-6)")
    return stops
