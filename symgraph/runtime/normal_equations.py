"""Normal equations of least squares, block by block: J'WJ and J'Wr, for Gauss-Newton steps and covariances."""

from typing import Any

import numpy as np

from symgraph.runtime.facts import Array, Facts

NORMAL_ROWS = 4096
"""Rows of a block, whose derivatives stay in cache."""

FEW_COLUMNS, FEW_ROWS = 20, 2000
"""So many columns of so many rows are multiplied in half the time by what OpenBLAS has for small matrices."""


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


def products_of(table: Array) -> Array:
    """Compute the products of all pairs of rows of a table, the last with itself, in the upper triangle."""
    if len(table) > FEW_COLUMNS:
        return np.asarray(table @ table.T)
    products = np.zeros((len(table),) * 2)
    for start in range(0, table.shape[1], FEW_ROWS):
        some = table[:, start : start + FEW_ROWS]
        products[:-1] += some[:-1] @ some.T  # without the last row, so that NumPy sees no square, which goes another way
        products[-1, -1] += some[-1] @ some[-1]
    return products


class Products:
    """Sums of products of the residuals' derivatives and of the residuals, each row times its weight.

    Args:
        facts: of the model, whose metadata tell the loss of a residual.
        s: the weight of each row, or one for all.
    """

    def __init__(self, facts: Facts, s: Array) -> None:
        self._robust: Any = facts.metadata.get("robust")
        self._factor: Any = facts.metadata["residual_factor"]
        self._s = s
        self._total, self._lost = (np.zeros((len(facts.weights) + 1,) * 2) for _ in range(2))
        self._losses = 0.0

    def add(self, columns: Array, start: int) -> None:
        """Add the products of some rows.

        Args:
            columns: (p, k + 1, rows) in float64, of each of p residuals the derivatives by the weights, and behind them the
                residual; it is written to.
            start: the number of the first row.
        """
        weights = np.asarray(self._s[start : start + columns.shape[2]] if self._s.ndim else self._s, np.float64)
        for table in columns:
            shares = weights
            if self._robust is not None:
                own, slopes = ROBUST_LOSSES[self._robust[0]](table[-1], self._robust[1])
                self._losses += float(np.sum(shares * own))
                shares = shares * slopes
            if shares.ndim:
                table *= np.sqrt(shares)
            products = products_of(table)
            if not shares.ndim:
                products *= shares
            # what rounding loses is kept (A. Neumaier, Zeitschrift fuer angewandte Mathematik und Mechanik 54, 1974)
            total, after = self._total, self._total + products
            self._lost += np.where(np.abs(total) >= np.abs(products), (total - after) + products, (products - after) + total)
            self._total = after

    def sums(self) -> tuple[Array, Array, float]:
        """Return J'WJ (k, k), J'Wr (k,) and the sum of the losses; of W that makes J'Wr the gradient of that sum."""
        losses, whole = self._losses, self._total + np.where(np.isfinite(self._total), self._lost, 0.0)
        if self._robust is None:
            losses, whole = float(self._factor * whole[-1, -1]), 2.0 * self._factor * whole
        upper = whole[:-1, :-1]
        return np.where(np.tri(len(upper), dtype=bool), upper.T, upper), whole[:-1, -1].copy(), losses
