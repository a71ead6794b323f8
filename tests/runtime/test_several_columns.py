"""Results of several columns: shapes, bits, names, least squares and wrong arguments, whatever computes them."""

import pickle
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from several import SEVERAL, impedance

import symgraph
from symgraph.compiler.generate import generate
from symgraph.judge.verify import verify
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact

RNG = np.random.default_rng(7)
X = np.column_stack([RNG.uniform(0.1, 20.0, 25_000), RNG.uniform(0.5, 2.0, 25_000)])
W = np.array([1.25, 2.0, 0.5])
Y = RNG.normal(size=(25_000, 2))
BACKENDS = ("numpy", "native", "c", "scalar", "array_api")


@cache
def module(name: str, backend: str = "numpy") -> Any:
    return symgraph.compile(SEVERAL[name](), backend=backend)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", SEVERAL)
def test_every_backend_is_verified_column_by_column(name: str, backend: str) -> None:
    # compile holds every output, every residual and all their partials against the spec, in all ways of calling
    assert len(module(name, backend).OUTPUTS) == len(SEVERAL[name]().output_nodes)


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("kind", ["accurate", "standalone", "error-bound"])
def test_variants_are_verified_column_by_column(name: str, kind: str) -> None:
    model = SEVERAL[name]()
    precision, extras = ("accurate", ()) if kind == "accurate" else ("double", (kind,))
    (artifact,) = generate(model, ["numpy"], options=options_of(extras, precision))
    made = load_artifact(artifact)
    assert verify(model, made).weights == len(model.weight_inputs)
    assert hasattr(made, "error_bound") is (kind == "error-bound" and model.loss_expr is not None)


@pytest.mark.parametrize("backend", ["numpy", "native", "c"])
def test_shapes_are_those_of_rows_by_columns(backend: str) -> None:
    m, n, k = module("impedance", backend), 7, 3
    shapes = {
        "predict": ((n, 2), (2,)),
        "jacobian": ((n, 2, k), (2, k)),
        "residual": ((n * 2,), (2,)),
        "residual_jacobian": ((n * 2, k), (2, k)),
        "per_sample_grad": ((n, k), (k,)),
    }
    for function, (many, one) in shapes.items():
        call, targets = getattr(m, function), (Y[:n], Y[0]) if function not in ("predict", "jacobian") else ()
        assert (call(W, X[:n], *targets[:1]).shape, call(W, X[0], *targets[1:]).shape) == (many, one)


def test_the_facts_name_all_outputs_and_targets_and_a_module_travels() -> None:
    m, other = module("impedance"), module("residuals_alone")
    assert (m.OUTPUTS, m.TARGET, m.TARGETS) == (("z_re", "z_im"), None, ("re", "im"))
    assert (m.METADATA["residual_factor"], m.METADATA["residuals"]) == (0.5, 2)
    assert (other.TARGET, hasattr(other, "TARGETS")) == ("y", False)
    again = pickle.loads(pickle.dumps(m))  # noqa: S301  what this process has just made
    found = again.predict(W, X)
    assert np.array_equal(found, m.predict(W, X))
    R, R2, C = W
    z = R + 1 / (1 / R2 + 1j * X[:, 0] * C)
    assert (np.abs(found[:, 0] + 1j * found[:, 1] - z) <= 16 * 2**-53 * np.abs(z)).all()  # a dozen roundings, of positive terms


@pytest.mark.parametrize("function", ["predict", "jacobian", "residual", "residual_jacobian", "per_sample_grad"])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_row_alone_a_batch_and_threads_have_the_same_bits(function: str, kind: Any) -> None:
    m, (w, X_, Y_) = module("impedance"), (part.astype(kind) for part in (W, X, Y))
    call = getattr(m, function)
    data = (X_,) if function == "predict" else (X_, Y_)
    whole = call(w, *data)
    assert whole.dtype == kind
    rows = whole.reshape(len(X_), -1)
    for row in (0, 9_999, 10_000, 24_999):  # the ends of a block, and of the batch
        assert np.array_equal(np.ravel(call(w, *(part[row] for part in data))), rows[row])
    assert np.array_equal(call(w, *data, threads=3), whole)
    assert np.array_equal(call(w, *(np.asfortranarray(part) for part in data)), whole)


def test_sums_do_not_depend_on_threads_or_memory_order() -> None:
    m, rows, y = module("pair"), np.tile(X, (6, 1)), np.tile(Y, (6, 1))
    value, gradient = m.value_and_grad(W, rows, y)
    for other in (m.value_and_grad(W, rows, y, threads=2), m.value_and_grad(W, np.asfortranarray(rows), y[::-1].copy()[::-1])):
        assert other[0] == value
        assert np.array_equal(other[1], gradient)
    assert value == pytest.approx(np.square(m.predict(W, rows) - y).sum(axis=1).mean(), rel=1e-12, abs=0.0)  # sums of 3e5 terms


