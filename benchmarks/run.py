"""All benchmarks of speed, one after the other, and the page of their results.

    python benchmarks/run.py             # some hours
    python benchmarks/run.py --quick     # some minutes: does everything run?
    python benchmarks/run.py --only train --page

Each writes results/NAME.json; then RESULTS.md is written anew from all that are there, with results/NAME.svg. ``--page``
alone writes the page from what was measured before. A quick run writes its page beside its results, never over RESULTS.md.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import batch
import derive
import plots
import startup
import tables
import train

PAGE = Path(__file__).parent / "RESULTS.md"
QUICK_RESULTS = Path(__file__).parent.parent / "runs" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One of the scripts.

    Attributes:
        title: the heading of its part of the page.
        module: the script; it has ``main``, ``tables`` and ``remarks``.
        draw: draws its picture.
    """

    title: str
    module: ModuleType
    draw: Callable[[Mapping[str, Any], Path], None]


BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "batch": Benchmark("Batches", batch, plots.draw_batch),
        "train": Benchmark("Training row by row", train, plots.draw_train),
        "derive": Benchmark("From formulas to the first gradient", derive, plots.draw_derive),
        "startup": Benchmark("Start", startup, plots.draw_startup),
    }
)
"""Every benchmark of speed, in the order of the page."""

_INTRODUCTION = """# Results

Written by `python benchmarks/run.py`; [README.md](README.md) says how things are measured and what is fair here, and
[c/README.md](c/README.md) what the tuned C is. A number says what a call costs on the machine named beside it, and that only:
ratios to other libraries change with vector units, caches and versions. Peers that are not installed are listed as missing.
"""


def page(results: Path) -> str:
    """The page of the results that are in a folder."""
    parts = [_INTRODUCTION]
    folder = f"{results.name}/" if results == tables.RESULTS else ""
    for name in BENCHMARKS:
        found = tables.read(name, results)
        if found is not None:
            parts.append(_part(name, found, folder))
    return "\n".join(parts)


def _part(name: str, found: Mapping[str, Any], folder: str) -> str:
    one = BENCHMARKS[name]
    about = "; ".join(f"{key} {value}" for key, value in {**found["machine"], **found["versions"]}.items())
    lines = [f"## {one.title}\n", f"`python benchmarks/{name}.py`. {about}.\n"]
    for title, head, rows in one.module.tables(found):
        lines += [f"**{title}**\n", tables.markdown_table(head, rows)]
    if one.module.remarks(found):
        lines += [*(f"- {text}" for text in one.module.remarks(found)), ""]
    return "\n".join([*lines, f"![{one.title}]({folder}{name}.svg)\n"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, save, draw, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="few rows, rounds and sizes")
    parser.add_argument("--only", help=f"some of {', '.join(BENCHMARKS)}, separated by commas")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    parser.add_argument("--out", type=Path, help="the folder of results; for a page elsewhere than RESULTS.md")
    options = parser.parse_args(arguments)
    chosen = list(BENCHMARKS) if options.only is None else [name.strip() for name in options.only.split(",")]
    results = options.out or (QUICK_RESULTS if options.quick else tables.RESULTS)
    target = PAGE if results == tables.RESULTS else results / "RESULTS.md"
    if not options.page:
        for name in chosen:
            print(f"=== {name}", flush=True)
            BENCHMARKS[name].module.main(["--out", str(results), *(["--quick"] if options.quick else [])])
    for name, one in BENCHMARKS.items():
        found = tables.read(name, results)
        if found is not None:
            one.draw(found, results / f"{name}.svg")
    target.write_text(page(results), encoding="utf-8")
    print(f"wrote {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
