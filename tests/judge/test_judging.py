"""The judge: it finds every kind of fault, accuses nobody falsely, and says what it leaves unjudged."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sympy as sp
from judged import decay, faults, given_results, module_of
from written import written
from zoo import ZOO

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError
from symgraph.judge.differences.drawing import ORDINARY
from symgraph.judge.judged_points import given, points
from symgraph.judge.judging import compare, judge
from symgraph.judge.truth_at_points import truths
from symgraph.judge.truth_report import Report
from symgraph.options import Options
from symgraph.project.native.module import from_source

SOUND = ["nine_weights", "decay", "pieces", "every_op", "perceptron", "location", "rosenbrock", "curve"]


@pytest.mark.parametrize("backend", ["numpy", "scalar"])
@pytest.mark.parametrize("name", SOUND)
def test_right_modules_have_no_faults_at_ordinary_points(name: str, backend: str) -> None:
    model = decay() if name == "decay" else ZOO[name]()
    report = judge(model, module_of(model, backend), points(model, ("small weights", "normal", "domain", "whole"), n=24))
    assert report.ok, str(report)
    assert report.judged >= 24
    assert all(one.counts["tried"] <= one.counts["judged"] <= 24 for one in report.results)
    assert sum(one.counts["tried"] for one in report.results) > 0.8 * report.judged
    # each operation is within its own figure, not just within the largest; 2**-10 is for terms of second order
    assert all(not one.figures["worst_sharp"] > 1 + 2.0**-10 for one in report.results)


def arrhenius() -> Model:
    """A rate at a temperature that is given at the call: where that is 350, the energy does not count."""
    model = Model("arrhenius")
    x, y, T = model.feature("x"), model.target("y"), model.constant("T", 350, domain=(300, 400))
    k, energy = model.weights("k energy", domain=(0.5, 2))
    model.loss((y - model.output("rate", k * x * sp.exp(-energy * (T / 350 - 1)))) ** 2)
    return model


def outputs_of(form: Any, point: dict[str, float], *found: float) -> Report:
    """The report on outputs that were found at a point."""
    model = written(form)
    true = truths(model, given(model, [point] * len(found)), names=("output",))
    return compare(true, given_results(("output",), np.array(found)[:, None]))


@pytest.mark.parametrize(("backend", "dtype"), [("numpy", "float64"), ("numpy", "float32"), ("scalar", "float64")])
def test_constants_have_their_values_at_each_point(backend: str, dtype: str) -> None:
    model = arrhenius()
    at, module = points(model, n=26), module_of(model, backend)
    report = judge(model, module, at, dtype=dtype)
    assert report.ok, str(report)
    assert "; constants = {'T': 3" in str(report)
    if backend == "numpy":
        module.with_constants = lambda **values: module
        assert not judge(model, module, at, dtype=dtype).ok


@pytest.mark.parametrize(("fault", "factor"), [
    ("above_bound", "(1 + 2.0**-46)"),  # an error of 64 ulp, which passes any comparison by tolerance
    ("wrong", "0.25"), ("zero", "0.0"), ("nan", "np.nan"), ("infinite", "np.inf"),
])  # fmt: skip
def test_each_fault_is_found_where_it_is(fault: str, factor: str) -> None:
    model = decay()
    text = generate(model, ("numpy",))[0].text
    edited, places = re.subn(r"(?m)^(    return \(.*)\bd_rate\b", rf"\g<1>{factor} * d_rate", text)
    assert places == 2  # of gradient and Jacobian
    report = judge(model, from_source(edited, "decay", "edited"), points(model, ("normal",), n=20))
    counts = {one.result: one.counts[fault] for one in report.results}
    assert (report.ok, counts["grad rate"]) == (False, 20)
    assert {name for name, count in counts.items() if count} <= {"grad rate", "jacobian rate"}
    assert set(faults(report)) <= {fault, "above_bound"}
    assert report.worst.result in ("grad rate", "jacobian rate")


def test_exceptions_are_faults_where_the_truth_is_finite_alone() -> None:
    model = written(lambda a: sp.Float(1.5) * a)
    text, places = re.subn("    return ", "    1e300 ** 2\n    return ", generate(model, ("scalar",))[0].text)
    assert places == 1
    assert faults(judge(model, from_source(text, "raises", "edited"), points(model, ("normal",), n=5))) == {"raised": 5}
    model = decay()
    at = given(model, [{"time": -1000.0, "y": 1.0, "top": 1.0, "rate": 1.0}])
    report = judge(model, module_of(model, "scalar"), at)
    assert faults(report) == {}
    assert sum(one.counts["beyond"] for one in report.results) == len(report.results)
    assert not report.ok  # nothing was judged


def squares() -> Model:
    """A polynomial that may overflow on the way to an ordinary number."""
    return written(lambda m, a, b: m.node("square", a**2) / b)


@pytest.mark.parametrize("backend", ["numpy", "scalar"])
def test_polynomials_that_overflow_on_the_way_are_reported_and_no_faults(backend: str) -> None:
    model = squares()
    report = judge(model, module_of(model, backend), given(model, [{"a": 1e200, "b": 1e300}, {"a": 3.0, "b": 4.0}]))
    assert report.ok, str(report)
    assert (report.faults, faults(report)) == (0, {})
    wrong = {one.result: one.counts["outside_range"] for one in report.results if one.counts["outside_range"]}
    # the partial by b is out / b
    assert wrong == {"output": 1} | ({"jacobian b": 1} if backend == "numpy" else {})
    assert {name: count for name, count in report.outside_by_fault.items() if count} == {"infinite": report.outside_range}
    assert report.outside_by_kind == {"given": report.outside_range}
    assert report.samples.faulty.sum() == report.outside_range
    assert f"no faults, {report.outside_range} wrong results where nothing is promised at 2 points" in report.verdict()
    reason = "wrong where nothing is promised, since a value on the way leaves the normal range other than"
    assert all(part in str(report) for part in (reason, "outside the range: output, infinite: ", "w = [1e+200, 1e+300]"))


def test_the_same_results_are_faults_where_nothing_overflows() -> None:
    found = truths(squares(), given(squares(), [{"a": 1e200, "b": 1e300}, {"a": 3.0, "b": 4.0}]), names=("output",))
    report = compare(found, given_results(("output",), [[np.inf], [np.nan]]))
    assert (report.ok, faults(report)) == (False, {"nan": 1})
    assert (report.results[0].counts["outside_range"], report.results[0].counts["judged"]) == (1, 2)
    assert (report.worst.what, report.worst.point["a"]) == ("NaN", 3.0)


def test_nan_from_an_exponential_that_overflows_is_a_fault() -> None:
    """It overflows where the truth does not depend on it: tanh(inf) is 1, its slope is 0."""
    model = written(lambda m, x, y, a, b: (y - m.output("out", sp.tanh(sp.exp(a * x) + b))) ** 2, "loss")
    at = given(model, [{"x": 10.0, "a": 80.0, "b": 0.5, "y": 0.25}, {"x": 1.0, "a": 0.5, "b": 0.5, "y": 0.25}])
    assert judge(model, module_of(model), at).ok
    text = generate(model, ("numpy",))[0].text
    unguarded, guards = re.subn(r"np\.minimum\(([\w.]+), largest\)", r"\1", text)
    assert guards == 2  # of the loss and of the output
    report = judge(model, from_source(unguarded, "saturating", "edited"), at)
    assert (report.ok, faults(report), report.outside_range) == (False, {"nan": 2}, 0)
    assert {one.result for one in report.results if one.counts["nan"]} == {"grad a", "jacobian a"}


@pytest.mark.parametrize(("point", "promised"), [
    ({"x": 1.0, "a": 800.0, "b": 1.0}, True),  # exp(800) overflows, the product with exp(-799) is e
    ({"x": 1.0, "a": 1.0, "b": 1e200}, False),  # b * b overflows by itself
    ({"x": 1.0, "a": -800.0, "b": 1e200}, False),  # and where an exponential has left the range that does not move it
    ({"x": 1.0, "a": 1.0, "b": 1.0}, True),
])  # fmt: skip
def test_only_exponentials_may_leave_the_range(point: dict[str, float], promised: bool) -> None:
    def form(m: Model, x: Any, a: Any, b: Any) -> Any:
        raised, lowered = m.node("raised", sp.exp(a * x)), m.node("lowered", sp.exp(1 - a * x))
        return m.node("square", (1 + raised * lowered) * b * b) / b / b

    report = outputs_of(form, point, np.nan)
    assert (report.faults, report.outside_range) == ((1, 0) if promised else (0, 1))


def test_partials_of_a_loss_that_overflows_are_beyond_the_promise() -> None:
    model = written(lambda x, a: sp.exp(a * x), "loss")
    found = truths(model, given(model, [{"x": 0.0, "a": 1.0}, {"x": 1e-3, "a": 711e3}]), names=("loss", "grad a"))
    # exp(711) is 1.1e308 * 2.4, its slope by a is a thousandth of that
    report = compare(found, given_results(("loss", "grad a"), np.array([[1.0, np.nan], [np.inf, np.nan]])))
    assert [(one.faults, one.counts["outside_range"]) for one in report.results] == [(0, 0), (1, 1)]


ZERO, SUBNORMAL = {"a": 1.5, "b": 0.5, "c": 0.75}, {"x": 720.0, "a": 1.0}


@pytest.mark.parametrize(("form", "point", "right", "wrong"), [
    # 0.75 may be off by some units of 2**-53 if its factors are
    (lambda a, b, c: a * b - c, ZERO, (0.0, 1e-17, -(2.0**-52)), (1e-9, 3.0)),
    (lambda a, b, c: (a * b - c) ** 2, ZERO, (0.0, 1e-32), (1e-20,)),  # the square of that
    (lambda x, a: sp.exp(-a * x), SUBNORMAL, (0.0, 2.0**-1023), (1e-300, -1.0)),  # up to the smallest normal numbers
])  # fmt: skip
def test_a_truth_of_0_or_a_subnormal_one_is_met_up_to_what_rounding_explains(
    form: Any, point: dict[str, float], right: Sequence[float], wrong: Sequence[float]
) -> None:
    report = outputs_of(form, point, *right)
    assert report.faults == 0, str(report)
    report = outputs_of(form, point, *wrong, np.nan)
    assert (report.faults, report.results[0].counts["wrong"]) == (len(wrong) + 1, len(wrong))


@pytest.mark.parametrize(("bad", "fault"), [(1e-9, "wrong"), (np.nan, "nan")])
def test_a_function_that_alone_misses_a_truth_of_0_is_found(bad: float, fault: str) -> None:
    """Others give the slope, which is 0 where a is, too; no error is relative to it."""
    model = written(lambda x, y, a, b: (y - a * b * x) ** 2, "loss")
    module = module_of(model)
    right = module.grad
    module.grad = lambda *args, **options: (found := right(*args, **options)) + np.where(found == 0.0, bad, 0.0)
    report = judge(model, module, given(model, [{"x": 1.0, "y": 1.0, "a": 0.0, "b": 3.0}]))
    assert faults(report) == {fault: 1}


def test_a_loss_that_is_an_input_is_exact() -> None:
    model = written(lambda a: a, "loss")
    report = judge(model, module_of(model), points(model, n=52))
    assert report.ok, str(report)
    loss = report.results[0]
    assert loss.counts["tried"] > 20
    assert loss.figures["largest"] == 0
    # no operation, no error; but the truth itself is known to 100 bits, which is 2**-48 ulp
    found = truths(model, given(model, [{"a": 1 / 3}]), names=("loss",))
    assert found.sizes.kappa_graph[0, 0] == 0
    assert compare(found, given_results(("loss",), [[np.nextafter(1 / 3, 1)]])).results[0].counts["above_bound"] == 1


def test_a_fault_in_a_batch_alone_is_found() -> None:
    model = decay()
    text = generate(model, ("numpy",), options=Options(standalone=True))[0].text
    edited, places = re.subn(r"(result\[start:stop, index\] = column\n)", r"\1                result[32:, -1] = np.nan\n", text)
    assert places == 1
    report = judge(model, from_source(edited, "decay", "edited"), points(model, ("normal",), n=5))
    counts = {one.result: one.counts["nan"] for one in report.results if one.counts["nan"]}
    assert counts["grad rate"] >= 2  # of the gradient's functions for batches those that read this line take turns
    assert {"grad rate", "jacobian rate"} <= set(counts)
    assert " of 33 rows; normal)" in str(report)


@pytest.mark.parametrize(("function", "wrong"), [("per_sample_grad", 1.000001), ("predict", np.nan), ("jacobian", np.inf)])
def test_a_wrong_row_in_the_middle_of_a_batch_is_found(function: str, wrong: float) -> None:
    model = decay()
    module = module_of(model)
    right = getattr(module, function)

    def with_fault(*args: Any) -> Any:
        found = np.array(right(*args))
        if found.shape[:1] == (33,):
            found[17] *= wrong
        return found

    setattr(module, function, with_fault)
    report = judge(model, module, points(model, ("normal",), n=5))
    assert not report.ok
    assert f"{function} of 33 copies" in str(report)


def test_a_normal_matrix_that_is_not_that_of_the_derivatives_is_found() -> None:
    model = decay()
    module = module_of(model)
    right = module.normal_equations
    assert judge(model, module, points(model, ("normal",), n=5)).ok

    def with_fault(*args: Any, **options: Any) -> Any:
        squares, *others = right(*args, **options)
        squares[0, -1] *= 1.000001
        return squares, *others

    module.normal_equations = with_fault
    report = judge(model, module, points(model, ("normal",), n=5))
    assert not report.ok
    assert re.search(r"normal_equations, weighted sum of 33 rows: J'WJ at \w+, rate is \S+, the derivatives give", str(report))


def test_zeros_that_no_method_could_avoid_are_no_faults() -> None:
    model = decay()
    # y is the float next to the prediction: the loss is the square of a rounding error
    y = float(np.exp(-0.3 * 0.7)) * 1.5
    report = judge(model, module_of(model), given(model, [{"time": 0.7, "y": y, "top": 1.5, "rate": 0.3}]))
    assert report.ok, str(report)
    assert report.results[0].counts["blurred"] <= 1
    assert report.results[0].figures["worst_in"] < 4


def test_a_decision_that_rounding_takes_the_other_way_is_no_fault() -> None:
    model = written(lambda x, a, b: sp.Piecewise((1 + b, a * x > 1), (b, True)))
    # 49 * fl(1/49) is below 1 and rounds to it from 2**-54; fl(3 * fl(1/3)) is 1, the truth is below
    report = judge(model, module_of(model), given(model, [{"x": float(k), "a": 1 / k, "b": 0.5} for k in range(1, 200)]))
    assert report.results[0].counts["doubtful"] > 100
    assert report.faults == 0, str(report)


def test_an_edge_that_only_the_modules_own_rounding_reaches_excuses_nothing() -> None:
    """asin(a) - a rounds to 0 at a = 1e-9, where the inputs leave no doubt that it is 1.7e-28."""
    model = written(lambda a: sp.log(sp.asin(a) - a))
    report = judge(model, module_of(model), given(model, [{"a": 1e-9}, {"a": 0.5}]))
    output, jacobian = report.results
    assert (output.counts["judged"], output.counts["infinite"], output.counts["doubtful"]) == (2, 1, 0)
    assert jacobian.counts["nan"] + jacobian.counts["infinite"] == 1
    assert not report.ok


def test_results_at_kinks_are_not_judged_and_counted() -> None:
    model = ZOO["location"]()
    report = judge(model, module_of(model), given(model, [{"price": 2.0, "mu": 2.0}, {"price": 2.0, "mu": 1.0}]))
    counts = {one.result: one.counts for one in report.results}
    assert (counts["grad mu"]["no_derivative"], counts["grad mu"]["judged"], report.ok) == (1, 1, True)
    assert counts["loss"]["small"] == 1  # the loss is 0 there


def test_a_peer_is_judged_by_its_results() -> None:
    model = decay()
    drawn = points(model, ("normal",), n=12)
    found = truths(model, drawn, names=("loss", "output"))
    columns = {name: drawn.values[:, place] for place, name in enumerate(drawn.names)}
    output = columns["top"] * np.exp(-columns["rate"] * columns["time"])
    values = np.stack([(columns["y"] - output) ** 2, output], axis=1)
    assert compare(found, given_results(("loss", "output"), values)).ok
    values[3, 1] = np.nan
    assert faults(compare(found, given_results(("loss", "output"), values))) == {"nan": 1}
    with pytest.raises(OptionError, match="different points or results"):
        compare(found, given_results(("output", "loss"), values))


def test_an_accurate_module_is_held_to_one_ulp() -> None:
    model = decay()
    found = truths(model, points(model, ORDINARY, n=40), names=("output",))
    assert compare(found, given_results(("output",), found.values, precision="accurate")).ok
    off = found.values * (1 + 2.0**-50)  # 4 ulp, which a plain module may be off by
    report = compare(found, given_results(("output",), off, precision="accurate"))
    assert faults(report).keys() == {"above_bound"}
    assert report.results[0].counts["above_bound"] == report.results[0].counts["tried"] > 30
    assert "the bound, error <= 1 ulp where kappa_graph < 2**48, was tried on" in str(report)


def test_true_values_have_more_digits_than_doubles() -> None:
    model = written(lambda a: a / 3)
    numbers = np.array([1.0, 1e300, 1e-310])
    found = truths(model, given(model, [{"a": number} for number in numbers]), names=("output",))
    assert found.high[0, 0] + found.low[0, 0] == 2 / 3  # 1/3 = 2/3 * 2**-1
    assert found.low[0, 0] != 0
    np.testing.assert_array_equal(found.values[:, 0], numbers / 3)
    # fl(1/3) is off by a third of 2**-54, which is 1/4 of 2**-52 / 3
    assert compare(found, given_results(("output",), found.values)).results[0].figures["largest"] < 0.5


def test_a_module_of_another_model_is_refused() -> None:
    with pytest.raises(OptionError, match="the module is of line, not of the model decay"):
        judge(decay(), module_of(ZOO["line"]()), points(decay(), n=1))
    with pytest.raises(OptionError, match="Python's floats"):
        judge(decay(), module_of(decay(), "scalar"), points(decay(), n=1), dtype="float32")


def test_float32_is_judged_by_its_own_ulp() -> None:
    report = judge(decay(), module_of(decay()), points(decay(), ("normal",), n=40), dtype="float32")
    assert report.ok, str(report)
    assert 0.01 < report.results[0].figures["median"] < 100  # in ulp of float64 a float32 error would be some 2**29


@pytest.mark.parametrize("wrong", [1e300, 1e308])
def test_results_of_another_size_altogether_are_judged_without_a_warning(wrong: float) -> None:
    # the quotient by the truth, or by an ulp of it, is no double
    report = outputs_of(lambda x, a, b: a * sp.exp(-b * x), {"x": 1.0, "a": 1e-4, "b": 1.0}, wrong)
    assert faults(report)["wrong"] == 1
    assert (report.results[0].worst.what, report.results[0].worst.ulp) == ("no digit right", np.inf)