@pytest.mark.parametrize("backend", ["numpy", "native", "c"])
@pytest.mark.parametrize("name", ["impedance", "robust"])
def test_normal_equations_weigh_all_residuals_of_a_row(name: str, backend: str) -> None:
    m, n = module(name, backend), 5_000  # more rows than a block
    s, data = RNG.uniform(0.5, 2.0, n), (X[:n], Y[:n])
    r, J = m.residual(W, *data), m.residual_jacobian(W, *data)
    slopes = 1 / np.sqrt(1 + r * r) if name == "robust" else np.ones(2 * n)  # rho' of soft_l1
    weighted = (np.repeat(s, 2) * slopes)[:, None] * J
    products, slope, loss = m.normal_equations(W, *data, sample_weight=s)
    assert (np.abs(products - J.T @ weighted) <= 1e-12 * np.abs(J).T @ np.abs(weighted)).all()  # sums of 1e4 terms
    assert slope == pytest.approx(m.grad(W, *data, sample_weight=s, reduction="sum"), rel=1e-10, abs=0.0)
    assert loss == pytest.approx(m.loss(W, *data, sample_weight=s, reduction="sum"), rel=1e-12, abs=0.0)


def test_targets_are_taken_by_name_where_there_are_names() -> None:
    m = module("impedance")
    records = np.zeros(5, [("im", float), ("re", float)])
    records["re"], records["im"] = Y[:5].T
    frame = pd.DataFrame({"im": Y[:5, 1], "sigma": X[:5, 1], "re": Y[:5, 0], "omega": X[:5, 0]})
    for rows, named in ((X[:5], {"other": np.zeros(5), "im": Y[:5, 1], "re": Y[:5, 0]}), (X[:5], records), (frame, frame)):
        assert m.loss(W, rows, named) == m.loss(W, X[:5], Y[:5])
    for row, named in ((X[2], {"im": Y[2, 1], "re": Y[2, 0]}), (frame.iloc[2], frame.iloc[2])):
        assert m.loss(W, row, named) == m.loss(W, X[2], Y[2])
    with pytest.raises(ValueError, match=r"y has no im; it has re"):
        m.loss(W, X[:5], {"re": Y[:5, 0]})


def test_y_says_how_many_rows_there_are_where_there_are_no_features() -> None:
    m, w = module("featureless"), W[:2]
    assert (m.residual(w, None, Y[:4]).shape, m.residual_jacobian(w, None, Y[:4]).shape) == ((8,), (8, 2))
    assert m.residual(w, None, Y[0]).shape == m.predict(w).shape == (2,)
    assert m.jacobian(w, None, Y[:4]).shape == (4, 2, 2)
    with pytest.raises(ValueError, match=r"y has shape \(2, 4, 2\), featureless needs \(n, 2\) or \(2,\)"):
        m.loss(w, None, np.zeros((2, 4, 2)))


WRONG: dict[str, tuple[Any, str]] = {
    "one column": (lambda m: m.loss(W, X[:5], Y[:5, 0]), r"y has shape \(5,\), impedance needs 2 columns: re, im"),
    "three columns": (lambda m: m.loss(W, X[:5], np.zeros((5, 3))), r"y has shape \(5, 3\), impedance needs 2 columns: re, im"),
    "other rows": (lambda m: m.loss(W, X[:5], Y[:4]), r"y has shape \(4, 2\), X has shape \(5, 2\)"),
    "rows for one": (lambda m: m.loss(W, X[0], Y[:4]), r"y has shape \(4, 2\), X has shape \(2,\)"),
    "one for rows": (lambda m: m.loss(W, X[:2], Y[0]), r"y has shape \(2,\), X has shape \(2, 2\)"),
    "none": (lambda m: m.residual(W, X[:2], None), "y is missing, the loss of impedance needs re, im"),
}


@pytest.mark.parametrize("backend", ["numpy", "native", "c"])
@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused_with_both_sides(name: str, backend: str) -> None:
    call, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        call(module("impedance", backend))


@pytest.mark.parametrize("backend", ["scalar", "native", "c"])
def test_functions_of_one_row_take_and_give_sequences(backend: str) -> None:
    m, numpy = module("impedance", backend), module("impedance")
    gradient = [0.0] * 3
    loss = m.row(W.tolist(), X[0].tolist(), Y[0].tolist(), gradient)
    outputs = m.predict_row(W.tolist(), X[0].tolist())
    assert isinstance(outputs, tuple)
    # backends agree to rounding; a dozen operations
    assert outputs == pytest.approx(numpy.predict(W, X[0]).tolist(), rel=1e-14, abs=0.0)
    assert loss == pytest.approx(numpy.loss(W, X[0], Y[0]), rel=1e-14, abs=0.0)
    assert gradient == pytest.approx(numpy.grad(W, X[0], Y[0]).tolist(), rel=1e-13, abs=0.0)


def test_other_constants_reach_every_column() -> None:
    model = symgraph.Model("scaled")
    x, a, T = model.feature("x"), model.weight("a"), model.constant("T", 2.0)
    model.outputs("p q", a * x * T, a + T)
    for backend in ("numpy", "native", "c"):
        made: Any = symgraph.compile(model, backend=backend)
        assert made.predict([3.0], [1.0, 2.0]).tolist() == [[6.0, 5.0], [12.0, 5.0]]
        assert made.with_constants(T=4.0).predict([3.0], [1.0, 2.0]).tolist() == [[12.0, 7.0], [24.0, 7.0]]


def test_the_c_header_says_how_rows_of_several_numbers_lie() -> None:
    header = generate(impedance(), ["c"])[1].text
    for text in (
        *(f"#define IMPEDANCE_{name} 2" for name in ("TARGETS", "OUTPUTS", "RESIDUALS")),
        "y: the 2 targets in the order of impedance_targets",
        "double impedance_row(const double *w, const double *x, const double *y, double *grad);",
        "void impedance_predict_row(const double *w, const double *x, double *output);",
    ):
        assert text in header
