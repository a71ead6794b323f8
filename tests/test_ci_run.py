"""The run that checks a submission ends with the status of what it ran, not with that of its own tidying."""

import re
import subprocess
from pathlib import Path

import pytest
import touched
import vector_units
from documents import ROOT


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_exit_trap_keeps_the_status(status: int, tmp_path: Path) -> None:
    trap = re.search(r"^trap .* EXIT$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert trap is not None
    script = f'set -euo pipefail\nlogs="{tmp_path}/logs"; mkdir "$logs"\n{trap.group()}\nsleep 0 & wait $!\nexit {status}\n'
    assert subprocess.run(["bash", "-c", script], check=False, capture_output=True).returncode == status
    assert not (tmp_path / "logs").exists()


def test_a_level_hides_the_vector_units_beyond_it_and_names_numpys_units_and_the_compilers_machine() -> None:
    units = ["X86_V3", "X86_V4", "AVX512_ICL"]
    assert [vector_units.hidden(f"x86-64-v{level}", units) for level in (2, 3, 4)] == [units, units[1:], []]
    for line in vector_units.variables("x86-64-v2"):
        assert re.fullmatch(r'export (NPY_DISABLE_CPU_FEATURES="[\w ]*"|CC=".* -march=x86-64-v2")', line), line


@pytest.mark.parametrize(
    ("changed", "folders"),
    [
        (["symgraph/data/reading.py", "symgraph/use/fitting/fits.py", "README.md"], ["tests/data", "tests/use/fitting"]),
        (["templates/c/rows.c.jinja", "tests/test_ci_run.py", "symgraph/errors.py"], ["tests/compiler/backends"]),
        ([f"symgraph/{room}/a.py" for room in ("data", "spec", "judge", "show/views", "cli")], []),
    ],
)
def test_slow_tests_of_changed_rooms_run_where_these_are_few(changed: list[str], folders: list[str]) -> None:
    assert touched.folders(changed) == folders


def test_the_part_of_a_run_is_a_tenth() -> None:
    assert (ROOT / ".ci" / "part").read_text().strip() in list("0123456789")
