"""The lines of a worksheet's solution: a model's formulas and local partials, node by node, in NumPy's words."""

import keyword
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

import sympy
from sympy.printing.numpy import SciPyPrinter
from sympy.printing.precedence import PRECEDENCE

from symgraph.errors import OptionError
from symgraph.spec.ops.sympy_classes import SpecFunction
from symgraph.use.classroom.exercise import Exercise

_TAKEN = ("np", "numpy", "scipy", "functools", "math", "features", "target", "weights", "values", "partials", "L", "d")
"""Names that the solution needs for itself."""


class _Printer(SciPyPrinter):  # type: ignore[misc]  # SymPy ships no types
    """SymPy's printer, with quotients as people write them."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:  # noqa: N802  SymPy's name
        if expr.exp == -1:
            return f"1/{self.parenthesize(expr.base, PRECEDENCE['Pow'])}"
        return str(super()._print_Pow(expr, rational))


class Lines:
    """The lines for one model.

    Args:
        exercise: the model.

    Attributes:
        helpers: of the functions of one number that a student writes first, by name, the formula and its code.
        variables: the name of the variable of every vertex and, under "d " and its name, of its derivative.
        code: of every node and the loss, its expression in Python.
        slopes: of every vertex, its derivative in Python: the sum over its uses of the user's times the local partial.
        penalty: the penalty over the weights in Python; "" without one.
        penalty_slopes: its derivative by each weight that has one.
        imports: the modules that the lines need beside NumPy.

    Raises:
        OptionError: a formula has a function that cannot be written with NumPy and SciPy.
    """

    def __init__(self, exercise: Exercise) -> None:
        self._exercise, self._written = exercise, list[str]()
        self._printer = _Printer({"user_functions": {one.__name__: one.__name__ for one in exercise.functions}, "strict": True})
        self.variables: dict[str, str] = {}
        z, vertices = sympy.Symbol("z", real=True), [one for one in exercise.graph.vertices if one.kind != "penalty"]
        definitions = {one.__name__: one(z).definition() for one in exercise.functions}
        self.helpers = {name: (str(expr), self._code(expr)) for name, expr in definitions.items()}
        self.variables = _variables([vertex.name for vertex in exercise.graph.vertices], self.helpers)
        self.code = {vertex.name: self._code(vertex.expr) for vertex in vertices if vertex.expr is not None}
        self.slopes = {vertex.name: self._slope(vertex.name) for vertex in vertices}
        whole = exercise.model.penalty_expr
        for node in reversed(exercise.model.nodes if whole is not None else ()):
            whole = whole.xreplace({node.symbol: node.expr})
        slopes = {} if whole is None else {one.name: sympy.diff(whole, one.symbol) for one in exercise.model.weight_inputs}
        self.penalty = "" if whole is None else self._code(whole)
        self.penalty_slopes = {name: self._code(slope) for name, slope in slopes.items() if slope != 0}
        marks = {"functools": "functools.", "math": "math.", "scipy.special": "scipy."}
        self.imports = [name for name, mark in marks.items() if any(mark in code for code in self._written)]

    def _slope(self, name: str) -> str:
        terms = []
        for edge in self._exercise.edges:
            if edge.source == name:
                back, code = self.variables[f"d {edge.target}"], self._code(edge.partial)
                factor = code if code.isidentifier() else f"({code})"
                terms.append(back if code == "1" else f"{back} * {factor}")
        return " + ".join(terms) or "0.0"

    def _code(self, expr: Any) -> str:
        """Print an expression; what no number hits is 0: derivatives of steps at the step."""
        keep, names = self._exercise.functions, self.variables
        plain = expr.replace(
            lambda part: isinstance(part, SpecFunction) and part.func not in keep, lambda part: part.doit(deep=False)
        )
        plain = plain.replace(lambda part: isinstance(part, sympy.DiracDelta), lambda _: sympy.Integer(0))
        renamed = {symbol: sympy.Symbol(names.get(str(symbol), str(symbol)), real=True) for symbol in plain.free_symbols}
        try:
            self._written.append(str(self._printer.doprint(plain.xreplace(renamed))).replace("numpy.", "np."))
        except (NotImplementedError, ValueError, TypeError) as error:
            model = self._exercise.model.name
            raise OptionError(f"{model}: {expr} cannot be written with NumPy and SciPy: {error}") from error
        return self._written[-1]


@cache
def helpers_of(exercise: Exercise) -> dict[str, str]:
    """Return the code, over z, of the functions of one number that a student writes first, as far as NumPy has the words."""
    z, printer, found = sympy.Symbol("z", real=True), _Printer({"strict": True}), dict[str, str]()
    for function in exercise.functions:
        with suppress(NotImplementedError, ValueError, TypeError):
            code = str(printer.doprint(function(z).definition())).replace("numpy.", "np.")
            if not any(module in code for module in ("scipy.", "math.", "functools.")):
                found[function.__name__] = code
    return found


def _variables(vertices: Iterable[str], helpers: Iterable[str]) -> dict[str, str]:
    taken, found = {*_TAKEN, *helpers, *keyword.kwlist}, dict[str, str]()
    for key in (*vertices, *(f"d {name}" for name in vertices)):
        name = key.replace(" ", "_")
        while name in taken:
            name += "_"
        taken.add(name)
        found[key] = name
    return found
