"""Libraries that are used where they are installed, each brought by an extra of this package."""

from importlib import import_module
from typing import Any

from symgraph.errors import OptionError


def library(name: str, extra: str, what: str, verb: str = "needs") -> Any:
    """Import a library that an extra brings.

    Args:
        name: of the module to import.
        extra: the name of the extra.
        what: needs it, for the message, such as "to_lmfit".
        verb: "need" where these are several.

    Raises:
        OptionError: it is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise  # of a library that is installed, and lacks something itself
        raise OptionError(
            f"{what} {verb} {error.name}, which is not installed: pip install 'symgraph-codegen[{extra}]'"
        ) from None
