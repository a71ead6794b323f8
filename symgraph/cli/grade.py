"""``symgraph grade``: judge students' functions, and name their mistakes."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import completion, shared
from symgraph.cli.current import one_model
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, print_json, print_table
from symgraph.errors import OptionError, SymgraphError


def grade(
    students: Annotated[list[Path], typer.Argument(metavar="FILE", hidden=True)],
    model: Annotated[str, option("MODEL", "A built model's name, its module, or a spec file.", completes=completion.models)],
    function: Annotated[
        list[str] | None,
        option(
            "NAME",
            "A function that counts; may be given several times. Else those of the worksheet count. Others that the file "
            "has are judged too, and count nothing.",
        ),
    ] = None,
    forbid: Annotated[
        list[str] | None,
        option(
            "NAMES",
            "Ways of getting numbers that cost a function its points, with commas: differences, autodiff, constants, overflow.",
        ),
    ] = None,
    seconds: Annotated[float, option("S", "Time for each function; a file has three times as much.")] = 10.0,
    memory: Annotated[int, option("MIB", "Memory for each function's process.")] = 1024,
    seed: Annotated[int, option("N", "Seed of the points.")] = 0,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON as Gradescope reads it.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table of points: a row a file, a column a function.")] = False,
) -> None:
    """Run a student's functions, judge what they return, and name the likely mistakes; exit 1 if something is wrong.

    Several files are judged one after the other, and a table of their points ends the text; JSON has a list of them then.

    The functions run in processes with limits of time and memory. That is no sandbox: a student's code may do what you may do.
    """
    from symgraph.data.options import count, number
    from symgraph.use.classroom.grade_report import csv_text, gradescope, text
    from symgraph.use.classroom.grading import Grade, checked_maxima
    from symgraph.use.classroom.grading import grade as judge
    from symgraph.use.classroom.process import Limits, read_student
    from symgraph.use.classroom.remarks import checked_forbidden
    from symgraph.use.classroom.verdicts import failed

    limits = Limits(number("--seconds", seconds, above=0.0), count("--memory", memory, at_least=64))
    count("--seed", seed, at_least=0)
    if csv and json:
        raise OptionError("--csv and --json are two forms of one output; choose one")
    forbidden = checked_forbidden([name.strip() for names in forbid or () for name in names.split(",")])
    files, spec = [read_student(one) for one in students], one_model(model, config)
    maxima = checked_maxima(spec, function or (), seed=seed)
    grades, faults = list[Grade](), list[Exception]()
    for file in files:
        try:
            found = judge(file, spec, function or (), forbid=forbidden, limits=limits, seed=seed)
        except SymgraphError:
            raise
        except Exception as error:  # a fault of ours; it is raised again when the others of the class have their results
            faults.append(error)
            said = failed(f"could not be judged, by a fault of symgraph's: {type(error).__name__}", of=sum(maxima.values()))
            found = Grade(file.path.name, spec.name, (said,), maxima)
        grades.append(found)
        if not json and not csv:
            print("\n" * bool(grades[1:]) + text(found), flush=True)
    paths = [str(file.path) for file in files]
    if json:
        reports = [gradescope(one) for one in grades]
        print_json(reports if files[1:] else reports[0])
    elif csv:
        print(csv_text(paths, grades), end="")
    elif files[1:]:
        rows = [[path, f"{one.points:g}", f"{one.of:g}"] for path, one in zip(paths, grades, strict=True)]
        print()
        print_table(["file", "points", "of"], rows)
    if faults:
        raise faults[0]
    if not all(one.passed for one in grades):
        note("a mistake is named where it gives the student's numbers at every random point", quiet=quiet)
        raise typer.Exit(1)
