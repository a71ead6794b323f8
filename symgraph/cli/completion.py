"""Names that the shell completes: models, optimizers, schedules, extras, kinds of points."""

from collections.abc import Callable, Iterable
from pathlib import Path
from pkgutil import resolve_name

from symgraph.errors import SymgraphError


def of_several(known: Iterable[str] | str) -> Callable[[str], list[str]]:
    """Return what completes a value that is several names, separated by commas.

    Args:
        known: the names, or the place of a table by names, such as "symgraph.use.training.schedules:SCHEDULES", which is
            imported when a user presses the key, so that commands start quickly.
    """

    def complete(incomplete: str) -> list[str]:
        names = resolve_name(known) if isinstance(known, str) else known
        before, comma, begun = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names if name.startswith(begun)]

    return complete


def built_models(incomplete: str) -> list[str]:
    """Return the names of built models that begin so: those of the project, and those that come with symgraph."""
    from symgraph.project.native.module import names_of_modules

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
