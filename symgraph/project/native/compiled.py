"""Modules of the C backend in Python: the C file is compiled into a cache folder and called through ctypes.

The functions take and return what those of the numpy backend do, except that all is computed in the precision of the file.
"""

import ctypes
import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np

from symgraph.errors import ModuleError
from symgraph.module_functions import ALL_FUNCTIONS, names_about
from symgraph.project.native.cache import VARIABLE
from symgraph.project.native.compiler import Compiler, find_compiler, from_library
from symgraph.project.native.module import explain_missing, is_path, require_abi, require_trust, warn_if_stale
from symgraph.project.settings.config import read_config
from symgraph.runtime.compiled_binding import OF_DOUBTS, CompiledBinding, address_of
from symgraph.runtime.constants import WithConstants
from symgraph.runtime.constraints import Constraints
from symgraph.runtime.facts import MODULE_ABI, Facts

_ABI = re.compile(r"^const int (\w+)_abi = (\d+);$", re.MULTILINE)
_DOUBTS = re.compile(r"^int \w+_noted\(", re.MULTILINE)
_SINGLE = re.compile(r"^const float \w+_residual_factor = ", re.MULTILINE)

_FAULTS = (
    "sums are reordered, or not rounded to the nearest number",
    "products are not rounded before something is added to them",
    "quotients are products with reciprocals",
    "infinities and NaN are taken for numbers",
    "the sign of 0 is lost",
    "subnormal numbers are flushed to 0",
)
"""Meanings of the bits of a self-test's result."""


def load(name_or_path: str | Path, compiler: str | None = None) -> ModuleType:
    """Compile a C file of this project, unless the cache has it, and load it.

    Args:
        name_or_path: the name of a model, whose C file is looked for in the folder that the project configures as ``out``; or
            the path of a C file, whose header is beside it.
        compiler: the program that compiles it; by default CC of the environment, else cc, gcc or clang.

    Returns:
        A module with ABI, MODEL, FEATURES, TARGET, WEIGHTS, OUTPUTS and METADATA, and the functions of a model's loss, output
        and residual, as far as it has these, those of one row among them; in float64, or in float32 if the file is in single
        precision.

    Raises:
        ModuleError: there is no such file, it is not generated, follows another version of the contract, or its self-test finds
            arithmetic that would make results wrong; or it was found by its name in a folder without settings, and belongs to
            another user.
        BuildError: there is no compiler, or it refuses the file.
        OptionError: the project's settings cannot be read, or are another user's.

    Warns:
        StaleModuleWarning: the file, or one that the model's spec was read from, has changed since it was built.
    """
    path = find(name_or_path)
    module = load_file(path, compiler)
    warn_if_stale(path, module)
    return module


def find(name_or_path: str | Path, config: Path | None = None) -> Path:
    """Find the C file of a model by its name or path, as ``load`` does; it need not exist."""
    text = str(name_or_path)
    if is_path(name_or_path, ".c"):
        return Path(name_or_path)
    settings = read_config(file=config)
    path = settings.out_folder / f"{text}.c"
    for part in (path, path.with_suffix(".h")):
        if part.exists():
            require_trust(part, settings)
    return path


def load_file(path: Path, compiler: str | None = None) -> ModuleType:
    """Compile and load a C file, whether or not its spec has changed since; see ``load``."""
    return module_of(path.name, read_texts(path), compiler=find_compiler(compiler))


def read_texts(path: Path) -> dict[str, str]:
    """Read a C file and the header beside it.

    Args:
        path: that of the C file.

    Returns:
        Both texts by the names of the files.

    Raises:
        ModuleError: one of them cannot be read, or is no text.
    """
    files = {}
    for part in (path, path.with_suffix(".h")):
        try:
            files[part.name] = part.read_text(encoding="utf-8")
        except OSError as error:
            raise ModuleError(f"{part} cannot be read: {error.strerror}; `symgraph build --backend c` makes it") from error
        except UnicodeDecodeError as error:
            raise ModuleError(f"{part} is no text: {error}") from error
    return files


