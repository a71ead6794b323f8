"""Modules that run natively: a NumPy module whose functions are those of the C files of the same model, one of each precision.

The C file of doubles is compiled into the cache folder, and called through an extension of CPython (``extension.c``), which is
compiled once for an interpreter, or through ``ctypes`` where Python's headers are missing. The results of both have the same
bits. The C file of floats is compiled when the module first gets arrays of float32.
"""

import os
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np

from symgraph.errors import BuildError, ModuleError, SymgraphError, unknown_name
from symgraph.options import AUTO
from symgraph.project.native.compiled import is_single, module_of, offered, read_texts, tells_doubts
from symgraph.project.native.compiler import Compiler, find_compiler, is_at_hand
from symgraph.project.native.extension import addresses_of, extension
from symgraph.project.native.loaded import LoadedModule
from symgraph.project.native.module import find, load_file, warn_if_stale
from symgraph.project.settings.lineage import is_edited, require_unedited
from symgraph.project.settings.trust import objection
from symgraph.runtime import compiled_binding
from symgraph.runtime.compiled_binding import CompiledBinding
from symgraph.runtime.constants import WithConstants
from symgraph.runtime.constraints import Constraints
from symgraph.runtime.facts import DOUBLE
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.loose_binding import LooseBinding
from symgraph.runtime.native_binding import NativeBinding, NativeLoosely
from symgraph.runtime.negligible import ALLOWED
from symgraph.runtime.numpy_binding import Bound

VARIABLE = "SYMGRAPH_BACKEND"
"""Environment variable that says what "auto" stands for."""

COMPILE_SECONDS = 20.0
"""Processor time that a compiler may take for a model where nobody has asked for native code."""

LONGEST = 500_000
"""Most characters of a C file that is compiled although nobody asked for it: some 1,300 weights of a perceptron, and 10 s."""

Choice = Literal["auto", "native", "numpy"]

_HASH = re.compile(r'^const char \*const \w+_hash =\s+"([^"]*)";$', re.MULTILINE)


class NativeWarning(UserWarning):
    """Warning that a module runs on NumPy although it could run natively, and why."""


class Compiled(NamedTuple):
    """A model that was compiled: the module of its library, and the compiler."""

    library: Any
    compiler: Compiler


Texts = Mapping[str, str]
"""The texts of a C file and of its header, by name."""


class Floats:
    """A model in single precision, which is compiled when it is first needed.

    Args:
        made: the model in double precision.
        texts: gives the texts of its C file in single precision and of the header; none if there are none.
        verify: refuses the compiled module, by an error, if it is wrong.
    """

    def __init__(self, made: Compiled, texts: Callable[[], Texts], verify: Callable[[Any], object] = lambda _: None) -> None:
        self.texts = cache(texts)
        self.binding = cache(self._binding)
        self._made = made
        self._verify = verify
        self.front: Any = None

    def _binding(self) -> CompiledBinding | None:
        """Compile it; None where that cannot be, after a warning, or where there is no text."""
        model = self._made.library.MODEL
        try:
            texts = self.texts()
            if not texts:
                return None
            library = module_of(f"{model}.c", texts, compiler=self._made.compiler)
            self._verify(library)
        except SymgraphError as error:
            _refused(f"{model} in float32", error, "auto")
            return None
        compiled: CompiledBinding = vars(library)["_model"]
        if self.front is not None:
            self.front.take(True, addresses_of(compiled))
        return compiled


class NativeModule(LoadedModule):
    """Generated module whose functions run natively; it pickles as its texts."""

    _numpy: LoadedModule
    _functions: Any
    _way: str
    _binding: NativeBinding[Any]
    _floats: Floats

    @property
    def numpy(self) -> LoadedModule:
        """Return the same module with all functions on NumPy."""
        return self._numpy

    def __reduce__(self) -> tuple[Callable[..., ModuleType], tuple[Any, ...]]:
        return native_again, (self._numpy, dict(self.C_FILES), dict(self._floats.texts()))

    def __repr__(self) -> str:
        return repr(self._numpy).replace("numpy backend", f"native backend ({self._way})")


