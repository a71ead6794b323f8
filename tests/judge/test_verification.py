"""Verification of healthy modules, of modules that break the contract, and of models that are hard to draw points for."""

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy as sp
from big_models import FAMILIES
from built import one_output
from judged import faulty
from written import written
from zoo import ZOO, nine_weights

from symgraph import Model, sigmoid
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError, VerificationError
from symgraph.judge.verify import VerificationReport, effort_for, verify
from symgraph.options import Options


def modules(model: Model, change: Callable[[str], str] = lambda text: text) -> list[Any]:
    """The model's modules of both backends, their texts changed, not verified."""
    artifacts = generate(model, ("numpy", "scalar"), options=Options(standalone=True))  # so that plumbing is text, too
    return [faulty(change(artifact.text)) for artifact in artifacts]


def report_of(form: Callable[..., Any], features: str = "x", seed: int = 0, sample: Any = None, **domains: Any) -> Any:
    """The report on the right modules of a model of one output."""
    model = written(form, features=features, **domains)
    return verify(model, *modules(model), seed=seed, sample=sample)


def changed(pattern: str, replacement: str) -> Callable[[str], str]:
    """A change of the numpy module's text; that the pattern is found there is part of the test."""

    def change(text: str) -> str:
        result, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
        assert count == 1 or "import numpy" not in text, f"{pattern} is not in the text"
        return result

    return change


@pytest.mark.parametrize("name", ZOO)
def test_healthy_modules_of_every_shape_pass_with_every_weight_seen(name: str) -> None:
    model = ZOO[name]()
    report = verify(model, *modules(model))
    assert report.unverified == ()
    assert report.judged > 100
    # the unit is an ulp, or what changes of an ulp in intermediate values make of it: a handful of operations stays near 1
    assert report.worst < 16


@pytest.mark.parametrize("seed", range(5))
def test_healthy_modules_pass_at_other_seeds(seed: int) -> None:
    for model in (nine_weights(), *(ZOO[name]() for name in ("pieces", "Rat43", "Thurber"))):
        assert verify(model, *modules(model), seed=seed).points >= 6


def test_the_same_seed_gives_the_same_report_and_a_backend_can_be_verified_alone() -> None:
    model = ZOO["line"]()
    numpy, scalar = modules(model)
    first = verify(model, numpy, seed=3)
    assert first == verify(model, numpy, seed=3) != verify(model, numpy, seed=4)
    assert verify(model, numpy, scalar, seed=3).judged == first.judged + verify(model, None, scalar, seed=3).judged


BATCH = r"(table\[:, 0\])"
"""What gives the output or the residual of a batch."""

