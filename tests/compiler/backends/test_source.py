"""symgraph.compiler.backends.source and view: what every module states about its model."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sympy as sp
from built import numpy_module, scalar_module, texts_of
from zoo import ZOO

from symgraph import Constant, Model, Normal, Uniform
from symgraph.compiler.backends.names import python_names
from symgraph.compiler.backends.source import model_hash


def changed(change: Callable[[Model], None] = lambda m: None, **options: Any) -> Model:
    """A small model with one thing changed."""
    model = Model(options.get("name", "m"), doc=options.get("doc", ""))
    (f,) = model.features(["f"], domain=options.get("domain"))
    (a,) = model.weights(["a"], init=options.get("init", Normal(0, 0.01)))
    y = model.target()
    out = model.output("y_hat", model.node(options.get("node", "n"), options.get("expr", sp.sin)(a * f)) + a)
    model.loss(options.get("loss", lambda y, z: (y - z) ** 2)(y, out))
    change(model)
    return model


def namespaces(model: Model) -> Iterator[dict[str, Any]]:
    """What its numpy and its scalar module define."""
    for artifact in texts_of(model):
        namespace: dict[str, Any] = {"__name__": "m"}
        exec(compile(artifact.text, artifact.name, "exec"), namespace)
        yield namespace


def test_equal_specs_have_equal_hashes_and_the_documentation_is_no_part_of_it() -> None:
    assert model_hash(changed()).startswith("sha256:")
    for same in ({}, {"doc": "other words"}, {"init": Normal(0.0, 1e-2)}):
        assert model_hash(changed(**same)) == model_hash(changed())


def test_any_change_of_meaning_changes_the_hash() -> None:
    changes: list[dict[str, Any]] = [
        {},
        {"name": "other"},
        {"domain": (0, 1)},
        *({"init": law} for law in (Normal(0, 0.02), Uniform(0, 1), Constant(0))),
        {"node": "k"},
        *({"expr": function} for function in (sp.cos, lambda t: sp.sin(t) + 1)),
        *({"loss": loss} for loss in (lambda y, z: (y - z) ** 2 / 2, lambda y, z: sp.Abs(y - z))),
        *(
            {"change": lambda m, limits=limits: m.penalty(m.weight("b", **limits) ** 2)}
            for limits in ({}, {"fixed": True}, {"bounds": (0, 1)})
        ),
    ]
    assert len({model_hash(changed(**options)) for options in changes}) == len(changes)
    one, other = Model("m"), Model("m")
    for model, names in ((one, "a b"), (other, "b a")):
        model.weights(names)
        symbols = {i.name: i.symbol for i in model.weight_inputs}
        model.loss(symbols["a"] ** 2 + symbols["b"])
    assert model_hash(one) != model_hash(other)  # the order of inputs matters


def test_the_limits_of_a_constraint_matter_to_the_hash() -> None:
    ends = ({"lower": 1.0}, {"lower": 2.0}, {"upper": 1.0}, {"lower": 1.0, "upper": 2.0})
    models = [changed(lambda model, end=end: model.constraint("c", model.weight_inputs[0].symbol, **end)) for end in ends]
    assert len(set(map(model_hash, models))) == len(ends)


def test_domains_are_stated_infinite_bounds_too_and_a_model_without_documentation_is_named() -> None:
    model = Model("m")
    f, a = model.feature("f", domain=(0, float("inf"))), model.weight("a", domain=(-1e300, 2))
    model.output("y_hat", a * f)
    for namespace in namespaces(model):
        assert namespace["METADATA"]["domains"] == {"f": (0.0, float("inf")), "a": (-1e300, 2.0)}
        assert (namespace["METADATA"]["doc"], namespace["__doc__"].splitlines()[0].strip()) == ("", "The model m.")


@pytest.mark.parametrize("name", ZOO)
def test_the_facts_of_a_module_are_those_of_the_model(name: str) -> None:
    model = ZOO[name]()
    facts = {
        "ABI": 2,
        "MODEL": name,
        "FEATURES": tuple(i.name for i in model.feature_inputs),
        "TARGET": model.target_input.name if model.target_input else None,
        "WEIGHTS": tuple(i.name for i in model.weight_inputs),
        "NODES": tuple(node.name for node in model.nodes),
        "OUTPUTS": (model.output_node.name,) if model.output_node else (),
    }
    metadata = {"has_loss": model.loss_expr is not None, "model_hash": model_hash(model), "spec": "<memory>"}
    for module in (numpy_module(name), scalar_module(name)):
        assert {key: getattr(module, key) for key in facts} == facts
        assert {key: module.METADATA[key] for key in metadata} == metadata


def test_metadata_says_where_on_the_tape_a_node_of_another_name_is() -> None:
    model = Model("m")
    f, (a, b), y = model.feature("f"), model.weights("a max"), model.target()
    node = model.node("lambda", a * f)
    long = model.node("begin_" * 10 + "end", node + b)
    model.loss((y - model.output("out", long)) ** 2)
    for namespace in namespaces(model):
        fields = namespace["METADATA"]["fields"]
        assert fields == {"lambda": "lambda_", long.name: python_names([long.name])[long.name]}
