"""Loops over rows with the row function and the update of every weight written out in them.

A call and a list entry cost Python as much as several operations on floats. So the loop that a run needs is built, as a syntax
tree, from the straight line of `row` and the operations of the optimizer's rule, with every weight and slot in a
local variable. It does the operations that `row` and the rule do, in their order: the weights it ends with have the bits that
calling them row by row gives.
"""

import ast
import copy
from collections.abc import Collection, Sequence
from typing import NamedTuple, cast

from symgraph.training.row_source import OURS, TARGET, Row, feature, function, weight
from symgraph.training.syntax import VECTOR, assign, counted_loop, definition, entry, local_functions, named, size, stored
from symgraph.training.tracing import PER_WEIGHT, Program

LOOP = "loop"
"""Name of the function in the tree; called as
loop(weights, slots, rows, step, rate, constants, gradient, limit) -> the sum of the losses.
"""

CLIP = f"{OURS}clip"

VECTORS = ("tanh",)
"""Functions of `math` that are faster inlined even in the loop over updates, where each row waits for the one before."""

_ARGUMENTS = tuple(f"{OURS}{name}" for name in ("weights", "slots", "rows", "step", "rate", "constants", "gradient", "limit"))
_WEIGHTS, _SLOTS, _ROWS, _STEP, _RATE, _CONSTANTS, _GRADIENT, _LIMIT = _ARGUMENTS
_TOTAL, _INDEX, _COMPONENT = f"{OURS}total", f"{OURS}i", f"{OURS}j"

_BINARY = {"add": ast.Add, "sub": ast.Sub, "mul": ast.Mult, "div": ast.Div, "pow": ast.Pow}


class Sizes(NamedTuple):
    """Numbers of weights and features of a loop, and whether it has a target."""

    weights: int
    features: int
    target: bool


class Form(NamedTuple):
    """Form in which a loop is written.

    Attributes:
        clip: whether each gradient goes through the function CLIP.
        unrolled: for Python: every weight and slot has its variable, and rows are sequences. Else, for a compiler, they stay in
            their vectors, the rule is written once, in a loop over them, and rows are an array (n, columns). Such a loop agrees
            with the rule to rounding: a common divisor of all weights becomes a factor, powers of the step are multiplied up.
    """

    clip: bool
    unrolled: bool


def loop_tree(row: Row, program: Program, sizes: Sizes, form: Form) -> ast.FunctionDef:
    """Build a loop.

    Args:
        row: the straight line of the row function.
        program: the operations of the optimizer's rule.
        sizes: of the model.
        form: the form in which it is written.

    Returns:
        The definition of LOOP. It changes weights, slots and gradient in place. Slots are in one vector, all of the first
        slot before those of the second.
    """
    update = _Update(program, sizes.weights, exact=form.unrolled)
    weights = [assign(weight(i), entry(_WEIGHTS, i)) for i in range(sizes.weights)]
    partials = _Partials(row, form)
    if form.unrolled:
        before, each = [*weights, *update.slots()], [*partials.statements(), *update.unrolled(partials.values())]
        after = [*(stored(_WEIGHTS, i, named(weight(i))) for i in range(sizes.weights)), *update.slots_back()]
    else:
        before, each, after = [], [*weights, *partials.statements(), *update.rolled()], []
    body = [
        *local_functions({*row.functions, *({"sqrt"} if program.uses("sqrt") else ())}, () if form.unrolled else VECTORS),
        *update.constants(),
        *before,
        assign(_TOTAL, ast.Constant(0.0)),
        _for_rows(sizes, each, unpack=form.unrolled),
        *after,
        ast.Return(named(_TOTAL)),
    ]
    return definition(LOOP, _ARGUMENTS, body)


def columns_of(sizes: Sizes) -> list[str]:
    """Return the names of a row's columns in a loop."""
    return [*map(feature, range(sizes.features)), *([TARGET] if sizes.target else [])]


