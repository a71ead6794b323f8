"""Pages of the documentation can be typed into Python's prompt, where an empty line ends a block and nothing else does."""

import codeop
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import ROOT, blocks

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "guides").glob("*.md"))]


def python_of(page: Path) -> list[str]:
    return [body for language, body in blocks(page.read_text(encoding="utf-8")) if language == "python"]


def refused(body: str) -> Iterator[str]:
    """Yield the lines of a block that the prompt would answer with a SyntaxError, and what it would wait for at the end."""
    typed: list[str] = []
    for line in [*body.splitlines(), ""]:
        typed.append(line)
        try:
            complete = codeop.compile_command("\n".join(typed), symbol="single") is not None
        except SyntaxError as error:
            yield f"{line}: {error.msg}"
            complete = True
        typed = [] if complete else typed
    yield from filter(None, typed)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_python_can_be_typed_line_by_line(page: Path) -> None:
    assert [line for body in python_of(page) for line in refused(body)] == []


def test_a_block_that_goes_on_without_an_empty_line_is_refused() -> None:
    assert [*refused("for x in ():\n    print(x)\nprint(1)\n")] == ["print(1): invalid syntax"]


@pytest.mark.slow
@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "tutorial.md"], ids=lambda page: page.stem)
def test_a_real_prompt_takes_what_is_typed(page: Path, tmp_path: Path) -> None:
    """Starts Python as a user does, and types all that a page has; what it shows is held elsewhere, with its commands."""
    text = "\n".join([f"import sys; sys.path.insert(0, {str(ROOT)!r})", *python_of(page), ""])
    environment = os.environ | {"MPLBACKEND": "agg"}
    for folder in ("data", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    command = [sys.executable, "-i", "-q"]
    run = subprocess.run(
        command, input=text, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0
    assert not {"SyntaxError", "IndentationError"} & set(re.findall(r"\w+", run.stderr)), run.stderr
