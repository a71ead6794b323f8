"""The labels of a target: which there are, where they are drawn, and that no right file is faulted by other numbers."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from classes import PATIENT, sections, written
from sympy import Abs, Eq, Max, Mod, Ne, Piecewise, exp, log, pi, sin

from symgraph import Model, sigmoid
from symgraph.errors import OptionError
from symgraph.project.build.specs import read_spec
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.grading import grade
from symgraph.use.classroom.labels import labels_of
from symgraph.use.classroom.worksheet import drawn_rows, write_worksheet

PARTS = sections("labelled.txt")
SPECS = {title.removeprefix("spec "): text for title, text in PARTS.items() if title.startswith("spec ")}
STUDENTS = {title: text for title, text in PARTS.items() if not title.startswith("spec ")}
"""Right files in odd styles, by the name of their spec and what is odd."""
HEAD = """from sympy import Eq, KroneckerDelta, Max, Piecewise, exp, log, pi, sin, tanh
from symgraph import Model, sigmoid
model = Model({!r})
"""
DRAWN = {
    "softmax3": (0, 1, 2), "softmax4": (0, 1, 2, 3), "one_vs_rest": (0, 1, 2), "ordinal": (0, 1, 2), "hinge": (-1, 1),
    "margin": (-1, 1), "ratings": (1, 2, 3), "binary": (0, 1), "deltas": (0, 1, 2), "cross_entropy": (0, 1),
    "without_zeros": (0, 1, 2, 3, 4), "declared": (0, 1, 2),
}  # fmt: skip


def values(model: Model) -> tuple[float, ...] | None:
    """The labels of a model's only target, or None."""
    return next((tuple(value for (value,) in labels.cases) for labels in labels_of(model)), None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("specs")


@cache
def model_of(name: str, folder: Path) -> Model:
    file = folder / f"{name}.py"
    file.write_text(HEAD.format(name) + SPECS[name], encoding="utf-8")
    return read_spec(str(file), folder).models[0]


# Each file is run in processes of its own, one for each of its functions.
@pytest.mark.parametrize("title", STUDENTS)
def test_right_code_for_labels_is_not_faulted(title: str, folder: Path) -> None:
    model, file = model_of(title.partition(":")[0], folder), folder / "student.py"
    file.write_text(STUDENTS[title], encoding="utf-8")
    found = grade(file, model, written(file, model), limits=PATIENT)
    assert found.passed, [test for test in found.tests if not test.ok]


WRONG = [
    ("softmax3: a match statement and plain loops", "case 2: own = z[2]", "case 2: own = z[1]", "forward_propagation"),
    ("softmax4: a dictionary of cases", "3: p[3]}", "3: p[2]}", "forward_propagation"),
    ("softmax4: if and elif, in logarithms", "own = z[3]", "own = z[0]", "forward_propagation"),
    ("one_vs_rest: a list of truths", "sum(g)]", "g[0] + g[1]]", "backward_propagation"),
    ("ordinal: a list of three", "1 - high][int(y)]", "high][int(y)]", "forward_propagation"),
    ("ordinal: equal to 0, 1 or 2", "(two * 1.0 - three)", "(two * 1.0 + three)", "backward_propagation"),
    ("hinge: two cases that end in an error", "1 + f if f > -1", "1 - f if f > -1", "forward_propagation"),
    ("margin: two cases", "else -log(1 - p)", "else -log(p)", "forward_propagation"),
    ("ratings: weights by index", "gap**2 * (y == 3)", "gap * (y == 3)", "backward_propagation"),
    ("ratings: three masks", "W[3] * r[y == 3]", "W[2] * r[y == 3]", "loss"),
    ("binary: a pair by index", "else d[\"p\"]", "else 1", "backward_propagation"),
    ("deltas: a list by index", "W[2] * x[0] ** 2", "W[2] * x[0] ** 3", "forward_propagation"),
    ("deltas: functions in a dictionary", "2: lambda: x**2}", "2: lambda: x}", "gradient"),
    ("cross_entropy: np.where", "p - 1, p)", "p - 1, 1 - p)", "gradient"),
    ("without_zeros: a table of multiples", "3 * rate", "rate", "forward_propagation"),
    ("declared: the sines by index", "(0, 1, 0)", "(0, 1, 1)", "forward_propagation"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "right", "other", "function"), WRONG)
def test_a_mistake_in_the_case_of_one_label_is_seen(title: str, right: str, other: str, function: str, folder: Path) -> None:
    model, file = model_of(title.partition(":")[0], folder), folder / "student.py"
    assert right in STUDENTS[title]
    file.write_text(STUDENTS[title].replace(right, other), encoding="utf-8")
    assert not grade(file, model, [function], others=False, limits=PATIENT).passed


@pytest.mark.parametrize("name", DRAWN)
def test_every_label_is_drawn_at_points_and_for_data_and_no_other_number(name: str, folder: Path) -> None:
    exercise, labels = Exercise(model_of(name, folder)), set(map(float, DRAWN[name]))
    assert values(exercise.model) == DRAWN[name]
    assert {points[0]["y"] for points in exercise.batches} == labels
    assert {point["y"] for points in exercise.batches for point in points} == labels
    assert {float(line.split(",")[-1]) for line in drawn_rows(exercise).splitlines()[1:]} == labels


def test_a_worksheet_says_which_values_the_target_takes_and_its_solution_is_right(tmp_path: Path, folder: Path) -> None:
    model, solution = model_of("softmax4", folder), tmp_path / "solution.py"
    write_worksheet(model, folder / "softmax4.py", tmp_path / "week", solution=solution)
    readme = (tmp_path / "week" / "README.md").read_text(encoding="utf-8")
    assert "| y | the target, the last column, which is 0, 1, 2 or 3 |\n" in readme
    functions = (tmp_path / "week" / "functions.py").read_text(encoding="utf-8")
    assert "        y: y, which is 0, 1, 2 or 3.\n" in functions
    assert "        y: (n,) the target, which is 0, 1, 2 or 3.\n" in functions
    assert grade(solution, model, ["forward_propagation", "backward_propagation"], complete=True, limits=PATIENT).passed


Loss = Callable[[Any, Any, Any], Any]
"""The loss of a target, of a score and of a second one."""
TOLD: list[tuple[str, Loss, Any, tuple[float, ...] | None]] = [
    ("three cases", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), (g**2, Eq(y, 1)), (f * g, Eq(y, 2))), None, (0, 1, 2)),
    ("two cases and others", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), (g**2, Eq(y, 1)), (f * g, True)), None, (0, 1, 2)),
    ("others as one of a chance", lambda y, f, g: log(1 + exp(f) + exp(g)) - Piecewise((f, Eq(y, 0)), (g, Eq(y, 1)), (0, True)),
     None, (0, 1, 2)),
    ("two labels and one more", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), (g**2, Eq(y, 2)), (f * g, True)), (1, 3),
     (1, 2, 3)),
    ("no others of a chance", lambda y, f, g: log(exp(f) + exp(g)) - Piecewise((f, Eq(y, 1)), (g, Eq(y, 2)), (0, True)),
     None, (1, 2)),
    ("nothing for others", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), (g**2, Eq(y, 1)), (0, True)), None, (0, 1)),
    ("a gap", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), (g**2, Eq(y, 2)), (f * g, True)), None, (0, 1, 2)),
    ("one case", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), (g, True)), None, (0, 1)),
    ("the first case", lambda y, f, g: Piecewise((f**2, Ne(y, 0)), (g, True)), None, (0, 1)),
    ("the negative case", lambda y, f, g: Piecewise((f**2, Eq(y, -1)), (g, True)), None, (-1, 1)),
    ("indicators", lambda y, f, g: sum((Piecewise((1, Eq(y, k)), (0, True)) - one) ** 2 for k, one in enumerate((f, g, f * g))),
     None, (0, 1, 2)),
    ("an indicator of what is left", lambda y, f, g: Piecewise((f, Eq(y, 0)), (0, True)) + Piecewise((g, Eq(y, 1)), (0, True))
     + (1 - Piecewise((1, Eq(y, 0)), (0, True)) - Piecewise((1, Eq(y, 1)), (0, True))) * f * g, None, (0, 1, 2)),
    ("whole numbers of a domain", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), (g + y, True)), (0, 3), (0, 1, 2, 3)),
    ("ends of a domain that are not whole", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), (g**2, True)), (0.5, 9.5), (1, 2)),
    ("signs of a domain", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), (g, True)), (-1, 1), (-1, 1)),
    ("signs and 0", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), (f, Eq(y, 0)), (g, True)), (-1, 1), (-1, 0, 1)),
    ("a number and one label", lambda y, f, g: Piecewise((f**2, Eq(y, 0)), ((f - y) ** 2, True)), None, (0, 1, 2, 3)),
    ("a number and the label 1", lambda y, f, g: Piecewise((f**2, Eq(y, 1)), ((f - y) ** 2, True)), None, (0, 1, 2, 3)),
    ("halves", lambda y, f, g: Piecewise((f, Eq(2 * y, 1)), (g, Eq(y, 1))), None, (0.5, 1)),
    ("a square", lambda y, f, g: Piecewise((f, Eq(y**2, 4)), (g, Eq(y, 0))), None, (-2, 0, 2)),
    ("thresholds", lambda y, f, g: Piecewise((f**2, y < 1), (g**2, y < 2), (f * g, True)), None, (0, 1, 2)),
    ("thresholds from above", lambda y, f, g: Piecewise((f**2, y <= 1), (g**2, y <= 2), (f * g, True)), None, (1, 2, 3)),
    ("one threshold", lambda y, f, g: Piecewise((f**2, y > 0), (g**2, True)), None, (0, 1)),
    ("the sign", lambda y, f, g: Piecewise((f**2, y >= 0), (g**2, True)), None, (-1, 1)),
    ("a threshold between", lambda y, f, g: Piecewise((f**2, 2 * y > 1), (g**2, True)), None, (0, 1)),
    ("a remainder in a domain", lambda y, f, g: Piecewise((f, Eq(Mod(y, 2), 0)), (g, Eq(y, 1))), (0, 1), (0, 1)),
    ("a cross entropy without a domain", lambda y, f, g: -y * log(sigmoid(f)) - (1 - y) * log(sigmoid(-f)), None, (0, 1)),
    ("signs of a cross entropy", lambda y, f, g: -((1 + y) * log(sigmoid(f)) + (1 - y) * log(sigmoid(-f))) / 2, None,
     (-1, 1)),
    ("1 and 2 of one", lambda y, f, g: (y - 2) * log(sigmoid(f)) + (1 - y) * log(sigmoid(-f)), (1, 2), (1, 2)),
    ("a perceptron's", lambda y, f, g: Piecewise((0, y * f > 0), (-y * f, True)), None, (-1, 1)),
    ("a weighted cross entropy", lambda y, f, g: -3 * y * log(sigmoid(f)) - (1 - y) * log(sigmoid(-f)), (0, 1), (0, 1)),
    ("a hinge without a domain", lambda y, f, g: Max(0, 1 - y * f), None, (-1, 1)),
    ("a continuous share", lambda y, f, g: (y - sigmoid(f)) ** 2, (0, 1), None),
    ("a number", lambda y, f, g: (y - f) ** 2, (0, 5), None),
    ("a censored number", lambda y, f, g: Piecewise((f**2, y <= 0), ((y - f) ** 2, True)), None, None),
    ("a quantile", lambda y, f, g: Piecewise((0.3 * (y - f), y > f), (0.7 * (f - y), True)), None, None),
    ("an implicit line", lambda y, f, g: (y * f + g - 1) ** 2, None, None),
    ("a factor", lambda y, f, g: -y * log(sigmoid(f)), None, None),
    ("a removable gap", lambda y, f, g: Piecewise((1, Eq(y - f, 0)), (sin(y - f) / (y - f), True)), None, None),
    ("robust", lambda y, f, g: Piecewise(((y - f) ** 2 / 2, Abs(y - f) < 1), (Abs(y - f) - 0.5, True)), None, None),
]  # fmt: skip


