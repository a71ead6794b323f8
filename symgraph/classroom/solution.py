"""The lines of a worksheet's solution: a model's formulas and local partials, node by node, in NumPy's words."""

import keyword
from collections.abc import Mapping
from typing import Any, NamedTuple

import sympy
from sympy.printing.numpy import SciPyPrinter
from sympy.printing.precedence import PRECEDENCE

from symgraph.classroom.exercise import Exercise
from symgraph.errors import OptionError
from symgraph.ir.functions import SpecFunction

_TAKEN = ("np", "numpy", "scipy", "functools", "math", "features", "target", "weights", "values", "partials", "L", "d")
"""Names that the solution needs for itself."""


class _Printer(SciPyPrinter):  # type: ignore[misc]  # SymPy ships no types
    """SymPy's printer, with quotients as people write them."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:  # noqa: N802  SymPy's name
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        return str(super()._print_Pow(expr, rational))


class Statement(NamedTuple):
    """One line of a solution.

    Attributes:
        key: the name of the node or input, the key in dictionaries.
        variable: the name of its variable.
        slope: the name of the variable of its derivative.
        formula: its expression as people read it.
        code: its expression in Python; "" for an input.
        terms: of its derivative: for each use the variable of the user's derivative, and the local partial in Python.
    """

    key: str
    variable: str
    slope: str
    formula: str
    code: str
    terms: tuple[tuple[str, str], ...]


class Helper(NamedTuple):
    """A function of one number that a student writes first, such as the sigmoid."""

    name: str
    formula: str
    code: str


class Lines:
    """The lines for one model.

    Args:
        exercise: the model.

    Attributes:
        helpers: the functions of one number that NumPy lacks.
        inputs, nodes: the statements of inputs and of nodes with the loss, in order.
        penalty: the penalty over the weights in Python, and its derivative by each weight that has one; "" without one.
        imports: the modules that the lines need beside NumPy.

    Raises:
        OptionError: a formula has a function that cannot be written with NumPy and SciPy.
    """

    def __init__(self, exercise: Exercise) -> None:
        self.exercise = exercise
        self._printer = _Printer({"user_functions": {one.__name__: one.__name__ for one in exercise.functions}, "strict": True})
        self._names, self._written = dict[str, str](), list[str]()
        z = sympy.Symbol("z", real=True)
        self.helpers = [
            Helper(one.__name__, str(one(z).definition()), self._code(one(z).definition())) for one in exercise.functions
        ]
        self._names = self._variables([helper.name for helper in self.helpers])
        statements = [self._statement(vertex.name) for vertex in exercise.graph.vertices if vertex.kind != "penalty"]
        self.inputs = {one.key: one for one in statements if not one.code}
        self.nodes = [one for one in statements if one.code]
        self.penalty = self._penalty()
        marks = {"functools": "functools.", "math": "math.", "scipy.special": "scipy."}
        self.imports = [name for name, mark in marks.items() if any(mark in code for code in self._written)]

    def _variables(self, helpers: list[str]) -> dict[str, str]:
        """Return a variable for every vertex and, under "d " and its name, for its derivative."""
        taken, found = {*_TAKEN, *helpers, *keyword.kwlist}, dict[str, str]()
        vertices = [vertex.name for vertex in self.exercise.graph.vertices]
        for key in (*vertices, *(f"d {name}" for name in vertices)):
            name = key.replace(" ", "_")
            while name in taken:
                name += "_"
            taken.add(name)
            found[key] = name
        return found

    def _statement(self, name: str) -> Statement:
        vertex = self.exercise.graph.by_name[name]
        terms = [(self._names[f"d {e.target}"], self._code(e.partial)) for e in self.exercise.edges if e.source == name]
        code = "" if vertex.expr is None else self._code(vertex.expr)
        formula = "" if vertex.expr is None else str(vertex.expr)
        return Statement(name, self._names[name], self._names[f"d {name}"], formula, code, tuple(terms))

    def _code(self, expr: Any) -> str:
        """Print an expression; what no number hits is 0: derivatives of steps at the step."""
        keep, names = self.exercise.functions, self._names
        plain = expr.replace(
            lambda part: isinstance(part, SpecFunction) and part.func not in keep, lambda part: part.doit(deep=False)
        )
        plain = plain.replace(lambda part: isinstance(part, sympy.DiracDelta), lambda _: sympy.Integer(0))
        renamed = {symbol: sympy.Symbol(names.get(str(symbol), str(symbol)), real=True) for symbol in plain.free_symbols}
        try:
            self._written.append(str(self._printer.doprint(plain.xreplace(renamed))).replace("numpy.", "np."))
        except (NotImplementedError, ValueError, TypeError) as error:
            model = self.exercise.model.name
            raise OptionError(f"{model}: {expr} cannot be written with NumPy and SciPy: {error}") from error
        return self._written[-1]

    def _penalty(self) -> tuple[str, Mapping[str, str]]:
        model = self.exercise.model
        if model.penalty_expr is None:
            return "", {}
        whole = model.penalty_expr
        for node in reversed(model.nodes):
            whole = whole.xreplace({node.symbol: node.expr})
        slopes = {one.name: sympy.diff(whole, one.symbol) for one in model.weight_inputs}
        return self._code(whole), {name: self._code(slope) for name, slope in slopes.items() if slope != 0}
