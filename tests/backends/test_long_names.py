"""Names of any length and in any script: the text is what ruff format would leave, and still computes the model."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import sympy as sp
from built import modules_of, texts_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tool_runs import assert_accepted

import symgraph as sg
from symgraph import Model
from symgraph.build.modules import load_artifact
from symgraph.check.verify import verify
from symgraph.generate import generate
from symgraph.options import Options

LENGTHS = st.integers(1, 120) | st.sampled_from([40, 43, 44, 45, 46, 60, 78, 80, 82])


@st.composite
def names(draw: st.DrawFn) -> Iterator[str]:
    """Distinct names of the wanted lengths; every third list is in Chinese signs, which are two columns wide."""
    sign = draw(st.sampled_from("ab字"))
    return iter([f"{sign}{index}".ljust(draw(LENGTHS), sign) for index in range(14)])


SHAPES = (
    lambda p, q, r: p * q + r,
    lambda p, q, r: -p - q,
    lambda p, q, r: sp.exp(-p) / (1 + q**2),
    lambda p, q, r: sp.atan2(p, q) * r,
    lambda p, q, r: sp.Piecewise((p, q > r), (p * q, True)),
    lambda p, q, r: sp.Piecewise((sp.log(p), sp.And(p > 0, q < 1)), (sp.sqrt(q), sp.Or(q > 1, sp.Not(r > p))), (r, True)),
    lambda p, q, r: sp.Max(p, q, r) - sp.Min(p, 2.5),
    lambda p, q, r: sp.sign(p) * q + sp.Heaviside(r),
    lambda p, q, r: sp.Abs(p) ** q,
    lambda p, q, r: sg.sigmoid(p + q) * sg.softplus(r) + sg.relu(p),
    lambda p, q, r: 1e20 * p + sp.Rational(1, 3) * q * r,
    lambda p, q, r: sg.hypot(p, q) ** 3,
    lambda p, q, r: sp.Float(1e-20),
)


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model of a few nodes over inputs with names of any length."""
    listed = draw(names())
    model = Model(
        draw(st.sampled_from(["m", "a_model_with_a_name_that_is_longer_than_a_line_of_text_can_be_in_the_end_of_all"]))
    )
    domain = draw(st.sampled_from([None, (-1.0, 1e100), (0.1234567890123456, 2.0)]))
    inputs = [model.feature(next(listed), domain=domain) for _ in range(draw(st.integers(1, 3)))]
    inputs += [model.weight(next(listed), domain=domain) for _ in range(draw(st.integers(1, 3)))]
    y = model.target(draw(st.sampled_from(["y", next(listed)])))
    pool = list(inputs)
    for _ in range(draw(st.integers(1, 4))):
        operands = [draw(st.sampled_from(pool)) for _ in range(3)]
        pool.append(model.node(next(listed), draw(st.sampled_from(SHAPES))(*operands)))
    weights = [i.symbol for i in model.weight_inputs]
    output = model.output(next(listed), sp.Add(*(draw(st.sampled_from(pool)) * weight for weight in weights)))
    # a square alone would make METADATA list the weights that are linear, in a line that may be one column too long
    model.loss(draw(st.sampled_from([(y - output) ** 2, sp.Abs(y - output)])) + weights[0] ** 2)
    return model


@given(models())
@settings(max_examples=40)
def test_text_with_names_of_any_length_is_formatted(model: Model) -> None:
    numpy, scalar = texts_of(model)
    with TemporaryDirectory() as folder:
        for name, artifact in (("numpy", numpy), ("scalar", scalar)):
            (Path(folder) / f"{name}.py").write_text(artifact.text, encoding="utf-8")
        assert_accepted("format", Path(folder))
    module, row = load_artifact(numpy), load_artifact(scalar)
    w, X = np.full(len(module.WEIGHTS), 0.5), np.full((2, len(module.FEATURES)), 0.25)
    try:
        alone = row.predict_row(w.tolist(), X[0].tolist())
    except OverflowError:  # as math raises where NumPy goes on with infinities
        assume(False)
    # two libraries' functions; each good to a unit or two in the last place
    np.testing.assert_allclose(module.predict(w, X), alone, rtol=1e-12)


def test_long_names_that_differ_only_in_the_middle_stay_apart() -> None:
    model = Model("m")
    a, b = model.weights([f"{'begin' * 10}_{middle}_{'end' * 10}" for middle in "pq"])
    model.loss(a**2 + 3 * b)
    (numpy, scalar), gradient = modules_of(model), [0.0, 0.0]
    scalar.row([2.0, 5.0], [], 0.0, gradient)
    assert gradient == numpy.grad([2.0, 5.0]).tolist() == [4.0, 3.0]


def test_names_that_textbooks_use_give_the_same_numbers_in_every_kind_of_module() -> None:
    """The functions call their own arguments w, X, y, tape and cotangent, and values without a name v0 and so on."""
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=6), rng.normal(size=(3, 3)), rng.normal(size=3)
    results = []
    for text in ("x y X w b v1 loss tape grad z v2 cotangent", "p q r a b c e f g h i j"):
        names, model = text.split(), Model("textbook")
        p, q, r = model.features(names[:3])
        a, b, c, e, f, g = model.weights(names[3:9])
        target = model.target("t")
        z = model.node(names[9], a * p + b * q + r * f)
        v = model.node(names[10], sp.tanh(z * c))
        model.loss((target - model.output("out", model.node(names[11], sp.exp(-(v**2) * g)) + e)) ** 2)
        numpy, scalar = modules_of(model)
        verify(model, numpy, scalar)
        others = [Options(error_bound=True), Options(precision="accurate")]
        bounds, accurate = (load_artifact(generate(model, options=options)[0]) for options in others)
        found = [*numpy.value_and_grad(w, X, y), *accurate.value_and_grad(w, X, y), *bounds.error_bound(w, X, y)]
        results.append(np.concatenate([np.ravel(part) for part in found]))
    np.testing.assert_array_equal(*results)  # names decide nothing
