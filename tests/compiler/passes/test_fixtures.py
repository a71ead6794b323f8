"""Every pass on graphs that a person can read, before and after.

``fixtures/<pass>.txt`` holds cases: a line ``=== what this shows``, a graph, a line ``---``, and the graph that the pass makes
of it. To add a case, write title and graph and run ``pytest tests/compiler/passes --regenerate``; to review a change, read the
diff.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from graph_text import from_text

from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.text import to_text
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.passes import PIPELINES, STEPS

FOLDER = Path(__file__).parent / "fixtures"
PASSES = {run.__name__: run for passes in (STEPS, *PIPELINES.values()) for run in passes if run is not differentiate}


def cases(text: str) -> list[tuple[str, str]]:
    """Title and graph of every case of a fixture."""
    blocks = [block.split("\n", 1) for block in text.split("=== ")[1:]]
    return [(title, body.split("\n---\n")[0].strip() + "\n") for title, body in blocks]


def rewritten(run: Callable[[Graph], Graph], text: str) -> str:
    """The fixture's text with the results that the pass gives now."""
    parts = []
    for title, before in cases(text):
        graph = verify_graph(from_text(before))
        parts.append(f"=== {title}\n{to_text(graph)}---\n{to_text(verify_graph(run(graph)))}")
    return "\n".join(parts)


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_does_what_its_fixture_shows(name: str, check_text: Callable[[Path, str], None]) -> None:
    path = FOLDER / f"{name}.txt"
    check_text(path, rewritten(PASSES[name], path.read_text(encoding="utf-8")))


def test_every_fixture_is_that_of_a_pass() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(PASSES)
