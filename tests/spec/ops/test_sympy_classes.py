"""symgraph.spec.ops.sympy_classes: what specs use where SymPy lacks a function or rewrites it badly."""

import mpmath
import pytest
import sympy as sp
from sympy.core.function import ArgumentIndexError

from symgraph.spec.ops import sympy_classes as own

x, z = sp.symbols("x z", real=True)
NAMES = "sigmoid softplus relu cbrt log1p expm1 log_sigmoid logit xlogx gauss erfcx ierfcx log_erfc log_half_erfc"
UNARY = [getattr(own, name) for name in NAMES.split()]
BINARY = (own.hypot, own.logaddexp, own.xlogy)


@pytest.mark.parametrize("function", UNARY)
def test_functions_stay_what_the_user_wrote_and_derivatives_are_those_of_the_definition(
    function: type[own.SpecFunction],
) -> None:
    # a Float is no exception: SymPy would evaluate log1p(1e-20) to 15 digits of log(1 + 1e-20), which is 0
    for argument in (x, x + 1, 2 * x, sp.Integer(2), sp.Float(0.5)):
        assert isinstance(function(argument), function)
    assert function(x).is_extended_real
    for binary in BINARY:
        assert isinstance(binary(x, function(z)), binary)
        assert isinstance(binary(sp.Integer(1), sp.Float(0.5)), binary)
    for point in (sp.Rational(n, 7) for n in (-6, -3, -1, 1, 2, 5, 16)):
        if not function(point).doit().is_real:
            continue  # the logarithm of a negative number
        ours = sp.diff(function(x), x).doit().subs(x, point).evalf(30)
        with mpmath.workdps(40):
            truth = mpmath.diff(sp.lambdify(x, function(x).doit(), "mpmath"), mpmath.mpf(point.p) / point.q)
            # mpmath differentiates numerically: at 40 digits its step leaves about 20
            assert abs(mpmath.mpmathify(ours) - truth) < 1e-15, point


@pytest.mark.parametrize("function", BINARY)
def test_both_partials_are_those_of_the_definition(function: type[own.SpecFunction]) -> None:
    point = {x: sp.Rational(3, 7), z: sp.Rational(5, 4)}
    for symbol in (x, z):
        ours, wanted = sp.diff(function(x, z), symbol).doit(), sp.diff(function(x, z).doit(), symbol)
        assert abs((ours - wanted).subs(point).evalf(30)) < 1e-28


@pytest.mark.parametrize("function", [*UNARY, *BINARY])
def test_a_derivative_by_an_argument_that_is_not_there_is_an_error(function: type[own.SpecFunction]) -> None:
    arguments = (x, z) if function in BINARY else (x,)
    with pytest.raises(ArgumentIndexError):
        function(*arguments).fdiff(len(arguments) + 1)
    with pytest.raises(TypeError):
        function(*arguments, x)


@pytest.mark.parametrize(("name", "argument", "truth"), [
    ("sigmoid", 2, "0.880797077977882444059"), ("softplus", -3, "0.0485873515737420587589"), ("relu", -3, "0"),
    ("relu", 3, "3"), ("cbrt", -8, "-2"), ("log1p", 1, "0.693147180559945309417"), ("expm1", 1, "1.71828182845904523536"),
    ("log_sigmoid", 0, "-0.693147180559945309417"), ("xlogx", 2, "1.38629436111989061883"),
    ("gauss", 1, "0.367879441171442321596"),
])  # fmt: skip
def test_values_are_those_of_the_literature(name: str, argument: int, truth: str) -> None:
    # printed to 21 digits
    assert abs(getattr(own, name)(sp.Integer(argument)).evalf(25) - sp.Float(truth, 25)) < 1e-20


def test_a_small_float_argument_loses_nothing_and_doit_and_rewrite_give_elementary_functions() -> None:
    tiny = sp.Float(1e-40)
    # log(1 + t) = t - t**2/2 + ..., exp(t) - 1 = t + t**2/2 + ...: both are t to 40 digits
    assert abs(own.log1p(tiny).evalf(30) / tiny - 1) < 1e-19
    assert abs(own.expm1(tiny).evalf(30) / tiny - 1) < 1e-19
    assert abs(own.softplus(sp.Integer(-100)).evalf(30) / sp.exp(-100).evalf(30) - 1) < 1e-28  # log(1 + t) again
    assert own.sigmoid(own.sigmoid(x)).doit() == 1 / (1 + sp.exp(-1 / (1 + sp.exp(-x))))
    assert own.sigmoid(own.sigmoid(x)).doit(deep=False) == 1 / (1 + sp.exp(-own.sigmoid(x)))
    assert own.softplus(x).rewrite(sp.exp) == sp.log(1 + sp.exp(x))
    assert own.xlogx(sp.Integer(0)).doit() == own.xlogy(sp.Integer(0), sp.Integer(0)).doit() == 0
    assert sp.diff(own.relu(x), x).subs(x, 0) == 0  # flat at its kink
