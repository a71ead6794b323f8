"""Mistakes in specs: each is told in one line, with the line of the spec and what to do, by the command line and in Python."""

import re
from pathlib import Path
from types import CodeType

import pytest
from command_line import Run, snapshot
from spec_mistakes import FOUND, HEAD, OF_PYTHON, Mistake

import symgraph
from symgraph import SymgraphError
from symgraph.spec.model import Model

MISTAKES = {**FOUND, **OF_PYTHON}


def text_of(mistake: Mistake) -> tuple[str, int]:
    """Return the text of a spec with a mistake, and the number of the line at fault."""
    text = f"{HEAD}{mistake.lines}\n"
    marked = [
        number
        for number, line in enumerate(text.splitlines(), start=1)
        if line.endswith("#!") or (mistake.at and line.startswith(mistake.at))
    ]
    assert len(marked) == 1, mistake
    return text, marked[0]


def in_order(words: tuple[str, ...], message: str) -> bool:
    """Tell if a message contains some words one after the other."""
    return re.search(".*".join(map(re.escape, words)), message) is not None


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_one_line_with_its_line_in_the_spec_and_nothing_is_written(
    command: Run, tmp_path: Path, name: str
) -> None:
    text, line = text_of(MISTAKES[name])
    (tmp_path / "spec.py").write_text(text, encoding="utf-8")
    before = snapshot(tmp_path)
    done = command("build", "spec.py", "--quiet")
    assert (done.code, done.out) == (2, ""), done
    assert done.err.count("\n") == 1, done.err
    assert done.err.startswith(f"error: spec.py:{line}: "), (line, done.err)
    assert in_order(MISTAKES[name].words, done.err), done.err
    assert snapshot(tmp_path) == before


def compiled(text: str) -> CodeType:
    """Compile a cell of a notebook, whose text is in no file."""
    return compile(text, "<cell>", "exec")


@pytest.mark.parametrize("name", FOUND)
def test_a_mistake_in_a_notebook_is_an_error_of_symgraph_with_the_same_words(name: str) -> None:
    names: dict[str, object] = {}
    with pytest.raises(SymgraphError) as caught:  # noqa: PT012  a cell that fails, or a model that does when it is used
        exec(compiled(text_of(FOUND[name])[0]), names)
        model = next(value for value in reversed(names.values()) if isinstance(value, Model))
        symgraph.compile(model, backend="numpy")
    assert in_order(FOUND[name].words, " ".join(str(caught.value).split()))
    assert not re.match(r"\S+:\d+: ", str(caught.value))


@pytest.mark.parametrize("name", OF_PYTHON)
def test_a_mistake_of_python_in_a_notebook_is_pythons_own_error(name: str) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011  its kind is the first word of the message
        exec(compiled(text_of(OF_PYTHON[name])[0]), {})
    assert not isinstance(caught.value, SymgraphError)