def load(
    name_or_path: str | Path,
    *,
    config: str | Path | None = None,
    backend: Choice = "auto",
    compile_seconds: float = COMPILE_SECONDS,
) -> GeneratedModule:
    """Load a generated module.

    A name ("nine_weights") is searched in the folder that the project of the current directory configures as `out`, then
    among the modules that come with symgraph. A path (with a separator, or ending in .py) names a file. The import path is
    not used, and no bytecode is written next to the file.

    Args:
        name_or_path: the name of a module, or the path of its file.
        config: the file with the project's settings; by default the nearest pyproject.toml.
        backend: "native" computes float64 by the C file beside the module, compiled into the cache folder, and float32 by that
            in the folder ``float`` beside the module, if it is there; "numpy" does not; "auto" is what SYMGRAPH_BACKEND says,
            else native where there are a C file and a compiler.
        compile_seconds: processor time that the compiler may take.

    Returns:
        A `types.ModuleType`, read again at each call; its `repr` names its backend, which never changes. A file of
        the scalar backend loads as `symgraph.runtime.generated_module.ScalarModule`.

    Raises:
        ModuleError: there is no such file, it is not a generated module, or it follows another version of the contract; or it
            was found by its name in a folder without settings, and belongs to another user; or "native" is impossible.
        BuildError: "native" is asked for, and there is no compiler, or it refuses the file or takes too long.
        OptionError: the project's settings cannot be read or belong to another user; or the backend is unknown.

    Warns:
        StaleModuleWarning: the module, or a file that its spec was read from, has changed since the module was built.
        NativeWarning: it runs on NumPy because the C file beside it cannot be used.
    """
    path = find(name_or_path, config)
    module = load_path(path, backend, compile_seconds)
    warn_if_stale(path, module)
    return module


def load_path(path: Path, backend: str = "auto", compile_seconds: float = COMPILE_SECONDS) -> GeneratedModule:
    """Load the module of a file, whether or not its spec has changed since; see ``load``."""
    choice, module = chosen(backend), load_file(path)
    if choice == "numpy" or (choice == "auto" and is_edited(path)):  # the C file beside it lacks the edit
        return module
    try:
        files, floats = _files_beside(path, module)
    except ModuleError as error:
        _refused(module.MODEL, error, choice)
        return module
    if files is None and choice == "native":
        raise ModuleError(
            f"{path} cannot run natively: it is no plain module of the numpy backend, not --standalone, with "
            f"{module.MODEL}.c and its header beside it; `symgraph build --backend c` makes them"
        )
    made = None if files is None else compiled_model(module.MODEL, files, choice, compile_seconds)
    if made is None or files is None:
        return module
    return cast("GeneratedModule", native_module(module, made, files, Floats(made, lambda: floats)))


def chosen(backend: str, others: Iterable[str] = ()) -> Choice:
    """Check the name of a backend; "auto" is what the environment says, if it says anything.

    Args:
        backend: the name.
        others: further names, for the message.

    Raises:
        OptionError: there is none of that name.
    """
    asked, where = backend, "backend"
    if asked == "auto":
        asked, where = os.environ.get(VARIABLE) or "auto", VARIABLE
    if asked not in get_args(Choice):
        known = dict.fromkeys((*get_args(Choice), *(() if where == VARIABLE else others)))
        raise unknown_name(where, asked, known)
    return cast("Choice", asked)


def compiled_model(model: str, files: Mapping[str, str], choice: str, seconds: float | None) -> Compiled | None:
    """Compile and load the C file of a model; None where that cannot be.

    Args:
        model: its name.
        files: the texts of the C file and of its header, by name.
        choice: "native", or "auto", to which a compiler that is missing or fails is no error.
        seconds: the processor time that the compiler may take; None for any.

    Raises:
        BuildError, ModuleError: it cannot be, and "native" was asked for.

    Warns:
        NativeWarning: it cannot be although there is a compiler, or the file is so long that it is compiled only if asked for.
    """
    source = f"{model}.c"
    if choice == "auto" and not is_at_hand():
        return None
    try:
        if choice == "auto" and len(files[source]) > LONGEST:
            raise BuildError(f"{source} has {len(files[source]):,} characters, for which compilers take long")
        compiler = find_compiler().within(seconds)
        library = module_of(source, files, compiler=compiler)
    except SymgraphError as error:
        _refused(model, error, choice)
        return None
    return Compiled(library, compiler)


def native_module(module: Any, made: Compiled, files: Texts, floats: Floats) -> NativeModule:
    """Put the functions of a compiled model in the places of those of the numpy module of the same model."""
    native, compiled = NativeModule(module.__name__), made.library._model
    vars(native).update(vars(module), C_FILES=MappingProxyType(dict(files)), _numpy=module)
    vars(module)["_native"] = native
    binding: NativeBinding[Any] = _kind_of(module)(module._model, compiled)
    binding.travel, binding.front_travel = (part_of, (native, "_binding")), (part_of, (native, "_functions"))
    careful = _is_careful(module)
    front, way = front_of(binding, compiled, made.compiler)
    native._way = "rows in doubt on NumPy" if careful else way
    native._binding, native._functions, native._floats = binding, front, floats
    floats.front, binding.floats = front if front is not binding else None, floats.binding
    of_one_row = [name for name in offered(compiled) if (name.endswith("_row") or name == "row") and not careful]
    there = [*of_one_row, *(name for name in offered(compiled) if hasattr(module, name))]
    vars(native).update({name: getattr(front if hasattr(front, name) else binding, name) for name in there})
    if "constraints" in compiled.functions and hasattr(module, "constraints"):
        plain: Constraints = module._limits
        limits = Constraints(plain.facts, lambda w: (compiled.constraint_lines if w.dtype == DOUBLE else plain.lines)(w))
        limits.travel = part_of, (native, "_limits")
        vars(native).update(limits.offered())
    if binding.facts.constants:
        vars(native)["with_constants"] = WithConstants(binding, native).with_constants
    return native