# The contract: each of these faults is in one function only.
CONTRACT_FAULTS = {
    "predict gives another node": changed(
        r'"predict": lambda tape: \[getattr\(tape, output\) for output in outputs\],', '"predict": lambda tape: [tape.tanh],'
    ),
    "predict fails on rows": changed(BATCH, r'\1[:: -1 if name == "predict" else 1]'),
    "jacobian of the loss": changed(r'return (self\._by_row\("jacobian",)', r"return 2 * \1"),
    "residual has the wrong sign": changed(r"(getattr\(tape, outputs\[0\]\)) - (known\(tape\.y\))", r"\2 - \1"),
    "residual is half as large again": changed(r"(getattr\(tape, outputs\[0\]\) - known\(tape\.y\))", r"1.5 * (\1)"),
    "residual of a batch is twice as large": changed(BATCH, r'\1 * (2 if name == "residual" else 1)'),
    "residual_jacobian is that of the loss": changed(r'_by_row\("residual_jacobian",', '_by_row("per_sample_grad",'),
    "the mean is a sum": changed(r'reduction == "mean" else 1\.0\n', 'reduction == "neither" else 1.0\n'),
    "the weighted mean divides by n": changed(r"float\(rowsum\(s\)\)", "float(s.size)"),
    "loss ignores sample weights": changed(r'(_reduced\("loss", inputs, )s,', r"\1np.ones_like(s),"),
    "absent rows count": changed(r"present = s > 0", "present = s >= 0"),
    "the cotangent is ignored": changed(r"(_pulled\(tape, self\._seed\(tape, )cotangent\)", r"\g<1>1.0)"),
    "per-sample gradients are summed": changed(
        r'return (self\._by_row\("per_sample_grad", inputs, workers\))', r"return \1 + \1.sum(axis=0)"
    ),
    "a node is another function": changed(r"tanh = np\.tanh\(", r"tanh = np.sin("),
    "a gradient has another sign": changed(r"d_w1 = rowsum\(d_t, f1\)", r"d_w1 = rowsum(-d_t, f1)"),
    "a batch's results are exchanged": changed(r"return sums\.take\(program\.order\)", "return sums.take(program.order[::-1])"),
    "rows are exchanged": changed(r"result\[start:stop, index\] = column", "result[start:stop, index] = column[::-1]"),
    "a node is another": changed(r"w, X, y, t, exp,", "w, X, y, exp, t,"),
    "the loss is there without y": changed(r"loss = loss_1 = None\n", "loss, loss_1 = y_hat, None\n"),
    "nodes without y differ": changed(r"loss = loss_1 = None\n", "loss = loss_1 = None\n    exp = t if y is None else exp\n"),
    "weights have another order": changed(r'WEIGHTS = \("w1", "w2"', 'WEIGHTS = ("w2", "w1"'),
    "features have another order": changed(r'FEATURES = \("f1", "f2"', 'FEATURES = ("f2", "f1"'),
    "single rows fail": changed(r"X\.ndim not in \(1, 2\)", "X.ndim != 2"),
    "a function is missing": changed(r"\nper_sample_grad = _model\.per_sample_grad\n", "\n"),
    "the gradient is a column": changed(r"_rounded\(sums\[1:\]", "_rounded(sums[1:, None]"),
    "a name is not defined": changed(r"np\.tanh\(", "np.tahn("),
    "results are strings": changed(
        r"np\.array\(self\._columns\[name\]\(self\._forward\(\*inputs\)\), dtype\)", "np.array(['y_hat'])"
    ),
}


@pytest.mark.parametrize("fault", CONTRACT_FAULTS)
def test_a_fault_in_one_function_of_the_contract_is_caught(fault: str) -> None:
    model = nine_weights()
    numpy, _ = modules(model, CONTRACT_FAULTS[fault])
    with pytest.raises(VerificationError, match="model nine_weights"):
        verify(model, numpy)


def test_a_nan_in_a_branch_that_is_not_taken_is_caught() -> None:
    model = ZOO["pieces"]()
    # 0 * nan instead of a selection
    selection = r"select\(tape\.left_3, (select\(.*?) \* tape\.left_4\), 0\.0\)"
    numpy, _ = modules(model, changed(selection, r"\1) * np.sqrt(-x) * tape.left_3"))
    with pytest.raises(VerificationError, match=r"by b is nan"):
        verify(model, numpy)


@pytest.mark.parametrize(("row", "message"), [
    (lambda w, x, y, grad: math.exp(1e3), "scalar module: row of row 0, the value raises OverflowError"),
    (lambda w, x, y, grad: None, "row of row 0, the value is nan"), (None, "row of row 0, the gradient, by w5 is nan"),
])  # fmt: skip
def test_a_scalar_module_that_raises_or_returns_nothing_or_leaves_a_partial_out_is_caught(row: Any, message: str) -> None:
    model = nine_weights()
    _, scalar = modules(model, lambda text: text.replace("    grad[4] = d_w5\n", "") if row is None else text)
    scalar.row = row or scalar.row
    with pytest.raises(VerificationError, match=message):
        verify(model, None, scalar)


