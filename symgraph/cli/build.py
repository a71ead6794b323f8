"""``symgraph build``: generate, verify and write modules, or check that they are up to date."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.shared import option
from symgraph.cli.terminal import nearer, note, note_next, print_json, print_table, stage_bar
from symgraph.errors import OptionError
from symgraph.module_functions import DERIVATIVES
from symgraph.options import DOUBLE, ERROR_BOUND, EXTRAS, FLOAT, STANDALONE, WORKSPACE, Options, options_of

if TYPE_CHECKING:
    from symgraph.project.build.outputs import BuildReport
    from symgraph.project.build.plan import Plan
    from symgraph.project.build.profile import Stage
    from symgraph.project.settings.config import Config
    from symgraph.spec.model import Model


@dataclass(frozen=True)
class BuildOptions:
    """The command's arguments and options, each a field of its name."""

    specs: Annotated[list[str] | None, typer.Argument(metavar="SPEC", hidden=True)] = None
    out: Annotated[Path | None, option("DIR", "Folder for the modules.")] = None
    backend: Annotated[
        str | None,
        option(
            "LIST",
            "Backends, by commas: numpy, scalar, c (these by default), array_api.",
            completes=("numpy", "scalar", "c", "array_api"),
        ),
    ] = None
    extras: Annotated[
        str | None,
        option(
            "LIST",
            f"Extras, by commas: {', '.join((ERROR_BOUND, *DERIVATIVES))}.",
            "--with",
            completes=EXTRAS,
        ),
    ] = None
    precision: Annotated[str | None, option("KIND", "Arithmetic of the modules: double, auto, accurate; else chosen.")] = None
    standalone: Annotated[
        bool, typer.Option("--standalone", help="Write NumPy modules that contain the runtime and need only NumPy.")
    ] = False
    single: Annotated[bool, typer.Option("--float", help="Write C files in single precision.")] = False
    workspace: Annotated[
        bool, typer.Option("--workspace", help="Write C functions over rows that use memory of the caller.")
    ] = False
    functions: Annotated[str | None, option("LIST", "Functions of C files, separated by commas; all by default.")] = None
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 if a file differs from a new build.")] = False
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that were edited by hand.")] = False
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Do not verify the modules; the manifest says so.")] = False
    require: Annotated[
        float | None, option("X", "Fail if a result is farther off, of itself, where digits are lost, such as 1e-9.")
    ] = None
    libraries: Annotated[bool, typer.Option("--compile", help="Compile C files into the cache folder.")] = False
    profile: Annotated[bool, typer.Option("--profile", help="Print time, nodes and memory of each stage.")] = False
    config: shared.ConfigFile = None
    quiet: shared.Quiet = False
    json: shared.Json = False


@shared.with_options
def build(options: BuildOptions) -> None:
    """Generate modules from specs and verify them against the formulas of the specs.

    SPEC is a spec file or a dotted module. Without SPEC, build the models that [tool.symgraph] of pyproject.toml lists.

    --require X searches the declared domains for points at which digits are lost, runs the module there, and exits with 1, with
    nothing written, if the relative error of a result is above X * (1 + kappa_in), kappa_in being what its inputs leave open.

    --check names the cause of each difference: the spec, the options, the generator (another version of symgraph) or an edit.
    """
    from symgraph.project.build import build as building
    from symgraph.project.build.profile import Profile
    from symgraph.project.settings.config import read_config

    require, quiet, json = options.require, options.quiet, options.json
    if require is not None and (options.check or options.no_verify or not 0.0 < require < 1.0):
        raise OptionError(
            "--require needs a number between 0 and 1, and a build that verifies, without --check and --no-verify"
        )
    plan = _plan(options, read_config(file=options.config))

    def tell(line: str) -> None:
        note(line, quiet=quiet)

    with stage_bar(building.stage_names(plan), quiet=quiet) as watch:
        measured = Profile(watch)
        if options.check:
            report = building.check(plan, progress=tell, profile=measured)
        else:
            to_verify = not options.no_verify
            report = building.build(
                plan, force=options.force, verify=to_verify, require=require, progress=tell, profile=measured
            )
    _print(report, measured.done if options.profile else None, json=json)
    for remark in _remarks(report):
        note(remark, quiet=quiet)
    if "numpy" in plan.backends and report.models:
        note_next(*_next(report.models[0], options.specs or []), quiet=quiet or json)
    if options.check and not report.ok:
        raise typer.Exit(1)


