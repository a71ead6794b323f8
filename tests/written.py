"""Models of one formula, whose inputs are the parameters of a function, or of several declarations."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from symgraph import Model


def written(form: Callable[..., Any], kind: str = "output", *, features: str = "x", **domains: Any) -> Model:
    """A model of an output (or a loss) that is a function of its inputs: y is the target, others than features are weights.

    Where the first parameter is m, it is the model, for its nodes.
    """
    model = Model("written")
    names = [name for name, one in signature(form).parameters.items() if one.default is one.empty]
    makers: dict[str, Any] = {"y": model.target, **dict.fromkeys(features.split(), model.feature)}
    inputs = [makers.get(name, model.weight)(name, domain=domains.get(name)) for name in names if name != "m"]
    expr = form(model, *inputs) if "m" in names else form(*inputs)
    model.output("out", expr) if kind == "output" else model.loss(expr)
    return model


def declared(declare: Callable[[Model], object]) -> Callable[[], Model]:
    """A function that builds a new model of what another one declares, under the name of that one."""

    def build() -> Model:
        model = Model(declare.__name__)
        declare(model)
        return model

    build.__name__ = declare.__name__
    return build


def of_weights(expr: Any) -> Model:
    """A model of a loss, the expression of its symbols, which become weights in the order of the alphabet."""
    model, symbols = Model("written"), sorted(expr.free_symbols, key=str)
    model.loss(expr.xreplace({symbol: model.weight(symbol.name) for symbol in symbols}))
    return model
