"""The run that checks a submission ends with the status of what it ran, not with that of its own tidying."""

import re
import subprocess
from pathlib import Path

import pytest
from documents import ROOT


@pytest.mark.parametrize("status", [0, 1, 3])
def test_the_exit_trap_keeps_the_status(status: int, tmp_path: Path) -> None:
    trap = re.search(r"^trap .* EXIT$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert trap is not None
    script = f'set -euo pipefail\nlogs="{tmp_path}/logs"; mkdir "$logs"\n{trap.group()}\nsleep 0 & wait $!\nexit {status}\n'
    assert subprocess.run(["bash", "-c", script], check=False, capture_output=True).returncode == status
    assert not (tmp_path / "logs").exists()
