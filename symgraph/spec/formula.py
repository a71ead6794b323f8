"""Formulas such as ``y ~ a*exp(-k*x) + c`` as models: read by a whitelist of Python's grammar, so that no text can run."""

import ast
import math
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import sympy

from symgraph.errors import SpecError, did_you_mean, listed
from symgraph.spec.formula_text import ALLOWED, fault_of, names_of_columns, unquoted_column, with_plain_names
from symgraph.spec.ops.ops import FUNCTIONS

_LONGEST = 2_000
"""Characters of a formula."""
_DEEPEST = 50
"""Nested operations of a formula; those of a sum or product one after the other are not nested."""
_COMPARED = 8
"""Arguments of max and min up to which SymPy leaves out what can never count: it compares each with each, in a cubic time."""
WHOLE = 1_000
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
        own: names that are meant also where a function or a number is called so.
        names: the names met, with their columns.
        plain: names that are no identifiers, by what stands for them while the text is read.
    """

    text: str
    symbol_of: Callable[[str], Any]
    shift: int = 0
    what: str = "formula"
    own: Collection[str] = ()
    names: dict[str, int] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> Any:
        """Return the formula as an expression.

        Raises:
            SpecError: it is no formula, or says something else than arithmetic and functions; the message has the column.
        """
        text, self.plain = with_plain_names(self.text, [name for name in self.own if "[" in name])
        stripped = text.lstrip()
        self.shift += len(self.text) - len(stripped)
        self.text = " ".join(stripped.splitlines())
        if not self.text.strip():
            raise self._error(0, "nothing is there; write an expression")
        place, fault = fault_of(self.text)
        if fault:
            raise self._error(len(self.text[:place].encode()), fault)
        try:
            tree = ast.parse(self.text.rstrip(), mode="eval")
        except SyntaxError as error:
            ended = not error.offset and self.text.rstrip()  # Python gives no place for an end that comes too soon
            before = ended[:-1] if ended else self.text[: (error.offset or 1) - 1]  # which counts characters
            why = "something is missing behind it" if ended else f"{error.msg}: that is no formula"
            raise self._error(len(before.encode()), why) from None
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
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in CALLS:
                    there = ", ".join(sorted(CALLS))
                    name = self.plain.get(name, name)
                    product = f"for a product write {name}*(...), and functions are {there}"
                    meant = did_you_mean(name, CALLS)
                    raise self._error(
                        node.col_offset, f"{name} is no function that a formula may call{meant or f'; {product}'}"
                    )
                return self._call(node, name, [self._expr(arg, depth + 1) for arg in args])
            case _:
                raise self._error(node.col_offset, ALLOWED)

    def _number(self, node: ast.expr, value: float) -> Any:
        """Return a number, exact where it is a small whole one."""
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self._error(node.col_offset, "the number is too large")
        return sympy.Integer(int(value)) if value.is_integer() and abs(value) <= WHOLE else sympy.Float(value)

    def _name(self, node: ast.expr, name: str) -> Any:
        name = self.plain.get(name, name)
        if name in NUMBERS and name not in self.own:
            return NUMBERS[name]
        if name in CALLS and name not in self.own:
            meant = f"call it, {name}(...), or give its start, {name}=1, if it is a weight"
            raise self._error(node.col_offset, f"{name} is a function; {meant}")
        self.names.setdefault(name, self.shift + self._characters(node.col_offset))
        try:
            return self.symbol_of(name)
        except SpecError as error:  # a name that no model may have
            raise self._error(node.col_offset, error.args[0]) from None

    def _combined(self, node: ast.expr, op: type, left: Any, right: Any) -> Any:
        """Combine two operands; numbers whose result is no small fraction become a float."""
        if op is ast.Div and right.is_zero:
            raise self._error(node.col_offset, "this is divided by 0")
        if left.is_number and right.is_number:
            small = all(part.is_Rational and max(abs(part.p), part.q) <= WHOLE for part in (left, right))
            if op is ast.Pow or not small:
                return self._number(node, self._float(node, op, left, right))
        elif op is ast.Pow and right.is_Float and float(right).is_integer() and abs(right) <= WHOLE:
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
        if not args:
            raise self._error(node.col_offset, f"{name} needs an argument")
        if all(one.is_number for one in args) and not _is_quick(name, args):
            raise self._error(node.col_offset, f"{name} of these numbers may take long; write its value")
        is_long = CALLS[name] in (sympy.Max, sympy.Min) and len(args) > _COMPARED
        try:
            value = CALLS[name](*args, **({"evaluate": False} if is_long else {}))
        # the number of arguments, an order that is not whole, Mod by 0
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self._error(node.col_offset, f"{name} cannot be called so: {error}") from None
        if value.is_number and not _is_double(value):
            raise self._error(node.col_offset, f"{name} of this number is not real, or not finite")
        large = value.is_Integer and abs(value) > WHOLE
        return sympy.Float(value) if large else value  # SymPy would take the factorial of it, say, with all digits

    def _error(self, column: int, what: str) -> SpecError:
        """Return the error at a column of what was parsed, counted in bytes as Python's trees do."""
        return SpecError(f"{self.what}, column {self.shift + self._characters(column) + 1}: {what}")

    def _characters(self, column: int) -> int:
        return len(self.text.encode(errors="surrogatepass")[:column].decode(errors="ignore"))


