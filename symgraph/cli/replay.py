"""``symgraph replay``: the founding notebook, figure by figure."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symgraph.cli.terminal import Json, Quiet, note, print_json, print_table, progress

if TYPE_CHECKING:
    from symgraph.replay import Replay

_RUNS = 6  # three optimizers, unclipped and clipped


def replay(
    data: Annotated[Path, typer.Option(metavar="FILE", help="The founding data set.")] = Path("data/nine_weights.csv"),
    plots: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the loss plots.")] = Path("runs/replay"),
    show: Annotated[bool, typer.Option("--show", help="Show the plots on the screen instead.")] = False,
    no_plots: Annotated[bool, typer.Option("--no-plots", help="Draw nothing.")] = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run the founding notebook's graders, gradient check and training runs next to its printed figures.

    Exit 1 if a figure differs.
    """
    from symgraph import replay as notebook
    from symgraph.errors import OptionError

    if show and no_plots:
        raise OptionError("--show and --no-plots exclude each other; give one")
    if not no_plots:
        from symgraph.training.plots import check_plot_path

        check_plot_path("replay.svg")
    with progress(_RUNS, "replay", quiet=quiet) as advance:
        result = notebook.replay(data, progress=advance)
    files: tuple[Path, ...] = ()
    if not no_plots:
        folder = None if show else plots
        _make(folder)
        files = notebook.draw(result, folder)
    _print(result, files, json=json, quiet=quiet)
    if not result.ok:
        raise typer.Exit(1)


def _make(folder: Path | None) -> None:
    from symgraph.errors import OptionError

    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"--plots: {folder} cannot be made: {error.strerror}") from error


def _print(result: "Replay", files: tuple[Path, ...], *, json: bool, quiet: bool) -> None:
    if json:
        print_json({**result.to_dict(), "plots": [str(file) for file in files]})
        return
    section = ""
    rows: list[list[str]] = []
    for line in result.lines:
        if line.section != section and rows:
            _table(section, rows)
            rows = []
        section = line.section
        rows.append([line.what, _text(line.notebook), _text(line.ours), line.verdict])
    _table(section, rows)
    if files:
        note(f"plots: {files[0].parent}", quiet=quiet)
    differing = sum(line.verdict == "differs" for line in result.lines)
    print(f"{differing} figures differ" if differing else "every judged figure agrees")


def _table(section: str, rows: list[list[str]]) -> None:
    print(section)
    print_table(["figure", "notebook", "ours", "verdict"], rows)
    print()


def _text(value: object) -> str:
    return "-" if value is None else f"{value:.10g}" if isinstance(value, float) else str(value)
