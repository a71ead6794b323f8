"""Models of any size for derive.py: perceptrons, chains and random graphs, written once and run over any library's numbers."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

FEATURES = 8


@dataclass(frozen=True, slots=True)
class Language:
    """Words in which a library says what the programs need.

    Attributes:
        sin: of one value.
        tanh: of one value.
        exp: of one value.
        add: the sum of several values, in the way that suits the library.
        name: gives a value a name and returns what stands for it; a library without names returns the value.
    """

    sin: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    exp: Callable[[Any], Any]
    add: Callable[[Sequence[Any]], Any]
    name: Callable[[str, Any], Any]


Program = Callable[[Language, Sequence[Any], Sequence[Any], Any], Any]
"""program(language, w, x, y) -> the loss of one row."""


@dataclass(frozen=True, slots=True)
class Case:
    """A model of a certain size.

    Attributes:
        weights: how many it has.
        program: computes its loss.
    """

    weights: int
    program: Program


def perceptron(size: int) -> Case:
    """One hidden layer of tanh, one output, squared loss; about ``size`` weights."""
    hidden = max(1, round((size - 1) / (FEATURES + 2)))

    def loss(say: Language, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
        terms, at = [], 0
        for j in range(hidden):
            inside = [w[at + i] * x[i] for i in range(FEATURES)]
            h = say.name(f"h{j}", say.tanh(say.add([*inside, w[at + FEATURES]])))
            terms.append(w[at + FEATURES + 1] * h)
            at += FEATURES + 2
        return (y - say.name("y_hat", say.add([*terms, w[at]]))) ** 2

    return Case(hidden * (FEATURES + 2) + 1, loss)


def chain(size: int) -> Case:
    """v = sin(w*v + x), link after link: as deep as it has weights."""

    def loss(say: Language, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
        v = x[0]
        for j, weight in enumerate(w):
            v = say.name(f"c{j}", say.sin(weight * v + x[j % FEATURES]))
        return (y - v) ** 2

    return Case(size, loss)


def graph(size: int) -> Case:
    """Ten operations a weight, each on two values drawn from all before it; what nothing uses is added to the output."""

    def loss(say: Language, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
        draw = random.Random(size)
        values, used = [*w, *x], [False] * (len(w) + len(x))
        forms = (
            lambda a, b: say.sin(a * b),
            lambda a, b: say.tanh(a + b),
            lambda a, b: (a - b) * 0.5,
        )
        for j in range(10 * len(w)):
            # every weight once, so that all have a part in the loss
            first, second = (j if j < len(w) else draw.randrange(len(values))), draw.randrange(len(values))
            used[first] = used[second] = True
            values.append(say.name(f"g{j}", draw.choice(forms)(values[first], values[second])))
            used.append(False)
        loose = [value for value, one in zip(values, used, strict=True) if not one]
        return (y - say.name("y_hat", say.add(loose))) ** 2

    return Case(size, loss)


KINDS: Mapping[str, Callable[[int], Case]] = MappingProxyType({"perceptron": perceptron, "chain": chain, "random graph": graph})
"""Families of models, by what is told of them."""


def _founding(say: Language, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
    t = say.name("t", w[0] * x[0] + w[1] * x[1])
    th = say.name("th", say.tanh(say.exp(t**2 + w[5]) + w[6]))
    s = say.name("s", 1 / (1 + say.exp(-(say.sin(w[2] * x[2]) * (w[3] * x[3] + w[4] * x[4]) + w[7]))))
    return (y - say.name("y_hat", th + w[8] * s)) ** 2


FOUNDING = Case(9, _founding)
"""The founding model; the last three of eight features are not used."""