def _for_rows(sizes: Sizes, body: list[ast.stmt], *, unpack: bool) -> ast.stmt:
    columns = columns_of(sizes)
    if unpack:
        return ast.For(ast.Tuple([named(column, store=True) for column in columns], ast.Store()), named(_ROWS), body, [])
    reads = [assign(column, _element(_ROWS, _INDEX, j)) for j, column in enumerate(columns)]
    return counted_loop(_INDEX, size(_ROWS, 0), [*reads, *body])


class _Partials:
    """Writer of the row function: its loss is added up, its partials are clipped and put where the update finds them.

    The update comes after all of them, since a partial may be one of the weights.
    """

    def __init__(self, row: Row, form: Form) -> None:
        self.row = row
        self.clip = form.clip
        self.unrolled = form.unrolled

    def statements(self) -> list[ast.stmt]:
        row = self.row
        lines = [assign(name, _magnitudes(value) if self.unrolled else value) for name, value in row.assigned]
        lines.append(ast.AugAssign(named(_TOTAL, store=True), ast.Add(), row.loss))
        if self.unrolled and not self.clip:
            return lines + [assign(_partial(i), value) for i, value in enumerate(row.gradient) if not _lasts(value)]
        lines += [stored(_GRADIENT, i, value) for i, value in enumerate(row.gradient)]
        if self.clip:
            lines.append(ast.Expr(ast.Call(named(CLIP), [named(_GRADIENT), named(_LIMIT)], [])))
        return lines + [assign(_partial(i), entry(_GRADIENT, i)) for i in range(len(row.gradient)) if self.unrolled]

    def values(self) -> list[ast.expr]:
        """Return the variable of each partial, in a loop that is unrolled."""
        return [value if _lasts(value) and not self.clip else named(_partial(i)) for i, value in enumerate(self.row.gradient)]


