"""Careful modules that run natively: compiled code tells which rows are in doubt, and those that lose digits go over pairs."""

import pickle
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import MODELS, sample
from losing_models import LOST, chain

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.loading import Floats, compiled_model, load, native_module
from symgraph.runtime.careful_binding import DOUBTS, TERMS, as_batch
from symgraph.runtime.compiled_binding import in_pieces
from symgraph.runtime.contract import some_rows
from symgraph.runtime.facts import Inputs
from symgraph.runtime.negligible import CARE, SMALLEST, those_beyond
from symgraph.use.training import sgd, train

pytestmark = pytest.mark.usefixtures("quick_gcc")

CAREFUL = Options(precision="auto")


def pair_of(model: Model) -> tuple[Any, Any]:
    """A careful module by NumPy, and natively."""
    numpy, *c = generate(model, ("numpy", "c"), options=CAREFUL)
    files = {artifact.name: artifact.text for artifact in c}
    made = compiled_model(model.name, files, "native", None)
    assert made is not None
    return load_artifact(numpy), native_module(load_artifact(numpy), made, files, Floats(made, dict))


@cache
def bent() -> tuple[Any, Any]:
    model = Model("bent")
    x, a, b = model.feature("x"), model.weight("a"), model.weight("b")
    model.output("o", b * (1 - sp.cos(a * x) * (1 + x / 1000)) / x**2 + sp.log(1 + a * a * x + b))
    model.target("y")
    model.loss("squared_error")
    return pair_of(model)


def arguments(near: Iterable[int] = (3, 50), count: int = 120) -> tuple[Any, Any, Any]:
    """Weights, and rows of which some are so near 0 that they lose their digits."""
    rng = np.random.default_rng(1)
    X = rng.uniform(1.0, 2.0, (count, 1))
    X[[*near]] = 1e-6
    return np.array([1.3, 0.7]), X, rng.normal(size=count)


def assert_alike(got: Any, want: Any, name: str) -> None:
    for one, other in zip(*(part if isinstance(part, tuple) else (part,) for part in (got, want)), strict=True):
        # both have 11 digits where plain arithmetic is good enough for a row, and all but a few roundings over pairs
        np.testing.assert_allclose(one, other, rtol=2e-11, err_msg=name)


FUNCTIONS = ("loss", "grad", "value_and_grad", "per_sample_grad", "residual", "residual_jacobian", "predict", "jacobian")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_functions_take_care_of_the_rows_that_the_lines_take_care_of(name: str) -> None:
    on_numpy, native = bent()
    w, X, y = arguments()
    given = (w, X) if name in ("predict", "jacobian") else (w, X, y)
    with on_numpy.counting() as known, native.counting() as care:
        got, want = getattr(native, name)(*given), getattr(on_numpy, name)(*given)
    assert "native backend (rows in doubt on NumPy)" in repr(native)
    assert (care.rows, care.careful, care.uncertain) == (120, known.careful, 0)
    assert care.careful >= 2
    assert_alike(got, want, name)


def test_one_row_weights_of_rows_float32_and_models_without_a_batch_are_taken() -> None:
    on_numpy, native = bent()
    w, X, y = arguments()
    for where in (0, 3):
        assert_alike(native.value_and_grad(w, X[where], y[where]), on_numpy.value_and_grad(w, X[where], y[where]), "a row")
    shares = np.linspace(0.0, 2.0, len(y))
    for reduction in ("mean", "sum"):
        some = {"sample_weight": shares, "reduction": reduction}
        assert_alike(native.value_and_grad(w, X, y, **some), on_numpy.value_and_grad(w, X, y, **some), reduction)
    single = native.grad(w.astype(np.float32), X.astype(np.float32), y.astype(np.float32))
    assert single.dtype == np.float32
    assert np.array_equal(single, on_numpy.grad(w.astype(np.float32), X.astype(np.float32), y.astype(np.float32)))
    some = arguments((*range(120),))  # all rows over pairs, so that compiled code has none to add up
    assert_alike(native.value_and_grad(*some), on_numpy.value_and_grad(*some), "all")


