"""The whole replay: every figure of the notebook next to ours, with a verdict."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from examples.nine_weights import functions, notebook
from examples.nine_weights.runs import SETUPS, Run, train_as_notebook
from symgraph.data.reading import read_data
from symgraph.errors import DataError
from symgraph.plots import losses, running_mean, save
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.training import clip_by_norm

Verdict = Literal["agrees", "differs", "shown"]
Value = float | int | bool | str | None

MAX_NORM = 1.0
"""To which the clipped runs limit the norm of a gradient. The notebook's task text only points at clipping."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure.

    Attributes:
        section: "graders", "gradient check", "training" or "training, clipped".
        what: what it is.
        notebook: the notebook's value; None where it printed none.
        ours: our value; None where there is none, as for a stop that was not met.
        verdict: whether they agree; "shown" where there is nothing to judge.
    """

    section: str
    what: str
    notebook: Value
    ours: Value
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """The result of `replay`: the figures, and the runs behind them; first the notebook's, then the clipped ones."""

    lines: tuple[Line, ...]
    runs: tuple[Run, ...]

    @property
    def ok(self) -> bool:
        """Tell if no figure differs."""
        return not any(line.verdict == "differs" for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """The figures as dicts, for JSON."""
        return {"ok": self.ok, "lines": [asdict(line) for line in self.lines]}


def replay(
    data: str | Path, *, module: GeneratedModule | None = None, progress: Callable[[str], object] = lambda _name: None
) -> Replay:
    """Reproduce the founding notebook: graders, gradient check, and the training runs, unclipped and clipped.

    Args:
        data: the founding data set, data/nine_weights.csv in a checkout.
        module: the module of the founding model; the one that `load` finds by default.
        progress: is called with the name of each run before it starts.

    Raises:
        DataError: the data file cannot be used.
        ModuleError: the founding model has not been built.
    """
    module = module or functions.founding_module()
    table = read_data(data, module.FEATURES, module.TARGET)
    if table.X is None or table.y is None:
        raise DataError(f"{module.MODEL} is not the founding model: it lacks features or a target")
    lines = [*_graders(module, table.X[0], table.y[0]), *_gradient_check(module, table.X[0], table.y[0])]
    runs = []
    for clip in (None, clip_by_norm(MAX_NORM)):
        for setup in SETUPS:
            progress(setup.name if clip is None else f"{setup.name}, clipped")
            runs.append(train_as_notebook(module, table.X, table.y, setup, clip))
            lines += _training(runs[-1])
    return Replay(tuple(lines), tuple(runs))


def draw(result: Replay, folder: str | Path, suffix: str = ".svg") -> tuple[Path, ...]:
    """Draw the loss of each run, the comparison of the notebook's runs and of the clipped ones, and their running means.

    Args:
        result: from `replay`.
        folder: where the files go.
        suffix: of the files: .svg, .png or .pdf.

    Returns:
        The files that were written.

    Raises:
        OptionError: Matplotlib is missing, or a file cannot be written.
    """
    drawn = [run for run in result.runs if len(run.losses)]
    plots: list[tuple[str, Any, Any]] = [(run.name, losses, run.losses) for run in drawn]
    for ending, clipped in (("", False), (", clipped", True)):
        if chosen := {run.name: run.losses for run in drawn if (run.clip is not None) == clipped}:
            plots += [(f"comparison{ending}", losses, chosen), (f"running mean{ending}", running_mean, chosen)]
    files = [Path(folder) / f"{name.replace(', ', '-').replace(' ', '-')}{suffix}" for name, *_ in plots]
    for file, (name, plot, runs) in zip(files, plots, strict=True):
        save(file, plot, runs, title=f"nine_weights, {name}")
    return tuple(files)


def _graders(module: GeneratedModule, x: Any, y: Any) -> Iterator[Line]:
    w = np.full(len(module.WEIGHTS), notebook.WEIGHT)
    forward = functions.forward_propagation(x, y, w, module=module)
    backward = functions.backward_propagation(forward["loss"], w, forward, module=module)
    graders: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("grader_sigmoid", lambda: functions.grader_sigmoid(2, module=module)),
        ("grader_forwardprop", lambda: functions.grader_forwardprop(forward)),
        ("grader_backprop", lambda: functions.grader_backprop(backward)),
    )
    for name, grader in graders:
        yield _judged("graders", name, True, passed := _passes(grader), agrees=passed)
    value = functions.sigmoid(2, module=module)
    yield _judged("graders", "sigmoid(2)", notebook.SIGMOID_OF_2, value, agrees=value == notebook.SIGMOID_OF_2)
    for ours, figures, digits in (
        (forward, notebook.FORWARD, notebook.FORWARD_DIGITS),
        (backward, notebook.BACKWARD, notebook.BACKWARD_DIGITS),
    ):
        for name, figure in figures.items():
            rounded = round(ours[name], digits)
            yield _judged("graders", f"{name}, {digits} digits", figure, rounded, agrees=rounded == figure)


def _passes(grader: Callable[[], bool]) -> bool:
    try:
        return grader()
    except AssertionError:
        return False


def _gradient_check(module: GeneratedModule, x: Any, y: Any) -> Iterator[Line]:
    w, row = np.full(len(module.WEIGHTS), notebook.WEIGHT), np.append(x, y)
    for text, aliased in (("", True), (", weights put back", False)):
        for name, value in functions.gradient_checking(row, w, aliased=aliased, module=module).items():
            what = f"{name}{text}, below {notebook.CHECK_SIZE:g}"
            printed = notebook.CHECK[name] if aliased else None
            yield _judged("gradient check", what, printed, value, agrees=abs(value) < notebook.CHECK_SIZE)


def _training(run: Run) -> Iterator[Line]:
    section, setup = ("training" if run.clip is None else "training, clipped"), run.setup
    stop = f"{setup.name}: stops at epoch"
    if run.clip is not None:
        yield Line(section, stop, None, run.stopped_at, "shown")
    elif setup.chaotic:
        yield Line(section, f"{stop} (chaotic)", setup.stops_at, run.stopped_at, "shown")
        for j, figure in enumerate(notebook.ADAM_AFTER_FIRST_EPOCH):
            value = float(run.weights[1][j]) if len(run.weights) > 1 else float("nan")
            agrees = abs(value - figure) <= notebook.ADAM_TOLERANCE
            yield _judged(section, f"{setup.name}: w{j + 1} before epoch 1", figure, value, agrees=agrees)
    else:
        yield _judged(section, stop, setup.stops_at, run.stopped_at, agrees=run.stopped_at == setup.stops_at)
    last = float(run.losses[-1]) if len(run.losses) else None
    yield Line(section, f"{setup.name}: mean loss at the end", None, last, "shown")


def _judged(section: str, what: str, figure: Value, ours: Value, *, agrees: bool) -> Line:
    return Line(section, what, figure, ours, "agrees" if agrees else "differs")