def test_the_message_names_the_weight_and_a_point_that_can_be_pasted() -> None:
    model = nine_weights()
    numpy, _ = modules(model, changed(r"d_w3 = rowsum\(", r"d_w3 = rowsum(1.001 * "))
    with pytest.raises(VerificationError) as caught:
        verify(model, numpy)
    row, got, want, tolerance, point = re.fullmatch(
        r"model nine_weights: per_sample_grad, row (\d), by w3 is (\S+), the spec gives (\S+) \(tolerance (\S+)\)\n"
        r"at point 0 of seed 0:\n(w = .*\nX = .*\ny = .*)",
        str(caught.value),
    ).groups()
    names: dict[str, Any] = {}
    exec(point, names)
    assert numpy.per_sample_grad(names["w"], names["X"], names["y"])[int(row), 2] == float(got)
    assert abs(float(got) / float(want) - 1.001) < 1e-9
    assert float(tolerance) < 1e-9 * abs(float(want))


def test_a_weight_whose_partial_is_always_zero_is_reported_and_not_passed() -> None:
    report = report_of(lambda x, a, b: sp.Piecewise((a * x, x > 1), (b * x, True)), x=(0, 1))
    assert report.unverified == ("a",)
    assert report.untaken == ("node out, branch 1",)
    gaps = "partial 0 or unclear at every point: a; never taken: node out, branch 1"
    assert str(report).splitlines()[1] == f"written: not verified, {gaps}"
    assert report.points > 30  # it was looked for


def test_a_weight_whose_partial_rounding_blurs_everywhere_is_reported_and_not_passed() -> None:
    """The slope by b is x, of which x + 1e17*c - 1e17*c keeps no digit."""

    def blurred(m: Model, x: Any, c: Any, a: Any, b: Any, y: Any) -> Any:
        small = m.node("small", m.node("big", x + 10**17 * c) - 10**17 * c)
        return (y - m.output("out", a * x + b * small)) ** 2

    domains = dict.fromkeys("xc", (1, 2)) | dict.fromkeys("ab", (0.5, 2))
    model = written(blurred, "loss", features="x c", y=(0, 1), **domains)
    assert "b" in verify(model, modules(model)[0]).unverified


def test_branches_far_from_ordinary_numbers_are_reached() -> None:
    def far(m: Model, x: Any, kind: Any, a: Any, b: Any, c: Any) -> Any:
        return c * m.node("far", sp.Piecewise((a * x, x > 1e6), (a / x, sp.Eq(kind, 7)), (b, True)))

    report = report_of(far, features="x kind")
    assert (report.unverified, report.untaken) == ((), ())


@pytest.mark.parametrize("seed", range(8))
def test_branches_that_only_a_weight_decides_are_all_taken(seed: int) -> None:
    def decided(x: Any, a: Any, b: Any, c: Any) -> Any:
        return sp.Piecewise((a * x, c < -3), (b * x, c < 3), (a * b * x, True)) + sp.Max(a, b, 2 * c, x)

    assert report_of(decided, seed=seed).untaken == ()


def test_a_model_that_is_finite_nowhere_is_refused_with_advice() -> None:
    with pytest.raises(SpecError, match=r"never was\); declare .* domain=\(low, high\) .*\(x, a\)"):
        report_of(lambda x, a: sp.sqrt(-1 - (a * x) ** 2) + a)


@pytest.mark.parametrize("seed", range(3))
def test_a_narrow_domain_that_nothing_declares_is_found(seed: int) -> None:
    def logs(x0: Any, x1: Any, x2: Any, *k: Any) -> Any:
        x = (x0, x1, x2)
        terms = (sp.log(k[i] - k[i + 1] - x[i % 3]) + sp.sqrt(k[i + 6] - k[i] * x[(i + 1) % 3]) for i in range(6))
        return sp.Add(*terms)

    model = one_output(logs, features="x0:3", weights="k1:13")
    assert verify(model, *modules(model), seed=seed).unverified == ()


def test_real_rows_are_used_where_they_can_be() -> None:
    model, rng = nine_weights(), np.random.RandomState(0)
    X, y = rng.uniform(0, 400, (50, 5)), rng.uniform(5, 50, 50)
    X[3, 2] = np.nan
    report = verify(model, *modules(model), sample=(X, y))
    assert 3 <= report.sample_points <= report.points - 3
    # rows at which the model is not finite do not stop the verification
    report = report_of(lambda x, a: a * sp.log(x), sample=(np.full(20, -1.0), None))
    assert (report.sample_points, report.unverified) == (0, ())
    # and those where slopes are infinite are not held against the module
    rows = np.array([0.0, 0.0, 1.0, 4.0])
    assert report_of(lambda x, a, b: sp.sqrt(a * x) + b, a=(0.5, 2), b=(0.5, 2), sample=(rows, None)).unverified == ()


