"""The modules of the zoo, generated once a test process, and points at which its models are well behaved.

Modules are loaded as they are generated, without the build's verification: these tests are to find faults by themselves.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from odd_models import ODD
from zoo import NIST, ZOO

import symgraph
from symgraph import Model
from symgraph.compiler.generate import Artifact, generate
from symgraph.judge.verify import verify
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.project.native.module import from_source
from symgraph.spec.inputs import Input
from symgraph.spec.ops.ops import OPS, op_of

MODELS = ZOO | ODD


class Sample(NamedTuple):
    """Arguments for a module: weights, rows (None without features), targets (None without a target)."""

    w: np.ndarray
    X: np.ndarray | None
    y: np.ndarray | None


def lacking(model: Model, column: str) -> set[str]:
    """The ops that a model names, of those for which a column of the op table has no text."""
    written = [node.expr for node in model.nodes] + ([] if model.loss_expr is None else [model.loss_expr])
    named = {op_of(part)[0] for expr in written for part in expr.atoms(sp.Function)}
    return {op for op in named if op is not None and OPS[op].stable is None and getattr(OPS[op], column) is None}


@cache
def artifacts(name: str) -> tuple[Artifact, Artifact]:
    """The numpy and the scalar module of a model of the zoo, as text."""
    return texts_of(MODELS[name]())


@cache
def numpy_module(name: str) -> ModuleType:
    """The numpy module of a model of the zoo."""
    return load_artifact(artifacts(name)[0])


@cache
def scalar_module(name: str) -> ModuleType:
    """The scalar module of a model of the zoo."""
    return load_artifact(artifacts(name)[1])


def texts_of(model: Model) -> tuple[Artifact, Artifact]:
    """The numpy and the scalar module of any model, as text."""
    numpy, scalar = generate(model, ("numpy", "scalar"))
    return numpy, scalar


def modules_of(model: Model) -> tuple[ModuleType, ModuleType]:
    """The numpy and the scalar module of any model, not verified."""
    numpy, scalar = texts_of(model)
    return load_artifact(numpy), load_artifact(scalar)


def verified(model: Model, kind: str, *extras: str) -> Any:
    """A module verified as a build verifies it: of a backend, "accurate" of numpy, or "float" of c in single precision."""
    if kind in ("numpy", "native"):
        return symgraph.compile(model, backend=kind, extras=extras)
    backend = {"accurate": "numpy", "float": "c"}.get(kind, kind)
    options = options_of((*extras, *(["float"] if kind == "float" else [])), "accurate" if kind == "accurate" else "double")
    artifacts = generate(model, (backend,), options=options)
    if backend == "c":
        module: Any = module_of(artifacts[0].name, {artifact.name: artifact.text for artifact in artifacts})
    else:
        module = from_source(artifacts[0].text, model.name, f"{model.name} of {kind}")
    verify(model, module if backend == "numpy" else None, None if backend == "numpy" else module)
    return module


def altered(module: ModuleType, **functions: Callable[..., object]) -> ModuleType:
    """A module like this one but for some functions."""
    other = ModuleType("altered")
    vars(other).update(vars(module), **functions)
    return other


def one_output(
    expr: Callable[..., object], *, features: str = "f g", weights: str = "a b", loss: object = "squared_error"
) -> Model:
    """A model whose output is expr(*features, *weights)."""
    model = Model("small")
    inputs = (*model.features(features), *model.weights(weights))
    model.target()
    model.output("y_hat", expr(*inputs))
    model.loss(loss)
    return model


def sample(name: str, rows: int = 7, seed: int = 0, models: Mapping[str, Callable[[], Model]] = MODELS) -> Sample:
    """Draw weights and rows at which a model of the zoo is finite and has no kink."""
    model, rng = models[name](), np.random.RandomState(seed)

    def draw(entries: tuple[Input, ...], usual: tuple[float, float], size: int) -> np.ndarray:
        bounds = [entry.domain or usual for entry in entries]
        return np.array([rng.uniform(max(low, -2), min(high, 2), size) for low, high in bounds]).T

    features = (0.5, 2.0) if name in NIST else (-1.5, 1.5)  # the published problems are meant for positive x
    w = draw(model.weight_inputs, (0.3, 0.9), 1)[0]
    X = draw(model.feature_inputs, features, rows) if model.feature_inputs else None
    y = None if model.target_input is None else draw((model.target_input,), (-1.0, 1.0), rows)[:, 0]
    return Sample(w, X, y)
