"""symgraph.backends.layout and width: text laid out as ruff format would."""

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tool_runs import assert_accepted

from symgraph.backends.layout import WIDTH, call_layout, columns, number, parenthesized, quoted, sequence_layout, unpacked


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_a_quoted_text_or_a_written_number_is_a_literal_of_it(text: str, value: float) -> None:
    assert ast.literal_eval(quoted(text)) == text
    assert float(number(value)) == value
    assert "e+" not in number(value)


def test_literals_calls_and_sequences_are_as_ruff_leaves_them(tmp_path: Path) -> None:
    texts = ["plain", 'say "hi"', "it's", 'it\'s "x"', "a\\b", 'a """ b', "é字", "both ' and \"", "tab\t"]
    numbers = [1e100, 1e-100, 1e16, 12345678.0, 0.1, -2.5e300, 5e-324]
    lines = [f"a = {one}" for one in [*map(quoted, texts), *map(number, numbers)]]
    lines += [parenthesized("TARGET = ", quoted("a" * length), "", 0) for length in range(70, 100)]
    blocks = []
    for length in (1, 5, 20, 38, 39, 40, 41, 60, 75, 90):
        for count in (1, 2, 5):
            items = ["abcdefgh"[index] * length for index in range(count)]
            blocks += [call_layout("return f(", items, ")", 4), sequence_layout("return (", items, ")", 4)]
            blocks.append(sequence_layout("return [", items, "]", 4))
    for count in (1, 2, 9, 30, 100):
        for length in (1, 8, 44):
            blocks += unpacked([f"n{index}".ljust(length, "x") for index in range(count)], "source", 4)
    module = "\n".join([*lines, "\n\ndef g():", *(f"    {block}" for block in blocks)]) + "\n"
    (tmp_path / "module.py").write_text(module, encoding="utf-8")
    assert_accepted("format", tmp_path)


def test_a_vector_is_unpacked_in_lines_that_fit_and_mean_the_same() -> None:
    for count, length in ((1, 1), (2, 8), (9, 44), (30, 8), (100, 44)):
        names = [f"n{index}".ljust(length, "x") for index in range(count)]
        lines = unpacked(names, "source", 4)
        namespace: dict[str, object] = {"source": list(range(count))}
        exec("\n".join(lines), namespace)
        assert [namespace[name] for name in names] == list(range(count))
        assert all(columns(line) + 4 <= WIDTH for line in lines)
    assert unpacked(["", "b", "", "d"], "w", 4) == ["b = w[1]", "d = w[3]"]
    assert [columns(text) for text in ("abc", "é", "字", "a字b")] == [3, 1, 2, 4]
