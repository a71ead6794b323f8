"""Constraints: declared over weights and constants, verified, and passed on to SciPy in one call."""

import pickle
import sys

import numpy as np
import pytest
import sympy as sp
from built import altered, verified
from scipy.optimize import minimize

import symgraph as sg
from symgraph.compiler.backends.source import model_hash
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError, VerificationError
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge, of_constraints
from symgraph.judge.verify import verify
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of

W = np.array([1.2, 0.5])


def product(name: str, constraint: str, of, *limits) -> sg.Model:
    """The model a*b*x with one constraint."""
    m = sg.Model(name)
    a, b = m.weights("a b", domain=(0.5, 2.0))
    m.output("y_hat", a * b * m.feature("x"))
    m.constraint(constraint, of(a, b), *limits)
    return m


def line() -> sg.Model:
    m = sg.Model("line")
    x, _, (a, b) = m.feature("x", domain=(-1, 1)), m.target("y"), m.weights("a b", init=sg.Constant(1.0), domain=(0.1, 2.0))
    radius = m.constant("radius", 2.0, domain=(1.0, 3.0))
    size = m.node("size", sp.sqrt(a**2 + b**2))
    m.output("y_hat", a * x + b)
    m.loss("squared_error")
    m.constraint("within", size / radius, upper=1.0)
    m.constraint("product", a * b, 0.25)
    m.constraint("slope", a, lower=0.5)
    return m


