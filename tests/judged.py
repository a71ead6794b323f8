"""A model and its module for tests of the judge and of verification, and what these found."""

import sys
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import sympy as sp

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.faults import WHAT
from symgraph.judge.runs import MATH_ERROR, Results, Run
from symgraph.judge.truth_report import Report
from symgraph.judge.verify import verify
from symgraph.options import DOUBLE
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.module import from_source


def decay() -> Model:
    """An exponential decay: no operation of it can go wrong at ordinary points."""
    model = Model("decay")
    time, y = model.feature("time"), model.target("y")
    top, rate = model.weights("top rate")
    model.loss((y - model.output("y_hat", top * sp.exp(-rate * time))) ** 2)
    return model


def module_of(model: Model, backend: str = "numpy") -> ModuleType:
    """The module that is generated."""
    return load_artifact(generate(model, (backend,))[0])


def faults(report: Report) -> dict[str, int]:
    """Count by kind what was wrong."""
    totals = {name: sum(one.counts[name] for one in report.results) for name in WHAT}
    return {name: count for name, count in totals.items() if count}


def benchmark(name: str) -> ModuleType:
    """A benchmark as a module under a name of its own, since a test module may have the same."""
    spec = util.spec_from_file_location(f"{name}_benchmark", Path(__file__).parent.parent / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def is_refused(model: Model, numpy: Any, scalar: Any = None, *, because: str = "") -> bool:
    """Tell if verification, at its default settings, refuses the modules, with these words in what it says."""
    try:
        verify(model, numpy, scalar)
    except VerificationError as error:
        return because in str(error)
    return False


def faulty(text: str) -> ModuleType:
    """The module of a text that was changed."""
    return from_source(text, "faulty", f"<faulty {hash(text)}>")


def given_results(names: Sequence[str], values: Any, raised: Any = None, precision: str = DOUBLE) -> Results:
    """Results of anything else than a module.

    Args:
        names: the k results.
        values: (n, k).
        raised: (n, k) whether there is an exception instead; a call gives one result.
        precision: as for ``Results``.
    """
    array = np.asarray(values, np.float64)
    lost = np.zeros(array.shape, bool) if raised is None else np.asarray(raised, bool)
    runs = [
        Run(name, (place,), array[:, [place]], np.ones(len(array), bool), (lost[:, place] * MATH_ERROR).astype(np.int8))
        for place, name in enumerate(names)
    ]
    return Results(tuple(names), len(array), tuple(runs), precision)
