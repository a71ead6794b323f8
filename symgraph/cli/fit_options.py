"""Options of ``symgraph fit``: names of weights, ranges, and standard deviations."""

from symgraph.cli.data_sets import Deviation, Deviations
from symgraph.cli.weights import number, pairs


def names_of(option: str, text: str) -> list[str]:
    """Return names without numbers."""
    from symgraph.errors import OptionError

    given = pairs(option, text)
    for name, value in given:
        if value is not None:
            raise OptionError(f"{option}: {name}={value} is no name of a weight")
    return [name for name, _ in given]


def fixed_weights(text: str) -> dict[str, float | None] | None:
    """Return the weights of --fix with their values, None for that at the start."""
    return {name: None if value is None else number("--fix", name, value) for name, value in pairs("--fix", text)} or None


def ranges_of(text: str) -> dict[str, tuple[float | None, float | None]]:
    """Return the ranges of --bounds by name, None where they have no end."""
    from symgraph.errors import OptionError

    found: dict[str, tuple[float | None, float | None]] = {}
    for name, value in pairs("--bounds", text):
        low, colon, high = (value or "").partition(":")
        if not colon:
            raise OptionError(f"--bounds: {name} needs LOW:HIGH, one of which may be left out, such as {name}=0:")
        found[name] = (
            number("--bounds", name, low) if low.strip() else None,
            number("--bounds", name, high) if high.strip() else None,
        )
    return found


def deviations_of(sigma: str, sigma_x: str, *, has_file: bool) -> Deviations:
    """Return the standard deviations of --sigma and --sigma-x: numbers, or names of columns of the file."""
    from symgraph.errors import OptionError

    def one(option: str, text: str) -> Deviation:
        try:
            return float(text) if text else None
        except ValueError:
            if not has_file:
                raise OptionError(f"{option}: {text!r} is no number, and there is no file with such a column") from None
            return text

    by_name = {name: one("--sigma-x", value or "") for name, value in pairs("--sigma-x", sigma_x)} if "=" in sigma_x else None
    return Deviations(one("--sigma", sigma), by_name or one("--sigma-x", sigma_x))
