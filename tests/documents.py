"""Pages of the documentation, run from top to bottom: their Python, their commands, and what both print."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
"""A block; one with a second word behind its language is shown and not run."""


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the language and the body of each block of a page."""
    return _BLOCK.findall(text)


def steps(body: str) -> list[tuple[list[str], str]]:
    """Return the words of each command of a console block, and what it prints."""
    found = []
    for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        found.append((shlex.split(command), printed))
    return found


def run(command: list[str], folder: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, where it finds this checkout."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "MPLBACKEND": "agg"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


def run_console(body: str) -> None:
    """Run the commands of a block; a line of three points in what they print stands for any lines."""
    for words, expected in steps(body):
        assert words[0] == "symgraph"
        done = run([sys.executable, "-m", *words], Path.cwd())
        assert done.returncode == 0, done.stderr
        lines = expected.splitlines(keepends=True)
        pattern = "".join(r"(?s:.*)" if line == "...\n" else re.escape(line) for line in lines)
        assert re.fullmatch(pattern, done.stdout), done.stdout


def run_page(text: str, namespace: dict[str, Any]) -> None:
    """Run all blocks of a page in the current folder, those of Python in one namespace, and compare what they print."""
    printed = io.StringIO()
    for language, body in blocks(text):
        if language == "python":
            with contextlib.redirect_stdout(printed):
                exec(compile(body, "page", "exec"), namespace)
        elif language == "console":
            run_console(body)
        elif language == "text":
            assert printed.getvalue() == body, printed.getvalue()
            printed = io.StringIO()
    assert printed.getvalue() == ""


def run_document(page: Path, folder: Path) -> None:
    """Run a page as a script of its own in a folder that has the data of the repository; a warning is an error."""
    (folder / "data").symlink_to(ROOT / "data")
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r}); from documents import run_page; "
    script += f"run_page(open({str(page)!r}, encoding='utf-8').read(), globals())"
    done = run([sys.executable, "-W", "error", "-c", script], folder, timeout=300)
    assert done.returncode == 0, done.stderr
