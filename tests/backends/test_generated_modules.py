"""Every generated module of the zoo: accepted by the tools, right in values and derivatives, the same in both backends."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from built import MODELS, artifacts, numpy_module, sample, scalar_module
from truths import exact as exact_at
from truths import gradient

from symgraph.check.reference import Reference
from symgraph.generate import generate

WITH_LOSS = [name for name in MODELS if MODELS[name]().loss_expr is not None]
WITH_OUTPUT = [name for name in MODELS if MODELS[name]().output_node is not None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every module of the zoo, so that each tool is started once."""
    path = tmp_path_factory.mktemp("modules")
    for name in MODELS:
        for artifact in (*artifacts(name), *generate(MODELS[name](), ("array_api",))):
            (path / artifact.name).write_text(artifact.text, encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "tool",
    [
        ["ruff", "format", "--check", "--diff", "--isolated"],
        ["ruff", "check", "--isolated"],
        ["mypy", "--strict", f"--config-file={os.devnull}", "--cache-dir=cache"],
    ],
    ids=["format", "lint", "types"],
)
def test_the_tools_accept_every_module(tool: list[str], folder: Path) -> None:
    run = subprocess.run([sys.executable, "-m", *tool, "."], cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("name", MODELS)
def test_modules_import_numpy_and_the_runtime_or_math_and_nothing_else(name: str) -> None:
    for artifact, numpy in zip(artifacts(name), (True, False), strict=True):
        imported = set()
        for node in ast.walk(ast.parse(artifact.text)):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
        assert imported <= {"collections.abc", "typing"} | ({"numpy", "symgraph.runtime"} if numpy else {"math"})


@pytest.mark.parametrize("name", WITH_LOSS)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    module, (w, X, y) = numpy_module(name), sample(name)
    value, gradient = module.value_and_grad(w, X, y)
    differences = []
    for index in range(len(w)):
        h = 5e-5 * max(1.0, abs(w[index]))
        moved = [module.loss(w + k * h * np.eye(len(w))[index], X, y) for k in (-2, -1, 1, 2)]
        differences.append((moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h))
    # five points: truncation is h**4/30 = 2e-19 times the fifth derivative, which is 1e9 in ENSO and far less elsewhere;
    # rounding is eps*|loss|/h, 4e-12 of the loss; the nearest kink, of Min in every_op, is 2e-4 away
    scale = np.max(np.abs(gradient)) + abs(value)
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=1e-9 * scale)


def point(module: ModuleType, w: np.ndarray, x: np.ndarray | None, y: float | None) -> dict[str, float]:
    values = dict(zip(module.WEIGHTS, map(float, w), strict=True))
    values |= {} if x is None else dict(zip(module.FEATURES, map(float, x), strict=True))
    return values | ({} if y is None else {module.TARGET: float(y)})


@pytest.mark.parametrize("name", MODELS)
def test_values_and_derivatives_are_those_of_the_spec_in_both_backends(name: str) -> None:
    model, module, scalar, (w, X, y) = MODELS[name](), numpy_module(name), scalar_module(name), sample(name, rows=3)
    reference = Reference(model)
    tape = module.forward(w, X, y)
    rows = module.per_sample_grad(w, X, y) if hasattr(module, "backward") else None
    slopes = module.jacobian(w, X, y) if hasattr(module, "predict") else None
    for row in range(3 if X is not None or y is not None else 1):
        x_row, y_row = None if X is None else X[row], None if y is None else y[row]
        here = point(module, w, x_row, y_row)
        truth = exact_at(reference, here)
        if rows is not None:
            exact = np.array([float(v) for v in gradient(reference, here).values()])
            # errors of single operations, magnified by cancellation inside (the NIST quotients): far below a fault
            tolerance = 1e-11 * (np.max(np.abs(exact)) + abs(float(truth.loss)))
            one = [0.0] * len(w)
            value = scalar.row(w.tolist(), [] if x_row is None else x_row.tolist(), 0.0 if y_row is None else float(y_row), one)
            np.testing.assert_allclose(rows[row] if rows.ndim == 2 else rows, exact, rtol=0, atol=tolerance)
            np.testing.assert_allclose(one, exact, rtol=0, atol=tolerance)
            loss = tape.loss[row] if np.ndim(tape.loss) else tape.loss
            np.testing.assert_allclose([loss, value], float(truth.loss), rtol=1e-11, atol=1e-12)
        if slopes is not None:
            exact = np.array([float(v) for v in gradient(reference, here, "output").values()])
            tolerance = 1e-11 * (np.max(np.abs(exact)) + abs(float(truth.output)))
            np.testing.assert_allclose(slopes[row] if slopes.ndim == 2 else slopes, exact, rtol=0, atol=tolerance)
            value = scalar.predict_row(w.tolist(), [] if x_row is None else x_row.tolist())
            np.testing.assert_allclose(value, float(truth.output), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_float32_stays_float32_through_every_step(name: str) -> None:
    module, inputs = numpy_module(name), sample(name)
    w, X, y = (None if array is None else array.astype(np.float32) for array in inputs)
    tape = module.forward(w, X, y)
    for field in tape._fields:
        value = getattr(tape, field)
        assert value is None or np.asarray(value).dtype in (np.float32, np.bool_), field
    for function in ("per_sample_grad", "grad", "jacobian", "residual"):
        if hasattr(module, function):
            assert getattr(module, function)(w, X, y).dtype == np.float32
    if hasattr(module, "predict"):
        assert module.predict(w, X).dtype == np.float32


# The founding model reads as if a careful person had written it.

_CALLS = {"exp", "tanh", "sin", "cos", "log", "log1p", "expm1", "power", "pow", "tan", "cosh"}


def counted(tree: ast.AST) -> tuple[int, int]:
    """Arithmetic operations and transcendental calls in a piece of text."""
    arithmetic = transcendental = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.Compare | ast.IfExp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        ):
            arithmetic += not (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            transcendental += name in _CALLS
            arithmetic += name in ("abs", "fabs", "select", "sqrt", "where", "sign", "maximum", "minimum")
    return arithmetic, transcendental


def body_of(tree: ast.Module, name: str) -> ast.Module:
    """The statements of a function, without its signature, whose annotations have operators too."""
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    return ast.Module([statement for statement in function.body if not isinstance(statement, ast.Return)], [])


def test_the_founding_model_takes_no_more_operations_than_asked() -> None:
    numpy, scalar = (ast.parse(artifact.text) for artifact in artifacts("nine_weights"))
    forward, backward = counted(body_of(numpy, "_forward")), counted(body_of(numpy, "_backward"))
    assert forward[0] <= 30
    assert backward[0] <= 45
    # one for each function, the tangent for sine and cosine, and exp(-|z|/2) and cosh(v) of the slopes of two
    assert forward[1] + backward[1] == 6
    row = counted(body_of(scalar, "row"))
    assert row[0] <= 75
    assert row[1] == 7


def test_the_founding_model_computes_every_node_under_its_name() -> None:
    for artifact, function in zip(artifacts("nine_weights"), ("_forward", "row"), strict=True):
        body = body_of(ast.parse(artifact.text), function)
        assigned = {
            target.id
            for node in ast.walk(body)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert {"t", "exp", "tanh", "sigmoid", "y_hat", "loss"} <= assigned


def test_a_known_digit_string_of_the_founding_model() -> None:
    module = numpy_module("nine_weights")
    w = np.zeros(9)
    w[7] = 2.0  # then the sigmoid's argument is 2
    assert module.forward(w, np.ones(5)).sigmoid == 0.8807970779778823
