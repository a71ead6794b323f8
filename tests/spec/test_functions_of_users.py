"""Functions that users bring: declared, called by modules that import them, refused where they are wrong or cannot be had."""

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import brought
import numpy as np
import pytest
import sympy as sp
from brought import heat, heat_slope, oven
from graph_text import from_text

import symgraph as sg
from symgraph.compiler.backends.source import model_hash
from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.text import to_text
from symgraph.errors import ModuleError, SpecError, VerificationError
from symgraph.judge.differences import gradcheck
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.reference import Reference, number
from symgraph.judge.verify import verify
from symgraph.options import options_of
from symgraph.project.build.build import build, check
from symgraph.project.build.plan import Plan
from symgraph.project.native.loading import NativeWarning
from symgraph.project.native.module import from_source, load_file
from symgraph.use.training import sgd, train

W = np.array([2.0, 1.5])
T = np.linspace(215.0, 585.0, 12_007)  # more than a block
# the module does what NumPy does, with a product more
ULP = 4e-16


@pytest.fixture(scope="module")
def module():
    return sg.compile(oven(), "numpy")


def test_modules_give_what_the_callables_give_for_batches_and_single_rows(module):
    np.testing.assert_allclose(module.predict(W, T), 2.0 * heat(T + 1.5), rtol=ULP)
    np.testing.assert_allclose(module.jacobian(W, T), np.column_stack([heat(T + 1.5), 2.0 * heat_slope(T + 1.5)]), rtol=ULP)
    assert module.predict(W, [300.0]) == pytest.approx(2.0 * heat(301.5), rel=ULP, abs=0.0)
    scalar, gradient = sg.compile(oven(), "scalar"), [0.0, 0.0]
    assert scalar.row(W, [300.0], 0.0, gradient) == pytest.approx((2.0 * heat(301.5)) ** 2, rel=ULP, abs=0.0)
    assert gradient == pytest.approx(module.grad(W, [[300.0]], [0.0]), rel=2 * ULP, abs=0.0)


def test_threads_and_float32_and_several_vectors_of_weights_are_served(module):
    y, many = np.ones(12_007 * 20), np.tile(T, 20)
    (loss, gradient), again = module.value_and_grad(W, many, y), module.value_and_grad(W, many, y, threads=2)
    assert loss == again[0]
    assert np.array_equal(gradient, again[1])
    small = module.value_and_grad(W.astype("f4"), T.astype("f4"), y[: len(T)].astype("f4"))[1]
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, module.grad(W, T, y[: len(T)]), rtol=1e-4)  # a sum of rows that float32 has rounded
    np.testing.assert_array_equal(module.predict(np.stack([W, 2 * W]), T[:5])[0], module.predict(W, T[:5]))


def test_partials_read_as_the_functions_of_the_user_do_and_second_ones_are_there_where_none_of_a_partial_is_needed():
    assert str(oven().partials()["shift"]) == "gain*(-2*y + 2*y_hat)*heat_slope(shift + t)"
    model = oven(output=lambda cp, t, gain, shift: gain + shift * sp.diff(cp(t), t))
    np.testing.assert_allclose(sg.compile(model, "numpy").predict(W, T), 2.0 + 1.5 * heat_slope(T), rtol=ULP)
    model = oven(output=lambda cp, t, gain, shift: gain * cp(t) + shift)
    hessian = sg.compile(model, "numpy", extras=["hessian"]).hessian(W, [300.0], [0.0])
    np.testing.assert_allclose(hessian, 2 * np.outer([1.26, 1.0], [1.26, 1.0]), rtol=ULP)
    message = "needs the slope of brought:heat_slope, .*; keep weights out of brought:heat_slope, or leave out second"
    with pytest.raises(SpecError, match=rf"brought\.py:\d+: model oven: .* {message}"):
        sg.compile(oven(), "numpy", extras=["hessian"])


def test_a_function_of_two_arguments_is_enclosed_as_the_formula_is():
    def model(wave):
        return oven("brought:wave", ["brought:wave_a", "brought:wave_b"], lambda cp, t, *w: (wave or cp)(w[0] * t / 100, w[1]))

    brought_in, formula = Reference(model(None)), Reference(model(lambda a, b: a**2 * sp.sin(b)))
    point = {"t": 251.7, "gain": 1.37, "shift": 2.3, "y": 0.4}
    found, true = (one.truth(point).named(["gain", "shift"]) for one in (brought_in, formula))
    assert found.keys() == true.keys()
    for name, value in true.items():  # the callable computes in floats; its partials are those of the nearest float
        assert number(found[name]) == pytest.approx(number(value), rel=1e-14, abs=0.0), name