def test_a_row_that_is_no_number_is_as_on_numpy() -> None:
    on_numpy, native = bent()
    w, X, y = arguments()
    X[7] = np.inf
    y[9] = np.nan
    assert np.isnan(native.loss(w, X, y))
    assert np.array_equal(np.isfinite(native.residual(w, X, y)), np.isfinite(on_numpy.residual(w, X, y)))
    assert_alike(native.predict(w, X), on_numpy.predict(w, X), "predict")


@pytest.mark.parametrize("name", [
    "a root of a cosine", "an argument near the end of a domain", "an underflow on the way", "an overflow on the way",
    "a product below all floats on the way",
])  # fmt: skip
def test_rows_that_lose_digits_are_found(name: str) -> None:
    formula, point = LOST[name]
    model = Model("lossy")
    model.loss(formula(*(model.weight(one) for one in "abc")))
    on_numpy, native = pair_of(model)
    with native.counting() as care, on_numpy.counting() as known:
        got, want = native.value_and_grad(np.array(point)), on_numpy.value_and_grad(np.array(point))
    assert care.careful == known.careful
    assert_alike(got, want, name)


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "uniform_nodes"])
def test_compiled_code_doubts_the_rows_that_recorded_lines_doubt(name: str) -> None:
    """Of ordinary rows, and of some that are large or tiny; the two may round differently, but do not here.

    Compiled code lets rows go whose errors it bounds, to first order: so do the bounds of the lines then.
    """
    on_numpy, native = pair_of(MODELS[name]())
    w, X, y = sample(name)
    for scale in (1.0, 1e-7, 30.0):
        given = Inputs(w * scale, X, y)
        lines, binding = on_numpy._model, native._binding
        for function in FUNCTIONS[:1] + FUNCTIONS[2:]:
            if function in binding.functions:
                with np.errstate(all="ignore"):
                    table = lines._plain_table(DOUBTS + function, given, 1)[:, 0]
                    terms = lines._plain_table(TERMS + function, given, 1)[:, :-1]
                    found, _ = binding._in_doubt(function, given, 1, [1])
                missed = np.setdiff1d(np.flatnonzero((table != 0.0) & np.isfinite(terms).all(axis=1)), found)
                with np.errstate(all="ignore"):
                    errors = lines._errors_at(function, given, missed)
                assert np.all(errors <= CARE * np.abs(terms[missed]) + SMALLEST), (function, scale)
                for row in found[:10]:
                    compiled, noted = binding._noting(function)
                    one = some_rows(as_batch(given), [row])
                    sums = function in ("loss", "value_and_grad")
                    (compiled._sums_of if sums else compiled._by_row)(function, one, *[np.asarray(1.0)] * sums, 1)
                    assert noted[0] & 1, (function, scale, row)  # loops note all rows that are told, and some more


DIVERSE = """
exp(a*x) - exp(b*x) | log(1 + a*x) - log(1 + b*x) | sqrt(a*x + 1) - sqrt(b*x + 1) | sin(9*a*x) - cos(9*b*x)
tanh(a*x) - tanh(b*x) | (a*x)**b - x**b | a/(b*x) - 1 | Abs(a - x) - Abs(b - x) | Max(a*x, b) - Min(a, b*x)
erf(a*x) - erf(b*x) | atan(a*x) - pi*b/10 | exp(-a*x**2)*(1 - erf(x*b)) | log(a*x)/(b*x - 1)
Piecewise((a*x - b, a > x*b), (b - a*x**2, True)) | sinh(a*x) - cosh(b*x) | x*log(x/a) - x + b
(a*x)**3 - b**3 | 1/(1 + exp(-a*x)) - 1/(1 + exp(-b*x)) | asin(x/9) - a*x/10*b
"""
FORMULAS = [one.strip() for line in DIVERSE.split("\n") for one in line.split("|") if one.strip()]


