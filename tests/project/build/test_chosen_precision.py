"""The precision that a build chooses where nobody asks for one, and how later builds and checks know of it."""

from dataclasses import replace

import pytest
from plans import states

from symgraph.compiler import generate
from symgraph.options import ACCURATE, AUTO, DOUBLE, Options
from symgraph.project.build.build import build, check
from symgraph.project.build.made import made_of, numpy_artifact
from symgraph.project.build.plan import Plan
from symgraph.project.build.profile import Profile
from symgraph.project.build.specs import read_spec
from symgraph.project.settings.manifest import FILE, Entry, read_manifest

SPEC = '''"""A difference of two numbers that are close to each other, and a line, which loses nothing."""
from symgraph import Model

close = Model("close")
a, b = close.weight("a", domain=(1, 2)), close.weight("b", domain=(1, 2))
close.loss(a * ({close}) ** 2)
line = Model("line")
line.loss((line.weight("s") * line.feature("x") - line.target("y")) ** 2)
'''
LOSES = 'close.node("beside", b + 1e6 * a) - 1e6 * a'
"""Beside 1e6 * a, b has 6 of 16 digits less, one more than care lets pass."""
RECURRENCE = """from functools import reduce
from sympy import exp
from symgraph import Model

close = Model("close")
x, start = close.weight("x", domain=(1, 5e4)), close.weight("y", domain=(0.1, 0.9))
last = reduce(lambda y, k: close.node(f"y{k}", 3 * y - 3 * y**2), range(20), start)
close.loss(x * exp(1 / x) - x - 1 + last)
"""
HAS_NO_PAIRS = f"{LOSES} - __import__('sympy').gamma(b)"


def write(plan: Plan, close: str = LOSES) -> None:
    (plan.root / "spec.py").write_text(SPEC.replace("{close}", close), encoding="utf-8")


def entries(plan: Plan) -> dict[str, Entry]:
    return dict(read_manifest(plan.out).entries)


@pytest.fixture
def chooses(plan: Plan) -> Plan:
    write(plan)
    return replace(plan, chooses=True)


@pytest.mark.quick  # 0.8 s: two models are searched, built and verified
def test_a_build_chooses_pairs_for_the_model_that_loses_digits_and_a_check_knows_of_it(chooses: Plan) -> None:
    report = build(chooses)
    lost = {name: found.lost for name, found in report.verifications.items()}
    assert lost["close"] is not None
    assert lost["close"].chosen
    assert "would lose" in str(lost["close"])
    text = (chooses.out / "close.py").read_text(encoding="utf-8").splitlines()
    assert text[lost["close"].line - 1].lstrip().startswith(f"{lost['close'].node.rpartition(' ')[2]} = ")
    assert f", line {lost['close'].line}; kappa_graph" in str(lost["close"])
    assert str(lost["close"]).endswith("% of the rows drawn (`--precision double` takes none)")
    assert lost["line"] is not None
    assert "no result seen to lose" in str(lost["line"])
    found = {name: (entry.precision, entry.asked) for name, entry in entries(chooses).items()}
    assert found == {"close.py": (AUTO, ""), "close_scalar.py": ("", ""), "line.py": ("", ""), "line_scalar.py": ("", "")}
    assert check(chooses).ok
    assert states(check(replace(chooses, chooses=False)))["close.py"] == "options changed"  # where doubles are asked for


