"""Every generated module of the zoo: accepted by the tools, right in values and derivatives, the same in both backends."""

import ast
import difflib
from pathlib import Path

import numpy as np
import pytest
from accurate import accurate_text
from built import MODELS, artifacts, numpy_module, sample
from tool_runs import TOOLS, assert_accepted

from symgraph.build.specs import read_spec
from symgraph.generate import Artifact, generate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every module of the zoo, so that each tool is started once."""
    path = tmp_path_factory.mktemp("modules")
    for name in MODELS:
        for artifact in (*artifacts(name), *generate(MODELS[name](), ("array_api",))):
            (path / artifact.name).write_text(artifact.text, encoding="utf-8")
    for name in ("every_op", "nine_weights", "unused_target", "uniform_nodes", "rosenbrock", "keywords", "aliases"):
        (path / f"{name}_accurate.py").write_text(accurate_text(MODELS[name]()).text, encoding="utf-8")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_accept_every_module(tool: str, folder: Path) -> None:
    assert_accepted(tool, folder)


@pytest.mark.parametrize("name", MODELS)
def test_modules_import_numpy_and_the_runtime_or_math_and_nothing_else(name: str) -> None:
    for artifact, allowed in zip(artifacts(name), ({"numpy", "symgraph.runtime"}, {"math"}), strict=True):
        imported = set()
        for node in ast.walk(ast.parse(artifact.text)):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
        assert imported <= {"collections.abc", "typing"} | allowed


@pytest.mark.parametrize("name", MODELS)
def test_float32_stays_float32_through_every_step(name: str) -> None:
    module = numpy_module(name)
    w, X, y = (None if array is None else array.astype(np.float32) for array in sample(name))
    for field, value in module.forward(w, X, y)._asdict().items():
        assert value is None or np.asarray(value).dtype in (np.float32, np.bool_), field
    calls = dict.fromkeys(("per_sample_grad", "grad", "jacobian", "residual"), (w, X, y)) | {"predict": (w, X)}
    for function, arguments in calls.items():
        assert not hasattr(module, function) or getattr(module, function)(*arguments).dtype == np.float32


def counted(artifact: Artifact, function: str) -> tuple[int, int]:
    """Arithmetic operations and transcendental calls in a function of a module, without what it returns."""
    found = next(node for node in ast.parse(artifact.text).body if getattr(node, "name", "") == function)
    nodes = [node for statement in found.body if not isinstance(statement, ast.Return) for node in ast.walk(statement)]
    called = [ast.unparse(node.func).rpartition(".")[2] for node in nodes if isinstance(node, ast.Call)]
    negated = [node.operand for node in nodes if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)]
    arithmetic = sum(isinstance(node, ast.BinOp | ast.Compare | ast.IfExp) for node in nodes)
    arithmetic += sum(not isinstance(operand, ast.Constant) for operand in negated)
    arithmetic += sum(name in ("abs", "fabs", "select", "sqrt", "where", "sign", "maximum", "minimum") for name in called)
    transcendental = {"exp", "tanh", "sin", "cos", "log", "log1p", "expm1", "power", "pow", "tan", "cosh"}
    return arithmetic, sum(name in transcendental for name in called)


def test_the_founding_model_takes_no_more_operations_than_asked() -> None:
    numpy, scalar = artifacts("nine_weights")
    forward, backward, row = counted(numpy, "_forward"), counted(numpy, "_backward"), counted(scalar, "row")
    assert (forward[0] <= 30, backward[0] <= 45, row[0] <= 75) == (True, True, True)
    # one for each function, the tangent for sine and cosine, and exp(-|z|/2) and cosh(v) of the slopes of two
    assert (forward[1] + backward[1], row[1]) == (6, 7)


@pytest.mark.parametrize(
    ("old", "new", "most"),
    [
        ("w1 * f1 + w2 * f2", "w1 * f1 - w2 * f2", 25),
        ("exp(t**2 + w6)", "exp(t**3 + w6)", 45),
        ("exp(t**2 + w6)", "exp(t**2 * w6)", 45),
        ("tanh(e + w7)", "sin(e + w7)", 45),
    ],
)
def test_a_small_change_of_the_spec_is_a_small_change_of_the_text(old: str, new: str, most: int, tmp_path: Path) -> None:
    spec = (Path(__file__).parents[2] / "examples" / "nine_weights" / "model.py").read_text(encoding="utf-8")
    assert spec.count(old) == 1
    texts = []
    for written in (spec, spec.replace(old, new)):
        (tmp_path / "model.py").write_text(written, encoding="utf-8")
        (model,) = read_spec(str(tmp_path / "model.py"), tmp_path).models
        texts.append(generate(model)[0].text.splitlines())
    differing = [line for line in difflib.ndiff(*texts) if line.startswith(("+", "-"))]
    assert 4 <= len(differing) <= most  # lines that are gone and new ones; the digests of model and text differ at least