def test_a_function_that_raises_outside_of_its_domain_may_stand_in_a_branch():
    def output(root, t, gain, shift):
        return sp.Piecewise((gain * root(t / 300), t > 300), (shift * t, True))

    module = sg.compile(oven("brought:strict_root", ["brought:strict_root_slope"], output), "numpy")
    below, above = module.predict(W, np.array([250.0, 450.0]))
    assert (below, above) == pytest.approx((375.0, 2.0 * np.sqrt(0.6)), rel=2 * ULP, abs=0.0)


def test_an_argument_without_a_partial_takes_what_no_weight_is_in_and_the_target_needs_none():
    partials = [None, "brought:wave_b"]
    model = oven("brought:wave", partials, lambda f, t, gain, shift: gain * f(t / 100, shift) * f(2, shift))
    module = sg.compile(model, "numpy")
    np.testing.assert_allclose(module.predict(W, T), 2.0 * brought.wave(T / 100, 1.5) * brought.wave(2.0, 1.5), rtol=2 * ULP)
    with pytest.raises(SpecError, match=r"needs the slope of brought:wave, .*give model\.function the partial"):
        sg.compile(oven("brought:wave", partials, lambda f, t, gain, shift: f(gain, shift)), "numpy")
    m = sg.Model("of_target")
    x, a, y = m.feature("x", domain=(1, 2)), m.weight("a"), m.target("y", domain=(210, 590))
    m.loss((m.output("o", a * x) - m.function("cp", "brought:heat", partials=[None])(y)) ** 2)
    assert sg.compile(m, "numpy").residual([2.0], [1.5], [300.0]) == pytest.approx(3.0 - 1.26, rel=ULP, abs=0.0)


MORE = {
    "a penalty": lambda m, f, gain, shift: m.penalty(0.1 * f(300 + gain) ** 2 + shift**2),
    "a constraint": lambda m, f, gain, shift: m.constraint("cold", f(250 + 10 * gain) - shift, upper=0.0),
    "a constant": lambda m, f, gain, shift: m.node("at_room", gain * f(m.constant("room", 293.0, domain=(280, 310)))),
}


@pytest.mark.parametrize("more", MORE)
def test_penalties_constraints_and_constants_may_have_functions(more):
    m = oven()
    MORE[more](m, m.function("again", "brought:heat", partials=["brought:heat_slope"]), *(i.symbol for i in m.weight_inputs))
    for backend in ("numpy", "scalar"):
        sg.compile(m, backend)  # verified


def test_likelihoods_and_several_outputs_may_have_functions():
    m = sg.Model("counts")
    t, (a, b), _ = m.feature("t", domain=(210, 590)), m.weights("a b"), m.target("n")
    cp = m.function("cp", "brought:heat", partials=["brought:heat_slope"])
    rate, _ = m.outputs("rate other", sp.exp(a * cp(t) / 3 + b / 10), b * cp(t + a))
    m.likelihood("poisson", mean=rate)
    assert sg.compile(m, "numpy").predict(W, T[:3]).shape == (3, 2)


def test_packages_and_nodes_of_one_name_do_not_meet():
    m = sg.Model("named")
    t, a = m.feature("t", domain=(210, 590)), m.weight("a")
    m.output("called", m.node("brought", a * m.function("cp", "brought:heat", partials=["brought:heat_slope"])(t)) + 1)
    for backend in ("numpy", "scalar"):
        sg.compile(m, backend)


def test_another_path_is_another_model_and_texts_of_graphs_have_the_paths():
    assert model_hash(oven()) == model_hash(oven())
    assert len({model_hash(one) for one in (oven(), oven("brought:same"), oven("brought:same", ["brought:one"]))}) == 3
    text = to_text(lower(oven()))
    assert "brought:heat[brought:heat_slope](" in text
    assert to_text(from_text(text)) == text


@pytest.mark.parametrize(("path", "partials", "message"), [
    ("brought:heat", ["brought:no_such_slope"], "brought:no_such_slope cannot be imported .AttributeError"),
    ("brought.heat", ["brought:heat_slope"], "'brought.heat' is no path; write 'package.module:callable'"),
    ("brought:HEATS", ["brought:heat_slope"], "brought:HEATS is array.*, which cannot be called"),
    ("brought:heat", [], "partials must be a list with a path for each argument"),
    ("brought:wave", ["brought:wave_a", "brought:heat"], "brought:heat cannot be called with 2 arguments"),
    ("numpy:add", ["numpy:sin"], "numpy:sin cannot be called with 2|numpy:add cannot be called with 1"),
])  # fmt: skip
def test_a_function_that_cannot_be_had_is_refused_where_it_is_declared(path, partials, message):
    with pytest.raises(SpecError, match=f"model oven: function 'cp': {message}"):
        oven(path, partials)


