"""The backend array_api: modules give on the arrays of any library what those of the numpy backend give on NumPy's."""

from functools import cache
from importlib import import_module
from types import ModuleType, SimpleNamespace
from typing import Any

import array_api_strict
import numpy as np
import pytest
import sympy as sp
from built import MODELS, numpy_module, one_output, sample
from corpus import CORPUS, examine
from foreign_arrays import Foreign, Make

import symgraph
from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.differences.drawing import KINDS
from symgraph.judge.judged_points import points
from symgraph.project.build.modules import load_artifact
from symgraph.runtime import functions, gamma, kernels, namespaces
from symgraph.spec.ops.ops import OPS

ROUNDING = 1e-13
"""Relative to the largest entry: some hundred units in the last place, as functions of libraries are good to a few of them."""

SHOWN = ("nine_weights", "pieces", "uniform_nodes", "location", "keywords", "special")


@cache
def array_module(name: str) -> ModuleType:
    """The array_api module of a model of the zoo, not verified."""
    (artifact,) = generate(special() if name == "special" else MODELS[name](), ("array_api",))
    return load_artifact(artifact)


@cache
def special() -> symgraph.Model:
    """A model of the functions that the standard lacks."""

    def form(x: Any, a: Any, b: Any) -> Any:
        u = symgraph.cbrt(a * x) + sp.erf(a * x) + sp.erfc(b * x) + symgraph.gauss(b - x)
        return u * (sp.loggamma(a * a + 0.5) + sp.polygamma(0, b * b + 1) + symgraph.erfcx(x) + sp.Heaviside(x - b, 0.25))

    return one_output(form, features="x")


@cache
def numpy_of(name: str) -> ModuleType:
    return symgraph.compile(special(), backend="numpy") if name == "special" else numpy_module(name)


def arguments(name: str) -> Any:
    if name != "special":
        return sample(name)
    rng = np.random.default_rng(3)
    return rng.uniform(0.3, 0.9, 2), rng.normal(size=(7, 1)), rng.normal(size=7)


@pytest.fixture(params=["array_api_strict", "torch", "jax.numpy"])
def make(request: pytest.FixtureRequest) -> Make:
    """The function of a library that makes an array, in both floating dtypes."""
    name = str(request.param)
    library = pytest.importorskip(name, reason="the extra bench is not installed")
    if name == "jax.numpy":
        import_module("jax").config.update("jax_enable_x64", True)
    found: Make = library.asarray
    return found


def assert_close(got: Any, want: Any, tolerance: float = ROUNDING) -> None:
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= tolerance * max(1.0, np.abs(want).max())


def results(module: Any, w: Any, X: Any, y: Any) -> dict[str, Any]:
    """Results of all functions of a module, those of the module on one row among them."""
    tape = module.forward(w, X, y)
    found = {"value_and_grad": module.value_and_grad(w, X, y)[1], "sum": module.loss(w, X, y, reduction="sum")}
    found |= {"tape": tape.loss, "pulled": module.backward(tape)}
    functions = ("loss", "grad", "per_sample_grad", "residual", "jacobian")
    found |= {name: getattr(module, name)(w, X, y) for name in functions if hasattr(module, name)}
    if X is not None:
        found |= {"row": module.grad(w, X[0, ...], y[0]), "of a row": module.predict(w, X[0, ...])} if module.OUTPUTS else {}
        found["weighted"] = module.grad(w, X, y, sample_weight=y * y + 0.5)
    return found


@pytest.mark.parametrize("name", SHOWN)
def test_functions_give_on_any_arrays_what_they_give_on_numpys_in_the_dtype_of_the_rows(name: str, make: Make) -> None:
    module, (w, X, y) = array_module(name), arguments(name)
    got = results(module, *(None if part is None else make(part) for part in (w, X, y)))
    want = results(numpy_of(name), w, X, y)
    assert got.keys() == want.keys()
    for function, value in got.items():
        assert type(value) is type(make(w)), function
        assert_close(value, want[function])
    first = make((w if X is None else X).astype(np.float32))  # to which the other arguments are brought
    value, gradient = module.value_and_grad(first, None, y) if X is None else module.value_and_grad(w, first, y)
    assert (value.dtype, gradient.dtype) == (first.dtype, first.dtype)
    assert_close(gradient, want["value_and_grad"], 1e-4)  # a thousand units of float32, for sums of seven rows


