"""Modules in double-double arithmetic, and the runtime's double-double functions by name, for tests."""

from functools import cache
from types import ModuleType, SimpleNamespace

from built import MODELS

from symgraph.compiler.generate import Artifact, generate
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact
from symgraph.runtime import (
    double_double,
    double_double_angles,
    double_double_error_functions,
    double_double_exponentials,
    double_double_gamma,
    double_double_kernels,
    wide_pairs,
)
from symgraph.spec.model import Model

ACCURATE = Options(precision="accurate")

MODULES = (
    double_double, double_double_angles, double_double_exponentials, double_double_error_functions, double_double_gamma,
    double_double_kernels, wide_pairs,
)  # fmt: skip
IN_PAIRS = [name for name in MODELS if name != "sawtooth"]
"""Models whose operations double-double arithmetic has: it lacks mod."""

DD = SimpleNamespace(**{name: value for module in MODULES for name, value in vars(module).items()})
"""All that the runtime's modules of double-double arithmetic define."""


def accurate_text(model: Model) -> Artifact:
    """The accurate module of a model, not verified."""
    (artifact,) = generate(model, ("numpy",), options=ACCURATE)
    return artifact


@cache
def accurate_module(name: str) -> ModuleType:
    """The accurate module of a model of the zoo, not verified."""
    return load_artifact(accurate_text(MODELS[name]()))
