"""Rebuilding of a module whose spec defines another model than when the module was built."""

from pathlib import Path
from typing import Any

from symgraph.backends.source import model_hash
from symgraph.build.build import Plan, build
from symgraph.build.specs import read_spec
from symgraph.errors import ModuleError
from symgraph.io.lineage import Lineage
from symgraph.io.manifest import Entry, read_manifest
from symgraph.options import DOUBLE, options_of


def renew(path: Path, module: Any, lineage: Lineage, *, locked: bool = False) -> bool:
    """Run the spec of a built module, and rebuild the module if the model has changed.

    The spec's files are built with the same backends and options as before, and verified.

    Args:
        path: the module's file.
        module: the module loaded from it.
        lineage: the spec that it comes from.
        locked: whether an old module is refused instead.

    Returns:
        Whether the module was rebuilt.

    Raises:
        ModuleError: the spec has no such model any more; or the module is old, and is locked or in no manifest that says how it
            was built.
        BuildError, SpecError, VerificationError: as for ``build``, for instance of files that were edited by hand.
    """
    entries = read_manifest(path.parent).entries
    known = any(entry.output == path.name for entry in entries)
    spec = read_spec(str(lineage.spec), lineage.root)
    model = next((model for model in spec.models if model.name == module.MODEL), None)
    if model is None:
        if not known:
            return False  # a spec of that name, but of another project
        raise ModuleError(f"{path} is left over: {spec.label} defines no model {module.MODEL} any more; delete it")
    if model_hash(model) == module.METADATA["model_hash"]:
        return False
    if locked or not known:
        raise ModuleError(f"{path} is older than its spec; `symgraph build {spec.label}` brings it up to date")
    build(_plan_of([entry for entry in entries if entry.spec == spec.label], lineage, path.parent))
    return True


def _plan_of(entries: list[Entry], lineage: Lineage, out: Path) -> Plan:
    """Return the plan by which some files were built."""
    extras = {extra for entry in entries for extra in entry.extras.split(",") if extra}
    precision = next((entry.precision for entry in entries if entry.precision), DOUBLE)
    backends = tuple(dict.fromkeys(entry.backend for entry in entries))
    return Plan([str(lineage.spec)], lineage.root, out, backends, options_of(sorted(extras), precision))
