"""Computations of the functions of a numpy module, their comments, and the formulas of its nodes for people."""

import ast

import pytest
from built import numpy_module, one_output
from sympy import Add, Symbol, cosh, exp, log, sin
from zoo import ZOO

from symgraph import Model
from symgraph.backends.formula import LONGEST, formulas
from symgraph.derive.lowering import lower
from symgraph.generate import generate


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
    tape = module.forward([0.5, 2.0], [3.0, 1.0])
    assert tape.loss is None
    assert all(getattr(tape, module.METADATA["fields"].get(name, name)) is not None for name in module.NODES)
    assert module.jacobian([0.5, 2.0], [3.0, 1.0]).shape == (2, 2)


@pytest.mark.parametrize(
    ("comment", "below"),
    [
        ("in the place of log(cosh x): cosh near 1 loses digits of x, and overflows", "np.abs("),
        ("0 where the factor is 0, since 0 * inf is nan", "y_hat = select(y_hat_2, 0.0, a * y_hat_1)"),
    ],
)
def test_a_form_that_is_not_what_the_user_wrote_says_so_in_a_comment_above_it(comment: str, below: str) -> None:
    model = Model("tailed")
    x, (a, b), y = model.feature("x"), model.weights("a b"), model.target("y")
    model.loss(log(cosh(model.output("y_hat", a * exp(b * x)) - y)))
    lines = [line.strip() for line in generate(model, ("numpy",))[0].text.splitlines()]
    assert not [line for line in lines if line.startswith("v0 = ")]  # a rule's nodes are named after the node that it rewrote
    assert lines.count(f"# {comment}") == 1
    assert below in lines[lines.index(f"# {comment}") + 1]


@pytest.mark.parametrize("name", ZOO)
def test_every_node_has_a_formula_that_is_not_its_own_name(name: str) -> None:
    model = ZOO[name]()
    result = formulas(lower(model))
    assert list(result) == [*(node.name for node in model.nodes), *(["loss"] if model.loss_expr is not None else [])]
    assert all(formula != node and len(formula) <= LONGEST for node, formula in result.items())


def test_formulas_name_other_nodes_and_are_cut_where_they_are_endless() -> None:
    model = Model("m")
    a, b = model.weights("a b")
    node = model.node("n", a * b)
    model.loss(node)
    assert formulas(lower(model)) == {"n": "a * b", "loss": "n"}
    terms = [sin(index * Symbol("f", real=True)) for index in range(1, 60)]
    long = formulas(lower(one_output(lambda f, g, a, b: a * Add(*terms) + b * g)))["y_hat"]
    assert "characters]" in long
    assert len(long) < LONGEST