def _is_careful(module: Any) -> bool:
    return bool(module.METADATA.get("precision") == AUTO)


def _kind_of(module: Any) -> type[NativeBinding[Any]]:
    """Give the class of the binding of a module's functions by compiled libraries."""
    if _is_careful(module):
        from symgraph.runtime.native_careful import NativeCarefully  # with the arithmetic of pairs, which others do without

        return NativeCarefully
    return NativeLoosely if isinstance(module._model, LooseBinding) else NativeBinding


def front_of(binding: NativeBinding[Any], compiled: CompiledBinding, compiler: Compiler) -> tuple[Any, str]:
    """Give the object that takes the calls: the extension's, or, where it cannot be compiled, the binding; and say which."""
    facts, residuals = binding.facts, cast("int", binding.facts.metadata.get("residuals", 1))
    counts = len(facts.weights), len(facts.features), len(facts.target_names), max(1, len(facts.outputs)), residuals
    given = np.array([*facts.constants.values()], np.float64), *counts, compiled_binding.SHARE, ALLOWED
    try:
        functions = extension(compiler).Functions(binding, compiled_binding.total_of, *given)
    except (SymgraphError, ImportError) as reason:
        return binding, f"ctypes, since {reason}"
    functions.take(False, addresses_of(compiled))
    return functions, "a CPython extension"


def native_again(module: Any, files: Texts, floats: Texts) -> ModuleType:
    """Return the native module of texts that were pickled: the one that is there, or a new one, or NumPy's with a warning."""
    known = vars(module).get("_native")
    if known is not None and files == known.C_FILES:
        return cast("ModuleType", known)
    try:
        made = compiled_model(module.MODEL, files, "native", None)
    except SymgraphError as error:
        _refused(module.MODEL, error, "auto")
        made = None
    return module if made is None else native_module(module, made, files, Floats(made, lambda: floats))


def part_of(module: Any, name: str) -> Any:
    """Return the object that a module which was pickled keeps, or, where it runs on NumPy here, its only binding."""
    return getattr(module, name, module._model)


def _refused(model: str, error: SymgraphError, choice: str) -> None:
    """Warn that a model runs on NumPy, unless native code was asked for."""
    if choice == "native":
        raise error
    warnings.warn(runs_on_numpy(model, error.args[0]), NativeWarning, stacklevel=4)


def runs_on_numpy(model: str, reason: str) -> str:
    """Return the text of a warning: the reason for which a model runs on NumPy, and the ways to decide it."""
    asked = 'backend="native" compiles it in any case or is an error, backend="numpy" is NumPy without this warning'
    return f"{model} runs on NumPy: {reason}; {asked} ({VARIABLE} likewise)"


def _files_beside(path: Path, module: Any) -> tuple[Texts | None, Texts]:
    """Read the C file and its header beside a module, and those in single precision in the folder ``float`` there.

    Returns:
        The texts of the first two, None where one is missing or the module cannot run natively; and of the others, if any.

    Raises:
        ModuleError: the first cannot be read, are of another model or precision, or belong to another user.

    Warns:
        NativeWarning: the others.
    """
    source = path.with_name(f"{module.MODEL}.c")
    files = _files_of(source, path, module, single=False) if isinstance(vars(module).get("_model"), Bound) else None
    if files is not None and _is_careful(module) and not tells_doubts(files[source.name]):
        return None, {}
    if files is None:
        return None, {}
    try:
        return files, _files_of(source.parent / "float" / source.name, path, module, single=True) or {}
    except ModuleError as error:
        _refused(f"{module.MODEL} in float32", error, "auto")
        return files, {}


def _files_of(source: Path, path: Path, module: Any, *, single: bool) -> Texts | None:
    for part in (source, source.with_suffix(".h")):
        if not part.is_file():
            return None
        doubt = objection(part, path)  # trusted as the module is, whose owner counts
        if doubt is not None:
            raise ModuleError(f"{part} {doubt}, and would run as code")
    texts = read_texts(source)
    found = _HASH.search(texts[source.name])
    if found is None or found[1] != module.METADATA["model_hash"]:
        raise ModuleError(f"{source.name} was not built from the same spec as {path}; `symgraph build` brings both up to date")
    require_unedited(path, source)
    if is_single(texts[source.name]) != single:
        raise ModuleError(
            f"{source} is in {'double' if single else 'single'} precision; build it {'with' if single else 'without'} --float"
        )
    return texts
