"""The files of each model of a plan, generated, in the precision that was asked for or that the build chooses.

A build chooses pairs of doubles where digits are lost (``--precision auto``) for a model that loses more than such a module
lets pass, by a search in the declared domains, unless most rows would be computed so without need; and doubles for all others.
The search finds the same on every machine. What does not search, such as ``symgraph build --check``, takes what the manifest
says that an earlier build chose.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from symgraph.compiler.generate import Artifact, Graphs, generate, require
from symgraph.errors import BuildError, SpecError
from symgraph.judge.verification_report import LostDigits
from symgraph.options import AUTO, DOUBLE
from symgraph.project.build.digits import careful_artifact, judged_with_care, lost_digits
from symgraph.project.build.modules import artifacts_of
from symgraph.project.build.plan import Plan
from symgraph.project.build.profile import Profile
from symgraph.project.build.specs import Spec, read_spec
from symgraph.project.settings.manifest import Entry
from symgraph.spec.model import Model

Progress = Callable[[str], None]


class Made(NamedTuple):
    """Artifacts of one model, with the spec that defines it.

    Attributes:
        model: the model.
        spec: its spec.
        artifacts: the files to write.
        generated: these, and the module of the numpy backend, by which all are verified.
        lost: where a plain module of it loses the most digits, if that was searched for.
    """

    model: Model
    spec: Spec
    artifacts: tuple[Artifact, ...]
    generated: tuple[Artifact, ...]
    lost: LostDigits | None = None

    @property
    def numpy(self) -> Artifact:
        """Return the module of the numpy backend."""
        return next(artifact for artifact in self.generated if artifact.backend == "numpy")

    @property
    def precision(self) -> str:
        """Return the precision of the numpy module."""
        return self.numpy.options.precision


def made_of(
    plan: Plan,
    tell: Progress,
    profile: Profile,
    also: Sequence[str] = (),
    *,
    search: bool = False,
    limit: float | None = None,
    known: Mapping[str, Entry] | None = None,
) -> list[Made]:
    """Generate the artifacts of every model of a plan.

    Args:
        plan: the plan.
        tell: called with one line at each step.
        profile: records time and memory of each stage.
        also: backends whose artifacts are needed without being written.
        search: whether to search for the digits that plain modules lose.
        limit: the largest relative error that is allowed, if there is one: where doubles exceed it, pairs are chosen even if
            most rows would be computed so without need.
        known: the entries of the manifest, which say what was chosen before; they are asked where nothing is searched.

    Raises:
        BuildError: a spec cannot be read, or two models would write one file.
        SpecError: a model is wrong.
        OptionError: a backend is unknown, or none has an option.
    """
    require(plan.backends, plan.options)
    made: list[Made] = []
    owners: dict[str, tuple[str, Spec]] = {}
    for reference in plan.specs:
        tell(f"reading {reference}")
        profile.model = ""
        spec = profile.run(f"read {reference}", read_spec, reference, plan.root)
        for model in spec.models:
            tell(f"generating {model.name}")
            profile.model = model.name
            graphs = Graphs(model, profile.run)
            how = {"spec": spec.label, "options": plan.options, "run": profile.run, "graphs": graphs}
            backends = tuple(dict.fromkeys((*plan.backends, *also)))
            artifacts, refusals = artifacts_of(model, backends, () if plan.named else ("scalar", "c"), **how)
            for backend, refusal in refusals.items():
                tell(f"{model.name} gets no file of the backend {backend}: {refusal.args[0]}")
            written = tuple(artifact for artifact in artifacts if artifact.backend in plan.backends)
            _own(owners, model, spec, written)
            one = Made(model, spec, written, artifacts)
            if search and plan.options.precision == DOUBLE:
                one = one._replace(lost=profile.run("digits", lost_digits, model))
            if plan.chooses and (_needs_care(one.lost) if search else _was_careful(one, known or {})):
                one = _with_care(plan, one, how, limit)
            made.append(one)
    return made


def numpy_artifact(model: Model) -> Artifact:
    """Generate the module of the numpy backend that a build of a model would write that chooses its precision.

    Raises:
        SpecError: the model cannot be lowered.
    """
    lost = lost_digits(model)
    careful = careful_artifact(model) if lost is not None and _needs_care(lost) else None
    if lost is None or careful is None or _is_idle(judged_with_care(model, lost, careful)):
        return generate(model)[0]
    return careful


def _own(owners: dict[str, tuple[str, Spec]], model: Model, spec: Spec, written: Sequence[Artifact]) -> None:
    """Note the model of each file; refuse a file that another model writes too."""
    for artifact in written:
        name, owner = owners.setdefault(artifact.name.lower(), (model.name, spec))
        if (name, owner.path) != (model.name, spec.path):
            first, second = (owner.label, spec.label) if owner.label != spec.label else (owner.path, spec.path)
            both = f"by model {name} in {first} and by model {model.name} in {second}"
            raise BuildError(f"{artifact.name} would be written {both}; rename one")


def _needs_care(lost: LostDigits | None) -> bool:
    return lost is not None and lost.has_pairs and lost.needs_care


def _is_idle(lost: LostDigits) -> bool:
    return lost.with_care is not None and lost.with_care.is_idle


def _was_careful(made: Made, known: Mapping[str, Entry]) -> bool:
    """Tell whether an earlier build chose pairs for a model."""
    own = (known.get(artifact.name) for artifact in made.artifacts)
    return any(entry is not None and entry.precision == AUTO and not entry.asked for entry in own)


def _with_care(plan: Plan, made: Made, how: Mapping[str, Any], limit: float | None) -> Made:
    """Generate a model's artifacts once more, with care, if a module of NumPy is written, and without ``error_bound``."""
    if "numpy" not in plan.backends or plan.options.error_bound:
        return made
    names = tuple(artifact.backend for artifact in made.generated)
    options = replace(plan.options, precision=AUTO)
    try:
        artifacts, _ = artifacts_of(made.model, tuple(dict.fromkeys(names)), (), **{**how, "options": options})
    except SpecError:  # a function of it has no pairs, or no bound
        return made if made.lost is None else made._replace(lost=replace(made.lost, has_pairs=False))
    lost = made.lost
    if lost is not None:
        careful = next(artifact for artifact in artifacts if artifact.backend == "numpy")
        lost = how["run"]("digits with care", judged_with_care, made.model, lost, careful)
        if _is_idle(lost) and (limit is None or lost.error <= limit):
            return made._replace(lost=lost)
        lost = replace(lost, chosen=True)
    written = tuple(artifact for artifact in artifacts if artifact.backend in plan.backends)
    return made._replace(artifacts=written, generated=artifacts, lost=lost)
