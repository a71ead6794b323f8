"""The guides run from top to bottom, each in a folder of its own: Python, commands, and what both print."""

from pathlib import Path

import pytest
from documents import ROOT, run_document, run_page

GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_runs_and_prints_what_it_shows(guide: Path, tmp_path: Path) -> None:
    run_document(guide, tmp_path)


def test_every_guide_is_linked_from_the_readme_or_a_page() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [guide.name for guide in GUIDES if f"guides/{guide.name})" not in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nprint(1)\n```\n",
        "```text\n2\n```\n",
        "```console\n$ symgraph --version\nnone\n```\n",
        "```console\n$ symgraph fit nothing\n...\n```\n",
    ],
)
def test_a_guide_that_shows_something_else_fails(text: str) -> None:
    with pytest.raises(AssertionError):
        run_page(text, {"__name__": "page"})