def _told(loss: Loss, domain: Any, **options: Any) -> Model:
    model = Model("told")
    x, (a, b), y = model.feature("x"), model.weights("a b"), model.target("y", domain=domain, **options)
    f, g = model.node("f", a * x + b), model.node("g", a - b * x)
    model.loss(loss(y, f, g) + a**2 / 10**30 + b**2 / 10**30)
    return model.freeze()


@pytest.mark.parametrize("told", TOLD, ids=[one[0] for one in TOLD])
def test_labels_follow_from_what_the_loss_compares_the_target_with(told: tuple[str, Loss, Any, Any]) -> None:
    _, loss, domain, labels = told
    assert values(_told(loss, domain)) == labels


def test_nodes_and_constants_are_seen_through() -> None:
    model = Model("through")
    x, a, y, two = model.feature("x"), model.weight("a"), model.target("y"), model.constant("two", 2.0)
    place = model.node("place", y - 1)
    kind = model.node("kind", Piecewise((a, Eq(place, 0)), (2 * a, Eq(y, two)), (a * x, Eq(place, -1)), (0, True)))
    model.loss((kind - 1) ** 2)
    assert values(model.freeze()) == (0, 1, 2)
    points = [points[0] for points in Exercise(model).batches]
    assert {point["two"] for point in points} == {2.0}
    assert {point["y"] for point in points} == {0, 1, 2}


