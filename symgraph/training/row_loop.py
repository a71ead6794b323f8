"""Loops over rows with the row function and the update of every weight written out in them.

A call and a list entry cost Python as much as several operations on floats. So the loop that a run needs is put together,
as a syntax tree, from the straight line of `row` and the operations of the optimizer's rule, with every weight and slot in a
local variable. It does the operations that `row` and the rule do, in their order: the weights it ends with have the bits that
calling them row by row gives.
"""

import ast
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from symgraph.training.row_source import OURS, TARGET, Row, feature, function, weight
from symgraph.training.tracing import Program

LOOP = "loop"
"""The name of the function in the tree; called as
loop(weights, slots, rows, step, rate, constants, gradient, limit) -> the sum of the losses.
"""

CLIP = f"{OURS}clip"

_ARGUMENTS = tuple(f"{OURS}{name}" for name in ("weights", "slots", "rows", "step", "rate", "constants", "gradient", "limit"))
_WEIGHTS, _SLOTS, _ROWS, _STEP, _RATE, _CONSTANTS, _GRADIENT, _LIMIT = _ARGUMENTS
_TOTAL, _INDEX, _COMPONENT, _RANGE = f"{OURS}total", f"{OURS}i", f"{OURS}j", "range"


_BINARY = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "pow": ast.Pow}


class Sizes(NamedTuple):
    """How many of each a loop has."""

    weights: int
    features: int
    target: bool


class Form(NamedTuple):
    """How a loop is written.

    Attributes:
        clip: whether each gradient goes through the function CLIP.
        unrolled: for Python: every weight and slot has its variable, and rows are sequences. Else, for a compiler, they stay in
            their vectors, the rule stands once, in a loop over them, and rows are an array (n, columns).
    """

    clip: bool
    unrolled: bool


def loop_tree(row: Row, program: Program, sizes: Sizes, form: Form) -> ast.FunctionDef:
    """Put a loop together.

    Args:
        row: the straight line of the row function.
        program: the rule.
        sizes: of the model.
        form: how it is written.

    Returns:
        The definition of LOOP. It changes weights, slots and gradient in place. Slots stand in one vector, all of the first
        slot before those of the second.
    """
    update = _Update(program, sizes.weights)
    weights = [_assign(weight(i), _entry(_WEIGHTS, i)) for i in range(sizes.weights)]
    partials = _Partials(row, form)
    if form.unrolled:
        before, each = [*weights, *update.slots()], [*partials.statements(), *update.unrolled(partials.values())]
        after = [*(_stored(_WEIGHTS, i, weight(i)) for i in range(sizes.weights)), *update.slots_back()]
    else:
        before, each, after = [], [*weights, *partials.statements(), *update.rolled()], []
    body = [
        *_local_functions({*row.functions, *({"sqrt"} if program.uses("sqrt") else ())}),
        *update.constants(),
        *before,
        _assign(_TOTAL, ast.Constant(0.0)),
        _for_rows(sizes, each, unpack=form.unrolled),
        *after,
        ast.Return(_name(_TOTAL)),
    ]
    names = [ast.arg(name) for name in _ARGUMENTS]
    arguments = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.fix_missing_locations(ast.FunctionDef(LOOP, arguments, body, []))


def _local_functions(names: Iterable[str]) -> list[ast.stmt]:
    return [_assign(function(name), ast.Attribute(_name("math"), name, ast.Load())) for name in sorted(names)]


def _for_rows(sizes: Sizes, body: list[ast.stmt], *, unpack: bool) -> ast.stmt:
    columns = [*map(feature, range(sizes.features)), *([TARGET] if sizes.target else [])]
    if unpack:
        return ast.For(ast.Tuple([_name(column, store=True) for column in columns], ast.Store()), _name(_ROWS), body, [])
    count = ast.Subscript(ast.Attribute(_name(_ROWS), "shape", ast.Load()), ast.Constant(0), ast.Load())
    reads = [_assign(column, _element(_ROWS, _INDEX, j)) for j, column in enumerate(columns)]
    return ast.For(_name(_INDEX, store=True), ast.Call(_name(_RANGE), [count], []), [*reads, *body], [])


