"""Functions that users bring: a Python callable as an op of a model, other callables as its partials.

Such an op is its own row of the op table, which ``Table`` knows; it carries the callables, since modules beside a spec are
forgotten when the spec has been read.
"""

import importlib
import inspect
import math
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar, TypeVar

import mpmath
import numpy as np
import sympy
from sympy.core.function import ArgumentIndexError

from symgraph.errors import SpecError
from symgraph.spec.ops.op import REALS, REFUSED, TRANSCENDENTAL, Op
from symgraph.spec.ops.optext import OpText

V = TypeVar("V")


class UserOp(str):
    """Op of a user's function; its text says by which paths it and its partials are imported.

    Attributes:
        path: "package.module:callable".
        function: the callable.
        partials: for each argument the op of the partial by it; None where there is none.
        modules: the module that it was imported from, and the packages above, by name.
        trouble: what it did the last time when it gave no finite number, in words.
    """

    path: str
    function: Callable[..., Any]
    partials: "tuple[UserOp | None, ...]"
    modules: dict[str, types.ModuleType]
    trouble: str

    def __new__(cls, path: str, function: Callable[..., Any], partials: "Sequence[UserOp | None]") -> "UserOp":
        op = super().__new__(cls, f"{path}[{','.join('?' if one is None else one.path for one in partials)}]")
        op.path, op.function, op.partials, op.trouble = path, function, tuple(partials), ""
        names = op.module.split(".")
        packages = (".".join(names[: count + 1]) for count in range(len(names)))
        op.modules = {name: sys.modules[name] for name in packages if name in sys.modules}
        return op

    def __eq__(self, other: object) -> bool:
        """Tell ops apart whose callables have the same path, as those of specs in two folders may."""
        same = str.__eq__(self, other) and isinstance(other, UserOp)
        return same and (self.function, self.partials) == (other.function, other.partials)  # type: ignore[attr-defined]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    @property
    def arity(self) -> int:
        """The number of arguments."""
        return len(self.partials)

    @property
    def module(self) -> str:
        """The module that the callable is imported from."""
        return self.path.partition(":")[0]

    @property
    def called(self) -> str:
        """The expression by which a text calls it."""
        return self.path.replace(":", ".")

    @property
    def every(self) -> "tuple[UserOp, ...]":
        """The op and those of its partials."""
        return (self, *(one for one in self.partials if one is not None))

    @cached_property
    def at(self) -> Callable[..., float | None]:
        """Computes the function at floats; None where it gives no finite number, and ``trouble`` says why."""
        return lru_cache(maxsize=4096)(self._at)

    def _at(self, *values: float) -> float | None:
        where = f"at {', '.join(map(repr, values))}"
        try:
            with np.errstate(all="ignore"):
                found = self.function(*values)
            if np.ndim(found) or np.asarray(found).dtype.kind not in "biuf":
                self.trouble = f"{self.path} gives {found!r} {where}, which is no real number"
                return None
        except Exception as error:  # whatever the user's function raises is told where no point is found
            self.trouble = f"{self.path} raises {type(error).__name__}: {error} {where}"
            return None
        if not math.isfinite(found):
            self.trouble = f"{self.path} gives {float(found)} {where}"
            return None
        return float(found)

    def of_arrays(self, rows: Sequence[tuple[float, ...]]) -> Sequence[float | None]:
        """Compute the function at some rows of floats by a call with arrays, which may give other bits; or one by one."""
        columns = np.array(rows).T.copy()
        columns.flags.writeable = False
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(self.function(*columns), np.float64)
        except Exception:  # as of a function that takes no arrays, which a build finds out
            found = np.array(math.nan)
        if found.shape != (len(rows),) or not np.isfinite(found).all():
            return [self.at(*row) for row in rows]
        return [float(value) for value in found]

    def of_numbers(self, *values: Any) -> Any:
        """Compute the function at mpmath's numbers, to a double's digits; where it has no value ``math`` would raise."""
        found = self.at(*map(float, values))
        if found is None:
            raise ValueError(self.trouble)
        return mpmath.mpf(found)

    @cached_property
    def row(self) -> Op:
        """The row of the op table. Its figures allow for other bits of arrays than of single numbers."""
        arity, places = self.arity, ", ".join(f"{{{place}}}" for place in range(self.arity))
        x = sympy.symbols(f"x0:{arity}", real=True)
        slopes = tuple(REFUSED if one is None else (one.applied(*x),) for one in self.partials)
        lacking: dict[str, Any] = dict.fromkeys(("c", "array_api", "bound", "pairs", "reference"))
        return Op(
            self, arity, None, slopes, self.applied, domain=REALS, range=REALS, cost=2 * TRANSCENDENTAL, ulp=4.0, ulp32=4.0,
            partial_ulp=(4.0,) * arity, numbers=self.of_numbers, numpy=OpText(f"called({self.called}, {places})"),
            scalar=OpText(f"float({self.called}({places}))"), **lacking,
        )  # fmt: skip

    @cached_property
    def applied(self) -> Any:
        """The SymPy class of its applications, called by the last name of the path."""
        return self.named(self.path.rpartition(":")[2].rpartition(".")[2])

    def named(self, name: str) -> Any:
        """Return a SymPy class of its applications that prints under a name."""
        return types.new_class(name, (UserFunction,), exec_body=lambda own: own.update(user_op=self, nargs=self.arity))


