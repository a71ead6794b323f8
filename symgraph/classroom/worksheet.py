"""`write_worksheet`: a folder with blank functions, data, graders and a text for the class, for any model."""

import csv
import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from symgraph.backends.rendering import render
from symgraph.check.reference import number, reference
from symgraph.check.verification_points import Sampler
from symgraph.classroom.exercise import Exercise
from symgraph.classroom.solution import Lines, Statement
from symgraph.errors import BuildError, OptionError
from symgraph.spec.model import Model

ROWS = 24
_DRAWS = 12
FUNCTIONS, SPEC, DATA, GRADERS, README = "functions.py", "spec.py", "data.csv", "test_functions.py", "README.md"
"""The files of a worksheet."""


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
    facts = _view(exercise)
    title = f"Worksheet {model.name}: write the functions; their docstrings say what they return"
    blank = SimpleNamespace(**facts, solved=False, title=title, intro="Their graders are in test_functions.py.")
    texts = {
        FUNCTIONS: render("worksheet/functions.py.jinja", blank),
        GRADERS: render("worksheet/test_functions.py.jinja", blank),
        README: render("worksheet/README.md.jinja", blank),
        SPEC: spec.read_text(encoding="utf-8"),
        DATA: drawn_rows(exercise) if data is None else _checked(exercise, data),
    }
    targets = {folder / name: text for name, text in texts.items()}
    if solution is not None:
        if solution.resolve().is_relative_to(folder.resolve()):
            raise OptionError(f"--solution: {solution} lies in the folder that students get; choose another place")
        if solution.exists():
            raise OptionError(f"--solution: {solution} is there already; delete it first, or choose another name")
        solved = SimpleNamespace(
            **facts, solved=True, title=f"Solution of the worksheet {model.name}", intro="For the teacher."
        )
        targets[solution] = render("worksheet/functions.py.jinja", solved)
    written, left = list[Path](), list[Path]()
    for path, text in targets.items():
        (written if _write(path, text) else left).append(path)
    return written, left


