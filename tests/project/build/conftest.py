"""A plan for a build, and its spec."""

from pathlib import Path
from typing import Any

import pytest
from plans import Write, spec_of

from symgraph.project.build.plan import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan for one spec, spec.py, which the fixture ``write`` writes."""
    return Plan([str(tmp_path / "spec.py")], tmp_path, tmp_path / "out", ("numpy", "scalar"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*names: str, file: str = "spec.py", **parts: Any) -> None:
        (tmp_path / file).write_text(spec_of(*names, **parts), encoding="utf-8")

    return write
