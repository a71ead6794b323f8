"""Names that the shell completes: models, optimizers, schedules, extras, kinds of points."""

from collections.abc import Callable, Iterable
from pathlib import Path

from symgraph.errors import SymgraphError
from symgraph.options import EXTRAS


def of_several(known: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Return what completes a value that is several names, separated by commas.

    Args:
        known: returns the names; called when a user presses the key, so that commands start quickly.
    """

    def complete(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in known() if name.startswith(begun)]

    return complete


def built_models(incomplete: str) -> list[str]:
    """Return the names of built models that begin so: those of the project, and those that come with symgraph."""
    from symgraph.io.module import names_of_modules

    try:
        return [name for name in names_of_modules() if name.startswith(incomplete)]
    except SymgraphError:  # a pyproject.toml that cannot be read; the command itself will say so
        return []


def models(incomplete: str) -> list[str]:
    """Return the names of built models that begin so, and the Python files, which may be specs."""
    folder = Path(incomplete).parent if "/" in incomplete else Path()
    files = (path for path in sorted(folder.glob("*")) if path.suffix == ".py" or path.is_dir())
    texts = [f"{path}/" if path.is_dir() else str(path) for path in files if not path.name.startswith((".", "_"))]
    return [*built_models(incomplete), *(text for text in texts if text.startswith(incomplete))]


def optimizers() -> Iterable[str]:
    """Return the names of optimizers."""
    from symgraph.training.optimizers import OPTIMIZERS

    return OPTIMIZERS


def schedules() -> Iterable[str]:
    """Return the names of schedules."""
    from symgraph.training.schedules import SCHEDULES

    return SCHEDULES


def kinds() -> Iterable[str]:
    """Return the kinds of points at which a module is judged."""
    from symgraph.gradcheck.drawing import KINDS

    return KINDS


def extras() -> Iterable[str]:
    """Return the names of extras of a build."""
    return EXTRAS