class _Partials:
    """Writes the row function: its loss is added up, its partials are clipped and put where the update finds them.

    The update comes after all of them, since a partial may be one of the weights.
    """

    def __init__(self, row: Row, form: Form) -> None:
        self.row = row
        self.clip = form.clip
        self.unrolled = form.unrolled

    def statements(self) -> list[ast.stmt]:
        row = self.row
        lines = [_assign(name, value) for name, value in row.assigned]
        lines.append(ast.AugAssign(_name(_TOTAL, store=True), ast.Add(), row.loss))
        if self.unrolled and not self.clip:
            return lines + [_assign(_partial(i), value) for i, value in enumerate(row.gradient) if not _lasts(value)]
        lines += [ast.Assign([_entry(_GRADIENT, i, store=True)], value) for i, value in enumerate(row.gradient)]
        if self.clip:
            lines.append(ast.Expr(ast.Call(_name(CLIP), [_name(_GRADIENT), _name(_LIMIT)], [])))
        return lines + [_assign(_partial(i), _entry(_GRADIENT, i)) for i in range(len(row.gradient)) if self.unrolled]

    def values(self) -> list[ast.expr]:
        """The variable of each partial, in a loop that is unrolled."""
        return [value if _lasts(value) and not self.clip else _name(_partial(i)) for i, value in enumerate(self.row.gradient)]


def _lasts(value: ast.expr) -> bool:
    """Whether an expression costs nothing and keeps its value while weights change."""
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and not value.id.startswith(weight(0)[:-1]))


class _Update:
    """Writes the rule for each weight."""

    def __init__(self, program: Program, weights: int) -> None:
        self.program = program
        self.weights = weights
        self.fixed, self.stepping = program.once_a_row()
        self.users = program.users()
        self.outputs = [*program.slots, program.weight]

    def constants(self) -> list[ast.stmt]:
        """Constants and what no row changes, as local variables."""
        indices = [args[0] for op, args in self.program.instructions if op == "constant"]
        shared = [self._shared(position) for position in self.fixed]
        return [*(_assign(_constant(index), _entry(_CONSTANTS, index)) for index in indices), *shared]

    def slots(self) -> list[ast.stmt]:
        """The slots, from their vector into variables."""
        return [_assign(_slot(k, i), _entry(_SLOTS, k * self.weights + i)) for k, i in self._places()]

    def slots_back(self) -> list[ast.stmt]:
        """The slots, back into their vector."""
        return [_stored(_SLOTS, k * self.weights + i, _slot(k, i)) for k, i in self._places()]

    def _places(self) -> list[tuple[int, int]]:
        return [(k, i) for k in range(len(self.program.slots)) for i in range(self.weights)]

    def unrolled(self, gradients: Sequence[ast.expr]) -> list[ast.stmt]:
        """The update by a row, weight by weight."""
        lines = self._shared_by_weights()
        for i, gradient in enumerate(gradients):
            slots = tuple(_name(_slot(k, i)) for k in range(len(self.program.slots)))
            lines += self._of_weight(_Places(_name(weight(i)), gradient, slots))
        return lines

    def rolled(self) -> list[ast.stmt]:
        """The update by a row, in a loop over the weights."""
        index = _name(_COMPONENT)
        slots: list[ast.expr] = []
        for k in range(len(self.program.slots)):
            place = ast.BinOp(ast.Constant(k * self.weights), ast.Add(), index) if k else index
            slots.append(ast.Subscript(_name(_SLOTS), place, ast.Load()))
        weight_, gradient = (ast.Subscript(_name(vector), index, ast.Load()) for vector in (_WEIGHTS, _GRADIENT))
        places = _Places(weight_, gradient, slots)
        count = ast.Call(_name(_RANGE), [ast.Constant(self.weights)], [])
        return [*self._shared_by_weights(), ast.For(_name(_COMPONENT, store=True), count, self._of_weight(places), [])]

    def _shared_by_weights(self) -> list[ast.stmt]:
        counts = bool(self.stepping)
        first: list[ast.stmt] = [ast.AugAssign(_name(_STEP, store=True), ast.Add(), ast.Constant(1))] if counts else []
        return first + [self._shared(position) for position in self.stepping]

    def _shared(self, position: int) -> ast.stmt:
        nowhere = _Places(_name(_WEIGHTS), _name(_GRADIENT), ())
        return _assign(_uniform(position), self._writer(nowhere).operation(position))

    def _writer(self, places: "_Places") -> "_Writer":
        return _Writer(self.program, self.users, {p: _name(_uniform(p)) for p in (*self.fixed, *self.stepping)}, places)

    def _of_weight(self, places: "_Places") -> list[ast.stmt]:
        writer = self._writer(places)
        late: list[ast.stmt] = []
        for k, position in enumerate(self.program.slots):
            value = writer.expression(position)
            if self._last_use(k, position):
                writer.keep(position, places.slots[k], value)
            else:
                late.append(_set(places.slots[k], writer.keep(position, _name(_new_slot(k)), value)))
        writer.lines.append(_set(places.weight, writer.expression(self.program.weight)))
        return writer.lines + late

    def _last_use(self, k: int, position: int) -> bool:
        """Whether nothing reads the old slot after the new one is computed."""
        program = self.program
        leaves = [p for p, instruction in enumerate(program.instructions) if instruction == ("slot", (k,))]
        below, waiting = set(), [position]
        while waiting:
            reached = waiting.pop()
            below.add(reached)
            waiting += program.instructions[reached].operands
        readers = {user for leaf in leaves for user in self.users[leaf]}
        return readers <= below and not any(leaf in self.outputs and leaf != position for leaf in leaves)


