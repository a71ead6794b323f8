"""symgraph.spec.laws: the laws of initial weights and what they refuse."""

from collections.abc import Callable

import pytest

from symgraph.errors import SpecError
from symgraph.spec.laws import Constant, Normal, Uniform

INF, NAN = float("inf"), float("nan")


def test_laws_are_values() -> None:
    assert Normal(0, 1) == Normal(0.0, 1.0)
    assert Uniform(0, 1) != Uniform(0, 2)
    assert len({Constant(1), Constant(1), Constant(2)}) == 2
    with pytest.raises(AttributeError):
        Constant(1).value = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Normal(0, 0), "Normal: std must be positive, not 0; use Constant"),
        (lambda: Normal(NAN, 1), "Normal: mean must be a finite number, not nan"),
        (lambda: Normal("0", 1), "Normal: mean must be a finite number, not '0'"),
        (lambda: Normal(True, 1), "Normal: mean must be a finite number, not True"),
        (lambda: Uniform(1, 1), "Uniform: low must be below high, not 1 and 1"),
        (lambda: Uniform(-INF, 1), "Uniform: low must be a finite number"),
        (lambda: Uniform(0, None), "Uniform: high must be a finite number, not None"),
        (lambda: Constant(INF), "Constant: value must be a finite number, not inf"),
    ],
)
def test_parameters_that_no_law_can_have_are_refused_by_name(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        make()
