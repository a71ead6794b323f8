"""`write_worksheet`: a folder with blank functions, data, graders and a text for the class, for any model."""

import ast
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.compiler.backends.rendering import render
from symgraph.data.documents import text_of
from symgraph.data.files import write_new
from symgraph.data.reading import read_data
from symgraph.errors import DataError, OptionError
from symgraph.judge.reference import number, reference
from symgraph.spec.model import Model
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.formula_words import words
from symgraph.use.classroom.labels import Labels
from symgraph.use.classroom.role_judges import worksheet_functions
from symgraph.use.classroom.solution import Lines

ROWS = 24
_DRAWS = 40
_ENOUGH = 4
"""Rows of each class that drawn data should have."""


def write_worksheet(
    model: Model, spec: Path, folder: Path, *, data: Path | None = None, solution: Path | None = None
) -> tuple[list[Path], list[Path]]:
    """Write the files of a worksheet; a file that is there is left as it is, since it may hold a student's work.

    Args:
        model: the model; it is frozen by this.
        spec: the file that it was read from, which is copied.
        folder: where the files go.
        data: a CSV file with the model's features and target; some rows drawn by the spec's laws without it.
        solution: a file for the teacher, outside the folder; none without it.

    Returns:
        The files that were written, and those that were left.

    Raises:
        OptionError: the data lack a column, the solution would lie in the folder or exists, or a formula cannot be written.
        BuildError: a file cannot be written.
    """
    exercise = Exercise(model)
    view = _view(exercise)
    texts = {
        "functions.py": _blank(render("worksheet/functions.py.jinja", {**view, "solved": False})),
        "test_functions.py": render("worksheet/test_functions.py.jinja", view),
        "README.md": render("worksheet/README.md.jinja", view),
        "spec.py": spec.read_text(encoding="utf-8"),
        "data.csv": drawn_rows(exercise) if data is None else _checked(exercise, data),
    }
    targets = {folder / name: text for name, text in texts.items()}
    if solution is not None:
        if solution.resolve().is_relative_to(folder.resolve()):
            raise OptionError(f"--solution: {solution} lies in the folder that students get; choose another place")
        if solution.exists():
            raise OptionError(f"--solution: {solution} is there already; delete it first, or choose another name")
        targets[solution] = render("worksheet/functions.py.jinja", {**view, "solved": True})
    written, left = list[Path](), list[Path]()
    for path, text in targets.items():
        (written if write_new(path, text) else left).append(path)
    return written, left


@cache
def solution_text(exercise: Exercise) -> str:
    """Return the functions of a worksheet, solved; "" if a formula cannot be written with NumPy and SciPy."""
    try:
        return render("worksheet/functions.py.jinja", {**_view(exercise), "solved": True})
    except OptionError:
        return ""


def _blank(solved: str) -> str:
    """Return a text without the statements of its functions, which students write; their docstrings stay."""
    lines = solved.splitlines(keepends=True)
    for node in reversed(ast.parse(solved).body):
        if isinstance(node, ast.FunctionDef):
            error = f'    raise NotImplementedError("{node.name} is still to be written")\n'
            lines[node.body[0].end_lineno : node.end_lineno] = [error]
    return "".join(lines)


def _view(exercise: Exercise) -> dict[str, Any]:
    """Return what the templates print."""
    lines, model = Lines(exercise), exercise.model
    constants = {lines.variables[one.name]: one.init.value for one in model.constant_inputs}  # type: ignore[union-attr]
    weights = _unpacked(lines, exercise.weights, "weights") + [f"{name} = {value!r}" for name, value in constants.items()]
    return {
        "exercise": exercise,
        "model": model,
        "lines": lines,
        "nodes": [exercise.graph.by_name[name] for name in lines.code],
        "words": words,
        "constants": constants,
        "functions": worksheet_functions(exercise),
        "has_loss": exercise.root == "loss",
        "taken": _taken(exercise),
        "slots": {key: key if key not in exercise.nodes else f"{key}_of_row" for key in ("x", "y")},
        "unpacked": _unpacked(lines, exercise.features, "features") + _unpacked(lines, exercise.targets, "target") + weights,
        "unpacked_weights": weights,
    }