@pytest.mark.parametrize("other", [lambda y, f, g: Eq(y, f), lambda y, f, g: Ne(y * g, f), lambda y, f, g: Eq(Mod(y, 2), 0)])
def test_a_target_whose_values_are_not_known_is_refused_until_they_are_declared(other: Any) -> None:
    def loss(y: Any, f: Any, g: Any) -> Any:
        return Piecewise((f**2, other(y, f, g)), (g**2 + y, True))

    with pytest.raises(OptionError, match=r"^told: the target 'y' is compared by .*model\.target\('y', values=\(0, 1, 2\)\)$"):
        Exercise(_told(loss, None))
    assert values(_told(loss, None, values=range(3))) == (0, 1, 2)


@pytest.mark.parametrize("first", [1, 3])
def test_one_more_label_that_may_be_lower_or_higher_is_asked_for(first: int) -> None:
    def loss(y: Any, f: Any, g: Any) -> Any:
        return Piecewise((f**2, Eq(y, first)), (g**2, Eq(y, first + 1)), (f * g, True))

    either = f"may be {first - 1} or {first + 2} in the case of all others; declare them, such as"
    with pytest.raises(OptionError, match=f"^told: the target 'y' {either}"):
        Exercise(_told(loss, None))
    assert values(_told(loss, None, values=(1, 2, 3))) == (1, 2, 3)