@pytest.mark.parametrize("formula", [FORMULAS[0], *(pytest.param(one, marks=pytest.mark.slow) for one in FORMULAS[1:])])
def test_no_error_of_compiled_code_is_above_the_bound_that_it_gives_to_first_order(formula: str) -> None:
    """Rows of all sizes, each computed alone; what pairs give is off by far less than half a unit in the last place."""
    model = Model("diverse")
    names = {"x": model.feature("x"), "a": model.weight("a"), "b": model.weight("b")}
    model.loss(sp.sympify(formula, names) + sp.sympify("a*b*x/7", names))
    on_numpy, native = pair_of(model)
    lines, compiled, rng = on_numpy._model, native._binding._compiled, np.random.default_rng(4)
    seen = 0
    for scale in (1.0, 1e-3, 1e-9, 8.0):
        w, X = 1.0 + scale * rng.uniform(-0.1, 0.9, 2), 1.0 + scale * rng.uniform(-0.1, 0.9, (40, 1))
        given, table = Inputs(w, X, None), np.empty((40, 5))
        with np.errstate(all="ignore"):
            in_pieces(lambda n, w, X, y, table: compiled.functions["doubts"](w, X, y, n, table), given, (X, None, table), 1)
            rows = [compiled._sums_of("value_and_grad", some_rows(given, [row]), np.asarray(1.0), 1) for row in range(40)]
            true = lines._over_pairs("value_and_grad", given, np.arange(40), lines._pairs)
        known = np.isfinite(true) & np.isfinite(table[:, 2:])
        seen += int(known.sum())
        assert np.all((np.abs(np.array(rows) - true) <= table[:, 2:] + np.spacing(np.abs(true)) / 2)[known]), scale
    assert seen >= 4 * 40 * 2  # most have a bound


