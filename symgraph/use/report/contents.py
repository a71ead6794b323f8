"""Contents of a report on a model: what was verified and measured, runs of several optimizers, a fit, numbers at a few rows."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.compiler.generate import generate
from symgraph.data.rows import as_rows
from symgraph.errors import SymgraphError
from symgraph.judge.judged_points import points as judged_points
from symgraph.judge.judging import judge
from symgraph.judge.truth_report import Report
from symgraph.judge.verification_report import VerificationReport
from symgraph.project.build.modules import compile as compiled
from symgraph.project.build.modules import load_verified
from symgraph.show.views.model import cells_of, point_of
from symgraph.show.views.named_graph import NamedGraph, Numbers
from symgraph.spec.model import Model
from symgraph.use.fitting import FitResult, FitWarning, fit
from symgraph.use.training import Optimizer, Recorder, TrainResult, train

_JUDGED = 60
"""Points at which accuracy is measured."""

Array = NDArray[np.float64]
Stage = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Data:
    """Rows that a report is about.

    Attributes:
        X: (n, d), or None for a model without features.
        y: (n,) or (n, targets), or None for a model without target.
        source: words for where they come from, such as a file's name; "" for a model without rows.
    """

    X: Any
    y: Any
    source: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Choices of a user about a report.

    Attributes:
        w: (k,) weights to show; None shows the initial ones, those of the runs, and those of the fit.
        origin: words for them, such as "the weights of w.json".
        optimizers: those that are compared, by name; none for no training.
        epochs, batch_size, seed: of each run, as for ``train``.
        rows: of how many rows the graph has numbers.
    """

    w: Any
    origin: str
    optimizers: Mapping[str, Optimizer]
    epochs: int
    batch_size: int | None
    seed: int
    rows: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run of training.

    Attributes:
        result: its result.
        weights: (epochs + 1, k) before the first epoch and after each.
        norms: (epochs + 1,) of the gradient of the mean loss there.
    """

    result: TrainResult
    weights: Array
    norms: Array


@dataclass(frozen=True, slots=True)
class Shown:
    """Weights at which the graph has numbers.

    Attributes:
        origin: words for them, such as "the weights of the fit".
        w: (k,) the weights.
        points: inputs by name at the first rows.
        numbers: the graph's numbers at these points.
    """

    origin: str
    w: Array
    points: tuple[Mapping[str, float], ...]
    numbers: tuple[Numbers[float], ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a report says.

    Attributes:
        graph: the model's named graph.
        module: a verified module of the model.
        data: the rows.
        n: how many there are.
        shown: the graph's numbers, at one set of weights or several; the last ones are those of the predictions.
        verification: of the module.
        accuracy: its errors, measured.
        runs: of training, by optimizer; none without a loss.
        fit: the fit, or None.
        no_fit: the reason why there is none, or "".
    """

    graph: NamedGraph
    module: Any
    data: Data
    n: int
    shown: tuple[Shown, ...]
    verification: VerificationReport
    accuracy: Report
    runs: Mapping[str, Run]
    fit: FitResult | None
    no_fit: str

    @property
    def model(self) -> Model:
        """The model."""
        return self.graph.model


def gather(model: Model, data: Data, choices: Choices, stage: Stage = lambda name: None) -> Contents:
    """Verify, measure and fit a model for its report, and train it where optimizers are chosen.

    Args:
        model: the spec; it is frozen by this.
        data: the rows.
        choices: what the user has chosen.
        stage: is told the name of each part of the work before it begins.

    Raises:
        SpecError: the model is not complete.
        VerificationError: its module disagrees with the spec.
        DataError: the rows do not fit the model.
        OptionError: an option of the runs is out of bounds.
    """
    stage("verifying")
    modules, verification = load_verified(model, generate(model))
    plain: Any = modules["numpy"]
    rows, module = as_rows(plain, data.X, data.y), compiled(model)
    stage("measuring accuracy")
    accuracy = judge(model, plain, judged_points(model, n=_JUDGED))
    stage("fitting")
    found, no_fit = _fit(module, data) if model.loss_expr is not None else (None, "the model has no loss")
    runs: dict[str, Run] = {}
    if model.loss_expr is not None:
        for name, optimizer in choices.optimizers.items():
            stage(f"training by {name}")
            runs[name] = _run(module, data, optimizer, choices)
    stage("evaluating the graph")
    graph = NamedGraph(model)
    shown = tuple(
        _shown(graph, origin, np.asarray(w, np.float64), rows, choices.rows)
        for origin, w in _weights(module, choices, found, runs).items()
    )
    return Contents(graph, module, data, rows.n, shown, verification, accuracy, runs, found, no_fit)


def _run(module: Any, data: Data, optimizer: Optimizer, choices: Choices) -> Run:
    recorder = Recorder()
    result = train(
        module, data.X, data.y, optimizer=optimizer, epochs=choices.epochs, batch_size=choices.batch_size, seed=choices.seed,
        callbacks=[recorder],
    )  # fmt: skip
    if not result.epochs:
        return Run(result, result.weights[None].astype(np.float64), np.array([np.nan]))
    return Run(result, recorder.weights.astype(np.float64), recorder.gradient_norms(module, data.X, data.y))


def _fit(module: Any, data: Data) -> tuple[FitResult | None, str]:
    """Fit the model; a fit that is refused is told about in the report, and is no error of it."""
    if find_spec("scipy") is None:
        return None, "fits need SciPy: pip install scipy"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the table has them
        try:
            return fit(module, data.X, data.y), ""
        except SymgraphError as error:
            return None, str(error)


def _weights(module: Any, choices: Choices, found: FitResult | None, runs: Mapping[str, Run]) -> dict[str, Any]:
    """Return the weights to show by where they come from, the best ones last."""
    if choices.w is not None:
        return {choices.origin: choices.w}
    ended = {name: run.result for name, run in runs.items() if run.result.epochs}
    by_loss = sorted(ended, key=lambda name: -ended[name].best[0])
    trained = {f"the weights of training by {name}": ended[name].best_weights for name in by_loss}
    fitted = {"the weights of the fit": found.w} if found is not None and found.success else {}
    return {f"the initial weights of seed {choices.seed}": module.initial_weights(choices.seed), **trained, **fitted}


def _shown(graph: NamedGraph, origin: str, w: Array, rows: Any, most: int) -> Shown:
    points = tuple(point_of(graph.model, w, cells_of(rows.X, rows.y, row) or None) for row in range(min(most, rows.n)))
    return Shown(origin, w, points, tuple(graph.numbers(point) for point in points))
