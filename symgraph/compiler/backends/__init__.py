"""Backends: the table of those there are."""

from types import MappingProxyType

from symgraph.compiler.backends.array_api import BACKEND as ARRAY_API
from symgraph.compiler.backends.backend import Backend
from symgraph.compiler.backends.c import BACKEND as C
from symgraph.compiler.backends.numpy import BACKEND as NUMPY
from symgraph.compiler.backends.scalar import BACKEND as SCALAR

BACKENDS = MappingProxyType({backend.name: backend for backend in (NUMPY, SCALAR, C, ARRAY_API)})
"""Every backend by name."""

__all__ = ["BACKENDS", "Backend"]
