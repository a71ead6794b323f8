"""Faults that `make docs` does not see: the reference has every public object, and copied figures are those measured."""

import re
from importlib import import_module

from documents import ROOT

DOCS = ROOT / "docs"
PUBLIC = [
    path for path in sorted((ROOT / "symgraph").rglob("__init__.py")) if "\n__all__ = [" in path.read_text(encoding="utf-8")
]


def listed() -> set[int]:
    """Return the identities of the objects that pages of the reference are made of, each looked up as Sphinx does."""
    found = set()
    for page in (DOCS / "reference").glob("*.md"):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule:: "):
                module = line.split()[-1]
            elif name := re.fullmatch(r" {3}(\w[\w.]*)|\.\. py:data:: (\w+)", line):
                *path, last = (name[1] or name[2]).split(".")
                found.add(id(getattr(import_module(".".join([module, *path])), last)))
    return found


def test_the_reference_has_a_page_for_every_public_object() -> None:
    pages = listed()
    missing = []
    for path in PUBLIC:
        name = ".".join(path.parent.relative_to(ROOT).parts)
        module = import_module(name)
        missing += [f"{name}.{one}" for one in module.__all__ if id(getattr(module, one)) not in pages]
    assert len(PUBLIC) >= 10
    assert missing == []


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_the_figures_of_the_comparison_are_those_of_the_benchmarks() -> None:
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    speed, fits = (rows(page.split(head)[1].split("\n## ")[0]) for head in ("## Speed", "## Fits"))
    measured = {name: set(rows((ROOT / "benchmarks" / name).read_text(encoding="utf-8"))) for name in ("RESULTS.md", "FITS.md")}
    assert len(speed) > 10
    assert [row for row in speed if row not in measured["RESULTS.md"]] == []
    assert len(fits) > 5
    assert [row for row in fits if row not in measured["FITS.md"]] == []


def test_the_faults_of_the_comparison_are_those_of_the_measured_accuracy() -> None:
    page = (DOCS / "comparison.md").read_text(encoding="utf-8")
    text = (ROOT / "benchmarks" / "results" / "accuracy.txt").read_text(encoding="utf-8")
    lines = text.split("all points:")[1].split("\n\n")[0].splitlines()[2:]
    cells = [re.split(r" {2,}", line) for line in lines]
    assert rows(page.split("## Accuracy")[1])[2:] == [f"| {one[0]} | {one[1]} | {one[3]} | {one[4]} |" for one in cells]
