"""Generated modules that the tests of the runtime call."""

from functools import cache
from types import ModuleType

from corpus import CORPUS

from symgraph.build.modules import load_artifact
from symgraph.generate import generate


@cache
def module_of(name: str) -> ModuleType:
    """The numpy module of a model of the corpus, not verified."""
    (artifact,) = generate(CORPUS[name](), ("numpy",))
    return load_artifact(artifact)
