"""Options of a build beyond the plain module: extras, and the precision of its arithmetic.

A backend says which of these it has (``options`` of its row). An option that no chosen backend has is
refused; a backend that lacks an option which another one has writes its plain module.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from symgraph.errors import OptionError, did_you_mean, unknown_name
from symgraph.module_functions import C_FUNCTIONS, DERIVATIVES, HESSIAN, HVP

ERROR_BOUND, STANDALONE, FLOAT, WORKSPACE, FUNCTIONS = "error-bound", "standalone", "float", "workspace", "functions"
DOUBLE, ACCURATE, AUTO = "double", "accurate", "auto"

FLAGS = {ERROR_BOUND: "error_bound", STANDALONE: "standalone", FLOAT: "single", WORKSPACE: "workspace"}
"""Fields of `Options` that are on or off, by the names that ``--with`` takes."""

EXTRAS = (*FLAGS, *DERIVATIVES)
"""Names that ``--with`` takes: a function or the runtime's source, which a module has on request; for C single precision, and
memory that the caller gives."""

PRECISIONS = (DOUBLE, AUTO, ACCURATE)
"""Names that ``--precision`` takes: plain floats, pairs of floats for rows in which digits are lost, or for all."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options that decide how a module is written.

    Attributes:
        error_bound: whether it has the function ``error_bound``.
        standalone: whether it brings the runtime's source along and needs NumPy only.
        single: whether a C file computes in single precision.
        workspace: whether the functions of a C file over rows take their memory from the caller.
        functions: the functions of a C file; all that the model has if there are none.
        precision: "double" (the dtype of the inputs), "accurate" (pairs of floats), or "auto" (pairs where digits are lost).
        derivatives: names of the functions that compute derivatives on request.
    """

    error_bound: bool = False
    standalone: bool = False
    single: bool = False
    workspace: bool = False
    functions: tuple[str, ...] = ()
    precision: str = DOUBLE
    derivatives: tuple[str, ...] = ()

    @property
    def extras(self) -> tuple[str, ...]:
        """Return the names, as ``--with`` takes them, of the extras that are on."""
        flags = [name for name, field in FLAGS.items() if getattr(self, field)]
        asked = [name for name, function in DERIVATIVES.items() if function in self.derivatives]
        return (*flags, *asked, *([f"{FUNCTIONS}={'+'.join(self.functions)}"] if self.functions else []))

    def within(self, names: Collection[str]) -> "Options":
        """Return these options without those that a backend lacks; ``names`` are those that it has."""
        extras = (extra for extra in self.extras if extra.partition("=")[0] in names)
        return options_of(extras, self.precision if self.precision in names else DOUBLE)


PLAIN = Options()
"""Options of a plain module."""


def options_of(extras: Iterable[str] = (), precision: str = DOUBLE, functions: Iterable[str] = ()) -> Options:
    """Make options from the names that a user gives.

    Args:
        extras: names of extras, in any order, or a text of them, as "hessian, jvp"; those of the functions, such as
            feature_jacobian, will do; "functions=row+loss" chooses functions of a C file, as a manifest has it.
        precision: the name of a precision.
        functions: names of functions of a C file; all if there are none.

    Raises:
        OptionError: a name is unknown, or the two do not go together.
    """
    given, head = _names(extras, "extras", HESSIAN), f"{FUNCTIONS}="
    dashed = {name.replace("-", "_"): name for name in EXTRAS}
    asked = tuple(dashed.get(name, name) for name in given if not name.startswith(head))
    chosen = (
        *_names(functions, FUNCTIONS, C_FUNCTIONS[0]),
        *(one for name in given if name.startswith(head) for one in name.removeprefix(head).split("+")),
    )
    strange = [name for name in chosen if name not in C_FUNCTIONS]
    if strange:
        known = f"functions of a C file are {', '.join(C_FUNCTIONS)}{did_you_mean(strange[0], C_FUNCTIONS)}"
        raise OptionError(f"the function {strange[0]!r} is unknown; {known}")
    unknown = [name for name in asked if name not in EXTRAS]
    if unknown:
        raise unknown_name("the extra", unknown[0], EXTRAS)
    if precision not in PRECISIONS:
        raise unknown_name("the precision", precision, PRECISIONS)
    if ERROR_BOUND in asked and precision != DOUBLE:
        raise OptionError(f"an error bound is that of plain arithmetic; leave out {ERROR_BOUND} or --precision {precision}")
    derivatives = [DERIVATIVES[name] for name in DERIVATIVES if name in asked or (name == HVP and HESSIAN in asked)]
    shipped = tuple(name for name in C_FUNCTIONS if name in chosen)
    flags: dict[str, Any] = {field: name in asked for name, field in FLAGS.items()}
    return Options(**flags, functions=shipped, precision=precision, derivatives=tuple(derivatives))


def _names(given: object, what: str, example: str) -> tuple[Any, ...]:
    """Return names, which may be given as a text with commas or blanks between them."""
    names = tuple(
        given.replace(",", " ").split() if isinstance(given, str) else given if isinstance(given, Iterable) else [None]
    )
    if not all(isinstance(name, str) for name in names):
        raise OptionError(f"{what} must be names, such as {example!r}, not {given!r}")
    return names
