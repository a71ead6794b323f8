"""normal_equations of C files: the products of residual_jacobian and residual, summed block by block."""

import numpy as np
import pytest
import sympy as sp
from built import modules_of
from c_code import c_module_of, c_texts

import symgraph as sg
from symgraph.compiler.backends.c import memory, view

RNG = np.random.default_rng(1)
X, Y, S = RNG.uniform(-2.0, 2.0, (1003, 2)), RNG.normal(size=(1003, 2)), RNG.uniform(0.5, 2.0, 1003)
W = np.array([0.7, -0.4, 1.1])


def declared(kind: str, loss: str = "linear") -> sg.Model:
    """A model with one residual or two, of one or two targets, the residual the output less the target or not."""
    m = sg.Model(f"normal_{kind}_{loss}")
    p, q = m.features("p q", domain=(-2, 2))
    a, b, c = m.weights("a b c", domain=(-2, 2))
    first, second = a * sp.sin(b * p) + c * q, sp.exp(a * q / 4) + b
    if kind == "two":
        u, v = m.targets("u v")
        m.outputs("y1 y2", first, second)
        m.residual(first - u, (second - v) / 2, loss=loss, f_scale=0.8)
    else:
        y = m.target("y")
        out = m.output("y_hat", first)
        m.residual(out - y if kind == "plain" else (out - y) / (1 + c**2), loss=loss, f_scale=0.8)
    return m


def products(m, X, y, s, loss):
    """The same by the rows of residual_jacobian, and by SciPy's definition of the losses."""
    r, J = m.residual(W, X, y), m.residual_jacobian(W, X, y)
    s, z = np.repeat(s, len(r) // len(s)), (r / 0.8) ** 2
    rho, slope = {
        "linear": (z, np.ones_like(z)),
        "soft_l1": (2.0 * (np.sqrt(1.0 + z) - 1.0), 1.0 / np.sqrt(1.0 + z)),
        "huber": (np.where(z <= 1.0, z, 2.0 * np.sqrt(z) - 1.0), np.where(z <= 1.0, 1.0, 1.0 / np.sqrt(z))),
        "cauchy": (np.log1p(z), 1.0 / (1.0 + z)),
    }[loss]
    weight = (s * slope)[:, None]
    return J.T @ (weight * J), (weight * J).T @ r, 0.5 * 0.64 * np.sum(s * rho)


def assert_near(got, want, relative, absolute):
    """Hold matrices, vectors and numbers to others, beside the largest entry of each."""
    for one, other in zip(got, want, strict=True):
        np.testing.assert_allclose(one, other, rtol=relative, atol=absolute * np.max(np.abs(other)))


@pytest.mark.parametrize(("kind", "loss"), [
    ("plain", "linear"), ("plain", "soft_l1"), ("scaled", "huber"), *(("two", loss) for loss in ("linear", "huber", "cauchy")),
])  # fmt: skip
def test_they_are_the_products_of_the_derivatives_and_residuals(kind, loss):
    m = sg.compile(declared(kind, loss), "c")  # verified: J'Wr is the gradient of the sum
    y = Y if kind == "two" else Y[:, 0]
    for n in (1, 5, 64, 256, 257, 1003):
        for s in (None, S[:n]):
            got = m.normal_equations(W, X[:n], y[:n], sample_weight=s)
            # some ulp of the largest entry, to which products of a thousand rows are added
            assert_near(got, products(m, X[:n], y[:n], np.ones(n) if s is None else s, loss), 1e-12, 1e-13)
            assert np.array_equal(got[0], got[0].T)


def test_one_row_alone_rows_of_weight_0_and_rows_that_overflow():
    m = sg.compile(declared("plain"), "c")
    assert_near(m.normal_equations(W, X[0], Y[0, 0]), m.normal_equations(W, X[:1], Y[:1, 0]), 0.0, 0.0)
    here = np.arange(1003) % 3 != 0
    got = m.normal_equations(W, np.where(here[:, None], X, np.nan), Y[:, 0], sample_weight=np.where(here, S, 0.0))
    np.testing.assert_array_equal(got[0], m.normal_equations(W, X[here], Y[here, 0], sample_weight=S[here])[0])
    squares, slopes, loss = m.normal_equations(W, np.full((3, 2), 1e200), np.zeros(3))
    assert squares[2, 2] == loss == np.inf
    assert not np.isfinite(slopes[2])


def test_native_modules_and_files_in_floats_have_it():
    m = sg.compile(declared("scaled", "huber"), "native")
    assert_near(m.normal_equations(W, X, Y[:, 0]), m.numpy.normal_equations(W, X, Y[:, 0]), 1e-12, 0.0)  # in another order
    m = sg.compile(declared("two", "cauchy"), "c", extras=["float"])
    assert_near(m.normal_equations(W, X, Y), products(m, X, Y, np.ones(1003), "cauchy"), 1e-4, 1e-5)  # floats


def test_it_can_be_chosen_and_left_out():
    text, header = c_texts(declared("plain"), functions=["normal_equations"]).values()
    assert "normal_plain_linear_normal_equations(" in text
    assert "normal_plain_linear_value_and_grad(" not in text + header
    m = c_module_of(c_texts(declared("plain"), functions=["residual", "residual_jacobian", "jacobian", "predict"]))
    assert not hasattr(m, "normal_equations")


@pytest.mark.parametrize(("residuals", "loss"), [(1, "linear"), (2, "soft_l1")])
def test_models_in_parts_give_what_those_of_one_loop_give(monkeypatch, residuals, loss):
    m = sg.Model(f"pieces_{residuals}")
    x, w = m.features("x1:5"), m.weights("w1:41")
    targets = m.targets("u v")[:residuals] if residuals > 1 else (m.target("u"),)
    sums = [sp.Add(*(sp.tanh(w[(i + k) % 40] * x[i % 4] + w[7 * i % 40]) for i in range(60))) for k in range(residuals)]
    m.residual(*(total - y for total, y in zip(sums, targets, strict=True)), loss=loss, f_scale=0.8)
    monkeypatch.setattr(memory, "BLOCK_BYTES", 2048)
    numpy, weights = modules_of(m)[0], RNG.normal(size=40)
    several_blocks, part_of_one = {1: (32, 3), 2: (24, 1)}[residuals]
    for bytes_at_once, many in ((1 << 15, several_blocks), (2048, part_of_one)):
        monkeypatch.setattr(view, "BLOCK_BYTES", bytes_at_once)
        files = c_texts(m)
        assert f"pieces_{residuals}_block_slopes_2_(" in files[f"{m.name}.c"]
        assert f"_MANY_ {many}\n" in files[f"{m.name}.c"]
        c = c_module_of(files)
        for n in (1, 8, 37):
            data = RNG.normal(size=(n, 4)), RNG.normal(size=(n, residuals) if residuals > 1 else n)
            for s in (None, S[:n]):
                got, want = (each.normal_equations(weights, *data, sample_weight=s) for each in (c, numpy))
                assert_near(got, want, 1e-11, 1e-12)  # some ulp of the largest entry: sums of 60 terms below 1, and of 37 rows
                assert np.array_equal(got[0], got[0].T)
