"""The verification of models of thousands of operations: few evaluations, no false alarm, and one wrong partial still shows."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from big_models import FAMILIES, perceptron
from built import altered

from symgraph import Model
from symgraph.build.modules import load_artifact
from symgraph.check.reference import Reference
from symgraph.check.verify import effort_for, verify
from symgraph.errors import VerificationError
from symgraph.generate import generate

pytestmark = pytest.mark.slow

Change = Callable[..., Any]


def built(model: Model) -> tuple[Model, Any]:
    return model, load_artifact(generate(model)[0])


@pytest.fixture(scope="module")
def net() -> tuple[Model, Any]:
    return built(perceptron(900))


def changed(module: Any, name: str, change: Change) -> Any:
    """A module like this one but for the result of one function."""
    right = getattr(module, name)
    return altered(module, **{name: lambda *args, **options: change(right(*args, **options))})


def scaled(index: int, factor: float) -> Change:
    def change(result: Any) -> Any:
        result = result.copy()
        result[..., index] *= factor
        return result

    return change


@pytest.mark.parametrize(("family", "size"), [("perceptron", 900), ("chain", 1_600), ("tangle", 900), ("tangle", 2_500)])
def test_a_right_module_is_not_refused(family: str, size: int) -> None:
    model, module = built(FAMILIES[family](size))
    effort = effort_for(len(Reference(model).program.steps))
    report = verify(model, module)
    assert effort.points <= report.points <= effort.most
    assert len(report.unverified) < report.weights


def swapped(one: int, other: int) -> Change:
    def change(result: Any) -> Any:
        result = result.copy()
        result[..., [one, other]] = result[..., [other, one]]
        return result

    return change


@pytest.mark.parametrize(("name", "change"), [
    *((name, scaled(123, factor)) for name in ("per_sample_grad", "jacobian", "backward", "grad")
      for factor in (-1.0, 0.0, 1.01)),
    ("per_sample_grad", swapped(3, 4)), ("per_sample_grad", swapped(100, 700)),
    *((name, lambda result: result * 1.001) for name in ("loss", "predict", "residual")), ("predict", np.flip),
])  # fmt: skip
def test_one_wrong_partial_among_hundreds_or_a_wrong_value_is_seen(net: tuple[Model, Any], name: str, change: Change) -> None:
    model, module = net
    with pytest.raises(VerificationError, match=name):
        verify(model, changed(module, name, change))


def test_a_sum_that_ignores_the_sample_weights_is_seen(net: tuple[Model, Any]) -> None:
    model, module = net

    def unweighted(*args: Any, sample_weight: object = None, **options: Any) -> Any:
        return module.value_and_grad(*args, **options)

    with pytest.raises(VerificationError, match=r"value_and_grad\(sample_weight\)"):
        verify(model, altered(module, value_and_grad=unweighted))


def test_one_forward_pass_serves_all_that_is_asked_of_the_same_rows() -> None:
    model, passes = perceptron(600), Counter[tuple[Any, ...]]()
    module = load_artifact(generate(model)[0])
    right = module.forward

    def counted(w: Any, X: Any, y: Any = None) -> Any:
        passes[w.tobytes(), X.shape, X.strides, X.tobytes(), y is None] += 1
        return right(w, X, y)

    module.forward = counted
    verify(model, module)
    assert passes.total() > 4  # of rows together and of one alone, with the target and without it, at several points
    assert set(passes.values()) == {1}
