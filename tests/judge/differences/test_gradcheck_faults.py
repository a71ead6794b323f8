"""gradcheck at its default settings finds one fault in one of nine weights, wherever in the module it is."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from symgraph.judge.differences import gradcheck
from symgraph.project.native.module import from_source

SOURCE = (Path(__file__).parent.parent.parent / "data" / "modules" / "nine_weights.py").read_text(encoding="utf-8")

# The line that gives each weight its partial, and what "a missing term" leaves of it.
PARTIALS = {
    "w1": ("d_t * f1", "d_t"),
    "w2": ("d_t * f2", "d_t"),
    "w3": ("d_v1 * f3", "d_v1"),
    "w4": ("d_v3 * f4", "d_v3"),
    "w5": ("d_v3 * f5", "d_v3"),
    "w6": ("d_exp", "d_v0"),
    "w7": ("d_v0", "d_y_hat * sech"),
    "w8": ("d_v4", "w9 * d_y_hat * tape.v5 * p"),
    "w9": ("d_y_hat * tape.sigmoid", "tape.sigmoid"),
}


def _weight_faults() -> Iterator[tuple[str, str, str]]:
    """(name, line, faulty line): five kinds of fault for each of nine weights."""
    neighbours = [formula for formula, _ in (*list(PARTIALS.values())[1:], PARTIALS["w1"])]
    for (weight, (formula, short)), neighbour in zip(PARTIALS.items(), neighbours, strict=True):
        for kind, faulty in (
            ("swapped weight", neighbour),
            ("wrong sign", f"-({formula})"),
            ("factor 2", f"2.0 * ({formula})"),
            ("factor 1.001", f"1.001 * ({formula})"),
            ("missing term", short),
        ):
            yield f"{weight}, {kind}", f"        d_{weight} = {formula}\n", f"        d_{weight} = {faulty}\n"


def _with_fault(old: str, new: str) -> ModuleType:
    assert SOURCE.count(old) == 1
    return from_source(SOURCE.replace(old, new), "nine_weights", "<faulty>")


FUNCTION_FAULTS = {
    "backward's sum": ("g.sum(0)", "g.mean(0)", "backward(tape)"),
    "cotangent ignored": ("(tape.y - tape.y_hat) * cotangent)", "(tape.y - tape.y_hat))", "backward(tape, cotangent)"),
    "mean of the gradient": ("backward(tape, s) / total\n", "backward(tape, s)\n", "value_and_grad(), the gradient"),
    "mean of the value": ("np.sum(s * tape.loss) / total)", "np.sum(s * tape.loss))", "value_and_grad(), the value"),
    "weights ignored": ("backward(tape, s) / total", "backward(tape) / total", "value_and_grad(sample_weight), the gradient"),
    "reduction ignored": (' if reduction == "mean" else 1.0', "", "value_and_grad(reduction='sum'), the gradient"),
    "one weight of the fast path": (
        "backward(tape, s) / total\n",
        "backward(tape, s) / total * np.array([1, 1, 1, 1.001, 1, 1, 1, 1, 1])\n",
        "value_and_grad(), the gradient",
    ),
    "loss is another number": ("reduction=reduction)[0]", "reduction=reduction)[0] * 1.001", "loss()"),
    "grad is another number": ("reduction=reduction)[1]", "reduction=reduction)[1] * 1.001", "grad()"),
    "residual's sign": ("return tape.y_hat - tape.y\n", "return tape.y - tape.y_hat\n", "residual_jacobian"),
    "residual's size": ("return tape.y_hat - tape.y\n", "return 1.5 * (tape.y_hat - tape.y)\n", "residual"),
    "the residual's partials": ("np.ones(np.shape(y)))", "np.full(np.shape(y), 1.001))", "residual_jacobian"),
    "jacobian's sign": ("np.ones_like(tape.y_hat))\n", "-np.ones_like(tape.y_hat))\n", "jacobian"),
    "jacobian of the loss": ("np.ones_like(tape.y_hat))\n", "tape.y_hat)\n", "jacobian"),
    "one row alone": ("return g if g.ndim == 1 else", "return 2.0 * g if g.ndim == 1 else", "backward on one row"),
}


@pytest.mark.slow
def test_every_kind_of_fault_in_every_weight_is_found_and_blamed_on_that_weight_alone() -> None:
    faults = list(_weight_faults())
    assert len(faults) == 45
    for name, old, new in faults:
        report = gradcheck(_with_fault(old, new))
        blamed = [weight.weight for weight in report.weights if weight.verdict == "failed"]
        assert blamed == [name.split(",")[0]], f"{name}: {report}"


@pytest.mark.parametrize("name", FUNCTION_FAULTS)
def test_a_fault_of_one_function_is_found_and_blamed_on_it(name: str) -> None:
    *fault, function = FUNCTION_FAULTS[name]
    report = gradcheck(_with_fault(*fault))
    assert function in [part.function for part in report.functions if part.verdict == "failed"], f"{name}: {report}"
    assert all(weight.verdict == "ok" for weight in report.weights)


@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_fault_is_found_on_the_data_of_a_run_at_its_initial_weights(seed: int) -> None:
    """At weights near 0, as runs start from, partials are small and alike; the check must see through that."""
    module, rng = from_source(SOURCE, "nine_weights", "<sound>"), np.random.default_rng(seed)
    X, y, w = rng.normal(size=(50, 5)), rng.normal(size=50), module.initial_weights(seed)
    assert gradcheck(module, X, y, w=w).verdict == "passed"
    for _name, old, new in (fault for fault in _weight_faults() if "1.001" in fault[0]):
        assert not gradcheck(_with_fault(old, new), X, y, w=w).ok