def module_of(
    source: str,
    files: Mapping[str, str],
    *,
    main: str = "",
    compiler: Compiler | None = None,
    folder: Path | None = None,
) -> ModuleType:
    """Compile the texts of a C file and its header, and load the library.

    Args:
        source: the name of the C file.
        files: both texts by file name, and those of `main`.
        main: the name of another C file that includes it, to be compiled in its place; "" for none.
        compiler: the compiler; by default ``find_compiler()``.
        folder: the folder for the library; by default the cache folder.

    Raises:
        ModuleError, BuildError: as for ``load``.
    """
    prefix = prefix_of(source, files[source])
    load = partial(_loaded, source, prefix, files)
    module: ModuleType = from_library(load, main or source, files, compiler or find_compiler(), folder)
    vars(module).update(C_FILES=MappingProxyType(dict(files)))
    return module


def _loaded(source: str, prefix: str, files: Mapping[str, str], path: Path) -> ModuleType:
    """Load the library of a C file."""
    try:
        library = ctypes.CDLL(str(path))
        selftest = getattr(library, f"{prefix}_selftest", None)
        if selftest is None:
            raise ModuleError(f"{source} has no self-test, since an earlier symgraph wrote it; build it again")
        _check_arithmetic(selftest(), source, path)
        return _module(_binding(library, prefix, Path(source).stem, is_single(files[source])), path)
    except (OSError, AttributeError, ValueError) as error:  # no library; a symbol that it lacks
        raise ModuleError(
            f"{path} cannot be loaded: {error}; delete it, or set {VARIABLE} to a folder whose files may run"
        ) from error


def prefix_of(source: str, text: str) -> str:
    """Return the name with which the functions of a C file begin.

    Args:
        source: the name of the file.
        text: its text.

    Raises:
        ModuleError: it is not generated, or follows another version of the contract.
    """
    found = _ABI.search(text)
    if found is None:
        raise ModuleError(f"{source} is no generated C file; `symgraph build --backend c` makes such files")
    require_abi(int(found[2]), source)
    if f"{found[1]}_residual_factor" not in text:
        raise ModuleError(f"{source} was built by an earlier symgraph, to which a residual was something else; build it again")
    return found[1]


@lru_cache(maxsize=16)  # each run of a training asks
def is_single(text: str) -> bool:
    """Tell if a C file is in single precision."""
    return _SINGLE.search(text) is not None


def tells_doubts(text: str) -> bool:
    """Tell if a C file has a function that tells where digits may be lost."""
    return _DOUBTS.search(text) is not None


def _check_arithmetic(found: int, source: str, path: Path) -> None:
    """Refuse a library whose self-test has found a fault."""
    faults = [fault for bit, fault in enumerate(_FAULTS) if found >> bit & 1]
    if faults:
        raise ModuleError(
            f"{source}, as compiled here, would give wrong results; its self-test finds that {', and that '.join(faults)}. "
            f"Another library of this process may have set the processor so, or the compiler takes flags like those of "
            f"-ffast-math: delete {path} after a change of them"
        )