def test_names_are_taken_once_and_functions_of_other_models_are_refused():
    m = oven()
    with pytest.raises(SpecError, match="function 'gain': the name is taken by a weight"):
        m.function("gain", "brought:heat", partials=["brought:heat_slope"])
    with pytest.raises(SpecError, match="function 'f': the model's own module would hide the package brought"):
        sg.Model("brought").function("f", "brought:same", partials=["brought:one"])
    with pytest.raises(SpecError, match="node 'cp': the name is taken by a function"):
        m.node("cp", 1)
    foreign = sg.Model("foreign").function("f", "brought:same", partials=["brought:one"])
    with pytest.raises(SpecError, match="node 'v': function f is of another model; declare it in this one"):
        m.node("v", foreign(m.weight_inputs[0].symbol))


@pytest.mark.parametrize(("path", "partials", "message"), [
    ("heat", ["twice_the_slope"], r"argument 1, brought:twice_the_slope, gives \S+ at \(\S+\); diff"),
    ("heat", ["opposite_slope"], r"argument 1, brought:opposite_slope, gives -\S+ at \(\S+\); diff"),
    ("same", ["seldom_wrong"], r"gives 2.0 at \(5\S+\); differences of the function give (1.0|0.99999)"),
    ("of_numbers_alone", ["one"], "takes numbers, but raises TypeError.* it must take arrays too"),
    ("of_the_mean", ["one"], "in an array and 1.0 alone; each entry of the result must depend on the same"),
    ("of_chance", ["one"], "in an array and .* alone; each entry"),
    ("in_place", ["one"], "raises ValueError: .*read-only.*leave them as they are"),
    ("wave", ["wave_b", "wave_a"], r"argument 1, brought:wave_b, gives \S+ at \(\S+, \S+\); differences"),  # the wrong order
])  # fmt: skip
def test_a_function_that_is_wrong_is_refused_by_the_build_with_the_place(path, partials, message):
    more = {"output": lambda cp, t, gain, shift: cp(gain * t / 100, shift)} if len(partials) > 1 else {}
    with pytest.raises(VerificationError, match=rf"brought\.py:\d+: model oven: function cp .brought:{path}.: .*{message}"):
        sg.compile(oven(f"brought:{path}", [f"brought:{one}" for one in partials], **more), "numpy")


@pytest.mark.parametrize(("path", "trouble"), [
    ("column", r"finite.*brought:column gives array\(\[\S+\]\) at \S+, which is no real number"),
    ("complex_value", r"finite.*brought:complex_value gives \(\S+j\) at \S+, which is no real number"),
    ("failing", "finite.*brought:failing raises KeyError: 'no such table' at "),
    ("nowhere", "found no point at which it is finite.*brought:nowhere gives nan at "),
    ("jagged", "its partial by argument 1 cannot be checked: differences of the function tell it at none"),
])  # fmt: skip
def test_a_function_that_gives_no_number_anywhere_or_has_no_slope_is_named(path, trouble):
    with pytest.raises(SpecError, match=trouble):
        sg.compile(oven(f"brought:{path}", ["brought:one"]), "numpy")


def test_what_lacks_functions_of_users_says_so_and_what_might_be_native_runs_on_numpy():
    for lacking, backend, options in (
        ("the backend c", "c", {}), ("the backend array_api", "array_api", {}),
        ("the error bound", "numpy", {"extras": ["error-bound"]}),
        ("double-double arithmetic", "numpy", {"precision": "accurate"}),
    ):  # fmt: skip
        said = f"model oven: y_hat needs brought:heat, which {lacking} lacks; it is in plain modules of numpy, scalar"
        with pytest.raises(SpecError, match=said):
            sg.compile(oven(), backend, **options)
    with pytest.warns(NativeWarning, match="oven runs on NumPy: .* needs brought:heat"):
        module = sg.compile(oven())
    assert "numpy backend" in repr(module)


def test_arrays_may_give_other_bits_than_numbers():
    m = sg.Model("near_zero")
    t, (a, b) = m.feature("t", domain=(299.99, 300.01)), m.weights("a b")  # the last bit of the power is 1e-11 of q
    m.target("y")
    m.output("q", a * m.function("f", "brought:offset_power", partials=["brought:offset_power_slope"])(t) * b)
    m.loss("squared_error")
    module = sg.compile(m, "numpy")
    for seed in range(20, 30):  # some draw a number of which Python's power and NumPy's differ
        verify(m, module, seed=seed)