def _next(model: "Model", specs: list[str]) -> tuple[object, ...]:
    """Return the words of the command that gives a model its weights; data may stand beside the spec, as `new` puts them."""
    from symgraph.spec.residuals import residual_of

    if model.loss_expr is None:
        return "show", model.name
    command = "fit" if residual_of(model).exprs or model.likelihood_declared is not None else "train"
    if not (model.feature_inputs or model.target_inputs):
        return command, model.name
    files = (path.with_suffix(".csv") for path in map(Path, specs) if path.stem == model.name)
    return command, model.name, "--data", next((path for path in files if path.is_file()), "FILE"), "--save", "weights.json"


def _generator_options(options: BuildOptions, config: "Config") -> Options:
    """Return what was typed, else what the project says."""
    extras = config.extras if options.extras is None else _listed(options.extras)
    flags = {
        STANDALONE: options.standalone or config.standalone,
        FLOAT: options.single or config.single,
        WORKSPACE: options.workspace or config.workspace,
    }
    shipped = config.functions if options.functions is None else _listed(options.functions)
    asked = options.precision or config.precision or DOUBLE
    return options_of((*extras, *(name for name, on in flags.items() if on)), asked, shipped)


def _plan(options: BuildOptions, config: "Config") -> "Plan":
    from symgraph.project.build.plan import ALL, Plan

    wanted, specs = _generator_options(options, config), options.specs or []
    if not specs and not config.models:
        raise OptionError(
            "there is no spec to build: name one (`symgraph new NAME` writes one), or list them as models in [tool.symgraph] "
            "of pyproject.toml"
        )
    named = config.backends if options.backend is None else _listed(options.backend)
    if named == ():
        from symgraph.compiler.backends import BACKENDS

        raise OptionError(f"--backend names no backend; known are {', '.join(BACKENDS)}")
    return Plan(
        specs or config.models,
        config.root,
        options.out or nearer(config.out_folder),
        named or ALL,
        options=wanted,
        libraries=options.libraries,
        named=named is not None,
        whole=not specs,
        chooses=(options.precision or config.precision) is None,
    )


def _listed(text: str) -> tuple[str, ...]:
    """Split a list at its commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _remarks(report: "BuildReport") -> list[str]:
    """Say what to do about files that are not as a build leaves them."""
    states = {output.state for output in report.outputs}
    orphans = [output.path for output in report.outputs if output.state == "orphan"]
    remarks = [f"{path} is left over from a model that is gone; delete it" for path in orphans]
    if states & {"missing", "spec changed", "options changed", "generator changed", "stale"}:
        remarks.append("run `symgraph build` to bring them up to date")
    if "edited by hand" in states:
        remarks.append("move your changes out of the edited files; `symgraph build --force` overwrites them")
    for reason in dict.fromkeys(report.unverified.values()):
        names = [name for name, one in report.unverified.items() if one == reason]
        remarks.append(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} not verified: {reason}")
    if "of another spec" in states:
        remarks.append("two specs would write one file; rename a model, or choose another folder with --out")
    return remarks


def _print(report: "BuildReport", stages: "list[Stage] | None", *, json: bool) -> None:
    if json:
        files = [{"path": str(output.path), "state": output.state} for output in report.outputs]
        models = {name: asdict(found) for name, found in report.verifications.items()}
        libraries = [str(path) for path in report.libraries]
        optional = {
            "libraries": libraries,
            "unverified": dict(report.unverified),
            "profile": [stage._asdict() for stage in stages or ()],
        }
        print_json(
            {"ok": report.ok, "files": files, "verification": models}
            | {name: listed for name, listed in optional.items() if listed}
        )
        return
    for found in report.verifications.values():
        print(found)
    width = max(10, *(len(output.state) for output in report.outputs))
    for output in report.outputs:
        print(f"{output.state:<{width}} {output.path}")
    for path in report.libraries:
        print(f"{'compiled':<{width}} {path}")
    for name, found in report.verifications.items():
        if found.lost is not None:
            print(f"{name}: {found.lost}")
    if stages is not None:
        print_table(("model", "stage", "seconds", "nodes", "MiB more"), [_row(stage) for stage in stages])


def _row(stage: "Stage") -> tuple[str, ...]:
    nodes = "" if stage.nodes is None else str(stage.nodes)
    memory = "" if stage.memory is None else f"{stage.memory:.1f}"
    return stage.model, stage.name, f"{stage.seconds:.3f}", nodes, memory
