"""The build: read specs, generate and verify modules, compare them with the files, write those that differ."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.numpy.runtime_source import runtime_digest
from symgraph.compiler.backends.source import model_hash
from symgraph.compiler.generate import Artifact
from symgraph.compiler.passes import STEPS
from symgraph.data.files import locked, remove_unfinished, replace_texts
from symgraph.errors import BuildError, CompileTimeError, OptionError
from symgraph.judge.verification_report import VerificationReport
from symgraph.options import AUTO, DOUBLE
from symgraph.project.build.digits import judged_with_care, require_digits, with_line
from symgraph.project.build.made import Made, Progress, made_of
from symgraph.project.build.modules import load_verified, verifier
from symgraph.project.build.outputs import BuildReport, Output, State, Wanted, read_text, spec_of, state_of
from symgraph.project.build.plan import Plan
from symgraph.project.build.profile import Profile
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import Compiler, check_syntax, compiles, find_compiler
from symgraph.project.native.loaded import forgotten
from symgraph.project.native.loading import COMPILE_SECONDS, LONGEST
from symgraph.project.settings.manifest import (
    FILE,
    NOT_RUN,
    NOT_VERIFIED,
    Entry,
    Manifest,
    Origin,
    digest,
    manifest_text,
    read_manifest,
)

_C_TELLS = "C tells in which rows digits may be lost; only with the numpy module are these computed over pairs"


def build(
    plan: Plan,
    *,
    force: bool = False,
    verify: bool = True,
    require: float | None = None,
    progress: Progress | None = None,
    profile: Profile | None = None,
) -> BuildReport:
    """Generate and verify the modules of a plan; then write those that differ, and the manifest.

    Nothing is written unless everything was generated and verified and no file would be overwritten that was edited by hand or
    belongs to another spec. That is checked again at the last moment, since the work takes a while.

    Args:
        plan: the specs, backends and options of the build.
        force: whether to overwrite such files, and those that are not ours.
        verify: whether to verify the modules against their specs; if not, the manifest says so of each new text.
        require: largest relative error of a result, beyond what the inputs leave open, where a search finds digits
            to be lost; None for no limit.
        progress: called with one line at each step.
        profile: records time and memory of each stage.

    Raises:
        BuildError: a spec cannot be read, two models would write one file, a module would take its spec's place, a file was
            edited by hand or is another spec's, or the folder cannot be written.
        SpecError: a model is wrong.
        VerificationError: a module disagrees with its spec.
        OptionError: a backend is unknown, or libraries are asked for and no backend writes C.
    """
    tell = progress or (lambda _line: None)
    profile = profile or Profile()
    if verify:
        verifier()  # fail before the work if it is missing
    compiler = _compiler(plan, tell)
    _require_folder(plan.out)
    known = read_manifest(plan.out).entries
    made = made_of(plan, tell, profile, ("numpy",), search=verify, limit=require, known=known)
    _spare_specs(plan.out, made)
    wanted = _wanted(plan, made)
    if not force:
        _refuse(plan, wanted)
    for name, one in wanted.items():
        former = spec_of(plan.out / name)
        if former not in (None, one.entry.spec):
            tell(f"{name} was built from {former}; it is from {one.entry.spec} now")
    if _way_up(plan) is None:
        tell(f"{plan.out} is not below {plan.root}, the folder of the spec's project: later changes of the spec go unnoticed")
    if compiler is not None and not verify:
        _check_c(made, compiler)
    verifications, libraries = _verify(plan, made, compiler, tell, profile, require) if verify else ({}, ())
    for line in _lacks(plan, made):
        tell(line)
    unrun = {name for report in verifications.values() for name in report.unrun}
    reasons = dict.fromkeys(unrun, NOT_RUN) if verify else dict.fromkeys(wanted, NOT_VERIFIED)
    noted = {name: one.unverified(reasons.get(name, "")) for name, one in wanted.items()}
    outputs = profile.run("write files", _write, plan, noted, force)
    return BuildReport(outputs, verifications, libraries, _unverified(plan, wanted), tuple(entry.model for entry in made))


def _verify(
    plan: Plan, made: Sequence[Made], compiler: Compiler | None, tell: Progress, profile: Profile, require: float | None
) -> tuple[dict[str, VerificationReport], tuple[Path, ...]]:
    """Verify every model; return the reports by name, and the libraries that C files were compiled into."""
    verifications: dict[str, VerificationReport] = {}
    libraries: list[Path] = []
    for entry in made:
        tell(f"verifying {entry.model.name}")
        profile.model = entry.model.name
        with TemporaryDirectory() as folder, forgotten():
            compiled = _compiled(plan, entry, compiler, Path(folder), tell)
            modules, report = load_verified(entry.model, entry.generated, compiled, profile)
            if require is not None:
                profile.run("required digits", require_digits, entry.model, modules["numpy"], require)
            lost = entry.lost
            if lost is not None and lost.are_many and lost.has_pairs and lost.with_care is None:
                lost = profile.run("digits with care", judged_with_care, entry.model, lost)
            report = replace(report, lost=lost and with_line(lost, entry.numpy))
        verifications[entry.model.name] = report
        libraries += [Path(str(compiled.__file__))] if compiled and plan.libraries else []
    return verifications, tuple(libraries)


def _lacks(plan: Plan, made: Sequence[Made]) -> Mapping[str, None]:
    """Say, line by line, what backends leave out."""
    lines: dict[str, None] = {}
    for entry in made:
        for artifact in entry.artifacts:
            had = artifact.options
            without = [extra for extra in plan.options.extras if extra not in had.extras]
            without += [entry.precision] if had.precision != entry.precision else []
            if without:
                lines[f"the backend {artifact.backend} lacks {', '.join(without)}; its files are written without"] = None
            if artifact.backend == "c" and had.precision == AUTO:
                lines[_C_TELLS] = None
    return lines


def stage_names(plan: Plan) -> tuple[str, ...]:
    """Return the stages of one model of a plan in order, without those that only some models have."""
    backends = [BACKENDS[name] for name in dict.fromkeys((*plan.backends, "numpy")) if name in BACKENDS]
    names = ["lower", *(step.__name__ for step in STEPS), "check the graph"]
    names += [f"{backend.name}: {what}" for backend in backends for what in ("passes", "write", "lay out")]
    names += ["digits"] if plan.options.precision == DOUBLE else []
    names += [f"{backend.name}: load" for backend in backends if backend.loader == "python"]
    return (*names, "verify", "write files")


def check(plan: Plan, *, progress: Progress | None = None, profile: Profile | None = None) -> BuildReport:
    """Compare the files with what a build would write; write nothing and verify nothing.

    Args:
        plan: the plan of the build.
        progress: called with one line at each step.
        profile: records time and memory of each stage.

    Raises:
        BuildError, SpecError: as for ``build``.
    """
    known = read_manifest(plan.out).entries
    made = made_of(plan, progress or (lambda _line: None), profile or Profile(), known=known)
    wanted = {name: one.unverified(NOT_RUN) for name, one in _wanted(plan, made).items()}
    outputs = [Output(plan.out / name, state) for name, state in _states(plan, wanted).items()]
    text, orphans = _manifest(plan, wanted)
    path = plan.out / FILE
    found = read_text(path) if path.exists() else None
    state: State = "missing" if found is None else "unchanged" if found == text else "stale"
    return BuildReport((*outputs, Output(path, state), *orphans), {}, unverified=_unverified(plan, wanted))


def _unverified(plan: Plan, wanted: Mapping[str, Wanted]) -> dict[str, str]:
    """Read from the manifest the files that were never verified against their specs, and the reasons."""
    entries = read_manifest(plan.out).entries.items()
    return {name: entry.unverified for name, entry in entries if name in wanted and entry.unverified}


def _require_folder(out: Path) -> None:
    """Refuse before the work an output folder that cannot be written after it."""
    lowest = next(folder for folder in (out, *out.parents) if folder.exists())
    if not lowest.is_dir():
        raise BuildError(f"the output folder {out} cannot be made: {lowest} is a file; choose another with --out")


def _spare_specs(out: Path, made: Sequence[Made]) -> None:
    sources = {entry.spec.path for entry in made}
    for entry in made:
        for artifact in entry.artifacts:
            if Path(os.path.realpath(out / artifact.name)) in sources:  # which a link to itself does not stop
                raise BuildError(f"{artifact.name} would overwrite the spec of that name in {out}; choose another with --out")


def _states(plan: Plan, wanted: Mapping[str, Wanted]) -> dict[str, State]:
    """Return how each file differs from what a build would write."""
    specs = {one.entry.spec for one in wanted.values()}
    manifest = read_manifest(plan.out)

    def lives(spec: str) -> bool:
        return spec not in specs and (plan.root / spec).is_file()

    return {name: state_of(plan.out / name, one, manifest, lives) for name, one in wanted.items()}


def _refuse(plan: Plan, wanted: Mapping[str, Wanted]) -> None:
    """Refuse to overwrite files that were edited by hand, are not ours, or belong to another spec."""
    for name, state in _states(plan, wanted).items():
        path, entry = plan.out / name, wanted[name].entry
        if state == "edited by hand":
            raise BuildError(
                f"{path} was edited by hand or is not a generated file; move your changes elsewhere, or overwrite it "
                "with --force"
            )
        if state == "of another spec":
            owner = read_manifest(plan.out).entries.get(name)
            model = "a model" if owner is None else f"model {owner.model}"
            raise BuildError(
                f"{path} belongs to {model} in {spec_of(path)}; model {entry.model} in {entry.spec} would take its place: "
                "rename one, choose another folder with --out, or overwrite it with --force"
            )


def _compiler(plan: Plan, tell: Progress) -> Compiler | None:
    """Find the compiler of a plan's C files; None where there are none, or where none is found and no library is asked for."""
    if "c" not in plan.backends:
        if plan.libraries:
            raise OptionError(f"--compile is for the backend c; the backends chosen are {', '.join(plan.backends)}")
        return None
    try:
        return find_compiler()
    except BuildError as error:
        if plan.libraries:
            raise
        if plan.named:  # else the report's remark on what was not run is enough
            tell(
                f"C files are written without having been run, since {error}; the graph that they are written from is verified"
            )
        return None


