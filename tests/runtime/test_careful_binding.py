"""Modules of --precision auto: rows in which digits are lost are computed over pairs, others with the bits of plain ones."""

import warnings
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from built import MODELS, sample
from flint import arb, ctx
from losing_models import LOST, chain, two_rates
from sympy import besselj, cos, log, sqrt

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.reference import reference
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.runtime.care import UncertainDigitsWarning
from symgraph.runtime.facts import Inputs
from symgraph.runtime.negligible import CARE


def of(model: Model, precision: str = "auto", extras: tuple[str, ...] = ()) -> ModuleType:
    return load_artifact(generate(model, options=options_of(extras, precision))[0])


@cache
def modules() -> tuple[ModuleType, ModuleType, ModuleType]:
    return of(two_rates(), "double"), of(two_rates()), of(two_rates(), "accurate")


def rows(count: int = 300) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.uniform(0.1, 5.0, (count, 1)), rng.normal(size=count)


def test_ordinary_rows_have_the_bits_of_plain_ones_and_none_is_in_doubt() -> None:
    plain, auto, _ = modules()
    (X, y), w = rows(), np.array([1.0, 0.5, 1.3])
    with auto.counting() as care:
        for name in ("grad", "per_sample_grad", "residual"):
            assert np.array_equal(getattr(auto, name)(w, X, y), getattr(plain, name)(w, X, y)), name
        assert np.array_equal(auto.predict(w, X), plain.predict(w, X))
    assert (care.rows, care.suspect, care.careful, care.uncertain) == (4 * 300, 0, 0, 0)


@pytest.mark.parametrize("name", LOST)
def test_rows_that_lose_digits_are_right_or_announced(name: str) -> None:
    formula, point = LOST[name]
    model = Model("lossy")
    model.loss(formula(*(model.weight(one) for one in "abc")))
    truth = reference(model).truth(dict(zip("abc", point, strict=True))).named(("a", "b", "c"))
    module = of(model)
    with module.counting() as care:
        value, gradient = module.value_and_grad(np.array(point))
    for found, true in zip([value, *gradient], [truth["loss"], *(truth[f"grad {one}"] for one in "abc")], strict=True):
        assert isinstance(true, arb)
        with ctx.workprec(300):
            assert care.uncertain or abs(arb(float(found)) - true) <= 2 * CARE * abs(true) + arb((1, -1000))
    assert care.rows == 1


@pytest.mark.parametrize(("name", "announced"), [("a product beyond all floats on the way", 0), ("a root of a root", 1)])
def test_a_row_is_announced_where_moves_of_pairs_show_in_its_results(name: str, announced: int) -> None:
    """The bound for floats is infinite in both; 1e-38 beside 1 is beyond pairs once a root has been taken of it."""
    root = (lambda a, b, c: sqrt(sqrt(1 + a * b) + c) - sqrt(1 + c), (1e-19, 1e-19, 1.5))
    formula, point = {**LOST, "a root of a root": root}[name]
    model = Model("lossy")
    model.loss(formula(*(model.weight(one) for one in "abc")))
    module = of(model)
    with module.counting() as care:
        module.loss(np.array(point))
    assert (care.careful, care.uncertain) == (1, announced)


@pytest.mark.parametrize("factor", [3.0, 4.0, 7.0, 15.0])
def test_a_chain_of_small_losses_is_a_large_one(factor: float) -> None:
    """Each of 20 sums is smaller than the one before by a factor that raises no doubt by itself."""
    model, point, exact = chain(factor)
    module = of(model)
    with module.counting() as care:
        value = module.loss(np.array(point))
    assert care.careful == 1
    assert abs(Fraction(value) - exact) <= Fraction(CARE) * abs(exact)