def expected(w: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    a, b = w
    size = np.hypot(a, b)
    return np.array([size / radius, a * b, a]), np.array([[a / size / radius, b / size / radius], [b, a], [1.0, 0.0]])


@pytest.fixture(scope="module", params=["numpy", "native", "c"])
def module(request):
    return sg.compile(line(), backend=request.param)


def test_values_and_partials_are_those_of_the_expressions_with_any_constants_in_the_dtype_of_the_weights(module):
    made = [(module, 2.0), (module.with_constants(radius=1.5), 1.5)]
    if module.METADATA.get("backend") == "c":
        with pytest.raises(TypeError, match="the compiled module of line cannot be pickled"):
            pickle.dumps(module.constraints)
    else:
        made += [(pickle.loads(pickle.dumps(one)), radius) for one, radius in made]  # noqa: S301  just pickled
    for other, radius in made:
        values, slopes = expected(W, radius)
        # a quotient and a root: some ulp
        np.testing.assert_allclose(other.constraints(W), values, rtol=1e-15)
        np.testing.assert_allclose(other.constraints_jacobian(W), slopes, rtol=4e-16)
    limits = {"within": (-np.inf, 1.0), "product": (0.25, np.inf), "slope": (0.5, np.inf)}
    assert list(module.METADATA["constraints"].items()) == list(limits.items())
    single = np.float64 if module.METADATA.get("backend") == "c" else np.float32
    assert module.constraints(W.astype(np.float32)).dtype == module.constraints_jacobian(W.astype(np.float32)).dtype == single
    np.testing.assert_allclose(module.constraints(W.astype(np.float32)), expected(W, 2.0)[0], rtol=1e-6)  # some ulp of float32
    numbers = "line computes in float(32 or float)?64"
    for w, message in (
        ([1.0], r"w has shape \(1,\), line needs \(2,\): a, b"),
        (["a", "b"], numbers),
        ({"a": 1.0}, "w has no b"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            module.constraints(w)


def test_a_c_file_of_floats_and_one_with_chosen_functions_have_the_constraints():
    single = sg.compile(line(), backend="c", extras=("float",))
    values, slopes = expected(W, 2.0)
    # some units of 2**-24, for a quotient and a root
    np.testing.assert_allclose(single.constraints(W), values, rtol=4e-7)
    np.testing.assert_allclose(single.constraints_jacobian(W), slopes, rtol=4e-7)
    assert single.constraints(W).dtype == np.float32
    chosen = sg.compile(line(), backend="c", functions=("row",))
    np.testing.assert_array_equal(chosen.constraints(W), sg.compile(line(), backend="c").constraints(W))


def test_a_fault_in_the_c_text_of_a_constraint_is_found():
    artifacts = generate(line(), ("numpy", "c"))
    text = next(one for one in artifacts if one.name == "line.c").text
    faults = {"values[1] = product": "values[1] = a", "jacobian[2] = b;": "jacobian[2] = a;", "jacobian[3] = a;": ""}
    for old, new in faults.items():
        assert old in text
        files = {one.name: one.text.replace(old, new) for one in artifacts if one.name.endswith((".c", ".h"))}
        with pytest.raises(VerificationError, match=r"constraints(_jacobian)?.* product"):
            verify(line(), None, module_of("line.c", files), points=2)


def test_scipy_takes_the_constraints_in_one_call(module, monkeypatch):
    X = np.linspace(-1.0, 1.0, 50)
    limits, args = module.nonlinear_constraint(), (X, 3.0 * X + 0.01)
    found = minimize(module.value_and_grad, [1.0, 0.4], args=args, jac=True, method="SLSQP", constraints=limits)
    assert found.success
    # the slope 3 is too large for the disc of radius 2: two constraints are met at their ends, to SLSQP's tolerance
    np.testing.assert_allclose(module.constraints(found.x)[:2], [1.0, 0.25], rtol=1e-5)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="nonlinear_constraint of line needs SciPy: pip install scipy"):
        module.nonlinear_constraint()


def test_an_equation_has_the_same_number_at_both_ends_and_ranges_and_expressions_are_parts_of_the_hash():
    own = sg.compile(product("m", "sum", lambda a, b: a + b, 1, 1), "numpy").nonlinear_constraint()
    assert ((own.lb, own.ub), own.fun([0.25, 0.5])) == ((1.0, 1.0), 0.75)
    made = [product("m", "g", lambda a, b, k=k: k * a, None, upper) for k, upper in ((1, 1), (2, 1), (1, 2))]
    assert len({model_hash(one) for one in made}) == 3
    m = sg.Model("m")
    b, a_by_b = m.weights("b a_by_b", domain=(0.5, 2.0))
    m.output("y", b * a_by_b * m.feature("x"))
    m.constraint("g_by_a", sp.exp(b * a_by_b), upper=1.0)
    m.constraint("g", sp.sin(b * a_by_b), upper=1.0)
    assert sg.compile(m, "numpy").constraints_jacobian([1.0, 1.0]).shape == (2, 2)  # verified


def test_accurate_modules_round_them_once_and_name_one_that_their_arithmetic_lacks():
    m = product("close", "gap", lambda a, b: sp.exp(a) - sp.exp(b) + sp.pi, None, 1.0)
    report, worse = (judged(m, verified(m, kind)) for kind in ("accurate", "numpy"))
    assert report.ok
    assert worse.ok
    assert max(one.figures["largest"] for one in report.results) <= 0.5 < max(one.figures["largest"] for one in worse.results)
    m = product("m", "g", lambda a, b: sp.besselj(0, a), None, 1.0)
    verified(m, "numpy")
    with pytest.raises(SpecError, match=r"model m: .* needs bessel_j0, which double-double arithmetic lacks"):
        verified(m, "accurate")


def judged(model, module):
    own, alone = of_constraints(model, module)
    return judge(own, alone, points(own, ("normal", "domain"), n=20))


def test_the_judge_finds_a_wrong_constraint_and_gives_constants_their_values():
    model = line()
    good = verified(model, "numpy")
    own, alone = of_constraints(model, good)
    assert own.output_nodes[0].name == "within"
    assert alone.with_constants(radius=1.5).predict(W)[0] == good.with_constants(radius=1.5).constraints(W)[0]
    m = product("plain", "total", lambda a, b: a / b, None, 3.0)
    good = verified(m, "numpy")
    assert judged(m, good).ok
    wrong = judged(m, altered(good, constraints_jacobian=lambda w: good.constraints_jacobian(w) * (1 + 2.0**-40)))
    assert {one.result for one in wrong.results if one.faults} == {"jacobian a", "jacobian b"}
    assert judged(m, verified(m, "c")).ok
    assert of_constraints(m, verified(m, "scalar")) is None


def test_modules_that_stand_alone_and_in_compensated_arithmetic_have_them_and_the_text_names_each_partial():
    for options in (options_of(["standalone"]), options_of(precision="accurate")):
        own = load_artifact(generate(line(), options=options)[0])
        np.testing.assert_allclose(own.constraints(W), expected(W, 2.0)[0], rtol=1e-15)
    text, *others = (artifact.text for artifact in generate(line(), ["numpy", "scalar", "array_api"]))
    assert "\nConstraints:\n    within = size / radius\n" in text
    assert "d_within_by_a = " in text
    assert "return (within, product, a, d_within_by_a, d_within_by_b, b, a, 1.0, 0.0)" in text
    assert not any("constraint" in other for other in others)


def test_verification_finds_a_wrong_value_a_wrong_partial_and_wrong_ranges():
    m = product("plain", "total", lambda a, b: a + b, None, 3.0)
    good = sg.compile(m, "numpy")
    by_b = "constraints_jacobian of row 0 alone, constraints_jacobian total, by b is 1.001, the spec gives 1.0"
    ranges = {**good.METADATA, "constraints": {"total": (0.0, 3.0)}}
    for name, function, message in (
        ("constraints", lambda w: 1.001 * good.constraints(w), "of row 0 alone, constraint total is .*, the spec gives"),
        ("constraints_jacobian", lambda w: np.array([[1.0, 1.001]]), by_b),
        ("METADATA", ranges, r"METADATA\['constraints'\] is .*, the spec says"),
    ):
        with pytest.raises(VerificationError, match=message):
            verify(m, altered(good, **{name: function}))


@pytest.mark.parametrize(("declare", "message"), [
    (lambda m, x, a: m.constraint("g", m.node("n", a * x) + 1, 0), "depends on the feature 'x'"),
    (lambda m, x, a: m.constraint("g", a * m.target("t"), 0), "depends on the target 't'"),
    (lambda m, x, a: m.constraint("g", a, None, True), "upper must be a number or None, not True"),
    (lambda m, x, a: m.constraint("a", a, 0), "the name is taken by a weight"),
    (lambda m, x, a: (m.constraint("g", a, 0), m.node("g", a)), "the name is taken by a constraint"),
    (lambda m, x, a: (m.freeze(), m.constraint("g", a, 0)), "the model is frozen"),
    (lambda m, x, a: (m.constraint("g", a, 0), m.tie(a, x)), "tie a: the constraint 'g' uses a, .* the feature 'x'"),
])  # fmt: skip
def test_mistakes_are_one_line_with_what_to_do(declare, message):
    """Others are in the table of tests/cli/spec_mistakes.py."""
    m = sg.Model("m")
    x, a = m.feature("x"), m.weight("a")
    m.output("y", a * x)
    with pytest.raises(SpecError, match=f"^model m: .*{message}") as error:
        declare(m, x, a)
    assert "\n" not in str(error.value)
