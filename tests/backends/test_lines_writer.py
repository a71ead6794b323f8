"""Computations of the functions of a numpy module, and under which names."""

import ast

import numpy as np
import pytest
from built import numpy_module
from sympy import cosh, exp, log
from zoo import ZOO

from symgraph import Model
from symgraph.generate import generate


def _function(name: str, function: str) -> ast.FunctionDef:
    tree = ast.parse(generate(ZOO[name](), ("numpy",))[0].text)
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)


def test_predictions_do_no_work_that_only_the_loss_needs() -> None:
    body = _function("shadows", "_forward").body
    start = next(index for index, node in enumerate(body) if isinstance(node, ast.If))
    before, after = (" ".join(map(ast.unparse, part)) for part in (body[:start], body[start].body))
    assert "log1p" in after
    assert "np.tan" in after  # of half the angle
    assert "log1p" not in before
    assert "np.tan" not in before


def test_constants_are_folded_that_come_to_light_late() -> None:
    assert "np.log(" not in generate(ZOO["shadows"](), ("numpy",))[0].text


def test_metadata_says_under_which_name_the_tape_has_a_node() -> None:
    module = numpy_module("shadows")
    assert set(module.METADATA["fields"]) == {"max"}
    tape = module.forward([0.5, 2.0], 3.0, 1.0)
    values = {name: getattr(tape, module.METADATA["fields"].get(name, name)) for name in module.NODES}
    assert values["max"] == 1.5
    assert values["max_"] == np.exp(1.5)


def test_the_fields_of_a_tape_without_a_target_are_those_that_the_loss_alone_needs() -> None:
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
