"""Formulas such as ``y ~ a*exp(-k*x) + c`` as models: read by a whitelist of Python's grammar, so that no text can run."""

import ast
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.ir.ops import FUNCTIONS

_LONGEST = 2_000
"""Characters of a formula."""
_DEEPEST = 50
"""Nested operations of a formula; those of a sum or product one after the other are not nested."""
_WHOLE = 1_000
"""Greatest whole number that is kept exact: SymPy takes time that grows with whole numbers, to write out a factorial say."""

CALLS: Mapping[str, Any] = MappingProxyType(
    {
        **{function.__name__: function for function in FUNCTIONS},
        "abs": sympy.Abs,
        "arccos": sympy.acos,
        "arcsin": sympy.asin,
        "arctan": sympy.atan,
        "ln": sympy.log,
        "log10": lambda x: sympy.log(x) / sympy.log(10),
        "min": sympy.Min,
        "max": sympy.Max,
        "sqrt": sympy.sqrt,
    }
)
"""The functions that a formula may call, by the names that SymPy, NumPy and hand-written formulas have for them."""

NUMBERS: Mapping[str, Any] = MappingProxyType({"pi": sympy.pi})

_OPERATIONS: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType(
    {
        ast.Add: lambda a, b: a + b,
        ast.Sub: lambda a, b: a - b,
        ast.Mult: lambda a, b: a * b,
        ast.Div: lambda a, b: a / b,
        ast.Pow: lambda a, b: a**b,
    }
)