def test_files_that_a_build_wrote_load_natively_and_others_on_numpy(tmp_path: Path) -> None:
    model = MODELS["line"]()
    for artifact in generate(model, ("numpy", "c"), options=CAREFUL):
        (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    module: Any = load(tmp_path / "line.py")
    assert "native backend (rows in doubt on NumPy)" in repr(module)
    assert not hasattr(module, "row")  # it would not take care
    again = pickle.loads(pickle.dumps(module))  # noqa: S301  our own
    w, X, y = sample("line")
    assert np.array_equal(again.grad(w, X, y), module.grad(w, X, y))
    for artifact in generate(model, ("c",)):
        (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    assert "numpy backend" in repr(load(tmp_path / "line.py"))


def test_compile_gives_it_where_there_is_a_compiler() -> None:
    module = symgraph.compile(MODELS["line"](), precision="auto")
    assert "native backend (rows in doubt on NumPy)" in repr(module)
    assert "numpy backend" in repr(symgraph.compile(MODELS["line"](), "numpy", precision="auto"))
    with pytest.raises(OptionError, match="C alone tells where digits are lost and computes nothing over pairs"):
        symgraph.compile(MODELS["line"](), "c", precision="auto")


def test_a_partial_of_sums_that_cancel_has_its_digits() -> None:
    """The weight's factor leaves the sums over rows, whose difference has but few digits where z is next to x*exp(p)."""
    model = Model("sums")
    x, z = model.features("x z")
    a, p = model.weights("a p")
    model.output("o", a * (sp.exp(p) * x - z))
    model.target("y")
    model.loss("squared_error")
    on_numpy, native = pair_of(model)
    rng = np.random.default_rng(2)
    x_values = rng.uniform(1.0, 2.0, 50)
    X = np.column_stack([x_values, x_values * np.exp(0.7) * (1.0 + 1e-11)])
    w, y = np.array([1.5, 0.7]), rng.normal(size=50)
    got, want = native.grad(w, X, y), on_numpy.grad(w, X, y)
    with mpmath.workdps(40):
        slope = [mpmath.exp(mpmath.mpf(0.7)) * mpmath.mpf(one) - mpmath.mpf(other) for one, other in X]
        true = mpmath.fsum(-2 * (mpmath.mpf(t) - 1.5 * s) * s for t, s in zip(y, slope, strict=True)) / 50
    assert got[0] == pytest.approx(float(true), rel=1e-10)
    assert_alike(got, want, "grad")


def test_a_chain_of_small_losses_raises_a_doubt() -> None:
    model, point, exact = chain(7.0)
    _, native = pair_of(model)
    with native.counting() as care:
        value = native.loss(np.array(point))
    assert care.careful == 1
    assert value == pytest.approx(float(exact), rel=1e-11)


def test_training_row_by_row_takes_care_too(tmp_path: Path) -> None:
    for artifact in generate(MODELS["line"](), ("numpy", "c"), options=CAREFUL):
        (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    _, X, y = sample("line")
    result = train(load(tmp_path / "line.py"), X, y, optimizer=sgd(1e-3), epochs=1, batch_size=1, seed=0)
    assert result.backend == "native"
    assert result.fallback == "line is built with --precision auto, as functions of one row are not"


def waves() -> Model:
    """A curve that is near 0 in some of many ordinary rows."""
    model = Model("waves")
    t, a, k = model.feature("t"), model.weight("a"), model.weight("k")
    model.output("o", sp.exp(-a * t) * sp.cos(k * t))
    model.target("y")
    model.loss("squared_error")
    return model


@pytest.mark.parametrize("off", [1.0, 0.0], ids=["far from the optimum", "near the optimum"])
def test_rows_whose_errors_do_not_count_in_sums_are_not_computed_over_pairs(off: float) -> None:
    accurate = load_artifact(generate(waves(), options=Options(precision="accurate"))[0])
    rng, w = np.random.default_rng(2), np.array([0.7, 1.3])
    X = rng.uniform(0.1, 5.0, (20_000, 1))
    y = np.exp(-w[0] * X[:, 0]) * np.cos(w[1] * X[:, 0]) + rng.normal(size=len(X)) + off
    for factors in (None, rng.uniform(0.0, 2.0, len(X))):
        known, slopes = accurate.value_and_grad(w, X, y, sample_weight=factors)
        shares = np.ones(len(X)) if factors is None else factors
        sizes = shares / shares.sum() @ np.abs(accurate.per_sample_grad(w, X, y))
        for module, looks in zip(pair_of(waves()), (True, False), strict=True):  # compiled code lets them go itself
            with module.counting() as care:
                loss, gradient = module.value_and_grad(w, X, y, sample_weight=factors)
            assert care.suspect > 5 if looks else care.suspect == 0
            assert care.careful <= 2
            assert loss == pytest.approx(known, rel=1e-12)
            # an eighth of 1e-11, or twice what rounded terms are taken to be off by
            assert (np.abs(gradient - slopes) <= 1e-11 / 8 * np.abs(slopes) + 2.0**-48 * sizes).all()


def test_as_many_errors_are_let_go_as_are_allowed_together() -> None:
    errors = np.array([[0.6, 0.0], [0.5, 1.0], [1e-3, 0.0], [0.0, 0.0]])
    allowed = np.array([1.0, 4.0])
    assert those_beyond(errors, allowed).tolist() == [True, False, False, False]
    errors[1, 1] = np.inf
    assert those_beyond(errors, allowed).tolist() == [False, True, False, False]
    with np.errstate(divide="ignore", invalid="ignore"):  # as calls have it
        assert those_beyond(errors, np.array([0.0, 4.0])).tolist() == [True, True, True, False]


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_row_counts_in_sums_by_what_an_exponential_makes_of_its_error(backend: str) -> None:
    """The exponent is 300 and has lost 12 bits, no more than make a row in doubt; its error is 300 times that in the row."""
    model = Model("amplified")
    (x, k), (a, b) = model.features("x k"), model.weights("a b")
    model.output("o", a * sp.exp(k * (b * b * x**3 - 2 * b - x)))
    model.target("y")
    model.loss("squared_error")
    on_numpy, native = pair_of(model)
    accurate = load_artifact(generate(model, options=Options(precision="accurate"))[0])
    rest = 2.0**-12.2 * 2.0
    w = np.array([1.0, (2.0 + np.sqrt(4.0 + 32.0 * (2.0 + rest))) / 16.0])  # so that b*b*8 - 2*b - 2 is the rest
    given = w, np.array([[2.0, 300.0 / rest], [1.0, -1e-3]]), np.zeros(2)
    value, gradient = {"numpy": on_numpy, "native": native}[backend].value_and_grad(*given)
    known, slopes = accurate.value_and_grad(*given)
    assert value == pytest.approx(known, rel=1e-11)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11)


def test_calls_without_a_row_in_doubt_never_reach_the_binding_unless_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, native = bent()
    w, X, y = arguments(())
    known = {name: getattr(native, name)(w, X, *[y] * (name not in ("predict", "jacobian"))) for name in FUNCTIONS}
    for name in FUNCTIONS:
        monkeypatch.setattr(type(native._binding), name, None)
    for name in FUNCTIONS:
        given = (w, X, *[y] * (name not in ("predict", "jacobian")))
        assert_alike(getattr(native, name)(*given), known[name], name)
        with native.counting(), pytest.raises(TypeError, match="not callable"):
            getattr(native, name)(*given)
        with pytest.raises(TypeError, match="not callable"):
            getattr(native, name)(w, arguments()[1], *given[2:])


@cache
def native_waves() -> Any:
    return pair_of(waves())[1]


def rows_noted(count: int) -> tuple[Any, Any, Any]:
    """Weights and rows of ``waves`` of which the first is in doubt, and its bound small: it has lost 12 bits of 53."""
    rng, w = np.random.default_rng(3), np.array([0.7, 1.3])
    X = rng.uniform(0.1, 1.0, (count, 1))  # where no other is near 0
    X[0] = (np.pi / 2 - 2.0**-13) / w[1]
    return w, X, np.exp(-w[0] * X[:, 0]) * np.cos(w[1] * X[:, 0]) + rng.normal(size=count) + 1.0


@pytest.mark.parametrize("count", [1, 100, 20_000])
def test_rows_in_doubt_whose_bounds_are_small_never_reach_the_binding(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    native, (w, X, y) = native_waves(), rows_noted(count)
    factors = np.linspace(1.0, 2.0, count)
    calls = [(name, (w, X) if name in ("predict", "jacobian") else (w, X, y), {}) for name in FUNCTIONS]
    calls += [(name, (w, X, y), {"sample_weight": factors, "threads": 2}) for name in ("loss", "grad", "value_and_grad")]
    with native.counting():
        counted = [getattr(native, name)(*given, **options) for name, given, options in calls]
    for name in FUNCTIONS:
        monkeypatch.setattr(type(native._binding), name, None)
    for (name, given, options), want in zip(calls, counted, strict=True):
        if count == 1 and name in ("loss", "grad", "value_and_grad"):
            continue  # the row is what is asked for: its doubt, not its share, decides
        got = getattr(native, name)(*given, **options)
        for one, other in zip(*(part if isinstance(part, tuple) else (part,) for part in (got, want)), strict=True):
            assert np.array_equal(one, other), name


@pytest.mark.parametrize("factor", [1.0, 1e9])
def test_sums_with_a_row_that_lost_its_digits_are_computed_by_the_binding(factor: float) -> None:
    on_numpy, native = bent()
    w, X, y = arguments((), 20_000)
    X[17_000], factors = 1e-3, np.ones(len(X))
    factors[17_000] = factor
    options: Any = {"sample_weight": factors, "reduction": "sum"}
    got = native.value_and_grad(w, X, y, **options)
    with native.counting() as care:
        counted = native.value_and_grad(w, X, y, **options)
    assert care.careful == (factor > 1.0)  # beside so many rows it counts by its factor alone
    assert_alike(got, on_numpy.value_and_grad(w, X, y, **options), "sums")
    assert got[0] == counted[0]
    assert np.array_equal(got[1], counted[1])


def test_searches_of_the_extension_end_where_a_row_is_in_doubt() -> None:
    _, native = bent()
    w, X, y = arguments(())
    search = native.residual.__self__
    assert search.least_squares(w, X, y, None, 1e-12, 200) is not None
    assert search.solve_linear(np.array([w]), X, y, None, np.array([1], np.intp)) is not None
    w, X, y = arguments()
    assert search.least_squares(w, X, y, None, 1e-12, 200) is None
    assert search.solve_linear(np.array([w]), X, y, None, np.array([1], np.intp)) is None
