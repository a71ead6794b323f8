"""A spec's formulas as Python functions of other libraries: its nodes in order, then the loss, by SymPy's own printers.

They go node by node, since a loss in which every node is written out grows exponentially with the depth of a model.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy
from dialects import DIALECTS, printer
from formulas import Formulas, Loss

from symgraph.spec.canonical import symbols_of
from symgraph.spec.model import Model
from symgraph.spec.ops.sympy_classes import SpecFunction

Assignments = tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Program:
    """Straight line of assignments with its results.

    Attributes:
        arguments: the weights as a list; the features as a list and the target where the model has them; a list of several
            targets. Constants have the values that the spec gives them.
        assignments: symbols with their expressions, each over inputs and earlier symbols.
        results: the loss of one row, and its partials if they were asked for.
    """

    arguments: tuple[Any, ...]
    assignments: Assignments
    results: tuple[Any, ...]

    def function(self, modules: Any = None, printer: Any = None) -> Callable[..., Sequence[Any]]:
        """Write it as Python by ``sympy.lambdify``.

        Args:
            modules: as lambdify takes them; None for NumPy, with SciPy where that is installed.
            printer: of SymPy; None for the one that goes with the modules.

        Raises:
            Exception: whatever SymPy raises for an expression that its printer cannot write.
        """
        given = list(self.assignments)
        made: Callable[..., Sequence[Any]] = sympy.lambdify(
            list(self.arguments), list(self.results), modules=modules, printer=printer, cse=lambda results: (given, results)
        )
        return made


def formulas_of(model: Model) -> Formulas:
    """Return the formulas of a spec, for any library of ``DIALECTS``."""

    def loss(library: str) -> Loss:
        function = loss_program(model).function([DIALECTS[library]()], printer())
        return lambda *given: function(*given)[0]

    features = (len(model.feature_inputs),) if model.feature_inputs else ()
    targets = (len(model.target_inputs),) if len(model.target_inputs) > 1 else (None,) if model.target_inputs else ()
    return Formulas(loss, lambda: gradient_program(model).function(), (len(model.weight_inputs), *features, *targets))


def loss_program(model: Model) -> Program:
    """Return the loss of one row, for libraries that differentiate programs themselves."""
    return _program(model, ())


def gradient_program(model: Model) -> Program:
    """Return the loss of one row with its partials as SymPy derives them, common subexpressions taken out."""
    program = _program(model, tuple(model.partials().values()))
    nodes = dict(program.assignments)
    shared, rewritten = sympy.cse([*nodes.values(), *program.results], symbols=sympy.numbered_symbols("shared"), list=False)
    ends = len(nodes)
    known = dict(shared) | dict(zip(nodes, rewritten[:ends], strict=True))
    return Program(program.arguments, _in_order(known), tuple(rewritten[ends:]))


def _program(model: Model, partials: tuple[Any, ...]) -> Program:
    """Write the loss and partials with new names, since a node may be called exp."""
    model.freeze()
    inputs = {entry.symbol: _named(f"input{place}") for place, entry in enumerate(model.inputs)}
    constants = {entry.symbol: sympy.Float(entry.init.value) for entry in model.constant_inputs}
    nodes = {node.symbol: _named(f"node{place}") for place, node in enumerate(model.nodes)}
    names = inputs | constants | nodes
    parts = (model.weight_inputs, model.feature_inputs, model.target_inputs)
    weights, features, targets = ([names[entry.symbol] for entry in part] for part in parts)
    arguments = [weights, *([features] if features else ()), *(targets if len(targets) == 1 else [targets] if targets else ())]
    assignments = tuple((names[node.symbol], _plain(node.expr, names)) for node in model.nodes)
    return Program(tuple(arguments), assignments, tuple(_plain(expr, names) for expr in (model.loss_expr, *partials)))


def _named(name: str) -> Any:
    return sympy.Symbol(name, real=True)


def _plain(expr: Any, names: Mapping[Any, Any]) -> Any:
    """Rewrite an expression in functions that SymPy's printers know, by other names."""
    return _defined(expr).xreplace(names)


def _defined(expr: Any) -> Any:
    """Replace our functions by their definitions, which may hold further ones; a step's slope is 0 away from the step."""
    expr = expr.replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    while expr.atoms(SpecFunction):
        expr = expr.replace(lambda part: isinstance(part, SpecFunction), lambda part: part.definition())
    return expr


def _in_order(known: Mapping[Any, Any]) -> Assignments:
    """Sort assignments so that each comes after those it reads."""
    done: dict[Any, Any] = {}
    waiting = [(symbol, False) for symbol in reversed(list(known))]
    while waiting:
        symbol, ready = waiting.pop()
        if symbol in done:
            continue
        if ready:
            done[symbol] = known[symbol]
            continue
        waiting.append((symbol, True))
        waiting += [(one, False) for one in _sorted(symbols_of(known[symbol])) if one in known and one not in done]
    return tuple(done.items())


def _sorted(symbols: Iterable[Any]) -> list[Any]:
    return sorted(symbols, key=lambda symbol: str(symbol.name))
