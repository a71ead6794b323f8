"""Derivatives on request: hessian, hvp, feature_jacobian and jvp of every backend that has them, against the reference."""

import copy
import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

import cloudpickle
import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, Phase, assume, given, settings
from random_models import models
from scipy.optimize import minimize
from scipy.special import polygamma
from written import written

import symgraph
from examples.nine_weights.model import model as nine_weights
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError, SpecError, VerificationError
from symgraph.judge.verify import verify
from symgraph.module_functions import DERIVATIVES, ON_REQUEST
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.module import from_source

EXTRAS = tuple(name for name, function in DERIVATIVES.items() if function in ON_REQUEST)


def squared(form: Callable[..., Any], features: str = "x", **domains: tuple[float, float]) -> Model:
    """A model of the squared error of a function of features and weights."""
    model = written(form, features=features, **domains)
    model.loss((model.target("y", domain=domains.get("y")) - model.output_node.symbol) ** 2)
    return model


def decay() -> Model:
    return squared(lambda t, a, k, c: a * sp.exp(-k * t) + c, "t")


def text_of(model: Model, *extras: str) -> str:
    return generate(model, options=options_of(extras))[0].text


def module_of(model: Model, *extras: str) -> ModuleType:
    return load_artifact(generate(model, options=options_of(extras or EXTRAS))[0])


def drawn(n: int = 50) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(3)
    t = rng.uniform(0.0, 5.0, n)
    return np.array([1.0, 1.0, 0.0]), t, 2.0 * np.exp(-0.7 * t) + 0.5 + 0.01 * rng.normal(size=n)


few = settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
)


@given(models())
@few
def test_derivatives_of_random_models_are_those_of_the_reference(model: Model) -> None:
    hold(model, points=3)


@pytest.mark.slow
@given(models())
@settings(few, max_examples=30)
def test_derivatives_of_thirty_random_models_are_those_of_the_reference_at_twenty_points(model: Model) -> None:
    hold(model, points=20)


def hold(model: Model, points: int) -> None:
    try:
        report = verify(model, module_of(model), points=points)
    except SpecError as error:
        # SymPy left a weight without influence, or a branch is finite nowhere
        assume(not any(part in str(error) for part in ("does not depend on weight", "found no point")))
        raise
    assert report.points >= points


def test_compiled_functions_are_verified_and_agree_with_numpy_to_rounding() -> None:
    plain, *others = (symgraph.compile(nine_weights, backend=one, extras=EXTRAS) for one in ("numpy", "c", "native"))
    rng = np.random.RandomState(0)
    w, v, X, y = rng.normal(size=9), rng.normal(size=9), rng.normal(size=(300, 5)), rng.normal(size=300)
    for name, given_ in {"hessian": (w, X, y), "hvp": (w, v, X, y), "feature_jacobian": (w, X), "jvp": (w, v, X)}.items():
        want = getattr(plain, name)(*given_)
        for module in others:
            # both are within 1e-12 of the truth at these points, where nothing is ill-conditioned
            np.testing.assert_allclose(getattr(module, name)(*given_), want, rtol=1e-10, atol=1e-13)
    one = others[1].hessian(*(part.astype(np.float32) for part in (w, X, y)))
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, plain.hessian(w, X, y), rtol=1e-3, atol=1e-4)  # float32 has 7 digits


def test_c_has_the_output_of_a_row_with_its_jacobian() -> None:
    module = symgraph.compile(decay(), backend="native", extras=("jacobian-row",))
    w, x, partials = np.array([1.5, 0.25, -1.0]), np.array([0.75]), [0.0] * 3
    assert module.predict_jacobian_row(w, x, partials) == module.predict(w, x)
    assert partials == module.jacobian(w, x)[0].tolist()


def test_a_hessian_is_symmetric_and_hvp_is_its_product_and_scipy_takes_both_as_they_are() -> None:
    module, (w, t, y) = module_of(decay()), drawn()
    matrix = module.hessian(w, t, y)
    assert matrix.shape == (3, 3)
    assert np.array_equal(matrix, matrix.T)
    v = np.array([0.5, -1.0, 2.0])
    np.testing.assert_allclose(module.hvp(w, v, t, y), matrix @ v, rtol=1e-12)
    np.testing.assert_allclose(module.hessian(w, t, y, reduction="sum"), 50 * matrix, rtol=1e-14)
    assert np.array_equal(module.hessian(w, t, y, threads=2), matrix)
    loss, given_ = module.value_and_grad, {"args": (t, y), "jac": True}
    exact = minimize(loss, w, hess=module.hessian, method="trust-exact", options={"gtol": 1e-9}, **given_)
    newton = minimize(loss, w, hessp=module.hvp, method="Newton-CG", options={"xtol": 1e-9}, **given_)
    assert (exact.success, exact.nit < 20) == (True, True)
    np.testing.assert_allclose(exact.x, newton.x, rtol=1e-6)  # both stop where steps or gradient are 1e-9


