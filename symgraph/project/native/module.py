"""Generated modules: how one is found and loaded, and the contract it must follow."""

import ast
import importlib.util
import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from symgraph.errors import BuildError, ModuleError, did_you_mean, listed
from symgraph.module_functions import DERIVATIVES, names_about
from symgraph.options import ERROR_BOUND
from symgraph.project.native.loaded import execute, module_of_text
from symgraph.project.settings.config import Config, read_config
from symgraph.project.settings.lineage import StaleModuleWarning, lineage_of, warn_if_edited
from symgraph.project.settings.trust import objection
from symgraph.runtime.facts import MODULE_ABI
from symgraph.runtime.generated_module import GeneratedModule, ModuleFacts

_PACKAGE = Path(__file__).resolve().parents[2]
# Functions by which backends are recognized: each module has at least one of them.
_ENTRY_POINTS = ("forward", "row", "predict_row")
_ABI_LINE = re.compile(r"^ABI\b.*$", re.MULTILINE)


def load_file(path: Path) -> GeneratedModule:
    """Load the module of a file, whether or not its spec has changed since; see `symgraph.load`.

    Raises:
        ModuleError: the file cannot be read, is no generated module, or follows another version of the contract.
    """
    if path.suffix in (".c", ".h"):
        raise ModuleError(
            f"{path} is C; load {path.stem}.py, which runs it natively, or call symgraph.project.native.compiled.load"
        )
    try:
        source = importlib.util.decode_source(path.read_bytes())
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, SyntaxError) as error:  # SyntaxError: an unknown encoding in a coding comment
        raise ModuleError(f"{path} is not Python text: {error}") from error
    return cast("GeneratedModule", from_source(source, path.stem, str(path)))


def warn_if_stale(path: Path, module: Any, stacklevel: int = 3) -> None:
    """Warn of a module that was edited, or whose spec has changed, since it was built, according to digests of its files.

    Args:
        path: the file that was built.
        module: the module loaded from it.
        stacklevel: the number of calls above this one to which the warning points.
    """
    warn_if_edited(path, stacklevel + 1)
    try:
        lineage = lineage_of(path, module.METADATA.get("model_hash", ""))
    except BuildError as error:
        doubt = f"whether {path.name} fits its spec is not known: {error}"
    else:
        doubt = lineage.doubt if lineage is not None else ""
    if doubt:
        warnings.warn(f"{doubt}; `symgraph build` brings {path} up to date", StaleModuleWarning, stacklevel=stacklevel)


def from_source(source: str, name: str, origin: str) -> ModuleType:
    """Make a module from the text of a generated file.

    The text is run only after its ABI constant, read from the syntax tree, has been found to fit: a file that is no generated
    module has no effect. The module is entered in `sys.modules` under a name made of its own, its text and its file, by which
    worker processes find it; see `symgraph.project.native.loaded`.

    Args:
        source: the text.
        name: the name of the module, for tracebacks.
        origin: the path of its file or a description; it becomes the module's `__file__`.

    Raises:
        ModuleError: the text is no generated module, cannot be run, or follows another version of the contract.
    """
    _check_abi(source, origin)
    module = module_of_text(source, name, origin)
    try:
        execute(module, lambda made: _check_contract(made, origin))
    except ModuleError:
        raise
    except SyntaxError as error:
        raise ModuleError(f"{origin} is not Python text: {error}") from error
    except Exception as error:  # whatever the text raises is a fault of the text
        lacking = error.name if isinstance(error, ModuleNotFoundError) else ""
        remedy = f"install {lacking}, or name its folder in PYTHONPATH" if lacking else "build it again"
        raise ModuleError(f"{origin} cannot be run: {type(error).__name__}: {error}; {remedy}") from error
    explain_missing(module)
    return module


class _MissingError(AttributeError):
    """Error for an attribute that a module lacks; the name that was meant is looked for when somebody reads the message, since
    ``hasattr``, which fits and checks call often, does not.
    """

    def __str__(self) -> str:
        text, name, module = self.args
        return f"{text}{did_you_mean(name, dir(module)) if name else ''}"


def explain_missing(module: ModuleType) -> None:
    """Make the error for a missing function say why it is missing: there is no residual, or nobody asked for it."""
    reason = module.METADATA.get("no_residual")
    extras = {function: extra for extra, function in (*DERIVATIVES.items(), (ERROR_BOUND, "error_bound"))}

    def missing(name: str) -> Any:
        why = f": {reason}" if reason is not None and name in names_about("residual") else ""
        adds = f"`symgraph build --with {extras.get(name)}` adds it, or symgraph.compile(model, extras={extras.get(name)!r})"
        why = f"; {adds}" if name in extras else why
        raise _MissingError(f"the module of {module.MODEL} has no attribute {name!r}{why}", "" if why else name, module)

    vars(module)["__getattr__"] = missing


