"""Tracing: the operations of a rule, in its order, from one call."""

import math
import random

import pytest
from own_rules import HIDING, SIGNED, TRACED, own

from symgraph.training import adam, momentum, sgd
from symgraph.training.tracing import LONGEST, Instruction, NotInlined, Program, trace

OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
    "neg": lambda a: -a,
    "abs": abs,
    "sqrt": math.sqrt,
}


def run(program: Program, constants, w, g, slots, step, rate):
    """Evaluate a program as it stands."""
    leaves = {"weight": w, "gradient": g, "step": step, "rate": rate}
    values = []
    for op, args in program.instructions:
        if op in OPERATIONS:
            values.append(OPERATIONS[op](*(values[position] for position in args)))
        elif args:
            values.append({"slot": slots, "constant": constants, "whole": {args[0]: args[0]}}[op][args[0]])
        else:
            values.append(leaves[op])
    return values[program.weight], tuple(values[position] for position in program.slots)


@pytest.mark.parametrize("optimizer", [sgd(), momentum(), adam(), *TRACED.values()])
def test_a_program_gives_the_bits_of_its_rule(optimizer):
    program, constants = trace(optimizer)
    update, numbers = optimizer.rule(math.sqrt), random.Random(1)
    for step in range(1, 200):
        w, g, *slots = (numbers.gauss(0, 10.0 ** numbers.uniform(-6, 6)) for _ in range(2 + optimizer.slots))
        slots = tuple(map(abs, slots))
        assert run(program, constants, w, g, slots, step, 0.01) == update(w, g, slots, step, 0.01)


def test_rules_that_differ_in_constants_alone_have_one_program():
    assert trace(adam(0.1, 0.5, 0.5, 0.5)).program == trace(adam()).program
    assert trace(adam(0.1, 0.5, 0.5, 0.5)).constants != trace(adam()).constants


def test_what_is_the_same_for_all_weights_is_told_apart():
    program = trace(adam()).program
    fixed, stepping = program.once_a_row()
    assert fixed == []
    assert [program.instructions[position].op for position in stepping] == ["pow", "sub", "pow", "sub"]  # two corrections


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (own(lambda q, w, g, s, t, r: (w - r if g > 0.0 else w, s)), "the rule of own is not made of operators alone: '>'"),
        (SIGNED, "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w - r * float(g), s)), "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w if g else w - r, s)), "the rule of own branches on a number"),
        (own(lambda q, w, g, s, t, r: (w if g == 0.0 else w - r, s)), "the rule of own compares numbers"),
        (own(lambda q, w, g, s, t, r: (w - r * g**0.5, s)), "takes a power that is neither a whole one nor one of a constant"),
        (own(lambda q, w, g, s, t, r: (w - r * (-2.0) ** g, s)), "takes a power that is neither"),
        (own(lambda q, w, g, s, t, r: (w - r / 2**t, s)), "takes a power that is neither"),
        (own(lambda q, w, g, s, t, r: (w - r * g * math.inf, s)), "the rule of own uses the constant inf"),
        (own(lambda q, w, g, s, t, r: (w - sum([g] * LONGEST), s)), f"has more than {LONGEST} operations"),
        (own(lambda q, w, g, s, t, r: (w - r * g, (g,))), "returns 1 slots and not 0"),
    ],
)
def test_what_cannot_be_traced_is_refused_with_its_reason(optimizer, reason):
    with pytest.raises(NotInlined) as refusal:
        trace(optimizer)
    assert reason in str(refusal.value)


@pytest.mark.parametrize("optimizer", [sgd(), momentum(), adam(), TRACED["nesterov"]])
def test_the_rules_there_are_show_every_gradient_that_is_not_finite(optimizer):
    assert trace(optimizer).program.shows_infinities()
    update = optimizer.rule(math.sqrt)
    for bad in (math.inf, -math.inf, math.nan):
        w, slots = 1.0, (0.5,) * optimizer.slots
        w, slots = update(w, bad, slots, 1, 0.1)
        assert not all(map(math.isfinite, (w, *slots)))
        assert not math.isfinite(update(bad, 1.0, (0.5,) * optimizer.slots, 1, 0.1)[0])


@pytest.mark.parametrize(
    "rule",
    [
        lambda q, w, g, s, t, r: (w - r / g, s),  # 1/inf is 0
        lambda q, w, g, s, t, r: (1.0 / w - r * g, s),  # the weight itself comes back from infinity
        lambda q, w, g, s, t, r: (r * g, s),  # the next gradient covers it
    ],
)
def test_a_rule_that_may_hide_a_gradient_is_told(rule):
    assert not trace(own(rule)).program.shows_infinities()


def test_a_rule_that_makes_zero_of_an_infinite_gradient_is_told():
    assert not trace(HIDING).program.shows_infinities()


def test_a_slot_that_forgets_does_not_count_as_showing():
    forgets = own(lambda q, w, g, s, t, r: (w - r / s[0], (g,)), 1)
    assert not trace(forgets).program.shows_infinities()


def test_a_square_root_of_a_plain_number_is_a_constant():
    program, constants = trace(own(lambda q, w, g, s, t, r: (w - r * g / q(4.0), s)))
    assert constants == (2.0,)
    assert Instruction("sqrt", (0,)).op not in {instruction.op for instruction in program.instructions}