class _Magnitudes(ast.NodeTransformer):
    """Replaces calls of fabs on variables by comparisons, since a call costs Python as much as four operations."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match self.generic_visit(node):
            case ast.Call(ast.Name(id=called), [ast.Name() as value]) if called == function("fabs"):
                zero = ast.Constant(0.0)
                # 0.0 - x is -x, and 0.0 for either zero
                return ast.IfExp(ast.Compare(value, [ast.Gt()], [zero]), value, ast.BinOp(zero, ast.Sub(), value))
        return node


def _magnitudes(value: ast.expr) -> ast.expr:
    return cast("ast.expr", _Magnitudes().visit(copy.deepcopy(value)))


def _lasts(value: ast.expr) -> bool:
    """Tell if an expression costs nothing and keeps its value while weights change."""
    return isinstance(value, ast.Constant) or (isinstance(value, ast.Name) and not value.id.startswith(weight(0)[:-1]))


class _Update:
    """Writer of the rule for each weight; ``exact`` keeps the rule's own rounding."""

    def __init__(self, program: Program, weights: int, *, exact: bool) -> None:
        self.program = program
        self.weights = weights
        self.fixed, self.stepping = program.once_a_row()
        self.users = program.users()
        self.outputs = [*program.slots, program.weight]
        self.powers = () if exact else tuple(filter(self._is_power_of_step, self.stepping))
        self.divisors = () if exact else tuple(filter(self._divides_weights, (*self.fixed, *self.stepping)))

    def constants(self) -> list[ast.stmt]:
        """Assign constants, and values that no row changes, to local variables."""
        indices = [args[0] for op, args in self.program.instructions if op == "constant"]
        shared = [line for position in self.fixed for line in self._shared(position)]
        first = [line for position in self.powers for line in self._first_power(position)]
        return [*(assign(_constant(index), entry(_CONSTANTS, index)) for index in indices), *shared, *first]

    def slots(self) -> list[ast.stmt]:
        """Read the slots from their vector into variables."""
        return [assign(_slot(k, i), entry(_SLOTS, k * self.weights + i)) for k, i in self._places()]

    def slots_back(self) -> list[ast.stmt]:
        """Store the slots back into their vector."""
        return [stored(_SLOTS, k * self.weights + i, named(_slot(k, i))) for k, i in self._places()]

    def _places(self) -> list[tuple[int, int]]:
        return [(k, i) for k in range(len(self.program.slots)) for i in range(self.weights)]

    def unrolled(self, gradients: Sequence[ast.expr]) -> list[ast.stmt]:
        """Write the update by a row, weight by weight."""
        lines = self._shared_by_weights()
        for i, gradient in enumerate(gradients):
            slots = tuple(named(_slot(k, i)) for k in range(len(self.program.slots)))
            lines += self._of_weight(_Places(named(weight(i)), gradient, slots))
        return lines

    def rolled(self) -> list[ast.stmt]:
        """Write the update by a row, in a loop over the weights."""
        index = named(_COMPONENT)
        slots: list[ast.expr] = []
        for k in range(len(self.program.slots)):
            place = ast.BinOp(ast.Constant(k * self.weights), ast.Add(), index) if k else index
            slots.append(ast.Subscript(named(_SLOTS), place, ast.Load()))
        places = _Places(entry(_WEIGHTS, _COMPONENT), entry(_GRADIENT, _COMPONENT), slots)
        return [*self._shared_by_weights(), counted_loop(_COMPONENT, ast.Constant(self.weights), self._of_weight(places))]

    def _shared_by_weights(self) -> list[ast.stmt]:
        counts = bool(self.stepping)
        first: list[ast.stmt] = [ast.AugAssign(named(_STEP, store=True), ast.Add(), ast.Constant(1))] if counts else []
        return first + [line for position in self.stepping for line in self._shared(position)]

    def _shared(self, position: int) -> list[ast.stmt]:
        """Write an operation that is the same for all weights, and its inverse where weights are divided by it."""
        inverse = ast.BinOp(ast.Constant(1.0), ast.Div(), named(_uniform(position)))
        inverted = [assign(_inverse(position), inverse)] if position in self.divisors else []
        if position in self.powers:
            return [*self._next_power(position), *inverted]
        nowhere = _Places(named(_WEIGHTS), named(_GRADIENT), ())
        return [assign(_uniform(position), self._writer(nowhere).operation(position)), *inverted]

    def _writer(self, places: "_Places") -> "_Writer":
        done: dict[int, ast.expr] = {p: named(_uniform(p)) for p in (*self.fixed, *self.stepping)}
        return _Writer(self.program, self.users, done, places, self.divisors)

    def _is_power_of_step(self, position: int) -> bool:
        op, args = self.program.instructions[position]
        return op == "pow" and [self.program.instructions[operand].op for operand in args] == ["constant", "step"]

    def _divides_weights(self, position: int) -> bool:
        """Tell if a value of each weight is divided by it."""
        program, varying = self.program, self.program.reading(*PER_WEIGHT)
        users = (program.instructions[user] for user in self.users[position])
        return any(op == "div" and args[1] == position and args[0] in varying for op, args in users)

    def _first_power(self, position: int) -> list[ast.stmt]:
        """Write the power before the first row: a number, and its rounding remainder."""
        base = named(_constant(self.program.instructions[self.program.instructions[position].args[0]].args[0]))
        return [
            assign(_uniform(position), ast.BinOp(base, ast.Pow(), named(_STEP))),
            assign(_lacking(position), ast.Constant(0.0)),
        ]

    def _next_power(self, position: int) -> list[ast.stmt]:
        """Write the power of the next step from the last one: `pow` would take as long as the row's exponentials."""
        base = named(_constant(self.program.instructions[self.program.instructions[position].args[0]].args[0]))
        pair = [_uniform(position), _lacking(position)]
        product = ast.Call(named(f"{VECTOR}next_power"), [*map(named, pair), base], [])
        return [ast.Assign([ast.Tuple([named(part, store=True) for part in pair], ast.Store())], product)]

    def _of_weight(self, places: "_Places") -> list[ast.stmt]:
        writer = self._writer(places)
        late: list[ast.stmt] = []
        for k, position in enumerate(self.program.slots):
            value = writer.expression(position)
            if self._last_use(k, position):
                writer.keep(position, places.slots[k], value)
            else:
                late.append(_set(places.slots[k], writer.keep(position, named(_new_slot(k)), value)))
        writer.lines.append(_set(places.weight, writer.expression(self.program.weight)))
        return writer.lines + late

    def _last_use(self, k: int, position: int) -> bool:
        """Tell if nothing reads the old slot after the new one is computed."""
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
    """Places of the numbers of one weight: names, or entries of vectors."""

    weight: ast.expr
    gradient: ast.expr
    slots: Sequence[ast.expr]


