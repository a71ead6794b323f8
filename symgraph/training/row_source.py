"""Straight line of a scalar module's `row`, read from its source so that it can be part of a loop over rows."""

import ast
from collections.abc import Callable
from importlib.abc import InspectLoader
from types import CodeType
from typing import Any, NamedTuple, cast

from symgraph.training.tracing import NotInlined

OURS = "__"
"""Prefix of a loop's names; no name of a row may have it."""

LONGEST_ROW = 5000
"""Most statements of a row that is put into a loop: with more, building the loop takes longer than many epochs."""

_NEEDED = ("abs", "math", "range")
"""Names that a loop calls unchanged."""

_EXPRESSIONS = (
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Subscript, ast.Attribute),
    *(ast.Name, ast.Constant, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)


class Row(NamedTuple):
    """Statements of `row`, in the names `weight(i)`, `feature(j)` and TARGET.

    Attributes:
        assigned: names and the expression that each is assigned, once, in order.
        gradient: an expression for each partial, to be evaluated after the assignments: a name, or more.
        loss: the expression of the loss.
        functions: the functions of `math` that are called, as the names `function(name)`.
        globals: other names that are read and not assigned: functions and constants of the module.
        tree: the source of the module.
    """

    assigned: tuple[tuple[str, ast.expr], ...]
    gradient: tuple[ast.expr, ...]
    loss: ast.expr
    functions: tuple[str, ...]
    globals: tuple[str, ...]
    tree: ast.Module


TARGET = f"{OURS}y"


def weight(index: int) -> str:
    """Return the name of a weight."""
    return f"{OURS}w{index}"


def feature(index: int) -> str:
    """Return the name of a feature."""
    return f"{OURS}x{index}"


def function(name: str) -> str:
    """Return the local name of a function of `math`."""
    return f"{OURS}{name}"


def read_row(row: Callable[..., float], weights: int, features: int) -> Row:
    """Read the statements of a row function.

    Args:
        row: `row(w, x, y, grad)` of a scalar module.
        weights: the number of its weights.
        features: the number of its features.

    Raises:
        NotInlined: its source cannot be had, or is more than assignments in a straight line.
    """
    tree, definition = _definition(row)
    if len(definition.body) > LONGEST_ROW:
        raise NotInlined(f"row has {len(definition.body)} statements, more than {LONGEST_ROW}")
    reader = _Reader(definition, weights, features)
    return reader.read(tree)