def test_models_that_live_among_tiny_weights_are_verified() -> None:
    huge, model = sp.Float("1e150"), Model("initially_tiny")
    v, a, y = model.feature("v"), model.weight("a", init=1e-150), model.target("y")
    model.loss((y - model.output("o", a * v * huge)) ** 2)
    assert verify(model, *modules(model)).unverified == ()
    domains = {"x": (1, 2), "a": (1e-151, 1e-149), "b": (1, 2)}
    assert report_of(lambda x, a, b: sp.log(a) * b + a * x * huge, **domains).unverified == ()


def test_nodes_whose_names_need_underscores_are_told_apart() -> None:
    model = written(lambda m, x, a, b: (first := m.node("max", a * x)) * m.node("max_", b + first**2))
    numpy, scalar = modules(model)
    assert verify(model, numpy, scalar).unverified == ()
    numpy.METADATA = {**numpy.METADATA, "fields": {"max": "max_"}}
    with pytest.raises(VerificationError, match="node max"):
        verify(model, numpy)


def test_the_work_of_a_model_shrinks_with_its_operations() -> None:
    efforts = [effort_for(steps) for steps in (60, 300, 1_000, 2_000, 20_000, 10**6)]
    assert all(one.points * one.rows >= other.points * other.rows for one, other in pairwise(efforts))
    assert (efforts[0].whole, efforts[-1].points) == (True, 1)  # each row alone


def test_one_wrong_partial_among_hundreds_is_named() -> None:
    model = FAMILIES["perceptron"](275)
    numpy, scalar = modules(model)
    assert verify(model, numpy, scalar).unverified == ()
    honest = numpy.per_sample_grad
    factors = np.where(np.arange(len(numpy.WEIGHTS)) == 123, 1.001, 1.0)
    numpy.per_sample_grad = lambda *args: honest(*args) * factors
    with pytest.raises(VerificationError, match=f"by {numpy.WEIGHTS[123]} is"):
        verify(model, numpy)


def test_what_nothing_can_judge_counts_as_skipped_and_raises_no_alarm() -> None:
    report = report_of(lambda x, a, b: sp.sin(1e14 * a * x) + b)
    assert report.skipped > report.judged


def test_saturated_models_raise_no_alarm() -> None:
    def saturated(x: Any, a: Any, b: Any) -> Any:
        return sp.asin(sp.tanh(10 * a * x)) + sp.log(1 - sp.tanh(b) ** 2) + sigmoid(500 * b)

    assert report_of(saturated).points >= 6
    # 1/(tanh(b) - 1) is -exp(2*b)/2, and infinite in doubles for b above 19
    assert report_of(lambda a, b: a / (sp.tanh(b) - 1), a=(15.0, 25.0), b=(15.0, 25.0)).points >= 6


def test_edges_of_domains_and_oscillations_faster_than_doubles_resolve_raise_no_alarm() -> None:
    # asin(sigmoid(b)) has an infinite slope in doubles for b above 37, also where the branch that uses it is not taken
    model = Model("edge")
    x, (a, b) = model.feature("x"), model.weights("a b", init=40.0)
    model.output("out", sp.Piecewise((a * x, x < 1), (a * model.node("edge", sp.asin(sigmoid(b))), True)))
    assert verify(model, *modules(model)).unverified == ()
    model = Model("oscillating")
    a, b = model.weights("a b", init=80.0)
    model.loss(a**2 + b**2 + sp.sinc(sp.sinh(a)))
    assert verify(model, *modules(model)).unverified == ()


def test_the_report_is_one_line_when_all_is_seen() -> None:
    report = VerificationReport("m", 3, 8, 0, 500, 2, 1.23456, ())
    assert str(report) == "m: 3 of 3 weights verified at 8 points"
