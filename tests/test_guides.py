"""The guides run from top to bottom, each in a folder of its own: Python, commands, and what both print."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block; one with a second word behind its language is shown and not run."""


def run_console(body: str) -> None:
    """Run the commands of a block; a line of three points in what they print stands for any lines."""
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, expected = step.partition("\n")
        words = shlex.split(command)
        assert words[0] == "symgraph"
        done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        pattern = re.escape(expected).replace(re.escape("...\n"), r"(?s:.*)")
        assert re.fullmatch(pattern, done.stdout), done.stdout


def run_guide(text: str) -> None:
    """Run all blocks of a guide in the current folder, those of Python in one namespace."""
    namespace: dict[str, Any] = {"__name__": "guide"}
    printed = io.StringIO()
    for language, body in _BLOCK.findall(text):
        if language == "python":
            with contextlib.redirect_stdout(printed):
                exec(compile(body, "guide", "exec"), namespace)
        elif language == "console":
            run_console(body)
        elif language == "text":
            assert printed.getvalue() == body
            printed = io.StringIO()
    assert printed.getvalue() == ""


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_runs_and_prints_what_it_shows(guide: Path, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(ROOT / "data")
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r}); from test_guides import run_guide; "
    script += f"run_guide(open({str(guide)!r}, encoding='utf-8').read())"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_every_guide_is_linked_from_the_readme_or_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [guide.name for guide in GUIDES if f"guides/{guide.name})" not in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint(1)\n```\n",
        "```text\n2\n```\n",
        "```console\n$ symgraph --version\nnone\n```\n",
        "```console\n$ symgraph fit nothing\n...\n```\n",
    ],
)
def test_a_guide_that_shows_something_else_fails(text: str) -> None:
    with pytest.raises(AssertionError):
        run_guide(text)
