"""Bridges from modules to other libraries; each function imports its library, which an extra installs."""

from symgraph.bridges.emcee import log_probability
from symgraph.bridges.jax import to_jax
from symgraph.bridges.lmfit import to_lmfit
from symgraph.bridges.torch import to_torch
from symgraph.bridges.uncertainties import ufloats

__all__ = ["log_probability", "to_jax", "to_lmfit", "to_torch", "ufloats"]
