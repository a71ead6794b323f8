"""Steps through time: a differential equation solved by a fixed number of steps, each value a named node."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.transforms import Transforms

Rates = Callable[[tuple[Any, ...], Any], Sequence[Any] | Mapping[str, Any]]
"""Gives the rates of the states, in their order or by name, from the states and the time."""


class Steps(Transforms):
    """Declarations that unroll steps; see ``Model``."""

    __slots__ = ()

    def rk4(self, rates: Rates, states: Mapping[str, Any], t: tuple[Any, Any], steps: int) -> tuple[Any, ...]:
        """Solve ``d state / d t = rates(states, t)`` by fixed steps of the classic Runge-Kutta method.

        The state theta is the node ``theta_1`` after the first step, ``theta_2`` after the second; its rates within the first
        step are the nodes ``theta_1_k1`` to ``theta_1_k4``. A step that is no number is the node ``<first state>_step``.

        Args:
            rates: a function of a tuple of states, in the order of ``states``, and of the time; it gives as many expressions,
                or a mapping with the rate of each state by its name.
            states: the initial value of each state by its name, expressions or numbers.
            t: the times at the beginning and at the end, expressions or numbers.
            steps: how many.

        Returns:
            The symbols of the states at the end, in the order of ``states``.

        Raises:
            SpecError: there is no state, ``rates`` is no function of two, ``t`` is no pair of times, ``steps`` is no positive
                whole number, there is not one rate for each state, or a node cannot be made of them.

        Source: W. Kutta, Zeitschrift fuer Mathematik und Physik 46, 1901.
        """
        where, names = f"model {self.name}: rk4", tuple(states) if isinstance(states, Mapping) else ()
        if not names:
            raise SpecError(f"{where}: states must be a mapping of initial values by name, such as {{'theta': theta0}}")
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise SpecError(f"{where}: steps must be a whole number, 1 or more, not {steps!r}")
        try:
            inspect.signature(rates).bind((), 0)
        except (TypeError, ValueError):  # it cannot be called, or nobody can tell how
            given = getattr(rates, "__name__", rates)
            raise SpecError(f"{where}: rates must be a function of two, the states and the time, not {given}") from None
        if not isinstance(t, tuple | list) or len(t) != 2:
            raise SpecError(f"{where}: t must be the pair of the times at the beginning and at the end, not {t!r}")
        try:
            start, end = map(_exact, t)
            values = tuple(map(_exact, states.values()))
            wrong = [one for one in (start, end, *values) if not isinstance(one, sympy.Expr)]
        except sympy.SympifyError as error:
            wrong = [error.expr]
        if wrong:
            raise SpecError(f"{where}: {wrong[0]!r} is not a SymPy expression or a number")
        with sympy.evaluate(True):
            h = (end - start) / steps
            if h == 0:
                raise SpecError(f"{where}: t begins and ends at {start}; give two times")
            h = h if h.is_number else self._helper(f"{names[0]}_step", h)
            for step in range(1, steps + 1):
                time, stages = start + (step - 1) * h, list[list[Any]]()
                for part in (0, sympy.Rational(1, 2), sympy.Rational(1, 2), 1):
                    moved = (
                        tuple(value + part * h * k for value, k in zip(values, stages[-1], strict=True)) if stages else values
                    )
                    found = _listed(rates(moved, time + part * h), names, where)
                    ending = f"_{step}_k{len(stages) + 1}"
                    nodes = [self._helper(f"{name}{ending}", rate) for name, rate in zip(names, found, strict=True)]
                    stages.append([_number(rate, node) for rate, node in zip(found, nodes, strict=True)])
                moved = tuple(
                    value + _times(h / 6, k1 + 2 * k2 + 2 * k3 + k4)
                    for value, k1, k2, k3, k4 in zip(values, *stages, strict=True)
                )
                ends = tuple(self._helper(f"{name}_{step}", value) for name, value in zip(names, moved, strict=True))
                values = tuple(_number(value, end) for value, end in zip(moved, ends, strict=True))
        return ends


def _exact(value: Any) -> Any:
    """Read an expression, a whole number written as a float, such as 0.0, as the integer."""
    found = sympy.sympify(value, strict=True)
    return sympy.Integer(found) if found.is_Float and found.is_finite and found % 1 == 0 else found


def _number(value: Any, node: Any) -> Any:
    """Return a number that is known exactly itself, so that no formula has a term of 0, and the node of everything else."""
    found = _exact(value)
    return found if found.is_Rational else node


def _times(factor: Any, value: Any) -> Any:
    """Multiply, and leave sums as they are, which SymPy would multiply out by a number."""
    return sympy.Mul(factor, value, evaluate=not value.is_Add)


def _listed(rates: Any, names: Sequence[str], where: str) -> list[Any]:
    """Return the rates in the order of the states."""
    if isinstance(rates, Mapping):
        if set(rates) != set(names):
            raise SpecError(f"{where}: the rates are of {', '.join(map(str, rates))}, the states are {', '.join(names)}")
        return [rates[name] for name in names]
    if rates is None:
        raise SpecError(f"{where}: the function rates returned None; return a rate for each state ({', '.join(names)})")
    found = list(rates) if isinstance(rates, tuple | list) else [rates]
    if len(found) != len(names):
        raise SpecError(f"{where}: {len(found)} rates for {len(names)} states ({', '.join(names)})")
    return found