def _write(path: Path, text: str) -> bool:
    """Write a new file; return False if there is one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        if path.is_dir() or not path.parent.is_dir():
            raise BuildError(f"{path} cannot be written: it is a folder, or its folder is a file") from None
        return False
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _view(exercise: Exercise) -> dict[str, Any]:
    """Return what the templates print."""
    lines, model = Lines(exercise), exercise.model
    has_loss = exercise.root == "loss"
    slots = {key: key if key not in exercise.nodes else f"{key}_of_row" for key in ("x", "y")}
    parts = {kind: [lines.inputs[name] for name in getattr(exercise, kind)] for kind in ("features", "weights", "targets")}
    constants = {lines.inputs[one.name].variable: one.init.value for one in model.constant_inputs}  # type: ignore[union-attr]
    functions = [helper.name for helper in lines.helpers] + ["forward_propagation", "backward_propagation"]
    functions += ["gradient_checking", "loss", "gradient"] * has_loss + ["vanilla", "momentum", "adam"]
    slopes = [(one.slope, _sum(one.terms)) for one in (*reversed(lines.nodes), *parts["weights"])]
    root = next(one for one in lines.nodes if one.key == exercise.root)
    weights = _unpacked(parts["weights"], "weights") + [f"{name} = {value!r}" for name, value in constants.items()]
    d, p = len(exercise.features), len(exercise.targets)
    penalty, penalty_slopes = lines.penalty
    return {
        "model": model,
        "doc": model.doc or "A model of symgraph.",
        "lines": lines,
        **parts,
        "constants": constants,
        "root": root,
        "has_loss": has_loss,
        "functions": functions,
        "slots": slots,
        "slopes": [one for one in slopes if one[0] != root.slope],
        "unpacked": _unpacked(parts["features"], "features") + _unpacked_target(parts["targets"]) + weights,
        "unpacked_weights": weights,
        "feature_names": _said(exercise.features),
        "target_names": _said(exercise.targets),
        "weight_names": _said(exercise.weights),
        "x_said": _wrapped(f"x: ({d},) {_said(exercise.features)}."),
        "w_said": _wrapped(f"W: ({len(exercise.weights)},) {_said(exercise.weights)}."),
        "node_names": _wrapped(f"{_said([one.key for one in lines.nodes])},"),
        "slope_names": _wrapped(f"{_said([f'd{name}' for name in exercise.weights])}."),
        "weight_keys": repr(exercise.weights),
        "width": d + p,
        "target_of_row": f"row[{d}]" if p == 1 else f"row[{d}:]",
        "target_columns": "," if p == 1 else f", {p}",
        "target_said": ", the last column" if p == 1 else ", the last columns" if p else "",
        "penalty": penalty,
        "penalty_text": "" if model.penalty_expr is None else str(model.penalty_expr),
        "penalty_slopes": "{" + ", ".join(f"{name!r}: {code}" for name, code in penalty_slopes.items()) + "}",
        "penalty_said": f", and the penalty {model.penalty_expr} divided by the number of rows" if penalty else "",
        "penalty_added": " + penalty(W)[0] / len(X)" if penalty else "",
        "gradient_of_all": "(found + penalty(W)[1]) / len(X)" if penalty else "found / len(X)",
    }


def _said(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, break_long_words=False)


def _sum(terms: Sequence[tuple[str, str]]) -> str:
    return " + ".join(_product(slope, code) for slope, code in terms) or "0.0"


def _product(slope: str, code: str) -> str:
    if code == "1":
        return slope
    return f"{slope} * {code}" if code.isidentifier() else f"{slope} * ({code})"


def _unpacked(parts: Sequence[Statement], source: str) -> list[str]:
    names = ", ".join(one.variable for one in parts)
    return [f"{names} = {source}" if len(parts) > 1 else f"({names},) = {source}"] if parts else []


def _unpacked_target(targets: Sequence[Statement]) -> list[str]:
    return [f"{targets[0].variable} = target"] if len(targets) == 1 else _unpacked(targets, "target")


def drawn_rows(exercise: Exercise) -> str:
    """Return some rows of features and target as CSV, drawn by the laws of the spec.

    The target is the output at hidden weights where the model has one of each and the values may be any number; else it is
    drawn.
    """
    model = exercise.model
    sampler = Sampler(reference(model), 1, None, ROWS)
    drawn = [batch for batch in (sampler.draw() for _ in range(_DRAWS)) if batch is not None]
    if not drawn:
        raise OptionError(
            f"{model.name}: no rows are found at which it is finite; declare domains of its inputs, or give --data"
        )
    names = [*exercise.features, *exercise.targets]
    choices = [[dict(exercise.ordinary(point)) for point in batch.points] for batch in drawn]
    rows: list[dict[str, float]] = min(choices, key=lambda points: exercise.wildness(points)[0])
    if exercise.output is not None and len(exercise.targets) == 1 and model.likelihood_declared is None:
        (target,) = model.target_inputs
        low, high = target.domain or (-np.inf, np.inf)
        for row in rows:
            value = number(reference(model).look(row).nodes[exercise.output])
            if low < value < high:
                row[target.name] = float(f"{value:.6g}")
    return _csv(names, [[row[name] for name in names] for row in rows])


def _csv(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return file.getvalue()


def _checked(exercise: Exercise, data: Path) -> str:
    """Return the text of a CSV file that has the model's columns."""
    try:
        text = data.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"--data: {data} cannot be read as text: {error}; give a CSV file") from error
    header = next(csv.reader(io.StringIO(text)), [])
    missing = [name for name in (*exercise.features, *exercise.targets) if name not in [cell.strip() for cell in header]]
    if missing:
        raise OptionError(f"--data: {data} has no column {missing[0]!r}; its first line has {', '.join(header) or 'nothing'}")
    return text
