"""The build: read specs, generate, verify, compare with what is there, write what differs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from symgraph.backends import BACKENDS
from symgraph.emit.source import model_hash
from symgraph.errors import BuildError
from symgraph.files import replace_text
from symgraph.generate import Artifact, generate, is_generated, stated_hash, text_hash
from symgraph.manifest import FILE, Entry, manifest_text, read_manifest
from symgraph.memory import load_artifact
from symgraph.model import Model
from symgraph.options import DOUBLE, PLAIN, Options
from symgraph.specs import read_spec
from symgraph.verification import VerificationReport, verify

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
    """

    outputs: tuple[Output, ...]
    verifications: dict[str, VerificationReport]

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
    """

    specs: Sequence[str]
    root: Path
    out: Path
    backends: Sequence[str]
    options: Options = PLAIN
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """The artifacts of one model, and where it is written: the file, and how it is named."""

    model: Model
    path: Path
    spec: str
    artifacts: tuple[Artifact, ...]


def build(plan: Plan, *, force: bool = False, progress: Progress | None = None) -> BuildReport:
    """Generate and verify the modules of a plan; then write those that differ, and the manifest.

    Nothing is written unless everything was generated and verified and no file would be overwritten that was edited by hand.

    Args:
        plan: what to build.
        force: whether to overwrite files that were edited by hand or are not ours.
        progress: called with one line at each step.

    Raises:
        BuildError: a spec cannot be read, two models would write one file, a module would take its spec's place, a file was
            edited by hand, or the folder cannot be written.
        SpecError: a model is wrong.
        VerificationError: a module disagrees with its spec.
    """
    tell = progress or (lambda _line: None)
    _require_folder(plan.out)
    made = _generate(plan, tell)
    _spare_specs(plan.out, made)
    if not force:
        _refuse_edited(plan.out, made)
    verifications = {}
    for entry in made:
        tell(f"verifying {entry.model.name}")
        verifications[entry.model.name] = _verified(entry)
        for artifact in entry.artifacts:
            if not BACKENDS[artifact.backend].python:
                tell(f"{artifact.name} is no Python: its graph was verified, its text was not run")
            if artifact.options != plan.options:
                tell(f"{artifact.name} is plain: the backend {artifact.backend} has not all that was asked for")
    texts, orphans = _texts(plan, made)
    return BuildReport((*_write(plan.out, texts), *orphans), verifications)


def check(plan: Plan, *, progress: Progress | None = None) -> BuildReport:
    """Compare what a build would write with what is there; write nothing and verify nothing.

    Raises:
        BuildError, SpecError: as for ``build``.
    """
    made = _generate(plan, progress or (lambda _line: None))
    texts, orphans = _texts(plan, made)
    outputs = [Output(plan.out / name, _state(plan.out / name, text)) for name, text in texts.items()]
    return BuildReport((*outputs, *orphans), {})


def _generate(plan: Plan, tell: Progress) -> list[Made]:
    made: list[Made] = []
    owners: dict[str, str] = {}
    for reference in plan.specs:
        tell(f"reading {reference}")
        spec = read_spec(reference, plan.root)
        for model in spec.models:
            tell(f"generating {model.name}")
            artifacts = generate(model, plan.backends, spec=spec.label, options=plan.options)
            source = f"model {model.name} in {spec.label}"
            for artifact in artifacts:
                owner = owners.setdefault(artifact.name.lower(), source)
                if owner != source:
                    raise BuildError(f"{artifact.name} would be written by {owner} and by {source}; rename one")
            made.append(Made(model, spec.path, spec.label, artifacts))
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


def _verified(entry: Made) -> VerificationReport:
    modules = {artifact.backend: load_artifact(artifact) for artifact in entry.artifacts if BACKENDS[artifact.backend].python}
    numpy = modules.get("numpy") or load_artifact(generate(entry.model, ("numpy",), spec=entry.spec)[0])
    return verify(entry.model, numpy, modules.get("scalar"))


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


def _write(out: Path, texts: Mapping[str, str]) -> list[Output]:
    outputs: list[Output] = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = out / name
            if path.exists() and path.read_bytes() == text.encode():
                outputs.append(Output(path, "unchanged"))
            else:
                replace_text(path, text)
                outputs.append(Output(path, "written"))
    except OSError as error:
        raise BuildError(f"the output folder {out} cannot be written: {error.strerror}; choose another with --out") from error
    return outputs
