"""A model and its module for tests of the judge, and what the judge found, by name."""

from types import ModuleType

import sympy as sp

from symgraph import Model
from symgraph.build.modules import load_artifact
from symgraph.check.faults import WHAT
from symgraph.check.report import Report
from symgraph.generate import generate


def decay() -> Model:
    """An exponential decay: no operation of it can go wrong at ordinary points."""
    model = Model("decay")
    time = model.feature("time")
    y = model.target("y")
    top, rate = model.weights("top rate")
    y_hat = model.output("y_hat", top * sp.exp(-rate * time))
    model.loss((y - y_hat) ** 2)
    return model


def module_of(model: Model, backend: str = "numpy") -> ModuleType:
    """The module that is generated."""
    return load_artifact(generate(model, (backend,))[0])


def faults(report: Report) -> dict[str, int]:
    """How often what was wrong."""
    totals = {name: sum(one.counts[name] for one in report.results) for name in WHAT}
    return {name: count for name, count in totals.items() if count}
