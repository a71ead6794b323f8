"""Modules and models that commands use: found by name or path, modules built anew if their spec has changed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.cli.terminal import nearer, note
from symgraph.errors import ModuleError, OptionError
from symgraph.options import ACCURATE, DOUBLE, options_of
from symgraph.project.settings.lineage import missing_spec
from symgraph.project.settings.manifest import read_manifest
from symgraph.project.settings.trust import objection

_PACKAGE = Path(__file__).resolve().parents[1]

if TYPE_CHECKING:
    from symgraph.project.build.plan import Plan
    from symgraph.project.settings.config import Config
    from symgraph.project.settings.lineage import Lineage
    from symgraph.runtime.generated_module import GeneratedModule
    from symgraph.spec.model import Model

_HEAD = 1000
"""Characters of a first line that are looked at."""


def load_model(reference: str, *, config: Path | None, locked: bool, quiet: bool, backend: str = "auto") -> "GeneratedModule":
    """Load a module of the numpy backend by name or path, rebuilt if its spec has changed.

    Args:
        reference: the argument MODEL.
        config: the file with the project's settings, if the user gave one.
        locked: whether a module that is older than its spec is refused instead of rebuilt.
        quiet: whether to print nothing about a build.
        backend: as for `symgraph.load`.

    Raises:
        ModuleError: there is none, it is of the scalar backend, or it is older than its spec and locked.
    """
    from symgraph.project.native.loading import chosen, load_path
    from symgraph.project.native.module import find, load_file

    if is_spec(Path(reference)) and b"Model(" in Path(reference).read_bytes():
        then = "then give the name of its model"
        raise ModuleError(f"{reference} is a spec, and this needs what is built from it: `symgraph build {reference}`, {then}")
    choice, path = chosen(backend), find(reference, config)
    settings = settings_for(reference, config)
    module: GeneratedModule = current(load_file(path), path, load_file, settings, locked=locked, quiet=quiet)
    if not hasattr(module, "forward"):
        raise ModuleError(f"{reference} is of the scalar backend; this needs the numpy backend's module, {module.MODEL}")
    return module if choice == "numpy" else load_path(path, choice)  # C of an older spec is neither compiled nor warned of


def is_spec(path: Path) -> bool:
    """Tell a spec from a generated module, which says its ABI."""
    if path.suffix != ".py" or not path.is_file():
        return False
    return re.search(rb"^ABI\b", path.read_bytes(), re.MULTILINE) is None


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

    Warns:
        StaleModuleWarning: it was edited by hand.
    """
    from symgraph.project.settings.lineage import warn_if_edited

    lineage = lineage_of_module(path, module, settings)
    gone = missing_spec(path) if lineage is None else None
    if gone is not None:
        note(f"{nearer(gone)}, which {nearer(path)} was built from, is not there; changes of it are not noticed", quiet=quiet)
    plan = None
    if lineage is not None and lineage.doubt:
        require_own(lineage, settings)
        plan = _renewal(path, module, lineage, locked=locked)
    if lineage is None or plan is None:
        warn_if_edited(path)
        return module
    from symgraph.project.build.build import build

    build(plan)
    note(f"{lineage.doubt}: {nearer(path)} was built anew", quiet=quiet)
    return load(path)


def _renewal(path: Path, module: Any, lineage: "Lineage", *, locked: bool) -> "Plan | None":
    """Run a module's spec; return the plan by which its files were built, or None if the model is the same."""
    from symgraph.compiler.backends.source import model_hash
    from symgraph.project.build.plan import Plan
    from symgraph.project.build.specs import read_spec

    entries = read_manifest(path.parent).entries
    spec = read_spec(str(lineage.spec), lineage.root)
    model = next((model for model in spec.models if model.name == module.MODEL), None)
    if model is None and path.name in entries:
        raise ModuleError(f"{path} is left over: {spec.label} defines no model {module.MODEL} any more; delete it")
    entry, own = entries.get(path.name), module.METADATA["model_hash"]
    is_whole = entry is None or entry.model_hash == own  # else a build that was killed has left files of two versions
    if model is None or (model_hash(model) == own and is_whole):
        return None  # without an entry it is a spec of that name, but of another project
    if locked and not is_whole:
        raise ModuleError(f"{path} and the manifest beside it are of two builds; `symgraph build {spec.label}` makes them one")
    if locked or entry is None or entry.spec != spec.label:  # else nothing would be built
        raise ModuleError(f"{path} is older than its spec; `symgraph build {spec.label}` brings it up to date")
    files = [entry for entry in entries.values() if entry.spec == spec.label]
    extras = sorted({extra for entry in files for extra in entry.extras.split(",") if extra})
    accurate = next((entry.precision for entry in files if entry.precision == ACCURATE), "")
    asked = next((entry.asked for entry in files if entry.asked), accurate)  # which earlier versions did not note
    backends = tuple(dict.fromkeys(entry.backend for entry in files))
    options = options_of(extras, asked or DOUBLE)
    return Plan([str(lineage.spec)], lineage.root, path.parent, backends, options, named=False, chooses=not asked)


