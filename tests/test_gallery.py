"""The examples of the site run as scripts, without a warning; `make docs` shows what they print and draw."""

import runpy
from pathlib import Path

import pytest
from documents import ROOT
from matplotlib import pyplot as plt

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
SLOW = {"plot_03_poisson"}
"""Those that take more than a second."""


@pytest.mark.parametrize(
    "example", [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in SLOW)) for path in EXAMPLES]
)
def test_an_example_runs_prints_and_draws(
    example: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[int] = []

    def show() -> None:
        shown.extend(plt.get_fignums())
        plt.close("all")

    monkeypatch.chdir(example.parent)  # as a reader runs it
    monkeypatch.setenv("SYMGRAPH_BACKEND", "numpy")
    monkeypatch.setattr(plt, "show", show)
    runpy.run_path(str(example))
    assert shown
    assert capsys.readouterr().out
