"""Mistakes in specs: each is told in one line, with the line of the spec and what to do, by the command line and in Python."""

import re
from pathlib import Path

import pytest
from command_line import Run, refused, snapshot
from spec_mistakes import AT, FOUND, HEAD, OF_PYTHON, SHORT

import symgraph
from symgraph import SymgraphError
from symgraph.spec.model import Model

MISTAKES = {**FOUND, **OF_PYTHON}


def text_of(name: str) -> tuple[str, int]:
    """Return the text of a spec with a mistake, and the number of the line at fault."""
    lines = HEAD.splitlines()
    for line in MISTAKES[name][0].splitlines():
        lines += SHORT.get(line, line).splitlines()
    marked = [at for at, line in enumerate(lines, 1) if line.endswith("#!") or (name in AT and line.startswith(AT[name]))]
    (place,) = marked or [len(lines)]
    return "\n".join([*lines, ""]), place


def in_order(words: tuple[str, ...], message: str) -> bool:
    """Tell if a message contains some words one after the other."""
    return re.search(".*".join(map(re.escape, words)), message) is not None


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_one_line_with_its_line_in_the_spec_and_nothing_is_written(command: Run, name: str) -> None:
    text, line = text_of(name)
    Path("spec.py").write_text(text, encoding="utf-8")
    before = snapshot(Path())
    done = command("build spec.py --quiet")
    assert refused(done, f"error: spec.py:{line}: ") == done.err[:-1]
    assert in_order(MISTAKES[name][1:], done.err), done.err
    assert snapshot(Path()) == before


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_notebook_is_an_error_of_symgraph_with_the_same_words_or_pythons_own(name: str) -> None:
    names: dict[str, object] = {}
    with pytest.raises(Exception) as caught:  # noqa: PT011, PT012  a cell that fails, or a model that does when it is used
        exec(compile(text_of(name)[0], "<cell>", "exec"), names)
        symgraph.compile(next(one for one in reversed(names.values()) if isinstance(one, Model)), backend="numpy")
    assert isinstance(caught.value, SymgraphError) == (name in FOUND)
    if name in FOUND:
        assert in_order(FOUND[name][1:], " ".join(str(caught.value).split()))
        assert not re.match(r"\S+:\d+: ", str(caught.value))