def settings_for(reference: str, config: Path | None) -> "Config | None":
    """Read the settings of the project in which a name is looked up; a path needs none."""
    from symgraph.project.settings.config import read_config

    return read_config(file=config) if reference.isidentifier() or config is not None else None


def lineage_of_module(path: Path, module: Any, settings: "Config | None") -> "Lineage | None":
    """Find the spec of a built module by the manifest beside it, or else by the path in the module's metadata."""
    from symgraph.project.settings.lineage import Lineage, lineage_of

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
    """Refuse to run another user's spec that nobody has named; those in the settings of a trusted project, and ours, are named.

    Raises:
        ModuleError: it is another user's.
    """
    spec = lineage.spec.resolve()  # the name comes from a file that nobody trusts, and may have links and .. in it
    if spec.is_relative_to(_PACKAGE) or (settings is not None and spec in _listed(settings)):
        return
    doubt = objection(lineage.spec, Path.cwd())
    if doubt is not None:
        why = f"{lineage.doubt}, and " if lineage.doubt else ""
        raise ModuleError(f"{why}{lineage.spec} {doubt}: it would run as code; name the spec itself if you trust it")


def _listed(settings: "Config") -> set[Path]:
    """Return the files of the specs that settings list, by path or as dotted modules."""
    names = (name if name.endswith(".py") else f"{name.replace('.', '/')}.py" for name in settings.models)
    return {(settings.root / name).resolve() for name in names}


def models_of(reference: str, config: Path | None = None) -> list["Model"]:
    """Return the models of a spec, or the one that a built module names."""
    from symgraph.project.build.specs import read_spec
    from symgraph.project.native.module import find, load_file
    from symgraph.project.settings.config import read_config
    from symgraph.project.settings.lineage import Lineage

    settings = read_config(file=config)
    root = settings.root
    if _names_spec(reference):
        return list(read_spec(reference, root).models)
    unbuilt = Path(f"{reference}.py")
    try:
        path = find(reference, config)
        module = load_file(path)
    except ModuleError:
        if not (reference.isidentifier() and unbuilt.is_file()):
            raise
        require_own(Lineage(unbuilt.resolve(), root, ""), settings)
        return list(read_spec(str(unbuilt), root).models)
    spec = str(module.METADATA["spec"])
    lineage = lineage_of_module(path, module, settings)
    if lineage is not None:
        require_own(lineage, settings)
        models = read_spec(str(lineage.spec), lineage.root).models
    elif (path.parent / spec).is_file():  # the package ships the founding model's spec
        models = read_spec(str(path.parent / spec), path.parent).models
    else:
        raise ModuleError(f"{reference} was built from {spec}, which is not below {root}; name the spec file instead")
    found = [model for model in models if model.name == module.MODEL]
    if not found:
        raise ModuleError(f"{reference} was built from {spec}, where {module.MODEL} is gone; name the spec file instead")
    return found


def one_model(reference: str, config: Path | None = None) -> "Model":
    """Return the model of a spec with one model, or the one that a built module names.

    Raises:
        OptionError: the spec has several.
    """
    models = models_of(reference, config)
    if len(models) > 1:
        names = ", ".join(model.name for model in models)
        raise OptionError(f"{reference} defines {len(models)} models ({names}); build them and give the name of one")
    return models[0]


def spec_of(reference: str, config: Path | None) -> str | None:
    """Return the spec of a model as `symgraph build` takes it here; None for a model that came with a package."""
    from symgraph.project.native.module import find, load_file

    if _names_spec(reference):
        return reference
    try:
        spec = str(load_file(find(reference, config)).METADATA["spec"])
    except ModuleError:  # it is not built: a spec of that name
        spec = f"{reference}.py"
    return spec if Path(spec).is_file() else None


def _names_spec(reference: str) -> bool:
    """Tell if MODEL is a dotted module, or a file that is not generated."""
    path = Path(reference)
    if "." not in reference or not path.is_file():
        return "." in reference
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return "@generated by symgraph" not in file.readline(_HEAD)
    except OSError as error:
        raise OptionError(f"{reference} cannot be read: {error.strerror}") from error
