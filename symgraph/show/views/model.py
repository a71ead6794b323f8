"""The model that users declare: a spec that draws itself."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.runtime.labels import array_of
from symgraph.show.drawing.drawing import Drawing
from symgraph.show.views.formulas import formula
from symgraph.show.views.styles import STYLES, Style
from symgraph.spec import model as spec


class Model(spec.Model):
    __doc__ = spec.Model.__doc__

    __slots__ = ()

    def draw(self, w: Any = None, row: Any = None, ops: bool = False) -> Drawing:
        """Draw the model's graph, with the numbers of one row if weights are given.

        Args:
            w: (k,) weights in the order of their declaration, or by name.
            row: (features and targets,) a row of the data in the order of their declaration, or by name; None for a model that
                needs none.
            ops: draw every operation instead of the named nodes.

        Returns:
            The picture, which a notebook shows; its ``save`` writes SVG, PNG, DOT or Mermaid.

        Raises:
            OptionError: w or row does not fit the model, or only one of them is given.
            SpecError: numbers or operations are asked for, and the model is not complete.
        """
        point = None if w is None and row is None else point_of(self, w, row)
        from symgraph.show.views.picture import pictured  # it needs the reference, without which specs build unverified

        return Drawing(pictured(self, point, ops=ops))

    def _repr_latex_(self) -> str:
        body = aligned(formulas(self, STYLES["latex"]))
        return f"$\\displaystyle \\begin{{aligned}}\n{body}\n\\end{{aligned}}$"

    def _repr_html_(self) -> str:
        """Return the picture and below it the formulas, which notebooks typeset."""
        return f"{self.draw()._repr_html_()}\n{escape(self._repr_latex_(), quote=False)}"


def formulas(model: spec.Model, style: Style) -> list[tuple[str, str]]:
    """Return both sides of the equations of a model: its nodes, the loss and the penalty, as far as they are declared.

    Args:
        model: the spec, which may not be complete yet.
        style: a row of ``STYLES``.
    """
    from symgraph.show.views.named_graph import NamedGraph  # as above

    return [(style.name(one.name), formula(one.expr, style)) for one in NamedGraph(model).defined]


def aligned(rows: Iterable[tuple[str, str]]) -> str:
    """Return equations as lines of LaTeX that are aligned at their equals signs, for the inside of a display.

    Args:
        rows: both sides of each.
    """
    return " \\\\\n".join(f"{left} &= {right}" for left, right in rows)


def point_of(model: spec.Model, w: Any, row: Any) -> dict[str, float]:
    """Return the value of every input, constants as they were declared.

    Args:
        model: the spec.
        w: (k,) weights in the order of their declaration, or by name.
        row: (features and targets,) in this order, or by name; None where the model has neither.

    Raises:
        OptionError: one of them is lacking or does not fit the model.
    """
    columns = [one.name for one in (*model.feature_inputs, *model.target_inputs)]
    weights = [one.name for one in model.weight_inputs]
    constants = {one.name: float(getattr(one.init, "value", "nan")) for one in model.constant_inputs}
    return {**_numbers(model, w, weights, "w"), **_numbers(model, row, columns, "row"), **constants}


def cells_of(X: Any, y: Any, row: int) -> list[float]:
    """Return a row as `point_of` takes it: its features and behind them its targets.

    Args:
        X: (n, d) rows, or None for a model without features.
        y: (n,) or (n, targets), or None for a model without target.
        row: the row, counted from 0.
    """
    return [float(cell) for part in (X, y) if part is not None for cell in part[row].reshape(-1)]


def _numbers(model: spec.Model, values: Any, names: Sequence[str], what: str) -> dict[str, float]:
    where = f"model {model.name}: {what}"
    if values is None:
        if names:
            raise OptionError(f"{where} is missing; numbers need values of {', '.join(names)}")
        return {}
    try:
        array = array_of(values, names, what)
    except (ValueError, TypeError) as error:
        raise OptionError(f"model {model.name}: {error}") from error
    if array.shape != (len(names),):
        raise OptionError(f"{where} has shape {array.shape}; it needs ({len(names)},): {', '.join(names)}")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise OptionError(f"{where} must be finite numbers, not {array.tolist()}")
    return dict(zip(names, array.astype(float).tolist(), strict=True))