def test_gradcheck_and_training_go_through_functions(module):
    assert gradcheck(module, seed=0).verdict == "passed"
    y = 2.0 * heat(T[:40] + 1.5)
    scalar = sg.compile(oven(), "scalar")
    runs = [train(one, T[:40], y, optimizer=sgd(1e-3), epochs=3, seed=0, w0=W / 2) for one in (module, scalar)]
    np.testing.assert_allclose(runs[0].weights, runs[1].weights, rtol=1e-12)  # 120 steps, each some ulp apart
    assert runs[0].losses[-1] < runs[0].losses[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_judge_finds_no_faults_in_what_is_computed_with_functions(module, dtype):
    report = judge(oven(), module, points(oven(), ("normal", "domain"), n=30), dtype=dtype)
    assert report.ok, str(report)
    assert report.judged >= 30


def test_standalone_modules_keep_the_import_of_the_function_and_a_wrong_use_of_it_is_found():
    (artifact,) = generate(oven(), ("numpy",), options=options_of(["standalone"]))
    assert "\nimport brought\nimport numpy as np\n" in artifact.text
    assert "symgraph.runtime" not in artifact.text
    assert "Functions of brought are called" in artifact.text
    np.testing.assert_allclose(from_source(artifact.text, "oven", "standalone").predict(W, T), 2.0 * heat(T + 1.5), rtol=ULP)
    plain = generate(oven(), ("numpy",))[0].text
    text = plain.replace("called(brought.heat_slope,", "called(brought.heat,")
    assert text != plain
    with pytest.raises(VerificationError, match="shift"):
        verify(oven(), from_source(text, "oven", "oven with a fault"))


def test_results_of_the_wrong_shape_at_a_call_name_the_function(module, monkeypatch):
    monkeypatch.setattr(brought, "heat", brought.column)
    message = r"the function column gives an array of shape \(1, 3\) .* for arguments of shape \(3,\)"
    with pytest.raises(ValueError, match=message):
        module.forward(W, T[:3])
    monkeypatch.setattr(brought, "heat", brought.failing)
    with pytest.raises(KeyError) as raised:
        module.forward(W, T[:3])
    assert "raised in failing, a function that the model's user brought" in raised.value.__notes__


def test_modules_pickle_to_processes_that_find_the_functions(module, tmp_path):
    (tmp_path / "sent").write_bytes(pickle.dumps(module.predict))
    code = "import pickle; print(pickle.load(open('sent', 'rb'))([2.0, 1.5], [[300.0]])[0])"

    def run(path):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)

    root = str(Path(sg.__file__).parent.parent)
    assert float(run([root, str(Path(brought.__file__).parent)]).stdout) == module.predict(W, [[300.0]])[0]
    assert "No module named 'brought'" in run([root]).stderr


SPEC = """
import symgraph as sg

m = sg.Model("line")
x, a = m.feature("x", domain=(1, 5)), m.weight("a", init=1.0)
m.target("y")
m.output("y_hat", a * m.function("f", "beside_the_spec:f", partials=["beside_the_spec:slope"])(x))
m.loss("squared_error")
"""
BESIDE = "def f(x): return {} * x\ndef slope(x): return {} + 0 * x\n"


def test_functions_beside_a_spec_are_built_and_their_changes_are_seen(tmp_path):
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "line.py").write_text(SPEC)
    (tmp_path / "specs" / "beside_the_spec.py").write_text(BESIDE.format(2.0, 2.0))
    plan = Plan(["specs/line.py"], tmp_path, tmp_path / "out", ["numpy", "scalar", "c"], named=False)
    told: list[str] = []
    assert build(plan, progress=told.append).ok
    assert re.search("line gets no file of the backend c.*beside_the_spec:f, which the backend c lacks", "\n".join(told))
    assert "beside_the_spec" not in sys.modules
    assert check(plan).ok
    (tmp_path / "specs" / "beside_the_spec.py").write_text(BESIDE.format(3.0, 3.0))
    assert [one.path.name for one in check(plan).outputs if one.state == "stale"] == ["symgraph.lock.json"]
    (tmp_path / "specs" / "beside_the_spec.py").write_text(BESIDE.format(3.0, 4.0))
    with pytest.raises(VerificationError, match=r"line: function f .* gives 4.0 at \(\S+\); differences .* give (3|2.99)"):
        build(plan)
    with pytest.raises(ModuleError, match=r"cannot be run: .*; install beside_the_spec, or name its folder in PYTHONPATH"):
        load_file(tmp_path / "out" / "line.py")