def _binding(library: ctypes.CDLL, prefix: str, model: str, single: bool) -> CompiledBinding:
    real: Any = ctypes.c_float if single else ctypes.c_double

    def text(what: str) -> str | None:
        value = ctypes.c_char_p.in_dll(library, f"{prefix}_{what}").value
        return None if value is None else value.decode()

    functions: dict[str, Any] = {}
    kinds = {"real": real, "count": ctypes.c_size_t, "int": ctypes.c_int, "": None}
    kinds |= dict.fromkeys(("array", "written"), ctypes.c_void_p)
    several = {what for what in ("targets", "outputs", "residuals") if hasattr(library, f"{prefix}_{what}")}
    work = ctypes.c_size_t.in_dll(library, f"{prefix}_work").value if hasattr(library, f"{prefix}_work") else None
    for name, row in ALL_FUNCTIONS.items():
        function = getattr(library, f"{prefix}_{name}", None)
        if function is not None:
            returned, parameters = row.c_form({what.removesuffix("s") for what in several})
            types = [kinds[kind] for _, kind in parameters] + ([ctypes.c_void_p] if work is not None and row.over_rows else [])
            function.restype, function.argtypes = kinds[returned], types
            functions[name] = _with_workspace(function, work) if work is not None and row.over_rows else function
    factor, reason = real.in_dll(library, f"{prefix}_residual_factor").value, text("no_residual")
    metadata: dict[str, Any] = {
        "model_hash": text("hash"),
        "has_loss": not functions.keys().isdisjoint(names_about("loss")),
        "backend": "c",
    }
    metadata |= {"residual_factor": factor} if reason is None else {"no_residual": reason}
    if hasattr(library, f"{prefix}_robust"):
        metadata["robust"] = text("robust"), real.in_dll(library, f"{prefix}_f_scale").value
    metadata |= {"has_penalty": True} if "penalty" in functions else {}
    metadata |= {"dtype": "float32"} if single else {}
    if "constraints" in functions:
        limits = _names(library, f"{prefix}_constraint_names")
        lower, upper = ((real * len(limits)).in_dll(library, f"{prefix}_constraint_{end}") for end in ("lower", "upper"))
        metadata["constraints"] = dict(zip(limits, zip(lower, upper, strict=True), strict=True))
    features, weights = _names(library, f"{prefix}_features"), _names(library, f"{prefix}_weights")
    metadata |= {"residuals": ctypes.c_int.in_dll(library, f"{prefix}_residuals").value} if "residuals" in several else {}
    outputs, targets = (_names(library, f"{prefix}_{what}") if what in several else () for what in ("outputs", "targets"))
    outputs = outputs or tuple(filter(None, [text("output")]))
    facts = Facts(
        model, MODULE_ABI, model, features, text("target"), weights, outputs, metadata, (metadata.get("dtype", "float64"),)
    )
    facts = facts._replace(targets=targets)
    if hasattr(library, f"{prefix}_constants"):
        names = _names(library, f"{prefix}_constants")
        values = (real * len(names)).in_dll(library, f"{prefix}_constant_values")
        facts = facts._replace(constants=dict(zip(names, values, strict=True)))
    metadata |= _values_of_targets(library, prefix, facts.target_names)
    return CompiledBinding(facts, functions)


def _values_of_targets(library: ctypes.CDLL, prefix: str, targets: tuple[str, ...]) -> dict[str, Any]:
    """Read which values targets may have, as METADATA of other modules say it."""
    found: dict[str, Any] = {}
    if hasattr(library, f"{prefix}_likelihood"):
        name, kind, *limit = _names(library, f"{prefix}_likelihood")
        most = None if not limit else limit[1] if limit[0] == "feature" else int(limit[1])
        found |= {"likelihood": name, "labels": (kind, most)}
    if hasattr(library, f"{prefix}_target_values"):
        texts = zip(targets, _names(library, f"{prefix}_target_values"), strict=True)
        found["values"] = {target: tuple(map(float, text.split())) for target, text in texts if text}
    return found


def _with_workspace(function: Any, numbers: int) -> Callable[..., Any]:
    """Give a function over rows the memory that it takes from its caller, at each call, so that threads may share it."""

    def call(*given: Any) -> Any:
        room = np.empty(numbers)
        return function(*given, address_of(room))

    return call


def _module(binding: CompiledBinding, path: Path) -> ModuleType:
    facts = binding.facts
    module = ModuleType(facts.model, f"The model {facts.model}, compiled from C.")
    left = ("module", "dtypes", *(name for name in ("constants", "targets") if not getattr(facts, name)))
    stated = {name.upper(): value for name, value in facts._asdict().items() if name not in left}
    vars(module).update(stated, __file__=str(path), _model=binding)
    vars(module).update({name: getattr(binding, name) for name in (*offered(binding), "pack", "unpack")})
    if "constraints" in binding.functions:
        limits = Constraints(facts, binding.constraint_lines)
        limits.travel = Constraints, (facts, binding.constraint_lines)  # which cannot, as all functions of such a module
        vars(module).update(limits.offered())
    if facts.constants:
        vars(module)["with_constants"] = WithConstants(binding, module).with_constants
    explain_missing(module)
    return module


def offered(binding: CompiledBinding) -> tuple[str, ...]:
    """Give the names of the functions that a compiled model has, without those of its constraints."""
    own = (name for name in binding.functions if not name.startswith("constraints") and name not in OF_DOUBTS)
    return (*own, *(["grad"] if "value_and_grad" in binding.functions else []))


def _names(library: ctypes.CDLL, symbol: str) -> tuple[str, ...]:
    """Read a table of names, which ends with NULL."""
    table = ctypes.pointer(ctypes.c_char_p.in_dll(library, symbol))
    names: list[str] = []
    while (name := table[len(names)]) is not None:
        names.append(name.decode())
    return tuple(names)
