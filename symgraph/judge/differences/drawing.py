"""The laws by which inputs are drawn, for all that checks modules at points: by name, inside declared domains.

No law suits all models: logarithms want positive arguments, saturating functions small ones, faults hide at extremes.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import Protocol

from symgraph.runtime.generated_module import GeneratedModule, targets_of
from symgraph.runtime.target_values import label_rules


class Entry(Protocol):
    """An input of a model, as far as drawing it goes."""

    @property
    def kind(self) -> str:
        """One of "feature", "weight" and "target"."""

    @property
    def domain(self) -> tuple[float, float] | None:
        """The declared range, ends included; None if there is none."""

    @property
    def range(self) -> tuple[float, float]:
        """The numbers that it may be: the domain, where there is one."""

    @property
    def values(self) -> tuple[float, ...] | None:
        """The only values, if some are declared."""


Law = Callable[[random.Random, Entry], float]

_TRIES = 20
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, math.ulp(0.0), 2.0**-1022, math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0))


def _normal(draw: random.Random, _entry: Entry) -> float:
    return draw.gauss(0.0, 1.0)


def _wide(draw: random.Random, entry: Entry) -> float:
    return draw.uniform(-10.0, 10.0) if entry.kind == "weight" else draw.uniform(-5.0, 5.0)


def in_domain(draw: random.Random, entry: Entry) -> float:
    """Draw evenly from the domain, its ends included; from (-3, 3) where there is none."""
    low, high = entry.domain or (-3.0, 3.0)
    low, high = max(low, min(-1e3, 2.0 * high)), min(high, max(1e3, 2.0 * low))
    return draw.choice((low, high)) if draw.random() < 0.05 else draw.uniform(low, high)


def spread(draw: random.Random, entry: Entry) -> float:
    """Draw evenly from the domain without its ends, even in the exponent where it spans orders of magnitude."""
    low, high = entry.domain or (-3.0, 3.0)
    share = draw.uniform(0.001, 0.999)
    if not math.isfinite(high - low):
        return low + 3.0 * share if math.isfinite(low) else high - 3.0 * share
    return float(low * (high / low) ** share) if low > 0.0 and high / low > 1e3 else low + (high - low) * share


def magnitudes(low: float, high: float, *, signed: bool = True) -> Law:
    """Make a law of magnitudes between two powers of ten, even in the exponent, of either sign if ``signed``."""
    return lambda draw, _entry: (draw.choice((-1.0, 1.0)) if signed else 1.0) * 10.0 ** draw.uniform(low, high)


def _some(rare: Law, common: Law = _normal, share: float = 0.4) -> Law:
    """Draw some inputs by one law among others drawn by another."""
    return lambda draw, entry: (rare if draw.random() < share else common)(draw, entry)


KINDS: Mapping[str, Law] = {
    "small weights": lambda draw, entry: draw.gauss(0.0, 0.1 if entry.kind == "weight" else 1.0),
    "normal": _normal,
    "wide": _wide,
    "magnitudes": magnitudes(-3.0, 3.0),
    "domain": in_domain,
    "saturated": _some(magnitudes(1.0, 3.5), _wide, 0.5),
    "zeros": _some(lambda draw, _entry: draw.choice((0.0, -0.0))),
    "whole": lambda draw, _entry: float(draw.randint(-3, 3)),
    "special": _some(lambda draw, _entry: draw.choice(_SPECIAL)),
    "huge": _some(magnitudes(3.0, 300.0), share=0.3),
    "tiny": _some(magnitudes(-300.0, -3.0)),
    "subnormal": _some(lambda draw, _entry: draw.choice((-1.0, 1.0)) * draw.uniform(0.0, 2.0**-1022)),
    "near zeros": _some(_normal, _wide),
}
"""The kinds of points that a module is judged at. Points "near zeros" are moved afterwards to where something vanishes."""

ORDINARY = ("small weights", "normal", "wide", "magnitudes")
"""The kinds that the promise about the founding model is made for."""

SCALES: Mapping[str, Law] = {
    "ordinary": magnitudes(-1.0, 0.7),
    "positive": magnitudes(-1.0, 0.7, signed=False),
    "small": magnitudes(-3.0, -0.5),
    "large": magnitudes(0.3, 2.0),
    "large positive": magnitudes(0.3, 3.0, signed=False),
}
"""The laws among which a build's verification finds the ones that suit a model."""


def inside(law: Law, draw: random.Random, entry: Entry, *, ends: bool = True) -> float:
    """Draw one of the declared values, or else by a law in the declared domain.

    The ends of the domain are included if they may be, and where the law never meets it, the value is drawn evenly from it.
    """
    if entry.values:
        return draw.choice(entry.values)
    low, high = entry.range
    for _ in range(_TRIES):
        value = law(draw, entry)
        if low < value < high or (ends and low <= value <= high):
            return value
    return in_domain(draw, entry) if ends else spread(draw, entry)


def is_bounded(entry: Entry) -> bool:
    """Tell whether a domain has two finite ends."""
    return entry.domain is not None and math.isfinite(entry.domain[1] - entry.domain[0])


def domain_of(module: GeneratedModule, name: str | None) -> tuple[float, float] | None:
    """The domain that a module declares of an input."""
    domains: Mapping[str | None, tuple[float, float]] = module.METADATA.get("domains", {})
    return domains.get(name)


def values_of(module: GeneratedModule, name: str) -> tuple[float, ...] | None:
    """The labels that a target of a module may be, if it is one."""
    rules = label_rules(module.MODEL, module.METADATA, module.FEATURES, targets_of(module))
    return next((rule.cases for rule in rules if rule.name == name), None)