def test_a_build_derives_a_model_once(chooses: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for digits takes the graph that the modules are printed from, those of pairs too."""
    derived = []
    lowered = generate.lower
    monkeypatch.setattr(generate, "lower", lambda model, **how: derived.append(model.name) or lowered(model, **how))
    made_of(chooses, lambda _: None, Profile(), search=True)
    assert derived == ["close", "line"]


@pytest.mark.quick  # 0.7 s: the only one with rows that are careful without need
def test_pairs_are_not_chosen_where_most_rows_would_take_them_without_need(chooses: Plan) -> None:
    """A bound of errors that grows from step to step of a recurrence condemns each row, though doubles lose 3 of 16 digits."""
    (chooses.root / "spec.py").write_text(RECURRENCE, encoding="utf-8")
    lost = build(chooses).verifications["close"].lost
    assert lost is not None
    assert lost.needs_care
    assert lost.with_care is not None
    assert lost.with_care.idle > 0.5
    assert not lost.chosen
    assert str(lost).endswith(f"of the rows drawn, in {lost.with_care.idle:.1%} without need")
    assert entries(chooses)["close.py"].precision == ""
    assert numpy_artifact(read_spec("spec.py", chooses.root).models[0]).options.precision == DOUBLE
    (chooses.root / "spec.py").write_text(RECURRENCE.replace("range(20)", "range(1)"), encoding="utf-8")
    assert numpy_artifact(read_spec("spec.py", chooses.root).models[0]).options.precision == AUTO


@pytest.mark.slow  # a build of 1 s
def test_pairs_are_chosen_for_a_limit_that_doubles_exceed_whatever_they_take(chooses: Plan) -> None:
    (chooses.root / "spec.py").write_text(RECURRENCE, encoding="utf-8")
    lost = build(chooses, require=1e-11).verifications["close"].lost
    assert lost is not None
    assert lost.chosen
    assert entries(chooses)["close.py"].precision == AUTO


@pytest.mark.slow  # two builds of 0.4 s
def test_a_model_that_loses_nothing_any_more_is_built_in_doubles_again(chooses: Plan) -> None:
    build(chooses)
    assert entries(chooses)["close.py"].precision == AUTO
    write(chooses, "b - a")
    build(chooses)
    assert entries(chooses)["close.py"].precision == ""


@pytest.mark.slow  # 0.4 s: two models are searched
def test_what_a_build_would_write_is_known_without_one(chooses: Plan) -> None:
    models = {model.name: model for model in read_spec("spec.py", chooses.root).models}
    assert {name: numpy_artifact(model).options.precision for name, model in models.items()} == {"close": AUTO, "line": DOUBLE}


@pytest.mark.slow  # four builds of 0.4 s
def test_what_was_asked_for_is_noted_and_no_choice_of_the_build(chooses: Plan) -> None:
    asked = replace(chooses, chooses=False, options=Options(precision=AUTO))
    build(asked)
    assert {entry.asked for entry in entries(chooses).values()} == {AUTO}
    assert states(check(chooses))["close.py"] == "options changed"
    build(replace(asked, options=Options()))
    assert {(entry.precision, entry.asked) for entry in entries(chooses).values()} == {("", DOUBLE)}
    assert states(check(chooses)) == dict.fromkeys(states(check(chooses)), "unchanged") | {FILE: "stale"}
    build(replace(asked, options=Options(precision=ACCURATE)))
    assert entries(chooses)["close.py"].precision == ACCURATE


@pytest.mark.slow  # three builds of 0.4 s
def test_a_build_that_does_not_search_keeps_what_one_that_does_has_chosen(chooses: Plan) -> None:
    build(chooses, verify=False)
    assert entries(chooses)["close.py"].precision == ""
    build(chooses)
    build(chooses, verify=False)
    assert entries(chooses)["close.py"].precision == AUTO


@pytest.mark.slow  # three builds of 0.4 s
def test_no_pairs_are_chosen_where_there_can_be_none(chooses: Plan) -> None:
    for other in (replace(chooses, backends=("scalar", "c")), replace(chooses, options=Options(error_bound=True))):
        report = build(other)
        lost = report.verifications["close"].lost
        assert lost is not None
        assert not lost.chosen
        assert "; `--precision auto` loses" in str(lost)
        assert {entry.precision for entry in entries(other).values()} == {""}
    write(chooses, HAS_NO_PAIRS)
    lost = build(chooses).verifications["close"].lost
    assert lost is not None
    assert (lost.chosen, lost.has_pairs) == (False, False)