@pytest.mark.parametrize("gap", [1e-13, 0.0])
@pytest.mark.parametrize("count", [1, 7, 300, 25_000])
def test_batches_with_careful_rows_add_up_what_single_rows_give(gap: float, count: int) -> None:
    """25,000 rows are three pieces, of which one has careful rows."""
    model = Model("near")
    x, z = model.feature("x"), model.feature("z")
    a, b = model.weight("a"), model.weight("b")
    model.loss((a * x - b * z) ** 2)
    plain, auto, accurate = of(model, "double"), of(model), of(model, "accurate")
    rng = np.random.default_rng(1)
    X, w = rng.uniform(1, 2, (count, 2)), np.array([1.1, 1.3])
    X[count // 2] = 1.3, 1.1 * (1 + gap)
    with auto.counting() as care:
        value, gradient = auto.value_and_grad(w, X)
        terms, single = auto.per_sample_grad(w, X), auto.per_sample_grad(w, X[count // 2])
    assert care.careful >= 2
    assert np.array_equal(terms[count // 2], accurate.per_sample_grad(w, X)[count // 2])
    assert np.array_equal(terms[count // 2], single)
    changed = (terms != plain.per_sample_grad(w, X)).any(axis=1)
    assert changed.sum() <= 1 + count / 1000  # those whose sum is below 1e-5 of its terms
    # sums of n terms in pieces of 10,000: see rowsum
    np.testing.assert_allclose(gradient, terms.mean(axis=0), rtol=1e-10)
    assert value == pytest.approx(accurate.loss(w, X), rel=1e-10)


def test_a_0_of_equal_inputs_is_known_and_one_of_digits_that_pairs_lack_is_not() -> None:
    model, lacking = Model("divergence"), Model("lacking")
    p, q = model.weights("p q")
    model.loss(p * log(p / q) + (1 - p) * log((1 - p) / (1 - q)))
    a, b = lacking.weights("a b")
    above, below = lacking.node("above", a + b), lacking.node("below", a - b)
    lacking.loss(lacking.node("product", above * below) - 1)
    for module, point, uncertain in ((of(model), (0.3, 0.3), 0), (of(lacking), (1.0, 1e-18), 1)):  # 1 - 1e-36 is no pair
        with module.counting() as care:
            assert module.loss(np.array(point)) == 0.0
        assert (care.careful, care.uncertain) == (1, uncertain)


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "uniform_nodes"])
def test_a_row_alone_which_is_computed_with_scalars_has_its_bits_and_bounds_of_a_batch(name: str) -> None:
    lines, every, given = of(MODELS[name]())._model, np.arange(4), Inputs(*sample(name))
    for pairs in (lines._pairs, lines._blurred):
        table = lines._over_pairs("value_and_grad", given, every, pairs)
        for row in every:
            assert np.array_equal(lines._over_pairs("value_and_grad", given, every[[row]], pairs), table[[row]])
    bounds = np.concatenate([lines._errors_at("value_and_grad", given, every[[row]]) for row in every])
    # an ulp of an exponential in the bound itself
    np.testing.assert_allclose(bounds, lines._errors_at("value_and_grad", given, every), rtol=1e-12)


@pytest.mark.parametrize("gap", [0.8, 1e-9])  # no row is in doubt, and every one
def test_a_fit_without_noise_switches_no_rows_at_its_end(gap: float) -> None:
    """A residual is rounding alone there, and counts as given."""
    auto = modules()[1]
    w, (X, _) = np.array([1.0, 0.5, 0.5 + gap]), rows()
    y = auto.predict(w, X) * (1.0 + np.random.default_rng(1).integers(-4, 5, len(X)) * 2.0**-52)
    with auto.counting() as care:
        for name in ("value_and_grad", "per_sample_grad", "residual"):
            getattr(auto, name)(w, X, y)
    assert (care.suspect > 0, care.careful) == (gap < 0.1, 0)


def test_weights_of_rows_and_float32_are_taken() -> None:
    plain, auto, accurate = modules()
    (X, y), w = rows(), np.array([1.0, 0.5, 0.5 + 1e-13])
    s = np.linspace(0.0, 2.0, len(y))
    np.testing.assert_allclose(auto.grad(w, X, y, sample_weight=s), accurate.grad(w, X, y, sample_weight=s), rtol=1e-10)
    narrow = auto.value_and_grad(w.astype(np.float32), X.astype(np.float32), y)
    assert narrow[1].dtype == np.float32
    wide = auto.value_and_grad(w.astype(np.float32).astype(float), X.astype(np.float32).astype(float), y.astype(np.float32))
    assert np.array_equal(narrow[1], wide[1].astype(np.float32))
    matrix, slope, total = auto.normal_equations(w, X, y)
    for one, other in zip((matrix, slope, total), plain.normal_equations(w, X, y), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # plain arithmetic loses half of the digits here


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "location", "rosenbrock", "penalty", "uniform_nodes", "curve"])
@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_models_of_every_shape_give_what_plain_modules_give(name: str, threads: int) -> None:
    plain, auto = of(MODELS[name](), "double", ("hessian",)), of(MODELS[name](), "auto", ("hessian",))
    rng = np.random.default_rng(2)
    w, X = rng.uniform(0.3, 0.9, len(plain.WEIGHTS)), rng.uniform(0.3, 0.9, (50, len(plain.FEATURES)))
    arguments = [X if plain.FEATURES else None, rng.uniform(0.3, 0.9, 50) if plain.TARGET else None]
    for one in {"loss", "grad", "hessian", "per_sample_grad", "jacobian", "residual"} & {*plain.__all__}:
        found, wanted = (getattr(module, one)(w, *arguments, threads=threads) for module in (auto, plain))
        assert np.shape(found) == np.shape(wanted), one
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_tape_has_careful_outputs_and_losses_and_is_pulled_back_with_care(dtype: Any) -> None:
    model = Model("near")
    x, a, b = model.feature("x"), model.weight("a"), model.weight("b")
    model.outputs("difference total", a * x - b, a * x + b)
    model.loss((a * x - b) ** 2)
    auto, plain = of(model), of(model, "double")
    X, w = np.array([[1.3], [1.7], [2.0]], dtype), np.array([1.1, 1.1 * 1.7 * (1.0 + 1e-12)], dtype)
    tape, before = auto.forward(w, X), plain.forward(w, X)
    assert tape.difference.dtype == tape.loss.dtype == dtype
    assert np.array_equal(np.stack([tape.difference, tape.total], axis=1), auto.predict(w, X))
    if dtype is np.float64:  # a plain module computes float32 in float32
        assert np.array_equal(tape.total, before.total)
        assert tape.difference[1] != before.difference[1]
    assert np.array_equal(auto.backward(tape), auto.grad(w, X, reduction="sum"))
    shares = np.array([0.5, 2.0, 0.0], dtype)
    assert np.array_equal(auto.backward(tape, shares), auto.grad(w, X, sample_weight=shares, reduction="sum"))
    assert auto.forward(w, X[1]).loss == auto.loss(w, X[1]) == tape.loss[1]


def test_a_row_that_stays_uncertain_is_warned_of_counted_and_refused_if_strict() -> None:
    model = Model("hopeless")
    a, b = model.weight("a"), model.weight("b")
    model.loss((cos(a) - cos(b)) / (a - b))  # 0/0 at a = b
    module, w = of(model), np.array([0.7, 0.7])
    said = r"hopeless: value_and_grad at row 0 .* may have fewer than 11 digits"
    with pytest.warns(UncertainDigitsWarning, match=said) as told:
        module.value_and_grad(w)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with module.counting() as care:
            module.value_and_grad(w)
    assert care.uncertain == 1
    assert care.first_uncertain == ("value_and_grad", 0)
    with pytest.raises(FloatingPointError, match="hopeless"), module.counting(strict=True):
        module.value_and_grad(w)


def test_an_op_without_pairs_is_refused_in_one_sentence_and_standalone_modules_run() -> None:
    model = Model("waves")
    a = model.weight("a", domain=(0, None))
    model.loss(besselj(0, a))
    with pytest.raises(SpecError, match="needs bessel_j0, which double-double arithmetic lacks"):
        of(model)
    text = generate(two_rates(), options=options_of(("standalone",), "auto"))[0].text
    assert "symgraph.runtime" not in text
    names: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone.py", "exec"), names)
    (X, y), w = rows(20), np.array([1.0, 0.5, 0.5 + 1e-13])
    assert np.array_equal(names["grad"](w, X, y), modules()[1].grad(w, X, y))


def test_what_is_not_finite_is_computed_as_ever_and_nothing_is_said_of_its_digits() -> None:
    plain, auto, _ = modules()
    (X, y), w = rows(5), np.array([1.0, 0.5, 0.5 + 1e-13])
    X[3] = np.nan
    with auto.counting(strict=True) as care:
        found, wanted = auto.per_sample_grad(w, X, y), plain.per_sample_grad(w, X, y)
        np.testing.assert_allclose(found, wanted, rtol=1e-2)
        assert np.isnan(auto.loss(np.array([1.0, 0.5, np.inf]), X, y))
    assert care.uncertain == 0
