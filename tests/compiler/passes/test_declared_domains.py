"""Forms that cancel or leave the range are bettered at the ends of declared domains too, and for float32."""

from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from built import modules_of
from written import written

from symgraph import Model


def module_of(form: Any, domains: dict[str, tuple[float, float]]) -> Any:
    """The numpy module of a times a form of the features f and g."""
    model = Model("form")
    features = [model.feature(name, domain=domain) for name, domain in domains.items()]
    a = model.weight("a", domain=(0.5, 1.5))
    model.target("y", domain=(-1.0, 1.0))
    model.output("out", a * form(*features))
    model.loss("squared_error")
    return modules_of(model)[0]


FORMS: dict[str, tuple[Any, dict[str, tuple[float, float]], list[float]]] = {
    "a polynomial at the upper end": (lambda exp, log, f: (exp(f) - 1 - f) / f**2, {"f": (-5.0, 0.0)}, [-1e-9]),
    "a sum of exponentials at the lower end": (
        lambda exp, log, f, g: log(2 * exp(f) + 3 * exp(g)), dict.fromkeys("fg", (-1000.0, 10.0)), [-800.0, -801.0],
    ),
    "a logarithm next to 1": (lambda exp, log, f: log(1 - exp(f)), {"f": (-100.0, -0.01)}, [-38.0]),
    "a quotient next to 1": (lambda exp, log, f: log((1 + f) / (1 - f)), {"f": (-0.9, 0.9)}, [1e-9]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_values_keep_their_digits_at_the_ends_of_domains(name: str) -> None:
    form, domains, row = FORMS[name]
    found = module_of(lambda *features: form(sp.exp, sp.log, *features), domains).predict([1.0], [row])[0]
    with mpmath.workdps(60):
        wanted = float(form(mpmath.exp, mpmath.log, *map(mpmath.mpf, row)))
    assert found == pytest.approx(wanted, rel=8 * 2.0**-52, abs=0.0)  # a handful of operations, each within an ulp or two


def test_an_exponential_that_float32_alone_does_not_hold_is_guarded_too() -> None:
    """exp(135) is a double and no float; there tanh is 1 and its slope 0."""

    def form(m: Model, f: Any, y: Any, a: Any) -> Any:
        return (y - m.output("out", sp.tanh(sp.exp(a * f)))) ** 2

    model = written(form, "loss", features="f", f=(-100.0, 200.0), a=(0.5, 1.0), y=(-1.0, 1.0))
    gradient = modules_of(model)[0].grad(*(np.array(one, np.float32) for one in ([0.9], [[150.0]], [0.1])))
    assert gradient == pytest.approx([0.0])
