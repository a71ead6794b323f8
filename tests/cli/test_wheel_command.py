"""``symgraph wheel``: what it prints, and where it writes."""

from pathlib import Path

import pytest
from command_line import Run

SPEC = """from symgraph import Model

close = Model("close")
a, b = close.weight("a", domain=(1, 2)), close.weight("b", domain=(1, 2))
close.loss((close.node("beside", b + 1e6 * a) - 1e6 * a) ** 2)
"""


@pytest.mark.quick  # 1.6 s: the only one that runs the command, on a model that needs no compiler
def test_the_path_of_the_wheel_is_printed_and_steps_are_notes(command: Run, tmp_path: Path) -> None:
    (tmp_path / "spec.py").write_text(SPEC, encoding="utf-8")
    done = command("wheel spec.py --version 1.2")
    assert (done.code, done.out) == (0, "dist/close-1.2-py3-none-any.whl\n")
    assert done.err.endswith("next: pip install dist/close-1.2-py3-none-any.whl\n")
    assert "close has no extension, since it computes rows that lose digits in pairs of doubles\n" in done.err
    assert (tmp_path / "dist" / "close-1.2-py3-none-any.whl").is_file()


def test_a_wrong_version_is_one_line(command: Run) -> None:
    done = command("wheel spec.py --version new")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --version 'new' is no version of a distribution, such as 1.0 or 2.1.0rc1\n"
