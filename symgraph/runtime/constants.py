"""Constants that are given at the call: modules with other values of them, whose functions have the same arguments."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from symgraph.runtime.binding import Kept
from symgraph.runtime.contract import changed_constants

K = TypeVar("K", bound=Kept)


class ModuleWithConstants(ModuleType):
    """A generated module with other constants; all else is that of the module it was made from."""

    _made_from: ModuleType
    CONSTANTS: Mapping[str, float]

    def __reduce__(self) -> tuple[Callable[..., ModuleType], tuple[Any, dict[str, float]]]:
        home: Any = self._made_from
        return made_again, (home.__name__ if type(home) is ModuleType else home, dict(self.CONSTANTS))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.CONSTANTS.items())
        return f"<{repr(self._made_from).strip('<>')} with {values}>"


class WithConstants:
    """The function with_constants of one module: the one that keeps a binding, or another."""

    def __init__(self, binding: Kept, module: ModuleType | None = None) -> None:
        self.binding = binding
        self.module = module
        # kept, since another module of the same text may take its name later
        self._home = module or sys.modules[binding.facts.module]

    def __reduce__(self) -> "tuple[type[WithConstants], tuple[Kept, ModuleType | None]]":
        return WithConstants, (self.binding, self.module)

    def with_constants(self, **values: float) -> ModuleType:
        """Give a module with the same functions that computes with other values of constants.

        Args:
            values: the new values by name; constants that are left out keep theirs.

        Raises:
            ValueError: a name is unknown, or a value is no finite number.
        """
        return changed_module(self._home, self.binding, values)


def changed_module(module: Any, binding: Kept, values: Mapping[str, float]) -> ModuleWithConstants:
    """Copy a module, its functions those of the same objects with other constants."""
    result = ModuleWithConstants(module.__name__, module.__doc__)
    owners: dict[int, Any] = {id(binding): (model := changed(binding, values))}
    for name, value in vars(module).items():
        owner: Any = getattr(value, "__self__", None)
        if id(owner) not in owners and isinstance(owner, Kept):
            owners[id(owner)] = changed(owner, values)
        elif id(owner) not in owners and hasattr(owner, "before"):  # of a compiled model, what stands before its binding
            owners[id(owner)] = owner.before(model, np.array([*model.facts.constants.values()], np.float64))
        vars(result)[name] = getattr(owners[id(owner)], name) if id(owner) in owners else value
    vars(result).update(CONSTANTS=model.facts.constants, _model=model, _made_from=module)
    vars(result)["with_constants"] = WithConstants(model, result).with_constants
    return result


def changed(kept: K, values: Mapping[str, float]) -> K:
    """Copy an object that a module keeps, with other constants; the copy shares all that was recorded."""
    other = copied(kept)
    other.facts = kept.facts._replace(constants=changed_constants(kept.facts, values))
    other.travel = changed, (kept, dict(values))
    vars(other).update({"front_travel": other.travel} if hasattr(kept, "front_travel") else {})
    return other


def copied(kept: K) -> K:
    """Copy an object that a module keeps; copy() would give what another process finds."""
    other = object.__new__(type(kept))
    vars(other).update(vars(kept))
    return other


def made_again(module: Any, values: Mapping[str, float]) -> ModuleWithConstants:
    """Make a module with other constants again, of the module it was made from or of its name."""
    home: Any = import_module(module) if isinstance(module, str) else module
    made: ModuleWithConstants = home.with_constants(**values)
    return made
