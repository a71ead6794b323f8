"""``symgraph truth``: judge a module by its spec, evaluated at high precision."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from symgraph.cli import shared
from symgraph.cli.current import one_model
from symgraph.cli.outputs import check_plot
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, print_json, print_table, progress
from symgraph.errors import ModuleError, OptionError

if TYPE_CHECKING:
    from symgraph.spec.model import Model


BackendName = Literal["numpy", "scalar", "c", "array_api"]
"""Backends that can be judged."""


def truth(
    model: shared.ModelOrSpec,
    points: Annotated[int, option("N", "Number of points.")] = 1000,
    kinds: Annotated[
        str | None,
        option("LIST", "Kinds of points, separated by commas; else all.", completes="symgraph.judge.differences.drawing:KINDS"),
    ] = None,
    seed: Annotated[int, option("N", "Seed of the points.")] = 0,
    module: Annotated[Path | None, option("FILE", "Judge this module; else the built one, or one made in memory.")] = None,
    backend: Annotated[BackendName, option("NAME", "numpy, scalar, c or array_api.")] = "numpy",
    dtype: Annotated[
        Literal["float64", "float32"], option("KIND", "float64, or float32 (of arrays, and C built with --float).")
    ] = "float64",
    plot: Annotated[Path | None, option("FILE", "Draw errors against kappa_graph: .svg, .png, .pdf.")] = None,
    config: shared.ConfigFile = None,
    locked: shared.Locked = False,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Judge a module: run all its functions, and compare loss, predictions and partials with exact values of the spec.

    The points are ordinary and adversarial; without --kinds, also some at which a search found that digits are lost. Exit 1
    if a function raises; if a result is NaN, infinite, 0 or has no correct digit while the exact value is a normal number; if
    an error is larger than the condition numbers of the operations
    explain; or if nothing could be judged. Nothing is promised where an intermediate value leaves the range of normal numbers
    other than through an exponential, or where the differentiated value exceeds the dtype: wrong results there are reported
    and do not count. Constraints are judged separately, as outputs of their own model.
    """
    from symgraph.data.options import MOST, count
    from symgraph.judge.differences.drawing import KINDS
    from symgraph.judge.digits import losing_digits
    from symgraph.judge.judged_points import given
    from symgraph.judge.judged_points import points as draw
    from symgraph.judge.judging import judge, of_constraints
    from symgraph.judge.truth_report import COLUMNS

    count("--points", points, at_most=MOST)
    count("--seed", seed, at_least=0)
    check_plot(plot)
    one = one_model(model, config)
    judged = module_of_model(one, model, module, backend, config=config, locked=locked, quiet=quiet)
    wanted = tuple(KINDS) if kinds is None else tuple(kind.strip() for kind in kinds.split(","))
    limits = of_constraints(one, judged)
    reports = []
    for own, of_own in [(one, judged)] + ([limits] if limits else []):
        drawn = draw(own, wanted, points, seed)
        if kinds is None and dtype == "float64":
            drawn += given(own, losing_digits(own), "losing digits")
        with progress(len(drawn), f"judging {'constraints of ' * (own is not one)}{one.name}", quiet=quiet) as advance:
            reports.append(judge(own, of_own, drawn, dtype=dtype, progress=advance))
    report, *others = reports
    if json:
        print_json(report.to_dict() | ({"constraints": others[0].to_dict()} if others else {}))
    for number, own_report in enumerate(() if json else reports):
        print("\nconstraints as outputs: " * number + own_report.verdict())
        print_table(COLUMNS, own_report.rows())
        print("\n".join((*own_report.remarks(), *own_report.points_to_paste())))
    if plot is not None:
        from symgraph.show.plots import conditioning, save

        save(plot, conditioning, report)
    if not all(found.ok for found in reports):
        raise typer.Exit(1)


def module_of_model(
    model: "Model",
    reference: str,
    path: Path | None,
    backend: str,
    *,
    config: Path | None,
    locked: bool,
    quiet: bool,
    purpose: str = "judging",
) -> Any:
    """Return the module of a model: the given file, else the built one that MODEL names, else one made in memory.

    Args:
        model: the model that MODEL names.
        reference: MODEL itself.
        path: the file, or None.
        backend: numpy, scalar or c.
        config: the file with the project's settings, if the user gave one.
        locked: whether a module that is older than its spec is refused instead of rebuilt.
        quiet: whether to print nothing about a module that is built.
        purpose: the use of the module, for a remark on one made in memory.

    Raises:
        ModuleError: the file is no module, or was built from another version of the spec; or the built one was, and is locked.
        OptionError: the file is of another backend.
    """
    from symgraph.cli.current import current, settings_for
    from symgraph.compiler.backends.source import model_hash
    from symgraph.compiler.generate import generate
    from symgraph.judge.runs import backend_of
    from symgraph.project.build.made import numpy_artifact
    from symgraph.project.build.modules import load_artifact
    from symgraph.project.native import compiled
    from symgraph.project.native import module as io_module

    in_c = backend == "c"
    find, load = (compiled.find, compiled.load_file) if in_c else (io_module.find, io_module.load_file)
    named = model.name if in_c else _built(reference, backend)
    try:
        file = find(named if path is None else path, config)
        module: Any = load(file)
    except ModuleError:
        if path is not None:
            raise
        note(f"{purpose} the {backend} module that a build of {model.name} would write now", quiet=quiet)
        if backend == "numpy":
            return load_artifact(numpy_artifact(model))
        files = {artifact.name: artifact for artifact in generate(model, (backend,))}
        if in_c:
            return compiled.module_of(f"{model.name}.c", {name: artifact.text for name, artifact in files.items()})
        return load_artifact(next(iter(files.values())))
    if path is None:
        settings = settings_for(reference, config)
        module = current(module, file, load, settings, locked=locked, quiet=quiet)
    if backend_of(module) != backend:
        raise OptionError(f"the module is of the {backend_of(module)} backend; give --backend {backend_of(module)}")
    if module.METADATA["model_hash"] != model_hash(model):
        raise ModuleError(f"the module of {module.MODEL} was built from another version of its spec; build it again")
    return module


def _built(reference: str, backend: str) -> str | Path:
    """Return the built module that goes with MODEL, if MODEL names one."""
    suffix = "" if backend in ("numpy", "c") else f"_{backend}"
    if not reference.endswith(".py"):
        return f"{reference}{suffix}"
    path = Path(reference)
    return path if path.stem.endswith(suffix) else path.with_name(f"{path.stem}{suffix}.py")
