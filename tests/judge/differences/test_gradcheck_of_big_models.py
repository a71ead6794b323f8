"""The gradient check of models with many weights: a sample one by one, all together along directions, and both are said."""

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from big_models import perceptron
from built import altered
from zoo import nine_weights

from symgraph.compiler.generate import generate
from symgraph.judge.differences import gradcheck
from symgraph.project.build.modules import load_artifact

pytestmark = pytest.mark.slow


def module_of(weights: int) -> Any:
    return load_artifact(generate(perceptron(weights))[0])


@pytest.fixture(scope="module")
def net() -> Any:
    return module_of(500)


def with_factor(module: Any, name: str, index: int, factor: float) -> Any:
    """A module like this one, of which a function gives one weight's partials with a wrong factor."""
    right, factors = getattr(module, name), np.where(np.arange(len(module.WEIGHTS)) == index, factor, 1.0)
    return altered(module, **{name: lambda *args: right(*args) * factors})


def test_a_sample_is_judged_one_by_one_and_all_together(net: Any) -> None:
    report = gradcheck(net, points=2, singles=5)
    assert report.verdict == "passed"
    alone = [weight for weight in report.weights if weight.verdict == "ok"]
    assert 1 <= len(alone) <= 10  # five at each of two points; one that is lost in noise alone may be seen with the others
    assert len(alone) + len(report.together) == len(net.WEIGHTS)
    assert all(weight.judged == 0 for weight in report.weights if weight.verdict == "together")
    names = {function.function: function.verdict for function in report.functions}
    assert names["partials along 8 random directions"] == names["jacobian along 8 random directions"] == "ok"
    assert f"{len(report.together)} weights judged together, along random directions, and not one by one" in str(report)
    assert len(str(report).splitlines()) == 2 + len(alone)
    assert report.to_dict()["verdict"] == "passed"
    # a sample of its own size, where none is asked for: 20,000 over the number of weights
    alone = [weight for weight in gradcheck(net, points=1).weights if weight.verdict == "ok"]
    assert len(alone) == 20_000 // len(net.WEIGHTS)


@pytest.mark.parametrize(("function", "named"), [("per_sample_grad", "partials"), ("jacobian", "jacobian")])
@pytest.mark.parametrize("factor", [1.1, -1.0, 0.0])
def test_a_fault_in_one_of_hundreds_of_weights_is_seen_along_directions(
    net: Any, function: str, named: str, factor: float
) -> None:
    report = gradcheck(with_factor(net, function, 123, factor), points=2, singles=1)
    assert report.verdict == "failed"
    assert f"{named} along 8 random directions" in {one.function for one in report.functions if one.verdict == "failed"}


def test_a_weight_without_influence_is_not_called_judged(net: Any) -> None:
    def without(function: Any) -> Any:
        return lambda w, *rest, **options: function(np.concatenate([w[:7], [0.5], w[8:]]), *rest, **options)

    ignorant = altered(net, **{name: without(getattr(net, name)) for name in ("forward", "predict", "loss")})
    for name in ("per_sample_grad", "jacobian"):
        ignorant = with_factor(ignorant, name, 7, 0.0)
    report = gradcheck(ignorant, points=1, singles=3)
    assert report.unjudged == (net.WEIGHTS[7],)
    assert "not judged" in str(report)


def test_the_work_does_not_grow_with_the_number_of_weights() -> None:
    def evaluations(module: Any) -> int:
        module.forward = Mock(side_effect=module.forward)
        assert gradcheck(module, points=1, singles=3).verdict == "passed"
        return module.forward.call_count

    small, large = evaluations(module_of(100)), evaluations(module_of(400))
    assert large <= 1.5 * small  # some weights need a second or third range of steps


def test_models_of_few_weights_are_judged_one_by_one() -> None:
    report = gradcheck(load_artifact(generate(nine_weights())[0]), points=1)
    assert report.together == ()
    assert not any("directions" in function.function for function in report.functions)