def _compiled(plan: Plan, entry: Made, compiler: Compiler | None, folder: Path, tell: Progress) -> ModuleType | None:
    """Load the module of the C backend, compiled into a folder, or into the cache if a library is asked for."""
    files = {artifact.name: artifact.text for artifact in entry.artifacts if artifact.backend == "c"}
    if not files or compiler is None:
        return None
    source = BACKENDS["c"].file_name(entry.model.name)
    if plan.libraries:
        return module_of(source, files, compiler=compiler)
    if plan.named:
        return module_of(source, files, compiler=compiler.in_haste(), folder=folder)
    quick = compiler.in_haste()
    if len(files[source]) > LONGEST:
        check_syntax(source, files, quick)
        tell(f"{source} has {len(files[source]):,} characters, and is compiled only if the backend c is named")
        return None
    try:
        return module_of(source, files, compiler=quick.within(COMPILE_SECONDS), folder=folder)
    except CompileTimeError as error:
        check_syntax(source, files, quick)
        tell(f"{source} was not run: {error}")
    except BuildError as error:
        if compiles(quick):  # so it is the text that is wrong
            raise
        tell(f"{source} was not run: {error}")
    return None


def _check_c(made: Sequence[Made], compiler: Compiler) -> None:
    """Refuse C files that no compiler takes, where nothing else is verified."""
    for entry in made:
        files = {artifact.name: artifact.text for artifact in entry.artifacts if artifact.backend == "c"}
        if files and compiles(compiler):
            check_syntax(BACKENDS["c"].file_name(entry.model.name), files, compiler)


