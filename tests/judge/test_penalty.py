"""Penalties: once a data set in every function that adds up rows, of every backend, and in no function of single rows."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from built import one_output, verified
from sympy import cos, log
from written import written

import symgraph
from symgraph import Model
from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError, SpecError, VerificationError
from symgraph.judge.differences import gradcheck
from symgraph.judge.verify import verify
from symgraph.project.build.modules import load_verified
from symgraph.project.native.module import from_source
from symgraph.use.training import as_rows, batches, run_epoch, sgd, train

W, X, Y = np.array([1.0, 2.0, 0.3]), np.array([1.0, 2.0, 4.0, 3.0]), np.array([3.0, 2.0, 1.0, 0.5])
S = np.array([0.5, 2.0, 0.0, 1.25])


def ridge(penalized: bool = True) -> Model:
    """Return a line with a prior of its weights, whose strength is a constant."""
    model = Model("ridge")
    x, lam = model.feature("x"), model.constant("lam", 0.1, domain=(0, 10))
    model.target()
    a, b = model.weights("a b")
    scale = model.positive("scale")
    model.output("line", a * x + b * scale)
    model.loss("squared_error")
    if penalized:
        model.penalty(lam * (a**2 + b**2 / 3) + scale**2 / 2)
    return model


def prior(w: np.ndarray, lam: float = 0.1) -> tuple[float, np.ndarray]:
    """The penalty and its slopes."""
    value = lam * (w[0] ** 2 + w[1] ** 2 / 3) + np.exp(2 * w[2]) / 2
    return float(value), np.array([2 * lam * w[0], 2 * lam * w[1] / 3, np.exp(2 * w[2])])


MODULES = ("numpy", "native", "array_api", "accurate", "c", "float")


def near(module: Any, value: Any) -> Any:
    """A value, or an array, but for rounding of the sums: 30 units of doubles, or of floats."""
    single = module.METADATA.get("dtype") == "float32"
    return pytest.approx(np.asarray(value), **({"rel": 4e-6, "abs": 4e-6} if single else {"rel": 6e-15, "abs": 1e-15}))


@pytest.mark.parametrize("kind", MODULES)
def test_sums_and_means_have_the_penalty_once_and_rows_no_share_in_it(kind: str) -> None:
    module, plain, inputs = verified(ridge(), kind), verified(ridge(penalized=False), kind), (W, X[:, None], Y)
    for weights, reduction in product((None, S), ("mean", "sum")):
        share = 1.0 if reduction == "sum" else 1 / (len(X) if weights is None else S.sum())
        given = {"sample_weight": weights, "reduction": reduction}
        of_rows = plain.value_and_grad(*inputs, **given)
        wanted = [near(module, one + share * more) for one, more in zip(of_rows, prior(W), strict=True)]
        assert [np.asarray(module.loss(*inputs, **given)), np.asarray(module.grad(*inputs, **given))] == wanted
        assert [np.asarray(one) for one in module.value_and_grad(*inputs, **given)] == wanted
    assert np.array_equal(module.per_sample_grad(*inputs), plain.per_sample_grad(*inputs))
    if hasattr(module, "forward"):
        tape, other = module.forward(*inputs), plain.forward(*inputs)
        assert np.array_equal(tape.loss, other.loss)
        assert np.array_equal(module.backward(tape), plain.backward(other))
    for one, lam in ((module, 0.1), (module.with_constants(lam=2.0), 2.0)):
        assert [np.asarray(part) for part in one.penalty(W)] == [near(module, part) for part in prior(W, lam)]


def test_the_scalar_module_has_it_as_a_function_of_its_own() -> None:
    module, partials = verified(ridge(), "scalar"), [np.nan] * 3
    value, slopes = prior(W)
    assert module.penalty(W.tolist(), partials) == pytest.approx(value, rel=1e-15, abs=0.0)
    assert partials == pytest.approx(slopes, rel=1e-15, abs=0.0)


def test_sums_of_squares_are_rows_of_least_squares_that_are_no_data() -> None:
    module, (value, slopes) = symgraph.compile(ridge(), backend="numpy"), prior(W)
    rows, jacobian = module.penalty_residual(W), module.penalty_jacobian(W)
    assert module.METADATA["penalty_rows"] == len(rows) == 3
    assert module.residual(W, X, Y).shape == (4,)
    factor = module.METADATA["residual_factor"]
    assert factor * np.sum(rows**2) == pytest.approx(value, rel=1e-15, abs=0.0)
    assert 2 * factor * jacobian.T @ rows == pytest.approx(slopes, rel=1e-15, abs=0.0)
    # the slopes of sqrt(lam)*a, sqrt(lam/3)*b and scale/sqrt(2), over the root of the factor, each of its own weight
    wanted = np.diag([np.sqrt(0.1), np.sqrt(0.1 / 3), np.exp(W[2]) / np.sqrt(2)])[[2, 0, 1]] / np.sqrt(factor)
    assert np.abs(jacobian) == pytest.approx(wanted, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("penalty", [lambda a, b: a**2 - b**2, lambda a, b: abs(a) + b**2, lambda a, b: log(b**2 + 1)])
def test_what_is_no_sum_of_squares_has_no_rows(penalty: Any) -> None:
    model = one_output(lambda x, a, b: a + b * x, features="x")
    model.penalty(penalty(*(entry.symbol for entry in model.weight_inputs)))
    module = symgraph.compile(model, backend="numpy")
    assert module.METADATA["penalty_rows"] == 0
    assert not hasattr(module, "penalty_residual")


def test_a_weight_may_be_in_the_penalty_alone() -> None:
    model = one_output(lambda x, a: a * x, features="x", weights="a")
    spread = model.positive("spread")
    model.penalty((model.weight_inputs[0].symbol / spread) ** 2 / 2 + log(spread))
    module = symgraph.compile(model, backend="numpy")
    assert module.grad([2.0, 0.0], 1.0, 1.0) == pytest.approx([2.0 + 2.0, -4.0 + 1.0])
    assert gradcheck(module, points=3).ok
    report = verify(model, module)
    assert (report.unverified, report.points < 20) == ((), True)  # none is drawn in vain


def test_builds_and_gradcheck_find_a_wrong_partial_of_the_penalty() -> None:
    right = generate(ridge(), ("numpy",))[0]
    assert gradcheck(symgraph.compile(ridge(), backend="numpy"), points=3).ok
    assert "d_a = 2.0 * lam * a" in right.text
    wrong = replace(right, text=right.text.replace("d_a = 2.0 * lam * a", "d_a = 2.002 * lam * a"))
    with pytest.raises(VerificationError, match=r"by a is .*, the spec gives"):
        load_verified(ridge(), (wrong,))
    assert not gradcheck(from_source(wrong.text, "ridge", "a wrong one"), points=3).ok


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_batches_carry_their_share_so_that_an_epoch_of_small_steps_goes_where_one_step_goes(size: int) -> None:
    module, plain, optimizer = *(symgraph.compile(ridge(with_it), backend="numpy") for with_it in (True, False)), sgd(1e-7)
    end = run_epoch(module, as_rows(module, X, Y), W, optimizer.init(W), optimizer=optimizer, batches=batches(4, size))
    # each batch has its own mean and a quarter of the penalty's slope, to first order in the rate
    parts = [(plain.grad(W, X[at : at + size], Y[at : at + size]) + prior(W)[1] / 4) for at in range(0, 4, size)]
    assert (W - end.weights) / 1e-7 == pytest.approx(sum(parts), rel=1e-4, abs=0.0)


def test_training_minimises_loss_and_penalty_on_arrays_and_refuses_backends_of_rows() -> None:
    module = symgraph.compile(ridge(), backend="numpy")
    found = train(module, X, Y, optimizer=sgd(0.05), epochs=1000, batch_size=None, w0=W)
    assert np.abs(module.grad(found.weights, X, Y)).max() < 1e-2  # near the minimum: its slopes were 10 at the start
    assert found.losses[-1] == module.loss(found.weights, X, Y)
    with pytest.raises(OptionError, match="ridge has "):
        train(module, X, Y, optimizer=sgd(0.01), epochs=1, w0=W, backend="c")
    with pytest.raises(OptionError, match="has a penalty, which rows have no share in; train its numpy module"):
        train(verified(ridge(), "scalar"), X, Y, optimizer=sgd(0.01), epochs=1, w0=W)


@pytest.mark.parametrize(("kind", "name"), [("x", "feature 'x'"), ("y", "target 'y'"), ("line", "feature 'x'")])
def test_a_penalty_that_depends_on_a_row_is_refused_by_its_name(kind: str, name: str) -> None:
    model = Model("by_row")
    symbols = {"x": model.feature("x"), "y": model.target(), "a": model.weight("a")}
    symbols["line"] = model.node("line", cos(symbols["x"]) * symbols["a"])
    with pytest.raises(SpecError, match=f"penalty: it depends on the {name}, which differs from row to row; use weights"):
        model.penalty(symbols[kind] ** 2 + symbols["a"])


def test_two_penalties_one_without_a_loss_and_a_likelihood_of_several_targets_are_refused() -> None:
    model = written(lambda x, a: a * x)
    a = model.weight_inputs[0].symbol
    model.penalty(a**2)
    with pytest.raises(SpecError, match="the model has a penalty already; add the two"):
        model.penalty(a**4)
    with pytest.raises(SpecError, match="it has a penalty and no loss that it is added to"):
        model.freeze()
    model.targets("first second")
    with pytest.raises(SpecError, match="'gaussian' is a density of one target, the model has 2"):
        model.likelihood("gaussian", mean=1, sigma=1)


def test_every_backend_that_python_loads_is_tried_here() -> None:
    assert BACKENDS.keys() - {"scalar"} <= {*MODULES}