@dataclass(slots=True)
class Reader:
    """Reads one formula.

    Attributes:
        text: the formula.
        symbol_of: gives what stands for a name.
        shift: characters of the whole formula before this part of it.
        what: the text's name in messages.
        names: the names met, with their columns.
    """

    text: str
    symbol_of: Callable[[str], Any]
    shift: int = 0
    what: str = "formula"
    names: dict[str, int] = field(default_factory=dict)

    def read(self) -> Any:
        """Return the formula as an expression.

        Raises:
            SpecError: it is no formula, or says something else than arithmetic and functions; the message has the column.
        """
        stripped = self.text.lstrip()
        self.shift += len(self.text) - len(stripped)
        if not stripped.strip():
            raise self._error(0, "nothing is there; write an expression")
        try:
            tree = ast.parse(stripped.rstrip(), mode="eval")
        except SyntaxError as error:
            before = stripped[: (error.offset or 1) - 1]  # which counts characters
            raise self._error(len(before.encode()), f"{error.msg}: that is no formula") from None
        except (ValueError, MemoryError, RecursionError):  # a NUL character; parentheses without end
            raise self._error(0, "that cannot be read; write a shorter formula") from None
        return self._expr(tree.body, 0)

    def _expr(self, node: ast.expr, depth: int) -> Any:
        if depth > _DEEPEST:
            raise self._error(node.col_offset, f"more than {_DEEPEST} operations are nested; name parts of it in a spec")
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._number(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                value = self._expr(operand, depth + 1)
                return -value if isinstance(sign, ast.USub) else value
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
                deeper = depth + (type(left) is not ast.BinOp)  # a + b + c + d is a chain, and not nested
                return self._combined(node, type(op), self._expr(left, deeper), self._expr(right, depth + 1))
            case ast.BinOp(op=ast.BitXor()):
                raise self._error(node.col_offset, "^ is no power; write **")
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in CALLS:
                    there = ", ".join(sorted(CALLS))
                    raise self._error(node.col_offset, f"{name} is no function that a formula may call; there are {there}")
                return self._call(node, name, [self._expr(arg, depth + 1) for arg in args])
            case _:
                raise self._error(
                    node.col_offset, "only numbers, names, + - * / ** and calls of functions may stand in a formula"
                )

    def _number(self, node: ast.expr, value: float) -> Any:
        """Return a number, exact where it is a small whole one."""
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._error(node.col_offset, "the number is too large")
        return sympy.Integer(int(value)) if value.is_integer() and abs(value) <= _WHOLE else sympy.Float(value)

    def _name(self, node: ast.expr, name: str) -> Any:
        if name in NUMBERS:
            return NUMBERS[name]
        if name in CALLS:
            raise self._error(node.col_offset, f"{name} is a function; call it, {name}(...)")
        self.names.setdefault(name, self.shift + node.col_offset)
        return self.symbol_of(name)

    def _combined(self, node: ast.expr, op: type, left: Any, right: Any) -> Any:
        """Combine two operands; numbers whose result is no small fraction become a float."""
        if left.is_number and right.is_number:
            if op is ast.Div and right.is_zero:
                raise self._error(node.col_offset, "a number is divided by 0")
            small = all(part.is_Rational and max(abs(part.p), part.q) <= _WHOLE for part in (left, right))
            if op is ast.Pow or not small:
                return self._number(node, self._float(node, op, left, right))
        elif op is ast.Pow and right.is_Float and float(right).is_integer() and abs(right) <= _WHOLE:
            right = sympy.Integer(int(right))
        return _OPERATIONS[op](left, right)

    def _float(self, node: ast.expr, op: type, left: Any, right: Any) -> float:
        try:
            value = _OPERATIONS[op](float(left), float(right))
        except (ArithmeticError, TypeError):
            value = math.nan
        if isinstance(value, complex) or not math.isfinite(value):
            raise self._error(node.col_offset, "this number is not finite")
        return float(value)

    def _call(self, node: ast.expr, name: str, args: list[Any]) -> Any:
        try:
            return CALLS[name](*args)
        except (TypeError, ValueError) as error:  # the number of arguments, or an order that is not whole
            raise self._error(node.col_offset, f"{name} cannot be called so: {error}") from None

    def _error(self, column: int, what: str) -> SpecError:
        """Return the error at a column of what was parsed, counted in bytes as Python's trees do."""
        column = len(self.text.lstrip().encode()[:column].decode(errors="ignore"))
        return SpecError(f"{self.what}, column {self.shift + column + 1}: {what}")


def _sides(formula: str) -> tuple[str, str]:
    """Take a formula apart at its ``~``.

    Raises:
        SpecError: it is no text, too long, or has no ``~`` or more than one.
    """
    if not isinstance(formula, str):
        raise SpecError(f"a formula is a text such as 'y ~ a*exp(-k*x)', not {formula!r}")
    if len(formula) > _LONGEST:
        raise SpecError(f"the formula has {len(formula):,} characters, and may have {_LONGEST:,}; write a spec for it")
    if formula.count("~") != 1:
        raise SpecError(f"the formula has {formula.count('~')} times ~ and needs one: target ~ expression")
    left, right = formula.split("~")
    return left, right


def declare_formula(model: Any, formula: str, columns: Iterable[str], init: Mapping[str, float]) -> None:
    """Declare what a formula says in a model: features, weights, the target, the output and the residual.

    Args:
        model: a model without declarations.
        formula: such as "y ~ a*exp(-k*x) + c" or "log(y) ~ a + b*x".
        columns: names of the columns of the data; names of the formula that are among them are features, others weights.
        init: initial values by the names of weights; 1 for the others.

    Raises:
        SpecError: the formula cannot be read, at a column that the message names; its target is no column, or an initial value
            is of no weight.
    """
    (left, right), there = _sides(formula), list(columns)
    symbols: dict[str, Any] = {}

    def symbol_of(name: str) -> Any:
        if name not in symbols:
            symbols[name] = model.feature(name) if name in there else model.weight(name, init=init.get(name, 1.0))
        return symbols[name]

    names = Reader(left, sympy.Symbol)
    names.read()
    if len(names.names) != 1:
        found = ", ".join(names.names) or "none"
        raise SpecError(f"formula, column 1: left of ~ stands one name, the target, alone or in a function; found {found}")
    (target,) = names.names
    if target not in there:
        raise SpecError(f"formula, column 1: the target {target} is no column of the data; there are {', '.join(there)}")
    symbols[target] = model.target(target)
    reader = Reader(right, symbol_of, len(left) + 1)
    prediction = reader.read()
    if target in reader.names:
        raise SpecError(f"formula, column {reader.names[target] + 1}: {target} is the target and stands right of ~ as well")
    weights = [name for name in reader.names if name not in there]
    unknown = [name for name in init if name not in weights]
    if unknown:
        raise SpecError(f"{unknown[0]} has an initial value and is no weight of the formula; there are {', '.join(weights)}")
    if not weights:
        raise SpecError("the formula has no weight: every name right of ~ is a column of the data")
    label = f"{target}_hat"
    while label in symbols:
        label += "_"
    model.residual(model.output(label, prediction) - Reader(left, symbol_of).read())