def test_rows_of_weight_zero_are_absent_and_a_mean_stands_where_the_sum_overflows() -> None:
    module, (w, t, y) = module_of(decay()), drawn(8)
    kept = np.arange(8) != 3
    found = module.hessian(w, np.where(kept, t, np.nan), y, sample_weight=np.where(kept, 2.0, 0.0))
    np.testing.assert_allclose(found, module.hessian(w, t[kept], y[kept]), rtol=1e-14)
    line = module_of(squared(lambda x, a: a * x))
    assert line.hessian([1.0], [8e153, 8e153], [0.0, 0.0]) == 2.0 * 8e153**2


def test_second_derivatives_are_named_by_their_weights_and_written_once() -> None:
    text = text_of(decay(), "hessian")
    before, _, body = text.partition("def _hessian(")
    assert "return (d_a_a, d_a_k, d_a_c, d_k_k, d_k_c, d_c_c)" in body.replace("tape.w.dtype.type(0.0)", "d_a_c")
    assert "d_k_a" not in text
    assert "def _backward(" in before
    assert "\ndef _hvp(" in body


def test_names_of_entries_stay_apart_from_each_other_and_from_those_of_the_user() -> None:
    def form(m: Model, v: Any, y: Any, a: Any, a_b: Any, b_c: Any, c: Any, v_a: Any) -> Any:
        weights = (a, a_b, b_c, c, v_a)
        return (y - m.output("hessian", sum(w * v**n for n, w in enumerate(weights)) + sp.exp(sum(weights) * v / 8))) ** 2

    module = symgraph.compile(written(form, "loss", features="v"), backend="numpy", extras=EXTRAS)  # verified
    assert module.hessian(np.zeros(5), [1.0], [1.0]).shape == (5, 5)


def test_a_module_without_features_and_one_without_a_loss_have_what_they_can() -> None:
    rosenbrock = written(lambda a, b: (1 - a) ** 2 + 100 * (b - a**2) ** 2, "loss")
    module = symgraph.compile(rosenbrock, backend="numpy", extras=EXTRAS)
    assert module.hessian([1.0, 1.0]).tolist() == [[802.0, -400.0], [-400.0, 200.0]]
    assert module.hvp([1.0, 1.0], [1.0, 0.0]).tolist() == [802.0, -400.0]
    assert not hasattr(module, "jvp")
    module = symgraph.compile(written(lambda x, k: sp.exp(k * x)), backend="numpy", extras=EXTRAS)
    assert not hasattr(module, "hessian")
    np.testing.assert_allclose(module.feature_jacobian([2.0], [0.0, 0.5]), [[2.0], [2.0 * np.e]], rtol=1e-15)
    np.testing.assert_allclose(module.jvp([2.0], [3.0], [0.0, 0.5]), [0.0, 1.5 * np.e], rtol=1e-15)


def test_constants_given_at_the_call_reach_second_derivatives() -> None:
    model = Model("arrhenius")
    x, y, w, t = model.feature("x"), model.target("y"), model.weight("w"), model.constant("T", 2.0)
    model.loss((y - model.output("out", sp.exp(w * x / t))) ** 2)
    module = symgraph.compile(model, backend="numpy", extras=EXTRAS)
    for value in (2.0, 4.0):
        other, e = module.with_constants(T=value), np.exp(1.0 / value)
        np.testing.assert_allclose(other.hessian([1.0], [1.0], [0.0]), [[4.0 * e * e / value**2]], rtol=1e-14)
        np.testing.assert_allclose(other.jvp([1.0], [2.0], [1.0]), [2.0 * e / value], rtol=1e-14)


def test_at_a_kink_second_derivatives_are_those_of_a_side() -> None:
    model = written(lambda m, x, y, w: m.output("out", symgraph.relu(w * x) + sp.Abs(w * x)) + y * w**2, "loss")
    assert module_of(model, "hessian").hessian([0.0], [1.0], [1.0]) == 2.0


def test_a_wrong_hessian_is_found_by_verification() -> None:
    text, right = text_of(decay(), "hessian"), "return (d_a_a, d_a_k"
    assert right in text
    with pytest.raises(VerificationError, match=r"hessian\(\), by k, by a is"):
        verify(decay(), from_source(text.replace(right, "return (d_a_a, 1.01 * d_a_k"), "decay", "a wrong one"))


