"""The report that docs/fitting.md shows."""

import re

import numpy as np
from documents import ROOT, blocks

import symgraph

ONCE = re.compile(r"^formula: converged by lm; .*\n.*")
"""The lines with numbers of calls and the tolerance that was met first, which SciPy's versions may have otherwise."""


def test_the_guide_shows_the_report_as_it_is() -> None:
    page = (ROOT / "docs" / "fitting.md").read_text(encoding="utf-8")
    (shown,) = (body for language, body in blocks(page) if language == "report")
    table = np.genfromtxt(ROOT / "data" / "misra1a.csv", delimiter=",", names=True)
    model = symgraph.Model.from_formula("y ~ b1*(1 - exp(-b2*x))", table.dtype.names)
    report = symgraph.fit(model, table["x"], table["y"], start={"b1": 500, "b2": 1e-4}).report()
    assert ONCE.sub("", report) == ONCE.sub("", shown.rstrip("\n"))
