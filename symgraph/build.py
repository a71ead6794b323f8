"""The build: read specs, generate, verify, compare with what is there, write what differs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Literal

from symgraph.backends import BACKENDS
from symgraph.check.verify import VerificationReport
from symgraph.compiled import module_of
from symgraph.compiler import Compiler, find_compiler
from symgraph.emit.source import model_hash
from symgraph.errors import BuildError, OptionError
from symgraph.files import locked, replace_text
from symgraph.generate import STEPS, Artifact, generate, is_generated, require, stated_hash, text_hash
from symgraph.manifest import FILE, Entry, manifest_text, read_manifest
from symgraph.memory import load_verified
from symgraph.model import Model
from symgraph.options import DOUBLE, PLAIN, Options
from symgraph.specs import read_spec
from symgraph.stages import Stages

State = Literal["written", "unchanged", "missing", "stale", "edited", "orphan"]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Output:
    """One file of a build.

    Attributes:
        path: where it is.
        state: "written" or "unchanged" after a build, after a check "unchanged", "missing", "stale" (differs from what a build
            would write), "edited" (changed by hand since it was built) or "orphan" (the manifest lists it, but no spec
            makes it any more).
    """

    path: Path
    state: State


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build or a check found.

    Attributes:
        outputs: every file, the manifest last.
        verifications: what verification said of each model, by name; empty after a check.
        libraries: what the C files were compiled into, if that was asked for.
    """

    outputs: tuple[Output, ...]
    verifications: dict[str, VerificationReport]
    libraries: tuple[Path, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every file is as a build leaves it."""
        return all(output.state in ("written", "unchanged") for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build.

    Attributes:
        specs: paths or dotted modules.
        root: the project's folder, to which the headers' paths are relative.
        out: folder for the modules.
        backends: names of backends.
        options: what the modules are to have beyond plain ones.
        whole: whether these are all specs of the folder, so that what else the manifest lists is left over.
        libraries: whether C files are compiled into the cache folder, from which ``symgraph.compiled.load`` takes them.
    """

    specs: Sequence[str]
    root: Path
    out: Path
    backends: Sequence[str]
    options: Options = PLAIN
    whole: bool = False
    libraries: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The artifacts of one model, and where it is written: the file, and how it is named.

    The module of the numpy backend is made for verification even where it is not to be written.
    """

    model: Model
    path: Path
    spec: str
    artifacts: tuple[Artifact, ...]
    unwritten: tuple[Artifact, ...] = ()


def build(plan: Plan, *, force: bool = False, progress: Progress | None = None, stages: Stages | None = None) -> BuildReport:
    """Generate and verify the modules of a plan; then write those that differ, and the manifest.

    Nothing is written unless everything was generated and verified and no file would be overwritten that was edited by hand.

    Args:
        plan: what to build.
        force: whether to overwrite files that were edited by hand or are not ours.
        progress: called with one line at each step.
        stages: keeps what each stage takes.

    Raises:
        BuildError: a spec cannot be read, two models would write one file, a module would take its spec's place, a file was
            edited by hand, or the folder cannot be written.
        SpecError: a model is wrong.
        VerificationError: a module disagrees with its spec.
        OptionError: a backend is unknown, or libraries are asked for and no backend writes C.
    """
    tell = progress or (lambda _line: None)
    stages = stages or Stages()
    compiler = _compiler(plan, tell)
    _require_folder(plan.out)
    made = _generate(plan, tell, stages, ("numpy",))
    _spare_specs(plan.out, made)
    if not force:
        _refuse_edited(plan.out, made)
    verifications = {}
    libraries: list[Path] = []
    for entry in made:
        tell(f"verifying {entry.model.name}")
        stages.model = entry.model.name
        with TemporaryDirectory() as folder:
            compiled = _compiled(entry, compiler, None if plan.libraries else Path(folder))
            _, verifications[entry.model.name] = load_verified(
                entry.model, (*entry.artifacts, *entry.unwritten), compiled, stages
            )
        libraries += [Path(str(compiled.__file__))] if compiled and plan.libraries else []
        for artifact in entry.artifacts:
            if artifact.options != plan.options:
                tell(f"{artifact.name} is plain: the backend {artifact.backend} has not all that was asked for")
    return BuildReport(stages.run("write files", _write, plan, made), verifications, tuple(libraries))


def stage_names(plan: Plan) -> tuple[str, ...]:
    """The stages of one model of a plan in order, those left out that only some models have."""
    backends = [BACKENDS[name] for name in dict.fromkeys((*plan.backends, "numpy")) if name in BACKENDS]
    names = ["lower", *(step.__name__ for step in STEPS), "check the graph"]
    names += [f"{backend.name}: {what}" for backend in backends for what in ("write", "lay out")]
    names += [f"{backend.name}: load" for backend in backends if backend.python]
    return (*names, "verify", "write files")


def check(plan: Plan, *, progress: Progress | None = None, stages: Stages | None = None) -> BuildReport:
    """Compare what a build would write with what is there; write nothing and verify nothing.

    Args:
        plan: what a build would build.
        progress: called with one line at each step.
        stages: keeps what each stage takes.

    Raises:
        BuildError, SpecError: as for ``build``.
    """
    made = _generate(plan, progress or (lambda _line: None), stages or Stages())
    texts, orphans = _texts(plan, made)
    outputs = [Output(plan.out / name, _state(plan.out / name, text)) for name, text in texts.items()]
    return BuildReport((*outputs, *orphans), {})


def _generate(plan: Plan, tell: Progress, stages: Stages, also: Sequence[str] = ()) -> list[Made]:
    """The artifacts of every model; ``also`` are backends whose artifacts are needed though they are not to be written."""
    require(plan.backends, plan.options)
    made: list[Made] = []
    owners: dict[str, str] = {}
    for reference in plan.specs:
        tell(f"reading {reference}")
        stages.model = ""
        spec = stages.run(f"read {reference}", read_spec, reference, plan.root)
        for model in spec.models:
            tell(f"generating {model.name}")
            backends = dict.fromkeys((*plan.backends, *also))
            artifacts = generate(model, backends, spec=spec.label, options=plan.options, stages=stages)
            written = tuple(artifact for artifact in artifacts if artifact.backend in plan.backends)
            source = f"model {model.name} in {spec.label}"
            for artifact in written:
                owner = owners.setdefault(artifact.name.lower(), source)
                if owner != source:
                    raise BuildError(f"{artifact.name} would be written by {owner} and by {source}; rename one")
            unwritten = tuple(artifact for artifact in artifacts if artifact.backend not in plan.backends)
            made.append(Made(model, spec.path, spec.label, written, unwritten))
    return made


def _require_folder(out: Path) -> None:
    """Refuse before the work what could not be written after it."""
    lowest = next(folder for folder in (out, *out.parents) if folder.exists())
    if not lowest.is_dir():
        raise BuildError(f"the output folder {out} cannot be made: {lowest} is a file; choose another with --out")


def _spare_specs(out: Path, made: Sequence[Made]) -> None:
    sources = {entry.path for entry in made}
    for entry in made:
        for artifact in entry.artifacts:
            if (out / artifact.name).resolve() in sources:
                raise BuildError(f"{artifact.name} would overwrite the spec of that name in {out}; choose another with --out")


def _refuse_edited(out: Path, made: Sequence[Made]) -> None:
    for entry in made:
        for artifact in entry.artifacts:
            path = out / artifact.name
            if _state(path, artifact.text) == "edited":
                raise BuildError(
                    f"{path} was edited by hand or is not a generated file; move your changes elsewhere, or overwrite it "
                    "with --force"
                )


def _state(path: Path, wanted: str) -> State:
    """How a file differs from the text that a build would write."""
    if not path.exists():
        return "missing"
    try:
        found = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BuildError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        return "edited"
    if found == wanted:
        return "unchanged"
    if path.name == FILE:
        return "stale"
    return "stale" if is_generated(found) and stated_hash(found) == text_hash(found) else "edited"


def _compiler(plan: Plan, tell: Progress) -> Compiler | None:
    """What compiles the C files of a plan; None where there are none, or no compiler although none must be there."""
    if "c" not in plan.backends:
        if plan.libraries:
            raise OptionError(f"--compile is for the backend c; the backends chosen are {', '.join(plan.backends)}")
        return None
    try:
        return find_compiler()
    except BuildError as error:
        if plan.libraries:
            raise
        tell(f"C files are written without having been run, since {error}; the graph that they are written from is verified")
        return None


def _compiled(entry: Made, compiler: Compiler | None, folder: Path | None) -> ModuleType | None:
    """The module of the C backend, compiled into a folder, by default the cache."""
    files = {artifact.name: artifact.text for artifact in entry.artifacts if artifact.backend == "c"}
    if not files or compiler is None:
        return None
    chosen = compiler if folder is None else compiler.in_haste()
    return module_of(BACKENDS["c"].file_name(entry.model.name), files, compiler=chosen, folder=folder)


def _entries(made: Sequence[Made]) -> list[Entry]:
    return [
        Entry(
            output=artifact.name,
            spec=entry.spec,
            model=entry.model.name,
            backend=artifact.backend,
            model_hash=model_hash(entry.model),
            text_hash=f"sha256:{sha256(artifact.text.encode()).hexdigest()}",
            extras=",".join(artifact.options.extras),
            precision="" if artifact.options.precision == DOUBLE else artifact.options.precision,
        )
        for entry in made
        for artifact in entry.artifacts
    ]


def _texts(plan: Plan, made: Sequence[Made]) -> tuple[dict[str, str], list[Output]]:
    """The files to write by name, the manifest last, and the files that the manifest lists though no spec makes them any more.

    The manifest keeps listing these until they are deleted: a check is to say so each time.
    """
    texts = {artifact.name: artifact.text for entry in made for artifact in entry.artifacts}
    labels = {entry.spec for entry in made}
    others = [entry for entry in read_manifest(plan.out) if entry.output not in texts and (plan.out / entry.output).exists()]
    orphans = [Output(plan.out / entry.output, "orphan") for entry in others if plan.whole or entry.spec in labels]
    texts[FILE] = manifest_text([*others, *_entries(made)])
    return texts, orphans


def _write(plan: Plan, made: Sequence[Made]) -> tuple[Output, ...]:
    """Write what differs, and the manifest, while no other build reads or writes it; orphans are listed behind."""
    outputs: list[Output] = []
    out = plan.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        with locked(out):
            texts, orphans = _texts(plan, made)
            for name, text in texts.items():
                path = out / name
                if path.exists() and path.read_bytes() == text.encode():
                    outputs.append(Output(path, "unchanged"))
                else:
                    replace_text(path, text)
                    outputs.append(Output(path, "written"))
    except OSError as error:
        raise BuildError(f"the output folder {out} cannot be written: {error.strerror}; choose another with --out") from error
    return (*outputs, *orphans)
