"""The search for the best free weights of a fit from one start, by what its loss is."""

from symgraph.fitting import least_squares, minimize
from symgraph.fitting.found import Found
from symgraph.fitting.problem import Array, Problem


def methods_of(problem: Problem) -> tuple[str, ...]:
    """Return the methods that a problem may be searched by; lm knows neither bounds nor robust losses, nor fewer rows."""
    if not problem.by_squares:
        return ("auto", *minimize.METHODS)
    plain = not problem.is_bounded and problem.robust is None and problem.residuals >= len(problem.free)
    return ("auto", *(name for name in least_squares.METHODS if plain or name != "lm"))


def search(problem: Problem, start: Array, method: str = "auto") -> Found:
    """Search from (f,) free weights by one of ``methods_of``."""
    return (least_squares.least_sum_of_squares if problem.by_squares else minimize.least_loss)(problem, start, method)
