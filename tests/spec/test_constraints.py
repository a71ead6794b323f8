"""Constraints: declared over weights and constants, verified, and passed on to SciPy in one call."""

import pickle

import numpy as np
import pytest
import sympy as sp
from built import verified
from scipy.optimize import minimize

import symgraph as sg
from symgraph.check.judged_points import points
from symgraph.check.judging import judge, of_constraints
from symgraph.check.verify import verify
from symgraph.errors import SpecError, VerificationError
from symgraph.generate import generate
from symgraph.io.compiled import module_of
from symgraph.options import options_of

W = np.array([1.2, 0.5])


def line() -> sg.Model:
    m = sg.Model("line")
    x = m.feature("x", domain=(-1, 1))
    m.target("y")
    a, b = m.weights("a b", init=sg.Constant(1.0), domain=(0.1, 2.0))
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


def test_values_and_partials_are_those_of_the_expressions_with_any_constants(module):
    made = [(module, 2.0), (module.with_constants(radius=1.5), 1.5)]
    if module.METADATA.get("backend") != "c":  # whose modules and functions do not pickle
        made += [(pickle.loads(pickle.dumps(one)), radius) for one, radius in made]  # noqa: S301  just pickled
    for other, radius in made:
        values, slopes = expected(W, radius)
        # a quotient and a root: some ulp
        np.testing.assert_allclose(other.constraints(W), values, rtol=1e-15)
        np.testing.assert_allclose(other.constraints_jacobian(W), slopes, rtol=4e-16)


def test_results_have_the_dtype_of_the_weights_or_of_the_c_file(module):
    single = np.float64 if module.METADATA.get("backend") == "c" else np.float32
    assert module.constraints(W.astype(np.float32)).dtype == module.constraints_jacobian(W.astype(np.float32)).dtype == single
    np.testing.assert_allclose(module.constraints(W.astype(np.float32)), expected(W, 2.0)[0], rtol=1e-6)  # some ulp of float32


def test_functions_of_the_c_backend_say_that_they_cannot_be_pickled():
    with pytest.raises(TypeError, match="the compiled module of line cannot be pickled"):
        pickle.dumps(sg.compile(line(), backend="c").constraints)


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
    for old, new in (
        ("values[1] = product", "values[1] = a"),
        ("jacobian[2] = b;", "jacobian[2] = a;"),
        ("jacobian[3] = a;", ""),
    ):
        assert old in text
        files = {one.name: one.text.replace(old, new) for one in artifacts if one.name.endswith((".c", ".h"))}
        with pytest.raises(VerificationError, match=r"constraints(_jacobian)?.* product"):
            verify(line(), None, module_of("line.c", files), points=2)


def test_names_and_ranges_are_facts_of_the_module(module):
    limits = {"within": (-np.inf, 1.0), "product": (0.25, np.inf), "slope": (0.5, np.inf)}
    assert list(module.METADATA["constraints"].items()) == list(limits.items())


def test_scipy_takes_the_constraints_in_one_call(module):
    X = np.linspace(-1.0, 1.0, 50)
    args = (X, 3.0 * X + 0.01)
    found = minimize(
        module.value_and_grad, [1.0, 0.4], args=args, jac=True, method="SLSQP", constraints=module.nonlinear_constraint()
    )
    assert found.success
    # the slope 3 is too large for the disc of radius 2: two constraints are met at their ends, to SLSQP's tolerance
    np.testing.assert_allclose(module.constraints(found.x)[:2], [1.0, 0.25], rtol=1e-5)


def test_an_equation_has_the_same_number_at_both_ends():
    m = sg.Model("m")
    a, b = m.weights("a b", domain=(0.1, 2.0))
    m.output("y", a * b * m.feature("x"))
    m.constraint("sum", a + b, 1, 1)
    own = sg.compile(m).nonlinear_constraint()
    assert (own.lb, own.ub) == (1.0, 1.0)
    assert own.fun([0.25, 0.5]) == 0.75


