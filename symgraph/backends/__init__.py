"""Backends: the table of those there are."""

from types import MappingProxyType

from symgraph.backends.backend import Backend
from symgraph.backends.c import BACKEND as C
from symgraph.backends.numpy import BACKEND as NUMPY
from symgraph.backends.scalar import BACKEND as SCALAR

BACKENDS = MappingProxyType({backend.name: backend for backend in (NUMPY, SCALAR, C)})
"""Every backend by name."""

__all__ = ["BACKENDS", "Backend"]