def test_declared_values_are_the_labels_whatever_the_loss_says() -> None:
    exercise = Exercise(_told(lambda y, f, g: (sin(pi * y) - f) ** 2, None, values=(0.5, 1.5)))
    assert {point["y"] for points in exercise.batches for point in points} == {0.5, 1.5}


def test_the_labels_of_likelihoods() -> None:
    model = Model("counts")
    x, n, (w, b) = model.feature("x"), model.feature("n", domain=(2, 40)), model.weights("w b")
    model.target("y")
    model.likelihood("binomial", probability=model.output("p", sigmoid(w * x + b)), trials=n)
    (labels,) = labels_of(model.freeze())
    assert (labels.names, labels.said) == (("y", "n"), "a whole number from 0 to n")
    assert {most for _, most in labels.cases} >= {2, 40}
    points = [point for points in Exercise(model).batches for point in points]
    assert all(point["y"] <= point["n"] and point["y"].is_integer() for point in points)
    rows = [[float(cell) for cell in line.split(",")] for line in drawn_rows(Exercise(model)).splitlines()[1:]]
    assert all(trials.is_integer() and y.is_integer() and 0 <= y <= trials for _, trials, y in rows)
    (labels,) = labels_of(_told(lambda y, f, g: Piecewise((f**2, Eq(y, 2)), ((f - y) ** 2, True)), (1, 50)))
    assert labels.said == "a whole number from 1 to 50"
    assert {(1.0,), (2.0,), (50.0,)} <= {*labels.cases}
    model = Model("rates")
    x, (w, b) = model.feature("x"), model.weights("w b")
    model.target("y")
    model.likelihood("poisson", mean=exp(w * x + b))
    assert labels_of(model.freeze())[0].said == "a whole number from 0 on"
    assert {min(point["y"], 2) for points in Exercise(model).batches for point in points[:1]} == {0, 1, 2}


def test_a_row_of_a_binomial_has_one_trial_at_least() -> None:
    model = Model("coins")
    n, w, _ = model.feature("n"), model.weight("w"), model.target("y")
    model.likelihood("binomial", probability=model.output("p", sigmoid(w)), trials=n)
    (labels,) = labels_of(model.freeze())
    assert min(most for _, most in labels.cases) == 1.0


@pytest.mark.parametrize(
    ("name", "cases", "said"),
    [
        ("one_hot", {(1, 0, 0), (0, 1, 0), (0, 0, 1)}, "t0, t1, t2, each of them 0 or 1, and 1 for one of them."),
        ("two_labels", {(0, 0), (0, 1), (1, 0), (1, 1)}, "s, t; s is 0 or 1; t is 0 or 1."),
    ],
)
def test_several_targets_are_labels_together_or_apart(name: str, cases: Any, said: str, folder: Path, tmp_path: Path) -> None:
    model = model_of(name, folder)
    exercise = Exercise(model)
    targets = exercise.targets
    assert {tuple(point[one] for one in targets) for points in exercise.batches for point in points} == cases
    rows = [line.split(",")[-len(targets) :] for line in drawn_rows(exercise).splitlines()[1:]]
    assert {tuple(map(float, row)) for row in rows} == cases
    write_worksheet(model, folder / f"{name}.py", tmp_path / "week")
    assert f"        y: {said}\n" in (tmp_path / "week" / "functions.py").read_text(encoding="utf-8")
