"""Names by which modules are imported that stand elsewhere: short ones, which stay, and those of earlier versions."""

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

SHORT = {
    "bridges": "use.bridges",
    "fitting": "use.fitting",
    "gradcheck": "judge.differences",
    "plots": "show.plots",
    "sklearn": "use.sklearn",
    "testing": "use.testing",
    "training": "use.training",
}
"""By the names that the documentation imports: the folders. A stub ``<name>.pyi`` tells type checkers the same."""

MOVED = {
    "backends": "compiler.backends",
    "build": "project.build",
    "check": "judge",
    "classroom": "use.classroom",
    "derive": "compiler.derive",
    "display": "",
    "display.html": "html",
    "display.pace": "pace",
    "drawing": "show.drawing",
    "generate": "compiler.generate",
    "gradcheck.differences": "judge.differences.quotients",
    "io": "",
    "io.array_data": "data.array_data",
    "io.arrow_data": "data.arrow_data",
    "io.blocks": "data.blocks",
    "io.cache": "project.native.cache",
    "io.compiled": "project.native.compiled",
    "io.compiler": "project.native.compiler",
    "io.config": "project.settings.config",
    "io.data": "data.reading",
    "io.data_files": "data.data_files",
    "io.documents": "data.documents",
    "io.extension": "project.native.extension",
    "io.extra": "data.extra",
    "io.files": "data.files",
    "io.lineage": "project.settings.lineage",
    "io.loaded": "project.native.loaded",
    "io.manifest": "project.settings.manifest",
    "io.module": "project.native.module",
    "io.native": "project.native.loading",
    "io.stream": "data.stream",
    "io.targets": "data.targets",
    "io.text_data": "data.text_data",
    "io.trust": "project.settings.trust",
    "io.unpickle": "data.unpickle",
    "io.weights": "data.weights",
    "ir": "compiler.ir",
    "ir.exponentials": "compiler.numerics.exponentials",
    "ir.faddeeva": "spec.ops.faddeeva",
    "ir.intervals": "compiler.numerics.intervals",
    "ir.kernels": "spec.ops.kernels",
    "ir.linear": "compiler.numerics.linear",
    "ir.monomials": "compiler.numerics.monomials",
    "ir.op": "spec.ops.op",
    "ir.ops": "spec.ops.ops",
    "ir.ops_erf": "spec.ops.ops_erf",
    "ir.ops_kernels": "spec.ops.ops_kernels",
    "ir.ops_special": "spec.ops.ops_special",
    "ir.optext": "spec.ops.optext",
    "ir.overflow": "compiler.numerics.overflow",
    "ir.scaled_erfc": "spec.ops.scaled_erfc",
    "ir.special_on_mpmath": "spec.ops.special_on_mpmath",
    "ir.spread": "compiler.numerics.spread",
    "ir.sympy_classes": "spec.ops.sympy_classes",
    "ir.user_functions": "spec.ops.user_functions",
    "ir.uses": "compiler.numerics.uses",
    "ir.zeros": "compiler.numerics.zeros",
    "passes": "compiler.passes",
    "report": "use.report",
    "rewrite": "compiler.rewrite",
    "training.options": "data.options",
    "training.rows": "data.rows",
    "views": "show.views",
}
"""By the names of earlier versions, which are deprecated: where the modules are now; nowhere for folders that are gone."""

_PACKAGE = "symgraph."


def home_of(name: str) -> str | None:
    """Return the module that a name below ``symgraph`` stands for: "" for a folder that is gone, None for other names."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        home = (MOVED | SHORT).get(".".join(parts[:length]))
        if home or (home is not None and length == len(parts)):
            return ".".join([home, *parts[length:]])
    return None


class Aliases:
    """Finder and loader: an alias is the module itself, so that its classes exist once."""

    def __init__(self) -> None:
        self._own: dict[str, ModuleSpec | None] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return the spec of an alias."""
        home = home_of(name.removeprefix(_PACKAGE)) if name.startswith(_PACKAGE) else None
        return None if home is None else ModuleSpec(name, cast(Any, self), is_package=not home)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module, imported by its own name; None for a folder that is gone, which becomes an empty module."""
        home = home_of(spec.name.removeprefix(_PACKAGE))
        if not home:
            return None
        if spec.name.split(".")[1] not in SHORT:
            new = f"{_PACKAGE}{home}"
            warnings.warn(f"{spec.name} is {new} now; the older name goes two minor versions after 0.1", DeprecationWarning, 2)
        module = import_module(f"{_PACKAGE}{home}")
        self._own[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Leave a module as it is: the machinery has entered the alias as its spec, which is taken back."""
        alias = module.__spec__.name if module.__spec__ is not None else ""
        if alias in self._own:
            module.__spec__ = self._own.pop(alias)


def install() -> None:
    """Make aliases importable; first of all finders, since a folder that has an alias would be found as a second module."""
    if not any(isinstance(finder, Aliases) for finder in sys.meta_path):
        sys.meta_path.insert(0, Aliases())