class _Writer:
    """Writer of the operations of one weight; values that are used twice go into variables."""

    def __init__(
        self,
        program: Program,
        users: dict[int, list[int]],
        done: dict[int, ast.expr],
        places: _Places,
        divisors: Collection[int],
    ) -> None:
        self.program = program
        self.users = users
        self.done = done
        self.places = places
        self.divisors = divisors
        self.lines: list[ast.stmt] = []

    def keep(self, position: int, place: ast.expr, value: ast.expr) -> ast.expr:
        """Store a value in a place, by which it is read from here on."""
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
        return self.keep(position, named(_temporary(position)), value) if len(self.users[position]) > 1 else value

    def operation(self, position: int) -> ast.expr:
        """Write the operation itself, over the expressions of its operands."""
        op, args = self.program.instructions[position]
        operands = [self.expression(operand) for operand in args]
        if op == "div" and args[1] in self.divisors:
            return ast.BinOp(operands[0], ast.Mult(), named(_inverse(args[1])))
        if op in _BINARY:
            return ast.BinOp(operands[0], _BINARY[op](), operands[1])
        if op == "neg":
            return ast.UnaryOp(ast.USub(), operands[0])
        return ast.Call(named(function("sqrt") if op == "sqrt" else "abs"), operands, [])

    def _leaf(self, op: str, args: tuple[int, ...]) -> ast.expr:
        match op:
            case "weight":
                return self.places.weight
            case "gradient":
                return self.places.gradient
            case "slot":
                return self.places.slots[args[0]]
            case "constant":
                return named(_constant(args[0]))
            case "whole":
                return ast.Constant(args[0])
            case _:
                return named(_STEP if op == "step" else _RATE)


def _slot(k: int, i: int) -> str:
    return f"{OURS}s{k}_{i}"


def _new_slot(k: int) -> str:
    return f"{OURS}n{k}"


def _constant(index: int) -> str:
    return f"{OURS}c{index}"


def _uniform(position: int) -> str:
    return f"{OURS}u{position}"


def _inverse(position: int) -> str:
    return f"{OURS}r{position}"


def _lacking(position: int) -> str:
    return f"{OURS}l{position}"


def _temporary(position: int) -> str:
    return f"{OURS}t{position}"


def _partial(i: int) -> str:
    return f"{OURS}g{i}"


def _set(place: ast.expr, value: ast.expr) -> ast.stmt:
    """Assign to a place that is otherwise read."""
    match place:
        case ast.Name(name):
            return assign(name, value)
        case ast.Subscript(vector, index):
            return ast.Assign([ast.Subscript(vector, index, ast.Store())], value)
        case _:
            raise TypeError(f"{ast.dump(place)} is no place")


def _element(matrix: str, row: str, column: int) -> ast.expr:
    return ast.Subscript(named(matrix), ast.Tuple([named(row), ast.Constant(column)], ast.Load()), ast.Load())
