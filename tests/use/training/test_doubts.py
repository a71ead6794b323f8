"""Doubts about a run: it has not converged, it cycles, its rows are sorted; and none about a run that has reached its end."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from sympy import exp

import symgraph
from symgraph import Model
from symgraph.use.training import adam, doubts, sgd, split, train

X = np.linspace(0.0, 3.0, 40)
Y = 2.0 * np.exp(-0.7 * X) + 0.05 * np.random.default_rng(4).normal(size=40)


@pytest.fixture(scope="module")
def decay() -> Any:
    model = Model("decay")
    x, y = model.feature("x"), model.target("y")
    a, k = model.weight("a", init=1.0), model.weight("k", init=1.0, bounds=(0, 5))
    model.residual(model.output("y_hat", a * exp(-k * x)) - y)
    return symgraph.compile(model, backend="numpy")


def run(module: Any, rows: tuple[Any, Any] = (X, Y), **how: Any) -> tuple[str, ...]:
    options = {"epochs": 50, "batch_size": None, "optimizer": adam(0.05), "seed": 0, "backend": "numpy"} | how
    return doubts(module, *rows, train(module, *rows, **options))


def test_a_run_that_has_converged_is_not_doubted(decay: Any) -> None:
    assert run(decay, epochs=2000) == ()
    assert run(decay, optimizer=sgd(1e300)) == ()  # a run that failed says so itself


def test_a_run_that_was_too_short_is_told_with_the_norm_of_its_gradient(decay: Any) -> None:
    (told,) = run(decay, epochs=3, optimizer=adam(0.001))
    w = train(decay, X, Y, optimizer=adam(0.001), epochs=3, batch_size=None, seed=0, backend="numpy").weights
    assert told.startswith(f"not converged: the gradient's norm is {np.linalg.norm(decay.grad(w, X, Y)):.3g}, and ")
    assert told.endswith("are left over; try more epochs, another learning rate, or `symgraph fit`")


def test_what_a_run_says_last_is_that_it_has_not_converged(decay: Any) -> None:
    told = run(decay, (X[np.argsort(X)], Y[np.argsort(X)]), epochs=60, optimizer=sgd(0.5), batch_size=1, shuffle=False)
    assert [line.split()[0] for line in told] == ["the", "not"]


def test_rows_that_are_held_out_do_not_count(decay: Any) -> None:
    spoilt = Y.copy()
    spoilt[split(40, 0.25, 0).held_out] += 5.0
    result = train(decay, X, spoilt, epochs=2000, batch_size=None, optimizer=adam(0.05), seed=0, validation=0.25)
    assert doubts(decay, X, spoilt, result) == ()
    assert doubts(decay, X, spoilt, dataclasses.replace(result, held_out=None)) != ()


@pytest.mark.parametrize("rate", [-0.3, 9.0])
def test_a_weight_at_its_bound_is_not_doubted(decay: Any, rate: float) -> None:
    assert run(decay, (X, 0.5 * np.exp(-rate * X)), epochs=3000) == ()  # k is held at 0, or at 5


def test_a_loss_whose_last_value_is_the_least_is_not_told_to_go_up_and_down(decay: Any) -> None:
    shaking = train(decay, X, Y, optimizer=sgd(2.5), epochs=60, batch_size=None, seed=0, backend="numpy")
    settled = dataclasses.replace(shaking, losses=np.append(shaking.losses, 0.9 * shaking.losses.min()))
    assert any(line.startswith("the loss goes up and down between ") for line in doubts(decay, X, Y, shaking))
    assert not any("up and down" in line for line in doubts(decay, X, Y, settled))


@pytest.mark.parametrize(("by", "column"), [(X, "x"), (-X, "x"), (Y, "y"), (-Y, "y")])
def test_sorted_rows_that_are_visited_in_their_order_are_told_and_no_others(decay: Any, by: Any, column: str) -> None:
    rows, line = (X[np.argsort(by)], Y[np.argsort(by)]), f"the rows are sorted by {column} and visited in that order"
    assert any(told.startswith(line) for told in run(decay, rows, batch_size=1, epochs=2, shuffle=False))
    mixed = np.random.default_rng(0).permutation(40)
    for others, how in (
        (rows, {"batch_size": 1}),
        (rows, {"shuffle": False}),
        ((X[mixed], Y[mixed]), {"batch_size": 1, "shuffle": False}),
    ):
        assert not any(told.startswith("the rows") for told in run(decay, others, epochs=2, **how))


def test_a_penalty_counts_in_the_gradient() -> None:
    model = Model("ridge")
    x, y = model.feature("x"), model.target("y")
    b = model.weight("b", init=0.0)
    model.residual(model.output("y_hat", b * x) - y)
    model.penalty(40 * b**2)
    assert run(symgraph.compile(model, backend="numpy"), epochs=2000) == ()


def test_a_run_on_a_stream_is_doubted_as_one_on_the_same_rows_in_memory(decay: Any) -> None:
    stream, short = symgraph.stream(decay, X, Y, rows=7), {"epochs": 3, "optimizer": adam(0.001), "seed": 0}
    told = doubts(stream, None, None, train(stream, batch_size=None, **short))
    assert len(told) == 1
    assert told == run(decay, **short)
    assert doubts(stream, None, None, train(stream, batch_size=None, epochs=2000, optimizer=adam(0.05), seed=0)) == ()
