"""The report that docs/fitting.md shows."""

import re
from pathlib import Path

import numpy as np

import symgraph

ROOT = Path(__file__).parents[2]
ONCE = re.compile(r"^formula: converged by lm; .*\n.*")
"""The lines with numbers of calls and the tolerance that was met first, which SciPy's versions may have otherwise."""


def test_the_guide_shows_the_report_as_it_is() -> None:
    (shown,) = re.findall(r"^```report\n(.*?)^```$", (ROOT / "docs" / "fitting.md").read_text(), re.MULTILINE | re.DOTALL)
    table = np.genfromtxt(ROOT / "data" / "misra1a.csv", delimiter=",", names=True)
    model = symgraph.Model.from_formula("y ~ b1*(1 - exp(-b2*x))", table.dtype.names)
    report = symgraph.fit(model, table["x"], table["y"], start={"b1": 500, "b2": 1e-4}).report()
    assert ONCE.sub("", report) == ONCE.sub("", shown.rstrip("\n"))
