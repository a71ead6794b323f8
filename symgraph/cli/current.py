"""Modules that commands use: found by name or path, and rebuilt if their spec has changed."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.cli.terminal import nearer, note

_PACKAGE = Path(__file__).resolve().parents[1]

if TYPE_CHECKING:
    from symgraph.io.config import Config
    from symgraph.io.lineage import Lineage
    from symgraph.io.module import GeneratedModule


def load_model(reference: str, *, config: Path | None, locked: bool, quiet: bool) -> "GeneratedModule":
    """Load a module of the numpy backend by name or path, rebuilt if its spec has changed.

    Args:
        reference: the argument MODEL.
        config: the file with the project's settings, if the user gave one.
        locked: whether a module that is older than its spec is refused instead of rebuilt.
        quiet: whether to print nothing about a build.

    Raises:
        ModuleError: there is none, it is of the scalar backend, or it is older than its spec and locked.
    """
    from symgraph.errors import ModuleError
    from symgraph.io.module import find, load_file

    path = find(reference, config)
    settings = settings_for(reference, config)
    module: GeneratedModule = current(load_file(path), path, load_file, settings, locked=locked, quiet=quiet)
    if not hasattr(module, "forward"):
        raise ModuleError(f"{reference} is of the scalar backend; this needs the numpy backend's module, {module.MODEL}")
    return module


def current(
    module: Any, path: Path, load: Callable[[Path], Any], settings: "Config | None", *, locked: bool, quiet: bool
) -> Any:
    """Return a module as its spec has it: the same, or one that was rebuilt.

    The spec is run only if a file that it was read from has changed, since that takes SymPy.

    Args:
        module: the module as loaded.
        path: the file that it was loaded from.
        load: the function that loads it.
        settings: those of the project, if the module was found by its name.
        locked: whether an old module is refused instead.
        quiet: whether to print nothing about a build.

    Raises:
        ModuleError: it is old and locked, its spec has no such model any more, or the spec is another user's.
        BuildError, SpecError, VerificationError: it cannot be built.
    """
    lineage = lineage_of_module(path, module, settings)
    if lineage is None or not lineage.doubt:
        return module
    require_own(lineage, settings)
    from symgraph.build.renewal import renew

    if not renew(path, module, lineage, locked=locked):
        return module
    note(f"{lineage.doubt}: {nearer(path)} was built anew", quiet=quiet)
    return load(path)


def settings_for(reference: str, config: Path | None) -> "Config | None":
    """Read the settings of the project in which a name is looked up; a path needs none."""
    from symgraph.io.config import read_config

    return read_config(file=config) if reference.isidentifier() or config is not None else None


def lineage_of_module(path: Path, module: Any, settings: "Config | None") -> "Lineage | None":
    """Find the spec of a built module by the manifest beside it, or else by the path in the module's metadata."""
    from symgraph.io.lineage import Lineage, lineage_of

    found = lineage_of(path, module.METADATA.get("model_hash", ""))
    if found is not None or settings is None:
        return found
    label = module.METADATA.get("spec", "")
    listed = (reference for reference in settings.models if Path(reference).name == label)  # one that lies outside the project
    candidates = (settings.root / name for name in (label, *listed) if name)
    spec = next((candidate for candidate in candidates if candidate.is_file()), None)
    return (
        None if spec is None else Lineage(spec, settings.root, f"no manifest says what {label} was when {path.name} was built")
    )


def require_own(lineage: "Lineage", settings: "Config | None") -> None:
    """Refuse to run another user's spec that nobody has named; specs of a trusted project and our own count as named.

    Raises:
        ModuleError: it is another user's.
    """
    from symgraph.errors import ModuleError
    from symgraph.io.trust import objection

    vouched = settings is not None and settings.file is not None and settings.root == lineage.root
    if vouched or lineage.spec.is_relative_to(_PACKAGE):
        return
    doubt = objection(lineage.spec, Path.cwd())
    if doubt is not None:
        why = f"{lineage.doubt}, and " if lineage.doubt else ""
        raise ModuleError(f"{why}{lineage.spec} {doubt}: it would run as code; name the spec itself if you trust it")