class UserFunction(sympy.Function):  # type: ignore[misc]  # SymPy ships no types
    """Application of a user's function to SymPy expressions.

    Attributes:
        user_op: the op.
    """

    user_op: ClassVar[UserOp]

    def fdiff(self, argindex: int = 1) -> Any:
        """Return the partial by an argument, counted from 1, as SymPy asks for it."""
        slope = self.user_op.partials[argindex - 1]
        if slope is None:
            raise ArgumentIndexError(self, argindex)  # which SymPy takes to write a Derivative
        return slope.applied(*self.args)

    @classmethod
    def _should_evalf(cls, arg: Any) -> int:
        return -1

    def _eval_evalf(self, prec: int) -> None:
        """Keep it, also where mpmath has a function of the name."""

    def _eval_is_extended_real(self) -> bool | None:
        return True if all(arg.is_extended_real for arg in self.args) else None


class Table(dict[str, V]):
    """Table of something that each op has, which makes the entry of an op with a row of its own when asked for it.

    Args:
        rows: the entries of the ops of the table.
        of_own: makes the entry of an op with a row of its own.
    """

    def __init__(self, rows: Mapping[str, V], of_own: Callable[[Any], V]) -> None:
        super().__init__(rows)
        self._of_own = of_own

    def __missing__(self, op: str) -> V:
        if isinstance(op, UserOp):
            return self._of_own(op)
        raise KeyError(op)

    def __contains__(self, op: object) -> bool:
        return isinstance(op, UserOp) or super().__contains__(op)


def user_op(path: str, partials: Sequence[str | None], where: str) -> UserOp:
    """Import a user's function and its partials.

    Args:
        path: "package.module:callable".
        partials: for each argument the path of the partial by it, or None.
        where: model and function, for messages.

    Raises:
        SpecError: a path is none, or what it names cannot be imported, called, or called with as many arguments.
    """
    if isinstance(partials, str) or not partials:
        raise SpecError(f"{where}: partials must be a list with a path for each argument, not {partials!r}")
    nothing = (None,) * len(partials)
    slopes = [None if one is None else UserOp(one, _imported(one, len(partials), where), nothing) for one in partials]
    return UserOp(path, _imported(path, len(partials), where), slopes)


def _imported(path: Any, arguments: int, where: str) -> Callable[..., Any]:
    """Import what a path names, and check that it can be called."""
    module, found, names = path.partition(":") if isinstance(path, str) else ("", "", "")
    if not found or not all(part.isidentifier() for part in (*module.split("."), *names.split("."))):
        raise SpecError(f"{where}: {path!r} is no path; write 'package.module:callable'")
    try:
        function = importlib.import_module(module)
        for name in names.split("."):
            function = getattr(function, name)
    except Exception as error:  # whatever importing the user's module raises
        raise SpecError(
            f"{where}: {path} cannot be imported ({type(error).__name__}: {error}); generated modules import it too, so it "
            "must be on the path of whoever uses them"
        ) from error
    if not callable(function):
        raise SpecError(f"{where}: {path} is {function!r}, which cannot be called")
    if not _takes(function, arguments):
        raise SpecError(
            f"{where}: {path} cannot be called with {arguments} argument{'s' * (arguments > 1)}; give as many partials as the "
            "function has arguments, each a function of all of them"
        )
    return function


def _takes(function: Any, arguments: int) -> bool:
    """Tell if a callable takes so many arguments, as far as that is known."""
    if hasattr(function, "nin"):  # a ufunc
        return bool(function.nin == arguments)
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    except ValueError:  # it has no signature
        return True
    return True