def test_a_row_of_weight_0_counts_as_absent_whatever_it_holds(make: Make) -> None:
    (w, X, y), s = sample("nine_weights"), np.array([1.0, 0.0, 2.0, 0.5, 3.0, 0.25, 1.0])
    want = numpy_module("nine_weights").value_and_grad(w, X[s > 0], y[s > 0], sample_weight=s[s > 0])
    holed = make(np.where((s > 0)[:, None], X, np.nan))
    got = array_module("nine_weights").value_and_grad(make(w), holed, make(y), sample_weight=s)
    for one, other in zip(got, want, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "special"])
def test_jax_compiles_the_functions_and_maps_them_over_rows(name: str) -> None:
    jax = pytest.importorskip("jax", reason="the extra bench is not installed")
    jax.config.update("jax_enable_x64", True)
    module, numpy, arrays = array_module(name), numpy_of(name), arguments(name)
    given = [jax.numpy.asarray(part) for part in arrays]
    value, gradient = jax.jit(module.value_and_grad)(*given)
    assert_close(value, numpy.loss(*arrays))
    assert_close(gradient, numpy.grad(*arrays))
    assert_close(jax.jit(module.backward)(jax.jit(module.forward)(*given)), numpy.backward(numpy.forward(*arrays)))
    assert_close(jax.jit(jax.vmap(module.grad, (None, 0, 0)))(*given), numpy.per_sample_grad(*arrays))
    assert_close(jax.jit(jax.grad(module.loss))(*given), numpy.grad(*arrays))


def test_jax_computes_the_functions_that_the_standard_lacks_in_float32_where_it_has_no_other() -> None:
    jax = pytest.importorskip("jax", reason="the extra bench is not installed")
    w, X, y = arguments("special")
    jax.config.update("jax_enable_x64", False)
    try:
        value, gradient = jax.jit(array_module("special").value_and_grad)(*map(jax.numpy.asarray, (w, X, y)))
    finally:
        jax.config.update("jax_enable_x64", True)
    assert value.dtype == np.float32
    assert_close(gradient, numpy_of("special").grad(w, X, y), 1e-4)  # as above


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "every_op"])
def test_torch_maps_the_functions_over_rows(name: str) -> None:
    torch = pytest.importorskip("torch", reason="the extra bench is not installed")
    w, X, y = sample(name)
    mapped = torch.func.vmap(array_module(name).grad, (None, 0, 0))
    assert_close(mapped(*map(torch.asarray, (w, X, y))), numpy_module(name).per_sample_grad(w, X, y))


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_the_judge_finds_nothing_wrong_with_any_model_on_strict_arrays(name: str) -> None:
    model = CORPUS[name]()
    drawn = points(model, tuple(KINDS), n=len(KINDS), seed=list(CORPUS).index(name))
    module = load_artifact(generate(model, ("array_api",))[0])
    outcome = examine(model, Foreign(module, array_api_strict.asarray), drawn)
    assert outcome.wrong == ()
    assert outcome.report.judged > 0


def test_a_build_runs_the_module_on_the_arrays_of_numpy_and_finds_a_fault_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "array_api backend" in repr(symgraph.compile(MODELS["line"](), backend="array_api"))
    monkeypatch.setattr(namespaces.Namespace, "columns", lambda self, x: tuple(1.01 * x[..., i] for i in range(x.shape[-1])))
    with pytest.raises(VerificationError, match="model line, array_api module"):
        symgraph.compile(MODELS["line"](), backend="array_api")


def test_numpy_needs_no_other_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "array_namespace", namespaces.named_by_itself)
    w, X, y = sample("nine_weights")
    assert_close(array_module("nine_weights").grad(w, X, y), numpy_module("nine_weights").grad(w, X, y))
    unnamed = SimpleNamespace(dtype=np.float64, ndim=2, shape=X.shape)
    with pytest.raises(TypeError, match=r"computes: a SimpleNamespace does not name its functions; install array-api-compat"):
        array_module("nine_weights").predict(w, unnamed)


