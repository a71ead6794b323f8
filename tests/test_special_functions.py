"""Functions that modules of NumPy take from SciPy: built and verified, by rows and batches, in both precisions, or refused."""

import sys
from importlib import import_module
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from special_models import FUNCTIONS, SPECIAL, of_one, voigt_peak
from zoo import ZOO

import symgraph as sg
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.reference import Reference
from symgraph.options import Options
from symgraph.runtime.special import BY_REGION, ElementwiseFunction, scipy_special
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.special_on_mpmath import faddeeva, faddeeva_bend, faddeeva_slope


@pytest.mark.parametrize("name", SPECIAL)
def test_a_model_is_built_and_verified_and_batches_are_what_rows_are(name: str) -> None:
    model = SPECIAL[name]()
    module = sg.compile(model, backend="numpy")  # verified against the reference: value, gradient, Jacobian
    rng = np.random.default_rng(1)
    low, high = model.feature_inputs[0].domain
    X, y = rng.uniform(low, high, (3000, 1)), rng.uniform(0.1, 0.9, 3000)
    w = np.array([np.mean(i.domain) for i in model.weight_inputs])
    loss, grad = module.value_and_grad(w, X, y)
    rows = [module.value_and_grad(w, x, target) for x, target in zip(X[:20], y[:20], strict=True)]
    np.testing.assert_array_equal(module.per_sample_grad(w, X, y)[:20], [row[1] for row in rows])
    np.testing.assert_allclose(grad, module.per_sample_grad(w, X, y).mean(axis=0), rtol=1e-10, atol=1e-12)
    single = module.value_and_grad(w.astype(np.float32), X.astype(np.float32), y.astype(np.float32))
    assert single[1].dtype == np.float32
    # 2**-23 of the loss, times what its slopes and 3000 rounded features do: below 1e-4
    np.testing.assert_allclose(single[0], loss, rtol=1e-4)


@pytest.mark.parametrize("name", BY_REGION)
def test_a_single_number_has_the_bits_that_it_has_in_an_array(name: str) -> None:
    """Single numbers take a path of their own, through floats of Python; the ends of domains and of regions are among them."""
    function, (arity, _) = getattr(scipy_special, name), BY_REGION[name]
    rng = np.random.default_rng(2)
    x = np.exp2(np.append(rng.uniform(-1074, 1024, 20), rng.uniform(-9, 9, 40)))
    x = np.append(x, [0.0, 1.5, 25.0, 1e-300, np.inf])
    x = np.concatenate([x, -x, [np.nan]])
    orders = () if arity == 1 else (2.0, 7.0) if "polygamma" in name else (0.0, 1.0, 2.0, 12.0, -3.0)
    with np.errstate(all="ignore"):
        if name.startswith("wofz"):
            for y in (np.abs(x[::-1]), x[::-1]):
                np.testing.assert_array_equal(function(x, y), [function(*pair) for pair in zip(x, y, strict=True)])
            assert np.isnan(function(np.nan, 1.0))
        for order in orders if not name.startswith("wofz") else ():
            np.testing.assert_array_equal(function(order, x), [function(order, one) for one in x])
        if arity == 1:
            np.testing.assert_array_equal(function(x), [function(one) for one in x])


def test_lambert_w_of_exponentials_out_of_range_is_what_it_is() -> None:
    """exp((start - fastest*t)/half) overflows at the first points and vanishes at the last ones."""
    m = Model("far_substrate")
    t, y = m.feature("t"), m.target("y")
    start, half, fastest = m.weights("start half fastest")
    m.loss((y - m.output("y_hat", half * sp.LambertW(start / half * sp.exp((start - fastest * t) / half)))) ** 2)
    module, reference = sg.compile(m, backend="numpy", extras=("hessian",)), Reference(m)
    for w in ([1000.0, 1.0, 0.5], [5.0, 1e-3, 1e3], [1e3, 0.1, 3.0], [1.0, 1.0, 1.0]):
        for at in (0.004, 30.0, 1500.0):
            point = dict(zip(("start", "half", "fastest", "t", "y"), [*w, at, 0.5], strict=True))
            truth, bends = reference.truth(point), reference.hessian(point)
            slopes = [float(truth.partials["output"][name]) for name in module.WEIGHTS]
            # the exponent, up to 1e7, is rounded
            assert module.predict(w, at) == pytest.approx(float(truth.values["output"]), rel=1e-9, abs=1e-300)
            np.testing.assert_allclose(module.jacobian(w, at), slopes, rtol=1e-9, atol=1e-9)
            curves = [[float(bends[max(i, j)][min(i, j)]) for j in range(3)] for i in range(3)]
            found = module.hessian(np.array(w), at, 0.5)
            np.testing.assert_allclose(found, curves, rtol=1e-6, atol=1e-6 * np.abs(curves).max())


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_second_derivatives_are_those_of_the_reference_at_every_size(name: str) -> None:
    m = Model(f"bend_{name}")
    x, a = m.feature("x"), m.weight("a")
    m.loss(m.output("y_hat", FUNCTIONS[name][0](a * x)))
    module, reference = sg.compile(m, backend="numpy", extras=("hessian",)), Reference(m)
    sizes = (1e-20, 1e-3, 0.3, 0.7, 1.2, 3.0, 24.0, 26.0, 300.0)
    judged = 0
    for at in (*sizes, *(-size for size in sizes)):
        pole = name == "polygamma" and at <= 0.0 and at.is_integer()
        if at in OPS[name].domain[-1] and not pole and not (name == "dawson" and abs(at) > 26.0):  # terms cancel, see ops.md
            true = float(reference.hessian({"a": at, "x": 1.0})[0][0])
            found = float(module.hessian(np.array([at]), np.array([[1.0]]))[0, 0])
            # 30 ulp of each factor, which terms that cancel enlarge by 1e3 at most
            assert abs(found - true) <= 1e-11 * abs(true), at
            judged += 1
    assert judged >= 4