@pytest.mark.parametrize(
    ("w", "message"),
    [([1.0], r"w has shape \(1,\), line needs \(2,\): a, b"), (["a", "b"], "line computes in float(32 or float)?64"),
     ({"a": 1.0}, "w has no b")],
)  # fmt: skip
def test_weights_that_do_not_fit_are_refused_by_name(module, w, message):
    with pytest.raises((ValueError, TypeError), match=message):
        module.constraints(w)


def test_without_scipy_there_is_one_error(module, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.optimize", None)
    with pytest.raises(ImportError, match="nonlinear_constraint of line needs SciPy: pip install scipy"):
        module.nonlinear_constraint()


def test_accurate_modules_round_them_once():
    m = sg.Model("close")
    a, b = m.weights("a b", domain=(0.5, 2.0))
    m.output("y_hat", a * b * m.feature("x"))
    m.constraint("gap", sp.exp(a) - sp.exp(b) + sp.pi, upper=1.0)
    plain, accurate = verified(m, "numpy"), verified(m, "accurate")
    report, worse = (judged(m, module) for module in (accurate, plain))
    assert report.ok
    assert worse.ok
    assert max(one.figures["largest"] for one in report.results) <= 0.5 < max(one.figures["largest"] for one in worse.results)


def test_a_constraint_that_compensated_arithmetic_lacks_is_refused_by_name():
    m = sg.Model("m")
    a = m.weight("a", domain=(0.5, 2.0))
    m.output("y_hat", a * m.feature("x"))
    m.constraint("g", sp.loggamma(a), upper=1.0)
    verified(m, "numpy")
    with pytest.raises(SpecError, match=r"model m: .* needs lgamma, which double-double arithmetic lacks"):
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
    m = sg.Model("plain")
    a, b = m.weights("a b", domain=(0.5, 2.0))
    m.output("y_hat", a * b * m.feature("x"))
    m.constraint("total", a / b, upper=3.0)
    good = verified(m, "numpy")
    assert judged(m, good).ok
    wrong = judged(m, Wrong(good, "constraints_jacobian", lambda w: good.constraints_jacobian(w) * (1 + 2.0**-40)))
    assert {one.result for one in wrong.results if one.faults} == {"jacobian a", "jacobian b"}
    assert judged(m, verified(m, "c")).ok
    assert of_constraints(m, verified(m, "scalar")) is None


def test_a_module_that_stands_alone_and_one_in_compensated_arithmetic_have_them(tmp_path):
    for options in (options_of(["standalone"]), options_of(precision="accurate")):
        (artifact,) = generate(line(), options=options)
        path = tmp_path / f"of_{len(artifact.text)}" / "line.py"
        path.parent.mkdir()
        path.write_text(artifact.text)
        own = sg.load(path, backend="numpy")
        np.testing.assert_allclose(own.constraints(W), expected(W, 2.0)[0], rtol=1e-15)


def test_scalar_modules_and_those_of_other_arrays_leave_the_constraints_out():
    for artifact in generate(line(), ["scalar", "array_api"]):
        assert "constraint" not in artifact.text


def test_the_text_names_each_partial_by_constraint_and_weight():
    text = generate(line())[0].text
    assert "\nConstraints:\n    within = size / radius\n" in text
    for name in ("d_within_by_a = ", "d_within_by_b = "):
        assert name in text
    assert "return (within, product, a, d_within_by_a, d_within_by_b, b, a, 1.0, 0.0)" in text


class Wrong:
    """A module with one wrong function."""

    def __init__(self, module, name, function):
        self.__dict__.update(vars(module), **{name: function})

    def with_constants(self, **_):
        return self


def test_verification_finds_a_wrong_value_a_wrong_partial_and_wrong_ranges():
    m = sg.Model("plain")
    a, b = m.weights("a b", domain=(0.5, 2.0))
    m.output("y_hat", a * b * m.feature("x"))
    m.constraint("total", a + b, upper=3.0)
    good = sg.compile(m)
    verify(m, good)
    wrongs = {
        "constraints": (
            lambda w: 1.001 * good.constraints(w),
            "constraints of row 0 alone, constraint total is .*, the spec gives",
        ),
        "constraints_jacobian": (
            lambda w: np.array([[1.0, 1.001]]),
            "constraints_jacobian of row 0 alone, constraints_jacobian total, by b is 1.001, the spec gives 1.0",
        ),
        "METADATA": (
            {**good.METADATA, "constraints": {"total": (0.0, 3.0)}},
            r"METADATA\['constraints'\] is .*, the spec says",
        ),
    }
    for name, (function, message) in wrongs.items():
        with pytest.raises(VerificationError, match=message):
            verify(m, Wrong(good, name, function))


def test_a_range_and_an_expression_are_parts_of_the_hash():
    hashes = set()
    for upper, factor in ((1.0, 1), (2.0, 1), (1.0, 2)):
        m = sg.Model("m")
        a = m.weight("a")
        m.output("y", a * m.feature("x"))
        m.constraint("g", factor * a, upper=upper)
        hashes.add(sg.compile(m).METADATA["model_hash"])
    assert len(hashes) == 3


def test_partials_whose_names_would_meet_have_different_ones():
    m = sg.Model("m")
    b, a_by_b = m.weights("b a_by_b", domain=(0.5, 2.0))
    m.output("y", b * a_by_b * m.feature("x"))
    m.constraint("g_by_a", sp.exp(b * a_by_b), upper=1.0)
    m.constraint("g", sp.sin(b * a_by_b), upper=1.0)
    module = sg.compile(m)  # verified
    assert module.constraints_jacobian([1.0, 1.0]).shape == (2, 2)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda m, x, a: m.constraint("g", a * x, 0), "depends on the feature 'x', which differs from row to row"),
        (lambda m, x, a: m.constraint("g", m.node("n", a * x) + 1, 0), "depends on the feature 'x'"),
        (lambda m, x, a: m.constraint("g", a * m.target("t"), 0), "depends on the target 't'"),
        (lambda m, x, a: m.constraint("g", 2, 0), "depends on no weight"),
        (lambda m, x, a: m.constraint("g", a, 2, 1), "no number is within 2 and 1"),
        (lambda m, x, a: m.constraint("g", a), "both ends are open"),
        (lambda m, x, a: m.constraint("g", a, "0"), "lower must be a number or None, not '0'"),
        (lambda m, x, a: m.constraint("g", a, None, True), "upper must be a number or None, not True"),
        (lambda m, x, a: m.constraint("a", a, 0), "the name is taken by a weight"),
        (lambda m, x, a: m.constraint("g h", a, 0), "is no identifier"),
        (lambda m, x, a: (m.constraint("g", a, 0), m.constraint("g", a, 0)), "the name is taken by a constraint"),
        (lambda m, x, a: (m.constraint("g", a, 0), m.node("g", a)), "the name is taken by a constraint"),
        (lambda m, x, a: (m.freeze(), m.constraint("g", a, 0)), "the model is frozen"),
    ],
)
def test_mistakes_are_one_line_with_what_to_do(declare, message):
    m = sg.Model("m")
    x, a = m.feature("x"), m.weight("a")
    m.output("y", a * x)
    with pytest.raises(SpecError, match=message) as error:
        declare(m, x, a)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("model m: constraint") or "node 'g'" in str(error.value)


def test_a_weight_that_is_tied_to_a_row_afterwards_is_refused():
    m = sg.Model("m")
    x, (a, b) = m.feature("x"), m.weights("a b")
    m.output("y", a * x + b)
    m.constraint("g", a + b, 0)
    with pytest.raises(SpecError, match="tie a: the constraint 'g' uses a, and must not depend on the feature 'x'"):
        m.tie(a, b * x)
