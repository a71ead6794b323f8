"""symgraph.backends.layout and width: text laid out as ruff format would."""

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symgraph.backends.layout import WIDTH, call_layout, columns, number, parenthesized, quoted, sequence_layout, unpacked


def formatted(text: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_quoted_text_is_a_literal_of_that_text(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_that_number(value: float) -> None:
    assert float(number(value)) == value
    assert "e+" not in number(value)


def test_literals_are_as_ruff_leaves_them() -> None:
    texts = ["plain", 'say "hi"', "it's", 'it\'s "x"', "a\\b", 'a """ b', "é字", "both ' and \"", "tab\t"]
    numbers = [1e100, 1e-100, 1e16, 12345678.0, 0.1, -2.5e300, 5e-324]
    lines = [f"a = {quoted(text)}" for text in texts] + [f"a = {number(value)}" for value in numbers]
    module = "\n".join(lines) + "\n"
    assert formatted(module) == module


LENGTHS = [1, 5, 20, 38, 39, 40, 41, 60, 75, 90]


def test_calls_and_sequences_are_as_ruff_leaves_them() -> None:
    blocks = []
    for length in LENGTHS:
        for count in (1, 2, 5):
            items = [f"{'abcdefgh'[index] * length}" for index in range(count)]
            blocks.append(call_layout("return f(", items, ")", 4))
            blocks.append(sequence_layout("return (", items, ")", 4))
            blocks.append(sequence_layout("return [", items, "]", 4))
    module = "def g():\n" + "".join(f"    {block}\n" for block in blocks)
    assert formatted(module) == module


def test_constants_are_as_ruff_leaves_them() -> None:
    module = "".join(parenthesized("TARGET = ", quoted("a" * length), "", 0) + "\n" for length in range(70, 100))
    assert formatted(module) == module


@pytest.mark.parametrize("count", [1, 2, 9, 30, 100])
@pytest.mark.parametrize("length", [1, 8, 44])
def test_a_vector_is_unpacked_in_lines_that_fit_and_mean_the_same(count: int, length: int) -> None:
    names = [f"n{index}".ljust(length, "x") for index in range(count)]
    lines = unpacked(names, "source", 4)
    namespace: dict[str, object] = {"source": list(range(count))}
    exec("\n".join(lines), namespace)
    assert [namespace[name] for name in names] == list(range(count))
    assert all(columns(line) + 4 <= WIDTH for line in lines)
    module = "def g():\n" + "".join(f"    {line}\n" for line in lines)
    assert formatted(module) == module


def test_entries_that_are_not_needed_are_left_out() -> None:
    assert unpacked(["", "b", "", "d"], "w", 4) == ["b = w[1]", "d = w[3]"]


def test_wide_signs_take_two_columns() -> None:
    assert [columns(text) for text in ("abc", "é", "字", "a字b")] == [3, 1, 2, 4]
