"""Normal equations of least squares, block by block: J'WJ and J'Wr, for Gauss-Newton steps and covariances."""

from collections.abc import Callable
from typing import Any

import numpy as np

from symgraph.runtime.contract import is_batch, row_shape, some_rows
from symgraph.runtime.facts import Array, Facts, Inputs

NORMAL_ROWS = 4096
"""Rows of a block, whose derivatives stay in cache."""


def soft_l1_loss(r: Array, scale: float) -> tuple[Array, Array]:
    """Give the losses of residuals, 2*(sqrt(1 + z) - 1) as rho of z = (r/scale)**2, and the slopes rho'."""
    root = np.sqrt(1.0 + np.square(r / scale))
    return r * r / (1.0 + root), 1.0 / root


def huber_loss(r: Array, scale: float) -> tuple[Array, Array]:
    """Give the losses of residuals, z up to 1 and 2*sqrt(z) - 1 beyond as rho of z = (r/scale)**2, and the slopes rho'."""
    size = np.abs(r)
    near = size <= scale
    return np.where(near, 0.5 * r * r, scale * (size - 0.5 * scale)), np.where(near, 1.0, scale / np.maximum(size, scale))


def cauchy_loss(r: Array, scale: float) -> tuple[Array, Array]:
    """Give the losses of residuals, log(1 + z) as rho of z = (r/scale)**2, and the slopes rho'."""
    z = np.square(r / scale)
    return 0.5 * scale * scale * np.log1p(z), 1.0 / (1.0 + z)


ROBUST_LOSSES = {"soft_l1": soft_l1_loss, "huber": huber_loss, "cauchy": cauchy_loss}
"""The robust losses by name, as SciPy's least_squares has them."""


def residual_products(facts: Facts, table: Callable[[Inputs], Array], inputs: Inputs, s: Array) -> tuple[Array, Array, float]:
    """Add up the products of the residuals' derivatives and of the residuals, each row times its weight.

    Args:
        facts: of the model, whose metadata tell the loss of a residual.
        table: gives the derivatives of each residual by the weights, and behind them the residual: (n, k + 1), or of p
            residuals a row (n*p, k + 1).
        inputs: one row or many.
        s: the weight of each row, or one for all.

    Returns:
        J'WJ (k, k), J'Wr (k,) and the sum of the losses; of W that makes J'Wr the gradient of that sum.
    """
    robust: Any = facts.metadata.get("robust")
    factor: Any = facts.metadata["residual_factor"]
    total, lost = (np.zeros((len(facts.weights) + 1,) * 2) for _ in range(2))
    losses = 0.0
    rows = row_shape(inputs)[0] if is_batch(inputs) else 1
    for start in range(0, rows, NORMAL_ROWS):
        some = slice(start, start + NORMAL_ROWS)
        block = table(some_rows(inputs, some) if is_batch(inputs) else inputs).astype(np.float64, copy=False)
        shares = np.asarray(s[some] if s.ndim else s, np.float64)
        if shares.ndim and len(shares) < len(block):
            shares = np.repeat(shares, len(block) // len(shares))
        if robust is not None:
            own, slopes = ROBUST_LOSSES[robust[0]](block[:, -1], robust[1])
            losses += float(np.sum(shares * own))
            shares = shares * slopes
        if shares.ndim:
            block = block * np.sqrt(shares)[:, np.newaxis]
        products = block.T @ block
        if not shares.ndim:
            products *= shares
        # what rounding loses is kept (A. Neumaier, Zeitschrift fuer angewandte Mathematik und Mechanik 54, 1974)
        after = total + products
        lost += np.where(np.abs(total) >= np.abs(products), (total - after) + products, (products - after) + total)
        total = after
    whole: Any = total + np.where(np.isfinite(total), lost, 0.0)
    if robust is None:
        losses, whole = float(factor * whole[-1, -1]), 2.0 * factor * whole
    return whole[:-1, :-1].copy(), whole[:-1, -1].copy(), losses