def _is_double(value: Any) -> bool:
    """Tell if a number of SymPy is real and in the range of floats."""
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError, ArithmeticError):  # complex; a pole; beyond what floats hold
        return False


def _is_quick(name: str, numbers: Sequence[Any]) -> bool:
    """Tell if a function of numbers is elementary, or a special one of a single number of common size."""
    if name == "log10" or CALLS[name].__module__.startswith(("sympy.functions.elementary", "sympy.core")):
        return True
    return len(numbers) == 1 and (numbers[0].is_zero or 1 / WHOLE <= abs(float(numbers[0])) <= WHOLE)


def sides(formula: str) -> tuple[str, str]:
    """Take a formula apart at its ``~``.

    Raises:
        SpecError: it is no text, too long, or has no ``~`` or more than one.
    """
    if not isinstance(formula, str):
        raise SpecError(f"a formula is a text such as 'y ~ a*exp(-k*x)', not {formula!r}")
    if len(formula) > _LONGEST:
        raise SpecError(f"the formula has {len(formula):,} characters, and may have {_LONGEST:,}; write a spec for it")
    left, tilde, right = formula.partition("~")
    if not tilde:
        raise SpecError("the formula has no ~ and needs one: target ~ expression")
    if "~" in right:
        raise SpecError(f"formula, column {len(left) + right.index('~') + 2}: a second ~; one is needed: target ~ expression")
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
    (left, right), there = sides(formula), columns_of(formula, columns)
    init = {unicodedata.normalize("NFKC", name): value for name, value in init.items()}
    symbols: dict[str, Any] = {}

    def symbol_of(name: str) -> Any:
        if name not in symbols:
            is_weight = name not in there
            symbols[name] = model.weight(name, init=init.get(name, 1.0)) if is_weight else model.feature(there[name])
        return symbols[name]

    own = {**there, **init}
    target = _target(left, own, there)
    symbols[target] = model.target(there[target])
    reader = Reader(right, symbol_of, len(left) + 1, own=own)
    prediction = reader.read()
    if target in reader.names:
        raise SpecError(f"formula, column {reader.names[target] + 1}: {target} is the target and stands right of ~ as well")
    weights = [name for name in reader.names if name not in there]
    unknown = [name for name in init if name not in weights]
    if unknown:
        is_column = "is a column of the data, and so" if unknown[0] in there else "is"
        known = f"there are {', '.join(weights) or 'none'}{did_you_mean(unknown[0], weights)}"
        raise SpecError(f"{unknown[0]} has an initial value and {is_column} no weight of the formula; {known}")
    if not weights:
        raise SpecError("the formula has no weight: every name right of ~ is a column of the data")
    if prediction != symbols[weights[0]]:  # which is a mean
        _check_columns(weights, [name for name in there if name != target], reader, init)
    label = f"{there[target]}_hat"
    while label in symbols:
        label += "_"
    model.residual(model.output(label, prediction) - Reader(left, symbol_of, own=own).read())


def _check_columns(weights: Sequence[str], features: Sequence[str], reader: Reader, init: Mapping[str, float]) -> None:
    """Refuse a formula right of whose ``~`` no column stands though there are some, unless its weights have initial values."""
    if not features or len(weights) < len(reader.names) or set(weights) <= set(init):
        return
    meant = next((text for name in weights if (text := did_you_mean(name, features))), "")
    stands = f"no column stands right of ~; there are {', '.join(features)}{meant}"
    alone = f"to fit weights alone, give each a start: {', '.join(weights)}"
    raise SpecError(f"formula, column {reader.shift + 1}: {stands}; {alone}")


def columns_of(formula: str, columns: Iterable[str]) -> dict[str, str]:
    """Return the names that columns have in the model by their names in the data, as these are and as Python reads them."""
    there = names_of_columns(columns)
    found = unquoted_column(formula, there)
    if found:
        raise SpecError(f"formula, column {found[0] + 1}: the name of this column needs backquotes: `{found[1]}`")
    return {unicodedata.normalize("NFKC", column): name for column, name in there.items()} | there


def _target(left: str, own: Collection[str], there: Mapping[str, str]) -> str:
    """Return the one name left of ``~``."""
    reader = Reader(left, sympy.Symbol, own=own)
    reader.read()
    if len(reader.names) != 1:
        found = ", ".join(reader.names) or "none"
        raise SpecError(f"formula, column 1: left of ~ stands one name, the target, alone or in a function; found {found}")
    (target,) = reader.names
    if target not in there:
        known = f"there are {listed(there)}{did_you_mean(target, there)}"
        raise SpecError(f"formula, column 1: the target {target} is no column of the data; {known}")
    return target