@pytest.mark.parametrize(("changed", "message"), [
    ({"X": [[1.0] * 5]}, "X says with which library nine_weights computes: list is not a supported array type"),
    ({"X": np.ones((7, 5), int)}, "nine_weights computes in float32 or float64, not in int64"),
    ({"X": np.ones((7, 4))}, r"X has 4 columns, nine_weights needs 5: f1, f2, f3, f4, f5"),
    ({"w": np.ones(8)}, r"w has shape \(8,\), nine_weights needs \(9,\): w1"),
    ({"y": np.ones(6)}, r"y has shape \(6,\), X has shape \(7, 5\)"),
    ({"y": None}, "y is missing, the loss of nine_weights needs y"),
    ({"sample_weight": np.ones(6)}, r"sample_weight has shape \(6,\), the rows have \(7,\)"),
    ({"reduction": "median"}, "reduction must be 'mean' or 'sum', not 'median'"),
])  # fmt: skip
def test_what_does_not_fit_is_named(changed: dict[str, Any], message: str) -> None:
    error = TypeError if "computes" in message else ValueError
    with pytest.raises(error, match=message):
        array_module("nine_weights").loss(**sample("nine_weights")._asdict() | changed)


def test_weights_of_a_penalty_and_cotangents_are_checked_as_all_others_are() -> None:
    model = symgraph.Model.from_formula("y ~ a*x", ("x", "y"))
    model.penalty(model.weight_inputs[0].symbol ** 2)
    module = symgraph.compile(model, "array_api", extras=("hessian",))
    for function in (module.penalty, module.penalty_hessian):
        with pytest.raises(ValueError, match=r"w has shape \(2,\), formula needs \(1,\): a"):
            function(np.ones(2))
        with pytest.raises(TypeError, match="w says with which library formula computes: list is not a supported array type"):
            function([1.0])
    with pytest.raises(ValueError, match=r"cotangent has shape \(6,\), the loss has \(7,\)"):
        array_module("nine_weights").backward(array_module("nine_weights").forward(*sample("nine_weights")), np.ones(6))


def test_signs_keep_nan_and_a_function_that_a_library_lacks_is_named_where_it_is_called() -> None:
    make = array_api_strict.asarray
    found = namespaces.namespace(make(1.0)).sign(make([-3.0, 0.0, 2.0, np.nan, -np.inf]))
    np.testing.assert_array_equal(np.asarray(found), [-1.0, 0.0, 1.0, np.nan, -1.0])
    assert found.dtype == array_api_strict.float64
    poor = SimpleNamespace(__name__="poor", where=np.where, abs=np.abs)
    with pytest.raises(AttributeError, match="poor lacks tanh of the array API standard, which the lines of this model need"):
        namespaces.Namespace(poor).tanh(1.0)


def test_every_function_of_the_runtime_that_lines_call_runs_on_strict_arrays_as_on_numpys() -> None:
    values = np.array([0.375, 0.5, 0.875])
    on_strict, on_numpys = (namespaces.namespace(library.asarray(values)) for library in (array_api_strict, np))
    own = (vars(functions) | vars(gamma) | vars(kernels)).keys() - {"select"}  # which takes a condition
    names = {row.numpy: row.arity for row in OPS.values() if isinstance(row.numpy, str) and row.numpy in own}
    assert {"erf", "lgamma", "exprel", "power_slope"} <= {*names}
    for name, arity in names.items():
        with np.errstate(all="ignore"):  # as in the functions of a module
            got = getattr(on_strict, name)(*[array_api_strict.asarray(values)] * arity)
            want = getattr(on_numpys, name)(*[values] * arity)
        np.testing.assert_allclose(np.asarray(got), want, rtol=1e-14, err_msg=name)


def test_cube_roots_are_good_to_an_ulp_from_the_smallest_to_the_largest_number() -> None:
    xp = namespaces.namespace(np.ones(1))
    x = np.concatenate([np.ldexp(1.0, np.arange(-1074, 1024)), [5e-324, 1.7976931348623157e308], 10.0 ** np.arange(-300, 300)])
    assert np.abs(xp.cbrt(-x) / np.cbrt(-x) - 1.0).max() <= 2 * 2.0**-52  # one unit here, one in NumPy's
    for text in ("0.0", "-0.0", "inf", "-inf", "nan"):
        assert str(xp.cbrt(np.float64(text))) == text
