"""Bridges from modules to other libraries; each function imports its library, which an extra installs."""

from symgraph.use.bridges.emcee import log_probability
from symgraph.use.bridges.jax import to_jax
from symgraph.use.bridges.lmfit import to_lmfit
from symgraph.use.bridges.torch import to_torch
from symgraph.use.bridges.uncertainties import ufloats

__all__ = ["log_probability", "to_jax", "to_lmfit", "to_torch", "ufloats"]
