"""Families of models: functions from the number of features, and of classes, to a model.

Both have a constant ``alpha``, the strength of a penalty on the slopes.
"""

import sympy

from symgraph.spec.model import Model


def linear(features: int) -> Model:
    """Return linear regression with the penalty alpha*|slopes|**2, as in scikit-learn's Ridge; alpha is 1."""
    model = Model("linear", doc="Linear regression.")
    x, _ = model.features(f"x1:{features + 1}"), model.target("y")
    slopes = model.weights(f"w1:{features + 1}")
    model.output("y_hat", sympy.Add(*(w * one for w, one in zip(slopes, x, strict=True)), model.weight("intercept")))
    model.loss("squared_error")
    model.penalty(model.constant("alpha", 1.0, domain=(0, 1e6)) * sympy.Add(*(w**2 for w in slopes)))
    return model


def softmax(features: int, classes: int) -> Model:
    """Return logistic regression with the penalty alpha/2*|slopes|**2, as in scikit-learn with C = 1/alpha; alpha is 1.

    The logit of the first class is 0: with a logit for each class only the penalty would determine the slopes.
    """
    model = Model("softmax", doc="Logistic regression.")
    x, _ = model.features(f"x1:{features + 1}"), model.target("y")
    logits: list[sympy.Expr] = []
    every: list[sympy.Expr] = []
    for k in range(1, classes):
        slopes = model.weights(f"w{k}_1:{features + 1}")
        total = sympy.Add(*(w * one for w, one in zip(slopes, x, strict=True)), model.weight(f"intercept{k}"))
        logits.append(model.node(f"logit{k}", total))
        every += slopes
    model.likelihood("categorical", logits=[sympy.Integer(0), *logits])
    model.penalty(model.constant("alpha", 1.0, domain=(0, 1e6)) / 2 * sympy.Add(*(w**2 for w in every)))
    return model
