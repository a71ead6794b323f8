"""The verification of models of thousands of operations: few evaluations, no false alarm, and one wrong partial still shows."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from big_models import FAMILIES, perceptron
from built import altered
from judged import module_of

from symgraph import Model
from symgraph.errors import VerificationError
from symgraph.judge.reference import Reference
from symgraph.judge.verify import effort_for, verify

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def net() -> tuple[Model, Any]:
    return (model := perceptron(900)), module_of(model)


def scaled(index: int, factor: float) -> Callable[..., Any]:
    """A change of one partial among many."""
    return lambda result: result * np.where(np.arange(result.shape[-1]) == index, factor, 1.0)


def swapped(one: int, other: int) -> Callable[..., Any]:
    return lambda result: result[..., [{one: other, other: one}.get(place, place) for place in range(result.shape[-1])]]


@pytest.mark.parametrize(("family", "size"), [("perceptron", 900), ("chain", 1_600), ("tangle", 900), ("tangle", 2_500)])
def test_a_right_module_is_not_refused(family: str, size: int) -> None:
    model = FAMILIES[family](size)
    effort, report = effort_for(len(Reference(model).program.steps)), verify(model, module_of(model))
    assert effort.points <= report.points <= effort.most
    assert len(report.unverified) < report.weights


@pytest.mark.parametrize(("name", "change"), [
    *((name, scaled(123, factor)) for name in ("per_sample_grad", "jacobian", "backward", "grad")
      for factor in (-1.0, 0.0, 1.01)),
    ("per_sample_grad", swapped(3, 4)), ("per_sample_grad", swapped(100, 700)),
    *((name, lambda result: result * 1.001) for name in ("loss", "predict", "residual")), ("predict", np.flip),
    ("value_and_grad", lambda result: result),
])  # fmt: skip
def test_a_wrong_partial_among_hundreds_a_wrong_value_and_a_sum_without_sample_weights_are_seen(
    net: tuple[Model, Any], name: str, change: Callable[..., Any]
) -> None:
    model, module = net

    def wrong(*args: Any, **options: Any) -> Any:
        options |= {"sample_weight": None} if name == "value_and_grad" else {}
        return change(getattr(module, name)(*args, **options))

    with pytest.raises(VerificationError, match=r"value_and_grad\(sample_weight\)" if name == "value_and_grad" else name):
        verify(model, altered(module, **{name: wrong}))


def test_one_forward_pass_serves_all_that_is_asked_of_the_same_rows() -> None:
    model, passes = perceptron(600), Counter[tuple[Any, ...]]()
    module = module_of(model)
    right = module.forward

    def counted(w: Any, X: Any, y: Any = None) -> Any:
        passes[w.tobytes(), X.shape, X.strides, X.tobytes(), y is None] += 1
        return right(w, X, y)

    module.forward = counted
    verify(model, module)
    assert passes.total() > 4  # of rows together and of one alone, with the target and without it, at several points
    assert set(passes.values()) == {1}