def test_modules_of_backends_without_them_are_as_if_nobody_had_asked() -> None:
    plain, asked = (generate(decay(), ("numpy", "scalar"), options=options_of(one))[1] for one in ((), EXTRAS))
    assert plain.text == asked.text


def test_methods_travel_to_other_processes() -> None:
    module = symgraph.compile(decay(), backend="numpy", extras=("hessian",))
    for function in (module.hessian, module.normal_equations):
        for again in (copy.deepcopy(function), *(package.loads(package.dumps(function)) for package in (pickle, cloudpickle))):
            assert again == function


@pytest.mark.parametrize(("extras", "options", "message"), [
    (["hessian"], {"backend": "scalar"}, "the extra 'hessian' is of numpy, c, array_api; the backends chosen are scalar"),
    (["jacobian-row"], {"backend": "numpy"}, "the extra 'jacobian-row' is of c"),
    (["hesian"], {}, "the extra 'hesian' is unknown; known are error-bound, standalone, float, workspace, hessian"),
])  # fmt: skip
def test_what_cannot_be_is_refused_by_one_error(extras: list[str], options: dict[str, str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        symgraph.compile(decay(), extras=extras, **options)


def test_second_derivatives_of_digamma_are_scipys_which_c_lacks() -> None:
    model = squared(lambda x, w: sp.digamma(w * x**2 + 1) + sp.trigamma(w), y=(0.5, 2.0), w=(0.5, 2.0))
    module = symgraph.compile(model, backend="numpy", extras=("hessian",))  # verified
    value, first, second = (polygamma(n, 2.5) for n in (0, 1, 2))
    out, slope = value + polygamma(1, 1.5), first + polygamma(2, 1.5)
    want = 2 * slope**2 + 2 * out * (second + polygamma(3, 1.5))
    np.testing.assert_allclose(module.hessian([1.5], [1.0], [0.0]), [[want]], rtol=1e-13)
    with pytest.raises(SpecError, match=r"model written: .* needs polygamma, which the backend c lacks"):
        symgraph.compile(model, backend="c", extras=("hessian",))


def test_of_several_outputs_there_is_a_hessian_of_the_loss() -> None:
    model = Model("two")
    x, (p, q), (a, b) = model.feature("x"), model.targets("p q"), model.weights("a b")
    u, v = model.outputs("u v", a * sp.exp(b * x), a * x + b**2 * x)
    model.loss((p - u) ** 2 + (q - v) ** 2)
    found = symgraph.compile(model, backend="numpy", extras=("hessian",)).hessian([1.0, 0.0], [[1.0]], [[0.0, 0.0]])
    np.testing.assert_allclose(found, [[4.0, 4.0], [4.0, 8.0]], rtol=1e-14)


def test_a_direction_counts_along_weights_alone_on_which_the_output_depends() -> None:
    model = written(lambda m, x, y, a, s: (y - m.output("out", sp.exp(a * x))) ** 2 * sp.exp(-s) + s, "loss")
    model.penalty((model.weight_inputs[0].symbol ** 2 + 1) * model.weight("t") ** 2)
    assert "_s" not in text_of(model, "jvp").partition("def _jvp(")[2].partition("v_a, v_s, v_t = v")[2].partition("return")[0]
    module = symgraph.compile(model, backend="numpy", extras=("feature-jacobian", "jvp"))
    assert module.jvp([0.0, 0.0, 1.0], [2.0, 3.0, 4.0], [1.0]) == 2.0


def test_wrong_arguments_are_named() -> None:
    module, (w, t, y) = module_of(decay()), drawn(5)
    with pytest.raises(ValueError, match=r"v has shape \(2,\), written needs \(3,\)"):
        module.hvp(w, w[:2], t, y)
    with pytest.raises(TypeError, match="v has dtype <U1, written needs real numbers"):
        module.jvp(w, ["a", "b", "c"], t)
    with pytest.raises(ValueError, match="y is missing, the loss of written needs y"):
        module.hessian(w, t, None)
    with pytest.raises(AttributeError, match="has no attribute 'hessian'; `symgraph build --with hessian` adds it"):
        load_artifact(generate(decay())[0]).hessian  # noqa: B018  the look-up is the test


def test_outputs_of_which_one_is_named_as_another_begins_are_told_apart() -> None:
    model = Model("shares")
    x, (a, b), (y, z) = model.feature("x"), model.weights("a b"), model.targets("y z")
    part, total = model.outputs("p p_total", a * x, a * x + b)
    model.loss((y - part) ** 2 + (z - total) ** 2)
    np.testing.assert_array_equal(module_of(model, "jvp").jvp([1.0, 1.0], [1.0, 0.5], [2.0]), [[2.0, 2.5]])
