"""Every generated module of the zoo: accepted by the tools, right in values and derivatives, the same in both backends."""

import ast
import difflib
from pathlib import Path

import numpy as np
import pytest
from accurate import accurate_text
from built import MODELS, artifacts, numpy_module, sample
from sympy import Add, cosh, exp, log, sin
from tool_runs import TOOLS, assert_accepted
from written import written
from zoo import ZOO

from symgraph.compiler.backends.formula import LONGEST, formulas
from symgraph.compiler.backends.rendering import templates_folder
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import generate
from symgraph.project.build.specs import read_spec


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


def test_lines_of_the_scalar_library_are_no_longer_than_formatters_have_them() -> None:
    """Of a file for every op, formatted as a whole, a slow test asks the same; texts are as long as they are."""
    lines = (templates_folder() / "scalar" / "functions.py.jinja").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 88 and not line.lstrip().startswith('"')] == []


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_accept_every_module(tool: str, folder: Path) -> None:
    assert_accepted(tool, folder)


OF_NUMPY = {"numpy", "symgraph.runtime", "symgraph.runtime.gamma", "symgraph.runtime.kernels"}


@pytest.mark.parametrize("name", MODELS)
def test_modules_import_numpy_and_the_runtime_or_math_and_nothing_else(name: str) -> None:
    for artifact, allowed in zip(artifacts(name), (OF_NUMPY, {"math"}), strict=True):
        nodes = [*ast.walk(ast.parse(artifact.text))]
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
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


@pytest.mark.parametrize(("old", "new", "most"), [
    ("w1 * f1 + w2 * f2", "w1 * f1 - w2 * f2", 25), ("exp(t**2 + w6)", "exp(t**3 + w6)", 45),
    ("exp(t**2 + w6)", "exp(t**2 * w6)", 45), ("tanh(e + w7)", "sin(e + w7)", 45),
])  # fmt: skip
def test_a_small_change_of_the_spec_is_a_small_change_of_the_text(old: str, new: str, most: int, tmp_path: Path) -> None:
    spec = (Path(__file__).parents[3] / "examples" / "nine_weights" / "model.py").read_text(encoding="utf-8")
    assert spec.count(old) == 1
    texts = []
    for text in (spec, spec.replace(old, new)):
        (tmp_path / "model.py").write_text(text, encoding="utf-8")
        (model,) = read_spec(str(tmp_path / "model.py"), tmp_path).models
        texts.append(generate(model)[0].text.splitlines())
    differing = [line for line in difflib.ndiff(*texts) if line.startswith(("+", "-"))]
    assert 4 <= len(differing) <= most  # lines that are gone and new ones; the digests of model and text differ at least


def test_predictions_do_no_work_that_only_the_loss_needs() -> None:
    text = generate(ZOO["shadows"](), ("numpy",))[0].text
    assert "np.log(" not in text  # a constant that comes to light late is folded
    tree = ast.parse(text)
    body = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_forward").body
    start = next(index for index, node in enumerate(body) if isinstance(node, ast.If))
    before, after = (" ".join(map(ast.unparse, part)) for part in (body[:start], body[start].body))
    for function in ("log1p", "np.tan"):  # of half the angle
        assert function in after
        assert function not in before
    module = numpy_module("shadows")
    tape, fields = module.forward([0.5, 2.0], [3.0, 1.0]), module.METADATA["fields"]
    assert [name for name in (*module.NODES, "loss") if getattr(tape, fields.get(name, name)) is None] == ["loss"]
    assert module.jacobian([0.5, 2.0], [3.0, 1.0]).shape == (2, 2)


def test_a_form_that_is_not_what_the_user_wrote_says_so_in_a_comment_above_it() -> None:
    model = written(lambda m, x, y, a, b: log(cosh(m.output("y_hat", a * exp(b * x)) - y)), "loss")
    lines = [line.strip() for line in generate(model, ("numpy",))[0].text.splitlines()]
    assert not [line for line in lines if line.startswith("v0 = ")]  # a rule's nodes are named after the node that it rewrote
    for comment, below in (
        ("# in the place of log(cosh x): cosh near 1 loses digits of x, and overflows", "np.abs("),
        ("# 0 where the factor is 0, since 0 * inf is nan", "y_hat = select(y_hat_2, 0.0, a * y_hat_1)"),
    ):
        assert lines.count(comment) == 1
        assert below in lines[lines.index(comment) + 1]


@pytest.mark.parametrize("name", ZOO)
def test_every_node_has_a_formula_that_is_not_its_own_name(name: str) -> None:
    model = ZOO[name]()
    result = formulas(lower(model))
    assert list(result) == [*(node.name for node in model.nodes), *(["loss"] if model.loss_expr is not None else [])]
    assert all(formula != node and len(formula) <= LONGEST for node, formula in result.items())


def test_formulas_name_other_nodes_and_are_cut_where_they_are_endless() -> None:
    assert formulas(lower(written(lambda m, a, b: m.node("n", a * b), "loss"))) == {"n": "a * b", "loss": "n"}
    long = formulas(lower(written(lambda x, a: a * Add(*(sin(index * x) for index in range(1, 60))))))["out"]
    assert "characters]" in long
    assert len(long) < LONGEST
