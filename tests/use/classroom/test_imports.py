"""Libraries that differentiate are found where a file imports them, and in the functions that use them."""

import pytest

from symgraph.use.classroom.imports import Import, Imports

USED = """
import numpy as np
import jax.numpy as jnp
from torch import nn, autograd as ag

slope = jnp.exp

def mine(x):
    return np.exp(x)

def theirs(x):
    return slope(x)

def through(x):
    return mine(theirs(x))

def inside(x):
    import casadi
    return casadi.jacobian

try:
    tf = __import__("tensorflow")
except ImportError:
    tf = None

class Model:
    grad = tf
"""


def test_a_function_uses_what_its_names_lead_to() -> None:
    imports = Imports(USED.encode())
    found = {name: imports.of_function(name) for name in ("theirs", "through", "inside", "Model", "ag", "mine")}
    libraries = ("jax", 3), ("jax", 3), ("casadi", 18), ("tensorflow", 22), ("torch", 4)
    assert [*found.values()] == [*(Import(*one) for one in libraries), None]


@pytest.mark.parametrize("text", ["import numpy", "import jax_of_mine", "from . import jax", "x = 'import jax'", "(", "\0", ""])
def test_a_file_that_imports_none_of_them_has_none(text: str) -> None:
    assert Imports(text.encode()).of_file() is None


def test_the_first_import_of_a_file_is_told() -> None:
    assert Imports(USED.encode()).of_file() == Import("jax", 3)
    assert Imports(b"import importlib\nimportlib.import_module('sympy.core')").of_file() == Import("sympy", 2)
