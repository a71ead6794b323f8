"""``symgraph grade``: judge a student's functions, and name their mistakes."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import completion
from symgraph.cli.current import one_model
from symgraph.cli.terminal import ConfigFile, Quiet, note, print_json


def grade(
    student: Annotated[Path, typer.Argument(metavar="FILE", help="The student's Python file.")],
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL", help="A built model's name, its module, or a spec file.", autocompletion=completion.models
        ),
    ],
    function: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="A function that must be there; may be given several times. Else all that are found."
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(metavar="S", help="Time for each function.")] = 10.0,
    memory: Annotated[int, typer.Option(metavar="MIB", help="Memory for each function's process.")] = 1024,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of the points.")] = 0,
    config: ConfigFile = None,
    quiet: Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as Gradescope reads it.")] = False,
) -> None:
    """Run a student's functions, judge what they return, and name the likely mistakes; exit 1 if something is wrong.

    The functions run in processes with limits of time and memory. That is no sandbox: a student's code may do what you may do.
    """
    from symgraph.classroom.grade_report import gradescope, text
    from symgraph.classroom.grading import grade as judge
    from symgraph.classroom.process import Limits
    from symgraph.training.options import count, number

    limits = Limits(number("--seconds", seconds, above=0.0), count("--memory", memory, at_least=64))
    count("--seed", seed, at_least=0)
    found = judge(student, one_model(model, config), function or (), limits=limits, seed=seed)
    if json:
        print_json(gradescope(found))
    else:
        print(text(found))
    if not found.passed:
        note("a mistake is named where it gives the student's numbers at every random point", quiet=quiet)
        raise typer.Exit(1)
