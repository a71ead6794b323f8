"""The examples of docs/integrations.md that need PyTorch or JAX; the other documents' test runs the rest of the page."""

import sys
from pathlib import Path

import pytest
from documents import ROOT, blocks, run

BLOCKS = blocks((ROOT / "docs" / "integrations.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_example_runs(library: str, tmp_path: Path) -> None:
    pytest.importorskip(library, reason=f"{library} is in the extra bench")
    first = next(body for language, body in BLOCKS if language == "python")
    (own,) = (body for language, body in BLOCKS if language == "py" and body.startswith(f"import {library}\n"))
    done = run([sys.executable, "-c", first + own], tmp_path)
    assert done.returncode == 0, done.stderr
