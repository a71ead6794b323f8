"""Constants that are given at the call: modules with other values of them, whose functions have the same arguments."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

from symgraph.runtime.binding import Binding
from symgraph.runtime.contract import changed_constants

B = TypeVar("B", bound=Binding[Any])


class ModuleWithConstants(ModuleType):
    """A generated module with other constants; all else is that of the module it was made from."""

    _made_from: ModuleType
    CONSTANTS: Mapping[str, float]

    def __reduce__(self) -> tuple[Callable[..., ModuleType], tuple[Any, dict[str, float]]]:
        home: Any = self._made_from
        return again, (home.__name__ if type(home) is ModuleType else home, dict(self.CONSTANTS))

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value!r}" for name, value in self.CONSTANTS.items())
        return f"<{repr(self._made_from).strip('<>')} with {values}>"


class WithConstants:
    """The function with_constants of one module, whose binding it knows."""

    def __init__(self, binding: Binding[Any]) -> None:
        self.binding = binding

    def with_constants(self, **values: float) -> ModuleType:
        """Give a module with the same functions that computes with other values of constants.

        Args:
            values: the new values by name; constants that are left out keep theirs.

        Raises:
            ValueError: a name is unknown, or a value is no finite number.
        """
        return changed_module(sys.modules[self.binding.facts.module], self.binding, values)


def changed_module(module: Any, binding: Binding[Any], values: Mapping[str, float]) -> ModuleWithConstants:
    """Copy a module with the functions of its binding for other constants."""
    other = changed_binding(binding, values)
    result = ModuleWithConstants(module.__name__, module.__doc__)
    same = {name: value for name, value in vars(module).items() if getattr(value, "__self__", None) is not binding}
    mine = {name: getattr(other, name) for name in vars(module).keys() - same.keys()}
    vars(result).update(same | mine)
    vars(result).update(CONSTANTS=other.facts.constants, _model=other, _made_from=module)
    vars(result)["with_constants"] = WithConstants(other).with_constants
    return result


def changed_binding(binding: B, values: Mapping[str, float]) -> B:
    """Copy a binding, which shares all that it has recorded, with other constants."""
    other = object.__new__(type(binding))  # copy() would give what another process finds
    vars(other).update(vars(binding))
    other.facts = binding.facts._replace(constants=changed_constants(binding.facts, values))
    other.travel = changed_binding, (binding, dict(values))
    return other


def again(module: Any, values: Mapping[str, float]) -> ModuleWithConstants:
    """Make a module with other constants again, of the module it was made from or of its name."""
    home: Any = import_module(module) if isinstance(module, str) else module
    made: ModuleWithConstants = home.with_constants(**values)
    return made