class _Places(NamedTuple):
    """Where the numbers of one weight are: names, or entries of vectors."""

    weight: ast.expr
    gradient: ast.expr
    slots: Sequence[ast.expr]


class _Writer:
    """Writes the operations of one weight; what is used twice goes into a variable."""

    def __init__(self, program: Program, users: dict[int, list[int]], done: dict[int, ast.expr], places: _Places) -> None:
        self.program = program
        self.users = users
        self.done = done
        self.places = places
        self.lines: list[ast.stmt] = []

    def keep(self, position: int, place: ast.expr, value: ast.expr) -> ast.expr:
        """Put a value in a place, which stands for it from here on."""
        if value is not place:
            self.lines.append(_set(place, value))
        self.done[position] = place
        return place

    def expression(self, position: int) -> ast.expr:
        if position in self.done:
            return self.done[position]
        instruction = self.program.instructions[position]
        if not instruction.operands:
            return self._leaf(*instruction)
        value = self.operation(position)
        return self.keep(position, _name(_temporary(position)), value) if len(self.users[position]) > 1 else value

    def operation(self, position: int) -> ast.expr:
        """The operation itself, over what its operands are called."""
        op, args = self.program.instructions[position]
        operands = [self.expression(operand) for operand in args]
        if op in _BINARY:
            return ast.BinOp(operands[0], _BINARY[op](), operands[1])
        if op == "neg":
            return ast.UnaryOp(ast.USub(), operands[0])
        return ast.Call(_name(function("sqrt") if op == "sqrt" else "abs"), operands, [])

    def _leaf(self, op: str, args: tuple[int, ...]) -> ast.expr:
        match op:
            case "weight":
                return self.places.weight
            case "gradient":
                return self.places.gradient
            case "slot":
                return self.places.slots[args[0]]
            case "constant":
                return _name(_constant(args[0]))
            case "whole":
                return ast.Constant(args[0])
            case _:
                return _name(_STEP if op == "step" else _RATE)


def _slot(k: int, i: int) -> str:
    return f"{OURS}s{k}_{i}"


def _new_slot(k: int) -> str:
    return f"{OURS}n{k}"


def _constant(index: int) -> str:
    return f"{OURS}c{index}"


def _uniform(position: int) -> str:
    return f"{OURS}u{position}"


def _temporary(position: int) -> str:
    return f"{OURS}t{position}"


def _partial(i: int) -> str:
    return f"{OURS}g{i}"


def _name(name: str, *, store: bool = False) -> ast.Name:
    return ast.Name(name, ast.Store() if store else ast.Load())


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([_name(name, store=True)], value)


def _set(place: ast.expr, value: ast.expr) -> ast.stmt:
    """An assignment to a place that is otherwise read."""
    match place:
        case ast.Name(name):
            return _assign(name, value)
        case ast.Subscript(vector, index):
            return ast.Assign([ast.Subscript(vector, index, ast.Store())], value)
        case _:
            raise TypeError(f"{ast.dump(place)} is no place")


def _stored(vector: str, index: int, name: str) -> ast.stmt:
    return ast.Assign([_entry(vector, index, store=True)], _name(name))


def _entry(vector: str, index: int, *, store: bool = False) -> ast.Subscript:
    return ast.Subscript(_name(vector), ast.Constant(index), ast.Store() if store else ast.Load())


def _element(matrix: str, row: str, column: int) -> ast.expr:
    return ast.Subscript(_name(matrix), ast.Tuple([_name(row), ast.Constant(column)], ast.Load()), ast.Load())
