"""Names of any length and in any script: the text is what ruff format would leave, and still computes the model."""

import random
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from accurate import accurate_text
from built import MODELS, modules_of, texts_of
from renaming import Renamed
from tool_runs import assert_accepted

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.judge.verify import verify
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact

LENGTHS = (1, 5, 20, 40, 43, 44, 45, 46, 60, 68, 69, 70, 71, 78, 80, 82, 120)


@pytest.mark.slow  # each of some modules is generated with many long lines
def test_text_with_names_of_any_length_is_formatted(tmp_path: Path) -> None:
    draw = random.Random(0)
    names = ("Gauss1", "nine_weights", "pieces", "every_op", "shadows", "uniform_nodes", "steps", "gated")
    for number, name in enumerate(3 * names):
        sign = draw.choice("ab字")  # the last is two columns wide
        renamed = Renamed(MODELS[name], lambda place, _, sign=sign: f"{sign}{place}".ljust(draw.choice(LENGTHS), sign))
        for artifact in texts_of(renamed.model):
            (tmp_path / f"{number}_{artifact.name}").write_text(artifact.text, encoding="utf-8")
    assert_accepted("format", tmp_path)


def test_names_that_textbooks_use_give_the_same_numbers_in_every_kind_of_module() -> None:
    """The functions call their own arguments w, X, y, tape and cotangent, and values without a name v0 and so on."""
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=6), rng.normal(size=(3, 3)), rng.normal(size=3)
    results = []
    for text in ("x y X w b v1 loss tape grad z v2 cotangent", "p q r a b c e f g h i j"):
        names, model = text.split(), Model("textbook")
        (p, q, r), (a, b, c, e, f, g), target = model.features(names[:3]), model.weights(names[3:9]), model.target("t")
        v = model.node(names[10], sp.tanh(model.node(names[9], a * p + b * q + r * f) * c))
        model.loss((target - model.output("out", model.node(names[11], sp.exp(-(v**2) * g)) + e)) ** 2)
        numpy, scalar = modules_of(model)
        verify(model, numpy, scalar)
        bounds, accurate = (
            load_artifact(generate(model, options=Options(error_bound=True))[0]),
            load_artifact(accurate_text(model)),
        )
        found = [*numpy.value_and_grad(w, X, y), *accurate.value_and_grad(w, X, y), *bounds.error_bound(w, X, y)]
        results.append(np.concatenate([np.ravel(part) for part in found]))
    np.testing.assert_array_equal(*results)  # names decide nothing
