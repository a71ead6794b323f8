"""Recordings and the programs made of them: what is written down, what is left out, which row holds what."""

from typing import Any

import numpy as np
import pytest
from built import numpy_module

from symgraph.runtime import erfc, every_row, planning, select
from symgraph.runtime.planning import Program, planned
from symgraph.runtime.recording import DOT, Given, Kind, Recording, record
from symgraph.runtime.replay import Workspace

DOUBLE = np.dtype(np.float64)


def recorded(lines: Any, counts: tuple[int, int] = (2, 2), dtype: Any = DOUBLE, *, by_row: bool = False) -> Recording:
    return record(lines, counts, np.dtype(dtype), has_target=True, by_row=by_row)


def program_of(lines: Any, dtype: Any = DOUBLE) -> Program:
    return planned(recorded(lines, dtype=dtype))


def names(program: Program) -> list[str]:
    functions = [program.nodes[position].function for position in program.steps]
    return [function if isinstance(function, str) else function.__name__ for function in functions]


def founding(*, by_row: bool = False) -> Program:
    def lines(given: Given) -> Any:
        module = numpy_module("nine_weights")
        tape = module._forward(given.w, given.X, given.y)
        partials = module._backward(tape, given.cotangent, given.rowsum)
        return (*partials, given.rowsum(tape.loss, given.weight))

    return planned(recorded(lines, (9, 5), by_row=by_row))


def test_a_value_is_uniform_by_row_or_a_total_as_its_operands_are_and_numbers_get_the_dtype_of_what_they_meet() -> None:
    def lines(given: Given) -> Any:
        a, b = given.w
        f, _ = given.X.T
        shift, total = a * b + 1.0, given.rowsum
        return (shift, f + shift, f - given.y, total(f), 2.0 * total(f, f) * a, given.cotangent * 2.0, every_row(a, f))

    recording = recorded(lines)
    kinds = [recording.nodes[position].kind for position in recording.results]
    assert kinds == [Kind.UNIFORM, Kind.ROW, Kind.ROW, Kind.TOTAL, Kind.TOTAL, Kind.UNIFORM, Kind.ROW]

    def lines(given: Given) -> Any:
        return (0.1 * given.X.T[0], 0.1 * given.rowsum(given.y), given.X.T[0] < 0.1)

    nodes, results = recorded(lines, dtype=np.float32)
    assert [nodes[position].dtype for position in results] == [np.float32, np.float64, np.bool_]
    tenths = [node.data for node in nodes if node.function == "number"]
    assert sorted({(value.dtype.name, float(value)) for value in tenths}) == [
        ("float32", float(np.float32(0.1))),
        ("float64", 0.1),
        ("float64", 1.0),  # a sum is a dot product with ones
    ]
    program = program_of(lambda given: (erfc(given.X.T[0]),), np.float32)
    assert program.nodes[program.results[0]].dtype == np.float32
    assert set(program.widths) == {np.dtype(np.float32), DOUBLE, np.dtype(np.bool_)}


def test_only_what_the_results_need_is_planned_once_and_zeros_of_either_sign_are_two_numbers() -> None:
    def lines(given: Given) -> Any:
        f, g = given.X.T
        np.exp(f)
        return (np.tan(g) * given.w[1],)

    program = program_of(lines)
    assert (names(program), program.once) == (["tan", "multiply"], [])

    def lines(given: Given) -> Any:
        f = given.X.T[0]
        return (f * f + f * f, np.maximum(f, 0.0), np.maximum(f, -0.0))

    nodes, results = recorded(lines)
    assert [node.function for node in nodes].count(np.multiply) == 1
    assert results[1] != results[2]


def test_a_row_is_taken_again_as_soon_as_its_value_is_read_no_more_but_not_while_a_choice_is_written() -> None:
    def lines(given: Given) -> Any:
        value = given.X.T[0]
        for _ in range(50):
            value = np.sin(value) * value + given.y
        return (value,)

    program = program_of(lines)
    assert (len(program.steps), program.widths) == (150, {DOUBLE: 2})
    kept = program_of(lambda given: (given.y + 1.0, given.y - 1.0, given.y * 3.0, given.y + 1.0))
    assert len({kept.places[position] for position in kept.results}) == 3  # results keep their rows to the end

    def lines(given: Given) -> Any:
        f, g = given.X.T
        return (select(f < g, f * g, f + g),)

    program = program_of(lines)
    position = program.results[0]
    _, chosen, other = program.nodes[position].args
    assert program.places[position] == program.places[other] != program.places[chosen]
    assert program.widths == {DOUBLE: 2, np.dtype(np.bool_): 1}


def test_sums_are_taken_as_soon_as_their_terms_are_there_and_may_be_followed_by_operations() -> None:
    def lines(given: Given) -> Any:
        f, g = given.X.T
        one, two = np.exp(f), np.exp(g)
        three = np.tan(one + two)
        return (given.rowsum(one), given.rowsum(two, f), given.rowsum(three))

    for dtype in (np.float64, np.float32):
        order = [name for name in names(program_of(lines, dtype)) if name != "copy"]  # into float64, for a sum of others
        assert order == ["exp", DOT, "exp", DOT, "add", "tan", DOT]
    program = program_of(lambda given: (-given.rowsum(given.y) * (given.w[0] * given.w[1]), 0.5))
    assert (program.order, len(program.tail), len(program.once), names(program)) == (None, 2, 1, [DOT])


def test_the_founding_model_takes_a_call_an_operation_eleven_rows_and_no_two_views_of_its_memory() -> None:
    program = founding()
    assert (len(program.steps), names(program).count(DOT), program.widths) == (61, 10, {DOUBLE: 11, np.dtype(np.bool_): 1})
    assert len(program.once) == 2  # half of w3, and twice the cotangent
    assert len(founding(by_row=True).steps) == 62
    # NumPy works out for two views if they overlap, which takes as long as 500 sums; a choice would copy a row onto itself
    calls: Any = Workspace().plan(program, 33).calls
    assert len(calls) == len(program.steps)  # none of them copies the branch not chosen
    for call in calls:
        *args, out = (*call.args, *call.keywords.values())
        assert all(arg is out for arg in args if np.may_share_memory(arg, out))


def test_blocks_have_fewer_rows_where_a_program_has_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    def block(count: int) -> int:
        values = [float(i) for i in range(1, count + 1)]
        return program_of(lambda given: [given.y * value for value in values]).block

    assert founding().block == block(200) == 10_000
    monkeypatch.setattr(planning, "MOST_NUMBERS", 200_000)
    assert (block(200), block(1000)) == (1000, 500)


@pytest.mark.parametrize(("lines", "message"), [
    (lambda given: (1.0 if given.y > 0 else 2.0,), "neither true nor false yet; choose with select"),
    (lambda given: (given.y[0],), "one number, which has no entry 0"),
    (lambda given: (np.add.reduce(given.y),), "add is recorded without options, not as reduce"),
    (lambda given: (np.exp(given.y, where=given.y > 0),), r"exp is recorded without options.*where"),
    (lambda given: (np.sum(given.y),), "sum is not recorded; the lines take ufuncs and np.where"),
    (lambda given: (given.y - given.rowsum(given.y),), "subtract takes a sum over rows together with values of the rows"),
    (lambda given: (select(given.w[0] > 0.0, given.rowsum(given.y), given.y),), "where takes a sum over rows together with"),
])  # fmt: skip
def test_lines_that_cannot_be_recorded_are_refused(lines: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        recorded(lines)