def _taken(exercise: Exercise) -> str:
    """Return which values targets take, behind their names, where they are labels."""
    found = [([name for name in one.names if name in exercise.targets], one.said) for one in exercise.labels]
    every = [
        f", {'each of them' if len(names) > 1 else 'which is'} {said}" for names, said in found if names == exercise.targets
    ]
    return "".join(every or [f"; {names[0]} is {said}" for names, said in found])


def _unpacked(lines: Lines, parts: Sequence[str], source: str) -> list[str]:
    """Return the line that takes the parts out of an array, if there are any; a single target comes in none."""
    names = [lines.variables[name] for name in parts]
    single = names[0] if source == "target" and names else f"({names[0]},)" if names else ""
    return [f"{', '.join(names) if len(names) > 1 else single} = {source}"] if names else []


def drawn_rows(exercise: Exercise) -> str:
    """Return some rows of features and target as CSV, drawn by the laws of the spec.

    The target is a label drawn at hidden weights by the loss, or the output at these where the model has one of each and the
    values may be any number; else it is drawn.
    """
    model = exercise.model
    drawn = exercise.sampler(1, ROWS).several(_DRAWS)
    if not drawn:
        raise OptionError(
            f"{model.name}: no rows are found at which it is finite; declare domains of its inputs, or give --data"
        )
    names = [*exercise.features, *exercise.targets]
    choices = [batch.points for batch in drawn]
    choices.sort(key=lambda points: exercise.wildness(points)[0])
    rows: list[dict[str, float]] = choices[0]
    labels = next((one for one in exercise.labels if [*one.names] == exercise.targets), None)
    if labels is not None:
        rows = max((_with_labels(exercise, labels, one) for one in choices), key=lambda one: _rarest(labels, one))
        if not _rarest(labels, rows):  # a label is too rare
            rows = max(choices, key=lambda one: _rarest(labels, one))
    elif exercise.output is not None and len(exercise.targets) == 1 and model.likelihood_declared is None:
        (target,) = model.target_inputs
        low, high = target.domain or (-np.inf, np.inf)
        for row in rows:
            value = number(reference(model).look(row).nodes[exercise.output])
            if low < value < high:
                row[target.name] = float(f"{value:.6g}")
    columns = [pair for one in exercise.labels for pair in zip(one.names, zip(*one.cases, strict=True), strict=True)]
    whole = [name for name, values in columns if all(value.is_integer() for value in values)]
    table = [[str(int(row[name]) if name in whole else row[name]) for name in names] for row in rows]
    return "".join(f"{','.join(cells)}\n" for cells in [names, *table])


def _with_labels(exercise: Exercise, labels: Labels, rows: Sequence[dict[str, float]]) -> list[dict[str, float]]:
    """Return rows with a label each, drawn with the probabilities exp(-loss), as far as these are likelihoods."""
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    cases = [dict(zip(labels.names, case, strict=True)) for case in labels.cases]
    changed = [{**columns, **{name: np.full(len(rows), value) for name, value in case.items()}} for case in cases]
    losses = np.array([exercise.written(one).values["loss"] for one in changed])
    losses = np.where(np.isfinite(losses), losses, np.inf)
    shares = np.cumsum(np.exp(np.min(losses, axis=0, initial=1e300) - losses), axis=0)
    chosen = np.sum(np.random.default_rng(1).random(len(rows)) * shares[-1] > shares, axis=0)
    return [{**row, **cases[one]} for row, one in zip(rows, chosen.tolist(), strict=True)]


def _rarest(labels: Labels, rows: Sequence[dict[str, float]]) -> int:
    """Return the number of rows of the rarest label, as far as it matters."""
    found = Counter(labels.shown(labels.of(row)) for row in rows)
    return min(_ENOUGH, *(found[labels.shown(case)] for case in labels.cases))


def _checked(exercise: Exercise, data: Path) -> str:
    """Return the text of a CSV file that has the model's columns, with a number in each cell of theirs."""
    try:
        read_data(data, exercise.features, exercise.targets)
        return text_of(data).removeprefix("\ufeff")
    except (DataError, ValueError) as error:
        raise OptionError(f"--data: {error}; give a CSV file") from error
