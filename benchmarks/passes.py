"""Operations that each pass saves, counted over the corpus.

    python benchmarks/passes.py                    the tables, as text
    python benchmarks/passes.py --write            docs/passes.md anew

Every model of the tests' corpus is made into the graph of its batch module with all passes, with all but one, and with none of
those that only save operations. Counted is what ``value_and_grad`` computes: operations a row, arithmetic and calls of
functions, and what is done once a call. No time is taken, so that the tables are the same on every machine.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from corpus import CORPUS

from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.derive.schedule import Counts, count, operations
from symgraph.compiler.ir.graph import OPPOSITE, Graph, reachable
from symgraph.compiler.ir.special import elementary
from symgraph.compiler.passes import PIPELINES, STEPS
from symgraph.options import DOUBLE

PAGE = Path(__file__).parent.parent / "docs" / "passes.md"
MARK = "<!-- by benchmarks/passes.py -->"
SAVING = ("horner", "signs", "quotients", "gather", "bracket", "hoist", "collect", "half_angle", "hyperbolic")
"""The passes without which a module would compute the same."""

Steps = tuple[Callable[[Graph], Graph], ...]


@dataclass(frozen=True, slots=True)
class Operations:
    """Operations of a module for a loss and its gradient.

    Attributes:
        arithmetic: operations a row, sums over rows apart.
        functions: calls of exp, sin and the like a row.
        uniform: operations once a call.
    """

    arithmetic: int
    functions: int
    uniform: int

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(self.arithmetic + other.arithmetic, self.functions + other.functions, self.uniform + other.uniform)

    @property
    def whole(self) -> int:
        """All operations of a call with one row."""
        return self.arithmetic + self.functions + self.uniform

    @property
    def cells(self) -> str:
        """The three numbers as cells of a table."""
        return f"{self.arithmetic} | {self.functions} | {self.uniform}"


def steps_without(*names: str) -> Steps:
    """The way from a lowered model to the graph of its batches, but for some passes."""
    return tuple(step for step in (*STEPS, *PIPELINES["numpy", DOUBLE]) if step.__name__ not in names)


@cache
def lowered(name: str) -> Graph:
    """The forward graph of a model of the corpus."""
    return lower(CORPUS[name]())


def counted(name: str, steps: Steps) -> Operations:
    """Count what ``value_and_grad`` of a model computes; where there is no loss, what the Jacobian does.

    Args:
        name: of the corpus.
        steps: the passes to run.
    """
    graph = lowered(name)
    for step in steps:
        graph = step(graph)
    graph = elementary(graph)  # the products that a dot product takes in are counted
    apart = ("jacobian ", "residual", OPPOSITE) if "loss" in graph.roots else ()
    roots = [at for root, at in graph.roots.items() if not root.startswith(apart)]
    found: Counts = count(graph, operations(graph, reachable(graph.nodes, roots)))
    return Operations(found.arithmetic, found.transcendental, found.uniform)


def corpus_counts(steps: Steps) -> Mapping[str, Operations]:
    """The counts of every model."""
    return {name: counted(name, steps) for name in CORPUS}


def pass_row(name: str, everything: Mapping[str, Operations]) -> str:
    """A line of the table of passes: models with less to do, the corpus without and with the pass, and the largest saving."""
    without = corpus_counts(steps_without(name))
    before, after = total(without), total(everything)
    changed = sum(without[model] != everything[model] for model in everything)
    share, model = max((without[model].whole / max(1, everything[model].whole) - 1.0, model) for model in everything)
    most = f"{share:.0%} ({model})" if share > 0.0 else "none"
    return f"| `{name}` | {changed} | {before.cells} | {after.cells} | {most} |\n"


def total(counts: Mapping[str, Operations]) -> Operations:
    """The sum over all models."""
    return sum(counts.values(), Operations(0, 0, 0))


def pass_table(everything: Mapping[str, Operations]) -> str:
    """Every pass by itself, and all of them."""
    heads = ("pass", "models changed", *(f"{what}, {when}" for when in ("without it", "with it") for what in _COUNTED))
    heads = (*heads, "most, of one model's")
    bare = corpus_counts(steps_without(*SAVING))
    changed = sum(bare[model] != everything[model] for model in everything)
    rows = [pass_row(name, everything) for name in SAVING]
    rows.append(f"| all of them | {changed} | {total(bare).cells} | {total(everything).cells} | |\n")
    return _head(heads) + "".join(rows) + "\n" + model_table(bare, everything)


def model_table(bare: Mapping[str, Operations], everything: Mapping[str, Operations]) -> str:
    """The models in which the passes change something."""
    heads = ("model", *(f"{what}, {when}" for when in ("without all", "with all") for what in _COUNTED))
    return _head(heads) + "".join(_model_rows(bare, everything))


_COUNTED = ("arithmetic", "functions", "once a call")


def _model_rows(bare: Mapping[str, Operations], everything: Mapping[str, Operations]) -> Iterator[str]:
    for name in sorted(everything):
        if bare[name] != everything[name]:
            yield f"| {name} | {bare[name].cells} | {everything[name].cells} |\n"


def _head(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |\n|{' --- |' * len(cells)}\n"


def main() -> None:
    """Print the tables, or write them into the page between its marks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write docs/passes.md anew")
    options = parser.parse_args()
    text = pass_table(corpus_counts(steps_without()))
    if not options.write:
        print(text)
        return
    before, _, after = PAGE.read_text(encoding="utf-8").split(MARK)
    PAGE.write_bytes(f"{before}{MARK}\n{text}{MARK}{after}".encode())


if __name__ == "__main__":
    main()
