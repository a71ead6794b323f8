"""The examples of docs/integrations.md that need PyTorch or JAX; the other documents' test runs the rest of the page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_example_runs(library: str) -> None:
    pytest.importorskip(library, reason=f"{library} is in the extra bench")
    first = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    (own,) = re.findall(rf"^```py\n(import {library}\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    done = subprocess.run([sys.executable, "-c", first + own], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