def _wanted(plan: Plan, made: Sequence[Made]) -> dict[str, Wanted]:
    """Return the files to write by name."""
    return {
        artifact.name: Wanted(artifact.text, _entry(plan, one, artifact), one.spec.sources)
        for one in made
        for artifact in one.artifacts
    }


def _entry(plan: Plan, made: Made, artifact: Artifact) -> Entry:
    return Entry(
        spec=made.spec.label,
        model=made.model.name,
        backend=artifact.backend,
        model_hash=model_hash(made.model),
        text_hash=digest(artifact.text.encode()),
        extras=",".join(artifact.options.extras),
        runtime=runtime_digest() if artifact.backend == "numpy" else "",
        precision="" if artifact.options.precision == DOUBLE else artifact.options.precision,
        asked="" if plan.chooses else plan.options.precision,
    )


def _manifest(plan: Plan, wanted: Mapping[str, Wanted]) -> tuple[str, list[Output]]:
    """Return the manifest's text, and the files that it lists although no spec makes them any more.

    It keeps listing these until they are deleted, so that every check reports them.
    """
    known = read_manifest(plan.out)
    specs = {one.entry.spec for one in wanted.values()}
    others = {name: entry for name, entry in known.entries.items() if name not in wanted and (plan.out / name).exists()}
    orphans = [Output(plan.out / name, "orphan") for name, entry in others.items() if plan.whole or entry.spec in specs]
    origins = {spec: origin for spec, origin in known.origins.items() if spec not in specs}
    root = _way_up(plan)
    if root is not None:
        origins |= {one.entry.spec: Origin(root, one.sources) for one in wanted.values() if one.sources}
    entries = others | {name: _as_known(one.entry, known.entries.get(name)) for name, one in wanted.items()}
    return manifest_text(Manifest(entries, origins)), orphans


def _as_known(entry: Entry, before: Entry | None) -> Entry:
    """Return the entry of a text that was not run now: it keeps the result of an earlier build for the same text."""
    if not entry.unverified or before is None or before.text_hash != entry.text_hash:
        return entry
    return replace(entry, unverified=before.unverified)


def _way_up(plan: Plan) -> str | None:
    """Return the path from the output folder to the project's root; None where it would differ from machine to machine."""
    out, root = plan.out.resolve(), plan.root.resolve()
    return "/".join([".."] * len(out.relative_to(root).parts)) or "." if out.is_relative_to(root) else None


def _write(plan: Plan, wanted: Mapping[str, Wanted], force: bool) -> tuple[Output, ...]:
    """Write files that differ, and the manifest, while no other build reads or writes it; orphans are listed last."""
    out = plan.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            text, orphans = _manifest(plan, wanted)
            texts = {out / name: one.text for name, one in wanted.items()} | {out / FILE: text}
            differing = {path: text for path, text in texts.items() if not os.path.lexists(path) or read_text(path) != text}
            # somebody may have edited a file since the first check
            remove_unfinished(out)
            replace_texts(differing, lambda: None if force else _refuse(plan, wanted))
    except OSError as error:
        raise BuildError(f"the output folder {out} cannot be written: {error.strerror}; choose another with --out") from error
    return (*(Output(path, "written" if path in differing else "unchanged") for path in texts), *orphans)
