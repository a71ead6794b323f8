"""Every pair of things that a spec can say, in some eighty models that together have them all, held against the reference."""

import random
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pytest
import sympy as sp
from built import verified

import symgraph as sg
from symgraph import Model
from symgraph.judge.differences import gradcheck

CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss": ("squared_error", "residual", "soft_l1", "several residuals", "gaussian", "student_t", "poisson", "expression"),
    "outputs": ("one", "two", "complex"),
    "constant": ("no", "yes"),
    "penalty": ("none", "squares", "functions", "own weight"),
    "weights": ("plain", "bounds", "domain", "fixed", "tie", "positive", "unit_interval", "simplex"),
    "function": ("exp", "ndtr", "bessel", "piecewise", "max", "abs"),
    "constraint": ("no", "yes"),
    "steps": ("no", "yes"),
    "features": ("none", "one", "two"),
    "extra": ("none", "hessian", "feature-jacobian", "jvp", "error-bound"),
    "kind": ("numpy", "scalar", "c", "accurate", "array_api"),
}
Choice = dict[str, str]


def possible(choice: Choice) -> bool:
    """Tell whether nothing refuses the choices beside each other."""
    several, extra, kind = choice["outputs"] != "one", choice["extra"], choice["kind"]
    return not (
        (several and choice["loss"] in ("gaussian", "student_t", "poisson"))
        or (several and extra in ("feature-jacobian", "jvp"))
        or (choice["penalty"] != "none" and extra == "hessian")
        or (choice["features"] == "none" and extra == "feature-jacobian")
        or (choice["loss"] in ("student_t", "poisson") and kind == "accurate")
        or (choice["function"] == "bessel" and (kind != "numpy" or extra == "error-bound"))
        or (extra != "none" and kind not in ("numpy", "c"))
        or (extra == "error-bound" and kind != "numpy")
    )


def pairs(choice: Choice) -> set[tuple[tuple[str, str], ...]]:
    return set(combinations(choice.items(), 2))


def covering() -> list[Choice]:
    """Choose models, each the one of many random ones that has the most pairs that none had before."""
    rng = random.Random(0)
    drawn = ({key: rng.choice(options) for key, options in CHOICES.items()} for _ in range(20_000))
    left = [choice for choice in drawn if possible(choice)]
    todo, found = set().union(*map(pairs, left)), list[Choice]()
    while todo:
        found.append(max(rng.sample(left, 200), key=lambda choice: len(pairs(choice) & todo)))
        todo -= pairs(found[-1])
    return found


def weights_of(model: Model, kind: str) -> tuple[Any, Any]:
    if kind in ("positive", "unit_interval"):
        return getattr(model, kind)("a", init=0.5), getattr(model, kind)("b")
    if kind == "simplex":
        return model.simplex("s", 3)[:2]
    if kind == "fixed":
        return model.weight("a", init=0.5, fixed=True), model.weight("b", init=0.7)
    options = {"bounds": {"bounds": (0, 2)}, "domain": {"domain": (0.1, 2)}}.get(kind, {})
    a, b = model.weights("a b", init=0.5, **options)
    return a, model.tie(b, 2 * a + 1) if kind == "tie" else b


def model_of(choice: Choice) -> Model:
    model = Model("paired")
    names = {"none": [], "one": ["x"], "two": ["x", "z"]}[choice["features"]]
    features = model.features(names, domain=(0.1, 2)) if names else (sp.Rational(1, 2),)
    x, z, T = features[0], features[-1], model.constant("T", 1.5, domain=(1, 2)) if choice["constant"] == "yes" else 1
    a, b = weights_of(model, choice["weights"])
    function = {
        "exp": lambda t: sp.exp(-t / T),
        "ndtr": lambda t: sg.ndtr(t / T),
        "bessel": lambda t: sp.besselj(0, t / T),
        "piecewise": lambda t: sp.Piecewise((t * T, t > 1), (t**2, True)),
        "max": lambda t: sp.Max(t, T / 2),
        "abs": lambda t: sp.Abs(t - T),
    }[choice["function"]]
    value = function(a * x + b) * z + b
    if choice["steps"] == "yes":
        (value,) = model.rk4(lambda state, t: -a * state[0] + T * sp.sin(t), {"u": value}, (0, 1), steps=2)
    if choice["outputs"] == "complex":
        outputs = model.complex_output("q", value / (1 + sp.I * b * x))
    elif choice["outputs"] == "two":
        outputs = model.outputs("u v", value, a * x + value**2)
    else:
        outputs = (model.output("y_hat", value),)
    targets = model.targets("p q"[: 2 * len(outputs) - 1], domain=(0, 9))
    residuals = [output - target for output, target in zip(outputs, targets, strict=True)]
    declare = {
        "squared_error": lambda: model.loss("squared_error"),
        "residual": lambda: model.residual(*residuals),
        "soft_l1": lambda: model.residual(*residuals, loss="soft_l1", f_scale=0.5),
        "several residuals": lambda: model.residual(*residuals, a / 3),
        "gaussian": lambda: model.likelihood("gaussian", sigma=model.positive("sigma")),
        "student_t": lambda: model.likelihood("student_t", scale=1, nu=model.positive("nu", init=5)),
        "poisson": lambda: model.likelihood("poisson", mean=1 + outputs[0] ** 2),
        "expression": lambda: model.loss(sp.log(sp.cosh(sum(residuals))) + T * a**2),
    }
    declare[choice["loss"]]()
    if choice["penalty"] == "own weight":
        spread = model.positive("spread")
        model.penalty((b / spread) ** 2 / 2 + sp.log(spread))
    elif choice["penalty"] != "none":
        model.penalty(T * a**2 + b**2 / 2 if choice["penalty"] == "squares" else sg.softplus(a) + sp.Abs(b))
    if choice["constraint"] == "yes":
        model.constraint("g", a**2 + T * b, 0, 5)
    return model


COVERING = covering()


def test_every_choice_is_tried() -> None:
    tried = {item for choice in COVERING for item in choice.items()}
    assert {(key, one) for key, options in CHOICES.items() for one in options} <= tried


@pytest.mark.slow
@pytest.mark.parametrize("choice", COVERING, ids=lambda choice: "-".join(choice.values()).replace(" ", "_"))
def test_modules_of_every_pair_are_right(choice: Choice) -> None:
    extras = () if choice["extra"] == "none" else (choice["extra"],)
    module = verified(model_of(choice), choice["kind"], *extras)
    if choice["kind"] in ("numpy", "scalar"):
        assert gradcheck(module, points=2, rows=4).ok
