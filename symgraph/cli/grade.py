"""``symgraph grade``: judge a student's functions, and name their mistakes."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import completion, shared
from symgraph.cli.current import one_model
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, print_json, print_table


def grade(
    students: Annotated[list[Path], typer.Argument(metavar="FILE", hidden=True)],
    model: Annotated[str, option("MODEL", "A built model's name, its module, or a spec file.", completes=completion.models)],
    function: Annotated[
        list[str] | None,
        option(
            "NAME",
            "A function that is judged and must be there; may be given several times. Else the worksheet's: forward and "
            "backward propagation, loss and gradient must be there, and all that are found are judged.",
        ),
    ] = None,
    seconds: Annotated[float, option("S", "Time for each function.")] = 10.0,
    memory: Annotated[int, option("MIB", "Memory for each function's process.")] = 1024,
    seed: Annotated[int, option("N", "Seed of the points.")] = 0,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as Gradescope reads it.")] = False,
) -> None:
    """Run a student's functions, judge what they return, and name the likely mistakes; exit 1 if something is wrong.

    Several files are judged one after the other, and a table of their points ends the text; JSON has a list of them then.

    The functions run in processes with limits of time and memory. That is no sandbox: a student's code may do what you may do.
    """
    from symgraph.classroom.grade_report import gradescope, text
    from symgraph.classroom.grading import checked_file
    from symgraph.classroom.grading import grade as judge
    from symgraph.classroom.process import Limits
    from symgraph.training.options import count, number

    limits = Limits(number("--seconds", seconds, above=0.0), count("--memory", memory, at_least=64))
    count("--seed", seed, at_least=0)
    files, spec = [checked_file(one) for one in students], one_model(model, config)
    grades = [judge(file, spec, function or (), limits=limits, seed=seed) for file in files]
    if json:
        found = [gradescope(one) for one in grades]
        print_json(found if files[1:] else found[0])
    else:
        print("\n\n".join(map(text, grades)) + "\n" * bool(files[1:]))
    if files[1:] and not json:
        rows = [[str(file), f"{one.points:g}", f"{one.of:g}"] for file, one in zip(files, grades, strict=True)]
        print_table(["file", "points", "of"], rows)
    if not all(one.passed for one in grades):
        note("a mistake is named where it gives the student's numbers at every random point", quiet=quiet)
        raise typer.Exit(1)
