"""Models of any size for tests of how work grows: perceptrons, chains and random directed graphs."""

import random
from collections.abc import Callable, Mapping

import sympy as sp

from symgraph import Model, Normal


def perceptron(weights: int) -> Model:
    """One hidden layer of tanh, a node for each sum and each neuron; about so many weights."""
    width = max(2, min(100, round(weights**0.5)))
    hidden = max(1, (weights - 1) // (width + 2))
    model = Model("perceptron")
    x, y = model.features(f"f1:{width + 1}"), model.target("y")
    w = iter(model.weights(f"w1:{hidden * (width + 2) + 2}", init=Normal(0.0, 0.1)))
    neurons = []
    for index in range(hidden):
        total = model.node(f"z{index}", sp.Add(*(next(w) * feature for feature in x), next(w)))
        neurons.append(model.node(f"h{index}", sp.tanh(total)))
    model.loss((y - model.output("y_hat", sp.Add(*(next(w) * neuron for neuron in neurons), next(w)))) ** 2)
    return model


def linear(features: int) -> Model:
    """A weight for each feature, and a sine, whose large arguments are done again one by one."""
    model = Model("linear")
    x, y = model.features(f"x1:{features + 1}"), model.target("y")
    w = model.weights(f"w1:{features + 1}")
    model.loss((y - model.output("y_hat", sp.Add(*(a * b for a, b in zip(w, x, strict=True))) + sp.sin(w[0] * x[-1]))) ** 2)
    return model


def chain(operations: int) -> Model:
    """sin(... sin(a*f) + b ...) + b, a name for every tenth operation."""
    model = Model("chain")
    f, y = model.feature("f"), model.target("y")
    a, b = model.weights("a b")
    value = a * f
    for index in range(operations // 2):
        value = sp.sin(value) + b
        if index % 5 == 4:
            value = model.node(f"n{index}", value)
    model.loss((y - model.output("y_hat", value)) ** 2)
    return model


def tangle(nodes: int) -> Model:
    """A random directed graph, each of whose nodes reads one of the last hundred and any other; nothing cancels at 0 in it."""
    draw = random.Random(0)
    model = Model("tangle")
    pool = [*model.features("f1:6"), *model.weights(f"w1:{nodes // 20 + 2}")]
    inputs, y = tuple(pool), model.target("y")
    for index in range(nodes):
        a, b = draw.choice(pool[-100:]), draw.choice(pool)
        expr = (a + b, a * b / 2, sp.tanh(a), sp.sin(a) * b, a - b / 3, sp.sin(a + b))[draw.randrange(6)]
        pool.append(model.node(f"n{index}", expr))
    model.loss((y - model.output("y_hat", sp.tanh(sp.Add(*pool[-10:], *inputs)))) ** 2)
    return model


FAMILIES: Mapping[str, Callable[[int], Model]] = {"perceptron": perceptron, "linear": linear, "chain": chain, "tangle": tangle}