def is_path(name_or_path: str | Path, suffix: str) -> bool:
    """Tell the path of a file from the name of a module."""
    text = str(name_or_path)
    return isinstance(name_or_path, Path) or text.endswith(suffix) or "/" in text or "\\" in text


def find(name_or_path: str | Path, config: str | Path | None = None) -> Path:
    """Find the file of a generated module.

    Args:
        name_or_path: as for `symgraph.load`.
        config: the file with the project's settings; by default the nearest pyproject.toml.

    Raises:
        ModuleError, OptionError: as for `symgraph.load`.
    """
    text = str(name_or_path)
    if is_path(name_or_path, ".py"):
        path = Path(name_or_path)
        if not path.is_file():
            raise ModuleError(f"there is no file {path}{_listing('it is next to', [path.parent])}")
        return path.resolve()
    if not text.isidentifier():
        raise ModuleError(f"{text!r} is no module name; give a name such as nine_weights, or a path ending in .py")
    settings = read_config(file=None if config is None else Path(config))
    folders = [settings.out_folder, *_packaged()]
    found = next((path for folder in folders if (path := folder / f"{text}.py").is_file()), None)
    if found is None:
        where = " or ".join(dict.fromkeys(map(str, folders))) + _listing("there are", folders)
        meant = did_you_mean(text, _names_in(folders))
        raise ModuleError(f"there is no generated module {text} in {where}; `symgraph build` makes one{meant}")
    if found.parent == settings.out_folder:
        require_trust(found, settings)
    return found.resolve()


def require_trust(path: Path, settings: Config) -> None:
    """Refuse another user's file in a folder that no settings name; files that settings name are trusted as the settings are.

    Raises:
        ModuleError: the file is another user's.
    """
    doubt = objection(path, settings.root) if settings.file is None else None
    if doubt is not None:
        raise ModuleError(f"{path} {doubt}, and would run as code; if you trust it, give its path instead of its name")


def _packaged() -> list[Path]:
    """Return the folder of the modules that come with symgraph: inside an installed package, or next to it in a checkout."""
    installed = _PACKAGE / "_generated"
    if installed.is_dir():
        return [installed]
    checkout = _PACKAGE.parent
    return [checkout / "generated"] if (checkout / "pyproject.toml").is_file() else []


def _listing(introduction: str, folders: list[Path]) -> str:
    names = _names_in(folders)
    return f" ({introduction} {listed(names)})" if names else ""


def names_of_modules(config: str | Path | None = None) -> list[str]:
    """Return the names by which `symgraph.load` finds modules.

    Args:
        config: the file with the project's settings; by default the nearest pyproject.toml.

    Raises:
        OptionError: the settings cannot be read.
    """
    settings = read_config(file=None if config is None else Path(config))
    return _names_in([settings.out_folder, *_packaged()])


def _names_in(folders: list[Path]) -> list[str]:
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.py")})


def _check_abi(source: str, origin: str) -> None:
    line = _ABI_LINE.search(source)
    # the statement comes before all code: the tree of a module of 100,000 weights takes seconds and a gigabyte
    head = source if line is None else source[: line.end()]
    try:
        tree = ast.parse(head, filename=origin)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # ValueError: a NUL byte
        raise ModuleError(f"{origin} is not Python text: {error}") from error
    found = [value for statement in tree.body if (value := _abi_value(statement)) is not None]
    if not found:
        raise ModuleError(
            f"{origin} is no generated module: it does not say ABI = {MODULE_ABI}; `symgraph build` makes such modules"
        )
    require_abi(found[-1], origin)


def require_abi(version: int, origin: str) -> None:
    """Refuse a file of another version of the module contract than the runtime's."""
    if version != MODULE_ABI:
        versions = f"{origin} follows version {version} of the module contract, this symgraph follows {MODULE_ABI}"
        raise ModuleError(f"{versions}; build it again")


def _abi_value(statement: ast.stmt) -> int | None:
    """Return the number in a statement `ABI = number`, with or without an annotation."""
    match statement:
        case ast.Assign(targets=[ast.Name(id="ABI")], value=ast.Constant(value=int(value))):
            return value
        case ast.AnnAssign(target=ast.Name(id="ABI"), value=ast.Constant(value=int(value))):
            return value
        case _:
            return None


def _check_contract(module: ModuleType, origin: str) -> None:
    missing = [name for name in ModuleFacts.__annotations__ if not hasattr(module, name)]
    if not any(hasattr(module, name) for name in _ENTRY_POINTS):
        missing.append(" or ".join(_ENTRY_POINTS))
    if missing:
        raise ModuleError(f"{origin} is no complete generated module: it lacks {', '.join(missing)}; build it again")
