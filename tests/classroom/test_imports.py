"""Libraries that differentiate are found where a file imports them, and in the functions that use them."""

import pytest

from symgraph.classroom.imports import Import, Imports

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


@pytest.mark.parametrize(
    ("name", "found"),
    [
        *(("mine", None), ("theirs", Import("jax", 3)), ("through", Import("jax", 3)), ("inside", Import("casadi", 18))),
        *(("Model", Import("tensorflow", 22)), ("ag", Import("torch", 4))),
    ],
)
def test_a_function_uses_what_its_names_lead_to(name: str, found: Import | None) -> None:
    assert Imports(USED.encode()).of_function(name) == found


@pytest.mark.parametrize("text", ["import numpy", "import jax_of_mine", "from . import jax", "x = 'import jax'", "(", "\0", ""])
def test_a_file_that_imports_none_of_them_has_none(text: str) -> None:
    assert Imports(text.encode()).of_file() is None


def test_the_first_import_of_a_file_is_told() -> None:
    assert Imports(USED.encode()).of_file() == Import("jax", 3)
    assert Imports(b"import importlib\nimportlib.import_module('sympy.core')").of_file() == Import("sympy", 2)