class _Reader(ast.NodeTransformer):
    """Rewrites the body of a row in the names of a loop."""

    def __init__(self, definition: ast.FunctionDef, weights: int, features: int) -> None:
        parameters = [argument.arg for argument in definition.args.args]
        if len(parameters) != 4:
            raise NotInlined(f"row takes {len(parameters)} arguments and not w, x, y, grad")
        self.w, self.x, self.y, self.grad = parameters
        self.sizes = {self.w: weights, self.x: features, self.grad: weights}
        self.body = definition.body[1:] if ast.get_docstring(definition) is not None else definition.body
        self.names = {self.y: TARGET}
        self.assigned: set[str] = set()
        self.functions: set[str] = set()
        self.globals: set[str] = set()

    def read(self, tree: ast.Module) -> Row:
        if not self.body or not isinstance(self.body[-1], ast.Return) or self.body[-1].value is None:
            raise NotInlined("row does not end by returning its loss")
        assigned: list[tuple[str, ast.expr]] = []
        gradient: dict[int, ast.expr] = {}
        for statement in self.body[:-1]:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                raise NotInlined(f"row has a statement in line {statement.lineno} that is no plain assignment")
            (target,) = statement.targets
            if isinstance(target, ast.Tuple):
                self.unpack(target, statement.value)
                continue
            value = self.expression(statement.value)
            if isinstance(target, ast.Subscript):
                gradient[self.index(target, self.grad)] = value
            elif isinstance(target, ast.Name):
                assigned += self.assign(target.id, value)
        loss = self.expression(self.body[-1].value)
        if len(gradient) != self.sizes[self.grad]:
            raise NotInlined(f"row writes {len(gradient)} of {self.sizes[self.grad]} partials")
        partials = tuple(gradient[index] for index in range(len(gradient)))
        return Row(tuple(assigned), partials, loss, tuple(sorted(self.functions)), tuple(sorted(self.globals)), tree)

    def unpack(self, target: ast.Tuple, vector: ast.expr) -> None:
        """Name all entries of the weights or features."""
        if not isinstance(vector, ast.Name) or len(target.elts) != self.sizes.get(vector.id):
            raise NotInlined(f"row unpacks something in line {target.lineno} that is no vector")
        for index, entry in enumerate(target.elts):
            if isinstance(entry, ast.Name):
                self.assign(entry.id, self.expression(ast.Subscript(vector, ast.Constant(index), ast.Load())))

    def assign(self, name: str, value: ast.expr) -> list[tuple[str, ast.expr]]:
        """Return the assignment; none where the name is an alias of a name that keeps its value."""
        taken = (self.assigned, self.names, self.sizes, self.globals, _NEEDED)
        if name.startswith(OURS) or any(name in names for names in taken):
            raise NotInlined(f"row assigns {name} twice, or after reading it, or instead of what a loop needs")
        if isinstance(value, ast.Name):
            self.names[name] = value.id
            return []
        self.assigned.add(name)
        return [(name, value)]

    def expression(self, value: ast.expr) -> ast.expr:
        for node in ast.walk(value):
            if not isinstance(node, _EXPRESSIONS):
                raise NotInlined(f"row has a {type(node).__name__} in line {value.lineno}")
        return cast("ast.expr", self.visit(value))

    def index(self, node: ast.Subscript, vector: str) -> int:
        match node:
            case ast.Subscript(ast.Name(id=name), ast.Constant(int(index))) if name == vector and index < self.sizes[name]:
                return index
        raise NotInlined(f"row indexes something in line {node.lineno} that is no entry of {vector}")

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id == self.x:
            return ast.Name(feature(self.index(node, self.x)), ast.Load())
        return ast.Name(weight(self.index(node, self.w)), ast.Load())

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if not isinstance(node.value, ast.Name) or node.value.id != "math" or "math" in self.assigned:
            raise NotInlined(f"row reads the attribute {node.attr} in line {node.lineno}")
        self.functions.add(node.attr)
        return ast.Name(function(node.attr), ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.sizes or node.id.startswith(OURS):
            raise NotInlined(f"row uses {node.id} as a whole in line {node.lineno}")
        if node.id not in self.assigned and node.id not in self.names:
            self.globals.add(node.id)
        return ast.Name(self.names.get(node.id, node.id), ast.Load())


def _definition(row: Callable[..., float]) -> tuple[ast.Module, ast.FunctionDef]:
    """Return the source of a function's module, and the function in it, if that is the code that runs."""
    code, scope = getattr(row, "__code__", None), getattr(row, "__globals__", {})
    if not isinstance(code, CodeType) or code.co_freevars:
        raise NotInlined("row is no plain function of floats")
    tree = ast.parse(_text(scope))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == code.co_name]
    compiled = compile(tree, code.co_filename, "exec", dont_inherit=True)
    if len(found) != 1 or not any(constant == code for constant in compiled.co_consts):
        raise NotInlined("row is not what stands in the file of its module now")
    return tree, found[0]


def _text(scope: dict[str, Any]) -> str:
    """Return the text that a module was made from."""
    loader = scope.get("__loader__")
    try:
        text = loader.get_source(scope.get("__name__", "")) if isinstance(loader, InspectLoader) else None
    except (OSError, ImportError) as error:
        raise NotInlined(f"the source of row cannot be read: {error}") from error
    if text is None:
        raise NotInlined("row comes from no file")
    return str(text)
