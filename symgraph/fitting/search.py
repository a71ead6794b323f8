"""The search for the best free weights of a fit from one start, by what its loss is."""

from symgraph.fitting import least_squares, minimize
from symgraph.fitting.found import Found
from symgraph.fitting.problem import Array, Problem


def methods_of(problem: Problem) -> tuple[str, ...]:
    """Return the methods that a problem may be searched by."""
    return ("auto", *(least_squares.METHODS if problem.by_squares else minimize.METHODS))


def search(problem: Problem, start: Array, method: str = "auto") -> Found:
    """Search from (f,) free weights by one of ``methods_of``."""
    return (least_squares.least_sum_of_squares if problem.by_squares else minimize.least_loss)(problem, start, method)
