"""Formulas as lines of a spec: the Python code of their two sides, with what it declares and imports."""

import ast
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import sympy

from symgraph.errors import SpecError
from symgraph.spec.formula import CALLS, NUMBERS, WHOLE, Reader, columns_of, sides
from symgraph.spec.formula_text import with_plain_names
from symgraph.spec.model import Model

_TAKEN = {"Model", "model", "Rational", *NUMBERS, *(call.__name__ for call in CALLS.values())}
"""Names that a spec gives to other things than features, target, weights and output."""


_FEATURE = re.compile(r"[xt](_?\d+)?|time")


class FormulaCode(NamedTuple):
    """Content of the spec of a formula.

    Attributes:
        model: the model of the formula.
        variables: what the code calls features, target, weights and output, by their names in the model.
        imports: the names that it imports, by their packages.
        prediction: the code right of the ``~``.
        observed: the code left of it.
    """

    model: Model
    variables: Mapping[str, str]
    imports: Mapping[str, set[str]]
    prediction: str
    observed: str


def code_of_formula(formula: str, columns: Iterable[str], init: Mapping[str, float], name: str) -> FormulaCode:
    """Return a formula as the code of a spec whose model is `Model.from_formula` of the same arguments.

    Raises:
        SpecError: as `Model.from_formula` does.
    """
    model, there = Model.from_formula(formula, columns, init, name).freeze(), columns_of(formula, columns)
    variables: dict[str, str] = {}
    for name in [one.name for one in model.inputs] + [one.name for one in model.output_nodes]:
        variable = name
        while variable in _TAKEN or variable in variables.values():
            variable += "_"
        variables[name] = variable
    imports: dict[str, set[str]] = {"sympy": set(), "symgraph": {"Model"}}
    observed, prediction = (_Writer(there, variables, imports).code_of(side) for side in sides(formula))
    return FormulaCode(model, variables, imports, prediction, observed)


def usual_columns(formula: str, own: Collection[str]) -> list[str]:
    """Return the names of a formula that are likely columns: the target, and right of the ``~`` x, t, x1, time and the like.

    Args:
        formula: such as "y ~ a*exp(-k*x)".
        own: names of weights.

    Raises:
        SpecError: the formula cannot be read, or has no such name right of the ``~``.
    """
    left, right = sides(formula)
    readers = Reader(left, sympy.Symbol, own=own), Reader(right, sympy.Symbol, len(left) + 1, own=own)
    for reader in readers:
        reader.read()
    target, names = (tuple(reader.names) for reader in readers)
    found = [name for name in names if name not in own and (_FEATURE.fullmatch(name) or not name.isidentifier())]
    if not found:
        raise SpecError("no name right of ~ is called x, t, x1 or time, as features are; give data, whose columns tell")
    return [*target, *found]


class _Writer(ast.NodeTransformer):
    """Turns the tree of a formula that has been read into that of the code."""

    def __init__(self, there: Mapping[str, str], variables: Mapping[str, str], imports: Mapping[str, set[str]]) -> None:
        self.there, self.variables, self.imports = there, variables, imports
        self.plain: Mapping[str, str] = {}

    def code_of(self, side: str) -> str:
        text, self.plain = with_plain_names(side, ())
        return ast.unparse(self.visit(ast.parse(" ".join(text.split()), mode="eval"))).replace(" ** ", "**")

    def visit_Name(self, node: ast.Name) -> ast.Name:
        name = self.plain.get(node.id, node.id)
        variable = self.variables.get(self.there.get(name, name))
        return ast.Name(variable) if variable else self._imported(NUMBERS[name], name)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)  # no other was read
        arguments, name = [self.visit(one) for one in node.args], node.func.id
        if name == "log10":
            log = self._imported(sympy.log)
            return ast.BinOp(ast.Call(log, arguments, []), ast.Div(), ast.Call(log, [ast.Constant(10)], []))
        return ast.Call(self._imported(CALLS[name]), arguments, [])

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        value = float(node.value)  # type: ignore[arg-type]  # no other constants were read
        return ast.Constant(int(value) if value.is_integer() and abs(value) <= WHOLE else value)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Div) and _is_whole(left) and _is_whole(right):
            return ast.Call(self._imported(sympy.Rational), [left, right], [])  # which Python would make a float
        return ast.BinOp(left, node.op, right)

    def _imported(self, what: Any, name: str = "") -> ast.Name:
        name = name or what.__name__
        self.imports["sympy" if getattr(sympy, name, None) is what else "symgraph"].add(name)
        return ast.Name(name)


def _is_whole(node: ast.expr) -> bool:
    operand = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(operand, ast.Constant) and isinstance(operand.value, int)