@pytest.mark.parametrize("backend", ["scalar", "c", "array_api"])
@pytest.mark.parametrize("name", ["bessel_j0", "lambertw", "voigt"])
def test_backends_without_scipy_refuse_by_one_error(name: str, backend: str) -> None:
    with pytest.raises(SpecError, match=rf"y_hat needs \w+, which the backend {backend} lacks; it is in .* numpy$"):
        generate(SPECIAL[name](), (backend,))


@pytest.mark.parametrize(
    ("options", "said"),
    [(Options(error_bound=True), "the error bound"), (Options(precision="accurate"), "double-double arithmetic")],
)
def test_what_has_no_form_in_an_option_is_refused(options: Options, said: str) -> None:
    with pytest.raises(SpecError, match=f"needs dawson, which {said} lacks"):
        generate(of_one("dawson"), options=options)


def test_modules_that_need_scipy_alone_import_it_and_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    with_scipy, without = (generate(model, ("numpy",))[0].text for model in (voigt_peak(), ZOO["line"]()))
    assert "pip install 'symgraph-codegen[special]'" in with_scipy
    assert SCIPY not in without
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    monkeypatch.delitem(sys.modules, "symgraph.runtime.special")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'symgraph-codegen\[special\]'"):
        import_module("symgraph.runtime.special")


def test_a_standalone_module_has_the_functions_with_it() -> None:
    text = generate(voigt_peak(), ("numpy",), options=Options(standalone=True))[0].text
    assert "symgraph.runtime" not in text.partition('"""')[2]
    space: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "alone", "exec"), space)
    w, X = np.array([1.0, 0.0, 1.0, 0.5, 0.0]), np.array([[0.3], [4.0]])
    np.testing.assert_array_equal(space["predict"](w, X), sg.compile(voigt_peak(), backend="numpy").predict(w, X))


@pytest.mark.parametrize(("x", "sigma", "gamma"), [(0.0, 1.0, 0.5), (3.0, 0.4, 1.5), (-8.0, 2.0, 0.1), (40.0, 1.0, 1.0)])
def test_voigt_is_the_convolution_of_its_two_laws(x: float, sigma: float, gamma: float) -> None:
    with mpmath.workdps(30):

        def product(t: Any) -> Any:
            return mpmath.npdf(t, 0, sigma) * gamma / mpmath.pi / ((x - t) ** 2 + gamma**2)

        true = mpmath.quad(product, sorted({-40 * sigma, -5 * sigma, 0, 5 * sigma, 40 * sigma, x - gamma, x, x + gamma}))
    found = sg.voigt(*map(sp.Float, (x, sigma, gamma))).evalf(20)
    assert abs(float(found) - float(true)) <= 1e-12 * float(true)  # quadrature has some 15 digits


@pytest.mark.parametrize("name", [name for name in BY_REGION if name.startswith("wofz")])
def test_faddeevas_functions_are_right_below_the_real_axis_too(name: str) -> None:
    """Where a search for a width goes, unless it has a range; the exponential of z*z magnifies its rounding by abs(z*z)."""
    rng, function, kind = np.random.default_rng(3), getattr(scipy_special, name), name.partition("_")[2]
    order = {"slope": faddeeva_slope, "bend": faddeeva_bend}.get(kind.partition("_")[0], faddeeva)
    radius, angle = np.exp2(rng.uniform(-3.0, 9.0, 200)), rng.uniform(-np.pi, 0.0, 200)
    x, y, judged = radius * np.cos(angle), radius * np.sin(angle), 0
    with np.errstate(all="ignore"):
        found = function(x, y)
    for at, value in enumerate(found):
        true = order(mpmath.mpf(x[at]), mpmath.mpf(y[at]))
        if abs(true) < 1e300:
            part = true.real if kind.endswith("re") else true.imag
            assert abs(value - part) <= (40.0 + abs(radius[at]) ** 2) * 2.0**-52 * abs(true), (x[at], y[at])
            judged += 1
    assert judged > 100


def test_faddeevas_function_is_a_gaussian_on_the_real_axis_as_far_as_doubles_go() -> None:
    x = np.arange(1.0, 53.0) / 2.0  # whose squares are exact: a few roundings are all
    np.testing.assert_allclose(scipy_special.wofz_re(x, 0.0 * x), np.exp(-x * x), rtol=8 * 2.0**-52)


@pytest.mark.parametrize("order", [sp.Rational(1, 2), sp.Symbol("nu")])
def test_orders_that_are_no_whole_constants_are_refused_and_another_branch_of_lambert_w(order: Any) -> None:
    m = Model("cylinder")
    x = m.feature("x")
    nu = m.weight("nu") if order.is_Symbol else order
    with pytest.raises(SpecError, match=r"model cylinder: .*besselj has the order .*; orders are whole constants, such as 2"):
        m.output("y_hat", sp.besselj(nu, x))
    with pytest.raises(SpecError, match="function LambertW is not supported"):
        m.output("y_hat", sp.LambertW(x, -1))


def test_a_real_function_of_complex_ones_takes_an_array_for_its_result_and_keeps_the_precision() -> None:
    twice = ElementwiseFunction("twice", 1, lambda x: 2.0 * np.asarray(x, np.float64))
    out = np.zeros(2, np.float32)
    assert twice(np.array([1.0, 2.0], np.float32), out).dtype == np.float32
    np.testing.assert_array_equal(out, [2.0, 4.0])
    assert twice(1.5) == 3.0
