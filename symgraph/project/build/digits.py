"""The digits that a model's plain module loses, as builds ask for them. What finds them is imported late, see ``verifier``."""

import re
from dataclasses import replace
from types import ModuleType

from symgraph.compiler.generate import Artifact, generate
from symgraph.errors import SpecError, VerificationError
from symgraph.judge.verification_report import LostDigits
from symgraph.options import AUTO, options_of
from symgraph.project.build.modules import load_artifact
from symgraph.spec.model import Model


def lost_digits(model: Model) -> LostDigits | None:
    """Find where a plain module of the model loses the most digits, see ``check.digits``."""
    from symgraph.judge.digits import digits_lost

    return digits_lost(model)


def with_line(lost: LostDigits, artifact: Artifact) -> LostDigits:
    """Add the line of a module at which the node is computed that is named, if it has one."""
    name = lost.node.rpartition(" ")[2]
    found = re.search(rf"^def _forward.*?\n +{name}_? = (?![^\n]*= None\n)", artifact.text, re.DOTALL | re.MULTILINE)
    return replace(lost, line=artifact.text.count("\n", 0, found.end()) + 1 if found else 0)


def careful_artifact(model: Model) -> Artifact | None:
    """Generate the numpy module of ``--precision auto``; None where a function of the model has no pairs, or no bound."""
    try:
        return generate(model, options=options_of((), AUTO))[0]
    except SpecError:
        return None


def judged_with_care(model: Model, lost: LostDigits, careful: Artifact | None = None) -> LostDigits:
    """Add what ``--precision auto`` makes of a model of which the plain module loses many digits, if that can be.

    Args:
        model: the spec.
        lost: what its plain module loses.
        careful: its numpy module that was generated so; by default it is generated.
    """
    from symgraph.judge.digits import with_care

    artifact = careful or careful_artifact(model)
    if artifact is None:
        return replace(lost, has_pairs=False)
    return replace(lost, with_care=with_care(model, load_artifact(artifact)))


def require_digits(model: Model, module: ModuleType, limit: float) -> None:
    """Refuse a module that does not keep a limit of the relative error, see ``check.digits.kept``.

    Raises:
        VerificationError: a result is farther off at one of the points that are tried.
    """
    from symgraph.judge.digits import kept

    if said := kept(model, module, limit):
        advice = "write the formula so that it does not cancel, declare narrower domains, or try --precision auto or accurate"
        raise VerificationError(f"{model.name} does not keep --require {limit:g}: {said}; {advice}")
