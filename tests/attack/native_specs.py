"""Small models for the attack on native modules, each compiled once in every way in which C can be called, and their data."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import sympy as sp

import symgraph
from symgraph import Model, Normal, sigmoid

KINDS = ("extension", "ctypes", "c")
"""Ways to C: an extension of CPython, ctypes under the same module, and the module that compile(backend="c") makes."""
_MORE = ("hessian", "feature-jacobian", "jvp")
_EXTRAS = {"decay": _MORE, "waves": _MORE, "ridge": _MORE, "kinds": ("hessian",), "alone": ("hessian",)}
_NO_HEADERS = '#!/bin/sh\nfor word; do case $word in -I*) exit 1;; esac; done\nexec cc "$@"\n'
"""A compiler that finds no headers of Python, so that modules call their library through ctypes."""


def _decay() -> Model:
    """Exponential decay: one feature, a residual."""
    model = Model("decay")
    t, y = model.feature("t", domain=(0, 5)), model.target("y")
    a, k = model.weights("a k", init=1.0)
    model.residual(model.output("level", a * sp.exp(-k * t)) - y)
    return model


def _waves() -> Model:
    """Two features, two targets, two outputs, two residuals."""
    model = Model("waves")
    t, shift = model.features("t shift", domain=(0, 3))
    y = model.targets("re im")
    a, k, f = model.weights("a k f", init=0.5)
    size = model.node("size", a * sp.exp(-k * t))
    angle = model.node("angle", f * t + shift)
    outputs = model.outputs("re_hat im_hat", [size * sp.cos(angle) + 3, size * sp.sin(angle) + 3])
    model.residual(*(mine - given for mine, given in zip(outputs, y, strict=True)))
    return model


def _ridge() -> Model:
    """Five features, a constant and a penalty."""
    model = Model("ridge")
    x, _ = model.features("x1:6", domain=(0, 1)), model.target("y")
    strength = model.constant("strength", 0.5, domain=(0, 10))
    w = model.weights("w0:6", init=Normal(0, 1))
    inner = model.node("inner", w[0] + sum(a * b for a, b in zip(w[1:], x, strict=True)))
    model.output("y_hat", sigmoid(inner))
    model.loss("squared_error")
    model.penalty(strength * sum(a**2 for a in w))
    return model


def _kinds() -> Model:
    """Labels from 0 to 2."""
    model = Model("kinds")
    x, _ = model.feature("x"), model.target("kind")
    a, b, c = model.weights("a b c", init=0.5)
    model.likelihood("categorical", logits=[a * x, b * x, c])
    return model


def _counts() -> Model:
    """Whole numbers, a constant, a function that NumPy lacks."""
    model = Model("counts")
    x, heat, _ = model.feature("x", domain=(0, 2)), model.constant("heat", 2.0, domain=(1, 3)), model.target("number")
    a, b = model.weights("a b", init=0.5)
    model.output("rate", sp.exp(a + b * x / heat))
    model.likelihood("poisson")
    return model


def _bare() -> Model:
    """No features."""
    model = Model("bare")
    y = model.target("y")
    mu, log_s = model.weights("mu log_s", init=1.0)
    model.loss(((y - mu) / sp.exp(log_s)) ** 2 / 2 + log_s + 2)
    return model


def _alone() -> Model:
    """Neither features nor a target; a constraint."""
    model = Model("alone")
    a, b = model.weights("a b", init=0.5)
    model.loss((1 - a) ** 2 + 100 * (b - a**2) ** 2)
    model.constraint("size", a**2 + b**2, upper=2)
    return model


_WRITERS: Mapping[str, Callable[[], Model]] = {
    "decay": _decay,
    "waves": _waves,
    "ridge": _ridge,
    "kinds": _kinds,
    "counts": _counts,
    "bare": _bare,
    "alone": _alone,
}
NAMES = tuple(_WRITERS)
_ALL = "loss grad value_and_grad per_sample_grad forward backward pack unpack initial_weights "
_LEAST_SQUARES = "predict jacobian residual residual_jacobian normal_equations hessian hvp feature_jacobian jvp "
FUNCTIONS: Mapping[str, Sequence[str]] = {
    "decay": (_ALL + _LEAST_SQUARES).split(),
    "waves": (_ALL + _LEAST_SQUARES).split(),
    "ridge": (_ALL + _LEAST_SQUARES + "penalty penalty_residual penalty_jacobian penalty_hessian with_constants").split(),
    "kinds": (_ALL + "predict hessian hvp").split(),
    "counts": (_ALL + "predict jacobian with_constants").split(),
    "bare": _ALL.split(),
    "alone": (_ALL + "hessian hvp constraints constraints_jacobian nonlinear_constraint").split(),
}
"""The public functions of each numpy module."""
LABELS: Mapping[str, int] = {"kinds": 3, "counts": 9}
"""Models whose target is a whole number below this one."""


@cache
def place() -> Path:
    """Return the folder of the libraries; whoever makes the cases deletes it."""
    folder = Path(tempfile.mkdtemp(prefix="attacked-native-"))
    script = folder / "cc_without_headers"
    script.write_text(_NO_HEADERS)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


@contextmanager
def surroundings(**variables: str) -> Iterator[None]:
    """Set the cache's folder and other variables while the block runs."""
    before = dict(os.environ)
    os.environ.update({"SYMGRAPH_CACHE": str(place() / "cache")} | variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@cache
def model(name: str) -> Model:
    """Return a model by its name."""
    return _WRITERS[name]()


@cache
def module(name: str, kind: str) -> ModuleType:
    """Return a model's module: "numpy", or one of KINDS."""
    variables = {"CC": str(place() / "cc_without_headers")} if kind == "ctypes" else {}
    with surroundings(**variables):
        backend = {"numpy": "numpy", "c": "c"}.get(kind, "native")
        made = symgraph.compile(model(name), backend=backend, extras=_EXTRAS.get(name, ()))
        if backend == "native":
            assert ("ctypes" if kind == "ctypes" else "extension") in repr(made), repr(made)
            given = data(name, 2, np.float32)
            made.loss(**{key: given[key] for key in ("w", "X", "y") if key in given})  # compiles the library of float32
    return made


def data(name: str, rows: int, dtype: type = np.float64) -> dict[str, np.ndarray]:
    """Return w, X, y, s (weights of the rows) and v (a direction): numbers at which no digits cancel.

    What the model lacks is left out.
    """
    rng = np.random.default_rng(rows)
    shape = {"waves": (rows, 2)}.get(name, (rows,))
    found = {
        "w": {
            "decay": [2.0, 0.5],
            "waves": [0.5, 0.3, 0.7],
            "ridge": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            "kinds": [0.3, 0.7, 0.2],
            "counts": [0.4, 0.8],
            "bare": [1.0, 0.3],
            "alone": [0.7, 1.5],
        }[name],
        "X": rng.uniform(0.1, 1.9, {"waves": (rows, 2), "ridge": (rows, 5)}.get(name, (rows,))),
        "y": rng.integers(0, LABELS[name], rows) if name in LABELS else rng.uniform(5.0, 9.0, shape),
        "s": rng.uniform(0.5, 2.0, rows),
    }
    found["v"] = rng.uniform(0.5, 1.0, len(found["w"]))
    for key in {"bare": ("X",), "alone": ("X", "y", "s")}.get(name, ()):
        del found[key]
    return {key: np.array(value, dtype) for key, value in found.items()}
