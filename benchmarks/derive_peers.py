"""From a model's formulas to its first gradient, by every means: symgraph, and libraries that derive expressions or programs.

A row of PEERS imports its library and returns a function that does the whole work for a case: write the expression, derive
it, make it callable, and call it once at (w, x, y). The programs are scalar, as formulas are; ``JAX, arrays`` and ``torch,
arrays`` show what those libraries do with the perceptron as matrix products, which is how their manuals would have it
written.
"""

import importlib.util
import sys
import tempfile
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from libraries import UnfitError
from programs import FEATURES, Case, Language

Work = Callable[[Case, Any, Any, float], Any]
"""work(case, w, x, y) -> the gradient, (k,)."""


def _unnamed(library: Any, add: Callable[[Any], Any]) -> Language:
    """A library's functions; it has no names for values."""
    return Language(library.sin, library.tanh, library.exp, add, lambda _, value: value)


def _model(case: Case) -> Any:
    import sympy

    from symgraph import Model

    model = Model("derived")
    x = model.features(f"x0:{FEATURES}")
    y = model.target("y")
    w = model.weights(f"w0:{case.weights}")
    say = Language(sympy.sin, sympy.tanh, sympy.exp, lambda terms: sympy.Add(*terms), model.node)
    with sympy.evaluate(False):  # as docs/spec.md advises for big models
        model.loss(case.program(say, w, x, y))
    return model


def _symgraph() -> Work:
    import symgraph

    compile_ = symgraph.compile  # loads what it needs

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        return compile_(_model(case)).value_and_grad(w, x, y)[1]

    return work


def _symgraph_unverified() -> Work:
    from symgraph.compiler.generate import generate
    from symgraph.project.build.modules import load_artifact

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        module: Any = load_artifact(generate(_model(case))[0])
        return module.value_and_grad(w, x, y)[1]

    return work


def _casadi() -> Work:
    import casadi

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        ws, xs, ys = casadi.SX.sym("w", case.weights), casadi.SX.sym("x", FEATURES), casadi.SX.sym("y")
        say = _unnamed(casadi, lambda terms: casadi.sum1(casadi.vertcat(*terms)))
        loss = case.program(say, casadi.vertsplit(ws), casadi.vertsplit(xs), ys)
        return np.asarray(casadi.Function("f", [ws, xs, ys], [loss, casadi.gradient(loss, ws)])(w, x, y)[1]).ravel()

    return work


def _symforce() -> Work:
    import symforce

    symforce.set_symbolic_api("symengine")
    symforce.set_epsilon_to_zero()
    import symforce.symbolic as sf
    from symforce import codegen
    from symforce.values import Values

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        ws, xs = ([sf.Symbol(f"{letter}{i}") for i in range(n)] for letter, n in (("w", case.weights), ("x", FEATURES)))
        ys = sf.Symbol("y")
        loss = case.program(_unnamed(sf, lambda terms: sum(terms[1:], terms[0])), ws, xs, ys)
        inputs = Values(w=sf.Matrix(ws), x=sf.Matrix(xs), y=ys)
        outputs = Values(loss=loss, grad=sf.Matrix([loss]).jacobian(sf.Matrix(ws)))
        with tempfile.TemporaryDirectory() as folder:
            maker = codegen.Codegen(inputs=inputs, outputs=outputs, config=codegen.PythonConfig(), name="derived")
            file = maker.generate_function(output_dir=folder).generated_files[0]
            spec = importlib.util.spec_from_file_location("derived", file)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return np.ravel(module.derived(w[:, None], x[:, None], y)[1])

    return work


def _symengine() -> Work:
    import symengine

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        ws, xs = symengine.symbols(f"w0:{case.weights}"), symengine.symbols(f"x0:{FEATURES}")
        ys = symengine.Symbol("y")
        say = _unnamed(symengine, lambda terms: symengine.Add(*terms))
        loss = case.program(say, ws, xs, ys)
        # without cse=True: symengine 0.15 then gives wrong values for the founding model
        function = symengine.Lambdify([*ws, *xs, ys], [loss, *(loss.diff(one) for one in ws)])
        return function(np.concatenate([w, x, [y]]))[1:]

    return work


def _sympy() -> Work:
    import sympy

    sys.setrecursionlimit(100_000)  # SymPy walks expressions by recursion, and a chain is as deep as it is long

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        ws, xs, ys = sympy.symbols(f"w0:{case.weights}"), sympy.symbols(f"x0:{FEATURES}"), sympy.Symbol("y")
        loss = case.program(_unnamed(sympy, lambda terms: sympy.Add(*terms)), ws, xs, ys)
        function = sympy.lambdify([ws, xs, ys], [loss, *(loss.diff(one) for one in ws)], modules="numpy", cse=True)
        return np.array(function(w, x, y)[1:])

    return work


def _jax() -> Work:
    import jax

    jax.config.update("jax_enable_x64", True)
    say = _unnamed(jax.numpy, lambda terms: jax.numpy.stack(terms).sum())

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        def loss(w: list[Any], x: list[Any], y: Any) -> Any:
            return case.program(say, w, x, y)

        # lists of numbers: taking k numbers out of an array costs k times an array of length k in the backward pass
        return np.array(jax.jit(jax.value_and_grad(loss))(w.tolist(), x.tolist(), y)[1])

    return work


def _torch() -> Work:
    import torch

    torch.set_num_threads(1)
    say = _unnamed(torch, lambda terms: torch.stack(terms).sum())

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        weights = torch.tensor(w, requires_grad=True)
        loss = case.program(say, weights.unbind(), torch.tensor(x).unbind(), y)
        return torch.autograd.grad(loss, weights)[0].numpy()

    return work


def _matrices(case: Case, w: Any) -> Any:
    """The hidden weights (h, 10) and the last one; the perceptron's alone are laid out so."""
    if case.program.__qualname__.partition(".")[0] != "perceptron":
        raise UnfitError("perceptrons only")
    return w[:-1].reshape(-1, FEATURES + 2), w[-1]


def _jax_arrays() -> Work:
    import jax

    jax.config.update("jax_enable_x64", True)

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        def loss(w: Any, x: Any, y: Any) -> Any:
            W, last = _matrices(case, w)
            return (y - W[:, -1] @ jax.numpy.tanh(W[:, :FEATURES] @ x + W[:, FEATURES]) - last) ** 2

        return np.asarray(jax.jit(jax.value_and_grad(loss))(w, x, y)[1])

    return work


def _torch_arrays() -> Work:
    import torch

    torch.set_num_threads(1)

    def work(case: Case, w: Any, x: Any, y: float) -> Any:
        weights = torch.tensor(w, requires_grad=True)
        W, last = _matrices(case, weights)
        loss = (y - W[:, -1] @ torch.tanh(W[:, :FEATURES] @ torch.tensor(x) + W[:, FEATURES]) - last) ** 2
        return torch.autograd.grad(loss, weights)[0].numpy()

    return work


PEERS: Mapping[str, Callable[[], Work]] = MappingProxyType(
    {
        "symgraph": _symgraph,
        "symgraph, unverified": _symgraph_unverified,
        "CasADi SX": _casadi,
        "SymForce": _symforce,
        "symengine": _symengine,
        "JAX": _jax,
        "torch": _torch,
        "sympy.diff, lambdify": _sympy,
        "JAX, arrays": _jax_arrays,
        "torch, arrays": _torch_arrays,
    }
)
"""Every line of the tables, in order."""
