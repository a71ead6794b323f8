"""Generated modules as type checkers see them: constants, and functions that bindings make."""

from collections.abc import Mapping
from typing import Any

from symgraph.runtime.compiled_binding import RowFunctions
from symgraph.runtime.derivatives_on_request import DerivativesLoosely


class ModuleFacts:
    """Constants of every generated module; they are the facts that its functions are bound with.

    A module with several targets has None as TARGET, and their names in TARGETS; see `targets_of`.
    """

    ABI: int
    MODEL: str
    FEATURES: tuple[str, ...]
    TARGET: str | None
    WEIGHTS: tuple[str, ...]
    METADATA: Mapping[str, Any]


class GeneratedModule(ModuleFacts, DerivativesLoosely[Any]):
    """Module of the numpy backend, for type checkers: its constants, and the functions that its binding makes.

    A model may lack parts. Without a loss there is no backward, loss, value_and_grad, grad and per_sample_grad; without an
    output no predict and jacobian; residual and residual_jacobian exist where the loss is METADATA["residual_factor"] * r**2
    with a residual r, or the sum of that over several, else METADATA["no_residual"] says why not. METADATA["has_loss"], OUTPUTS
    and `hasattr` say which. hessian, hvp, feature_jacobian and jvp are there if they were asked for: METADATA["extras"].
    """

    NODES: tuple[str, ...]
    OUTPUTS: tuple[str, ...]


class ScalarModule(ModuleFacts, RowFunctions):
    """Module of the scalar backend, for type checkers: one row at a time, on Python floats."""


def targets_of(module: Any) -> tuple[str, ...]:
    """Return the names of a module's targets, the columns of y: none, one or several."""
    return tuple(getattr(module, "TARGETS", ())) if module.TARGET is None else (module.TARGET,)
