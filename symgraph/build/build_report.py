"""Findings of a build or a check: its files, the verification of each model, what is not verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from symgraph.build.outputs import State
from symgraph.check.verification_report import VerificationReport
from symgraph.spec.model import Model


@dataclass(frozen=True, slots=True)
class Output:
    """File of a build.

    Attributes:
        path: its path.
        state: "written" or "unchanged" after a build; after a check "unchanged", "missing", what has changed since it was built
            ("spec changed", "options changed", "generator changed", "edited by hand"), "of another spec" (that of a model of
            the same name) or, of the manifest, "stale"; after both "orphan" (the manifest lists it, but no spec makes it any
            more).
    """

    path: Path
    state: State


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Findings of a build or a check.

    Attributes:
        outputs: every file, the manifest last.
        verifications: the verification report of each model, by name; empty after a check.
        libraries: the libraries that the C files were compiled into, if that was asked for.
        unverified: for each file whose text was never verified against its spec, by name, the reason.
        models: the models of the specs.
    """

    outputs: tuple[Output, ...]
    verifications: dict[str, VerificationReport]
    libraries: tuple[Path, ...] = ()
    unverified: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Model, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell if every file is as a build leaves it."""
        return all(output.state in ("written", "unchanged") for output in self.outputs)
