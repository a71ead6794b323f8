"""``python -m examples.nine_weights``: the founding notebook, figure by figure. Exit 1 if a figure differs."""

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from examples.nine_weights.report import Line, Replay, draw, replay
from symgraph.errors import SymgraphError

_COLUMNS = ("figure", "notebook", "ours", "verdict")


def main() -> int:
    """Run the notebook's graders, gradient check and training runs, and print their figures beside the notebook's."""
    parser = argparse.ArgumentParser(prog="python -m examples.nine_weights", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("data/nine_weights.csv"), help="the founding data set")
    parser.add_argument("--plots", type=Path, default=Path("runs/replay"), help="folder for the loss plots")
    options = parser.parse_args()
    try:
        result = replay(options.data)
        options.plots.mkdir(parents=True, exist_ok=True)
        draw(result, options.plots)
    except (SymgraphError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(_text(result)))
    print(f"plots: {options.plots}", file=sys.stderr)
    return 0 if result.ok else 1


def _text(result: Replay) -> Iterator[str]:
    for section, lines in groupby(result.lines, lambda line: line.section):
        yield section
        rows = [_COLUMNS, *map(_row, lines)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        yield from ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
        yield ""
    differing = sum(line.verdict == "differs" for line in result.lines)
    yield f"{differing} figures differ" if differing else "every judged figure agrees"


def _row(line: Line) -> tuple[str, str, str, str]:
    return line.what, _figure(line.notebook), _figure(line.ours), line.verdict


def _figure(value: object) -> str:
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
