"""symgraph.backends.source and view: what every module states about its model."""

from collections.abc import Callable

import pytest
import sympy as sp
from built import one_output, texts_of
from zoo import ZOO

from symgraph import Constant, Model, Normal, Uniform
from symgraph.backends.names import LONGEST
from symgraph.backends.source import laws_of, model_hash


def changed(change: Callable[[Model], None] = lambda m: None, **options: object) -> Model:
    """A small model with one thing changed."""
    model = Model(str(options.get("name", "m")), doc=str(options.get("doc", "")))
    (f,) = model.features(["f"], domain=options.get("domain"))
    (a,) = model.weights(["a"], init=options.get("init", Normal(0, 0.01)))
    y = model.target()
    node = model.node(str(options.get("node", "n")), options.get("expr", sp.sin)(a * f))
    out = model.output("y_hat", node + a)
    model.loss(options.get("loss", lambda y, z: (y - z) ** 2)(y, out))
    change(model)
    return model


def test_equal_specs_have_equal_hashes_and_the_documentation_is_no_part_of_it() -> None:
    assert model_hash(changed()) == model_hash(changed())
    assert model_hash(changed(doc="other words")) == model_hash(changed())
    assert model_hash(changed(init=Normal(0.0, 1e-2))) == model_hash(changed())
    assert model_hash(changed()).startswith("sha256:")


@pytest.mark.parametrize(
    "options",
    [
        {"name": "other"},
        {"domain": (0, 1)},
        {"init": Normal(0, 0.02)},
        {"init": Uniform(0, 1)},
        {"init": Constant(0)},
        {"node": "k"},
        {"expr": sp.cos},
        {"expr": lambda t: sp.sin(t) + 1},
        {"loss": lambda y, z: (y - z) ** 2 / 2},
        {"loss": lambda y, z: sp.Abs(y - z)},
    ],
    ids="-".join,
)
def test_any_change_of_meaning_changes_the_hash(options: dict[str, object]) -> None:
    assert model_hash(changed(**options)) != model_hash(changed())


def test_the_limits_of_a_constraint_matter_to_the_hash() -> None:
    ends = ({"lower": 1.0}, {"lower": 2.0}, {"upper": 1.0}, {"lower": 1.0, "upper": 2.0})
    hashes = {
        model_hash(changed(lambda model, end=end: model.constraint("c", model.weight_inputs[0].symbol, **end))) for end in ends
    }
    assert len(hashes) == len(ends)


def test_the_order_of_inputs_matters_to_the_hash() -> None:
    one, other = Model("m"), Model("m")
    for model, names in ((one, "a b"), (other, "b a")):
        model.weights(names)
        symbols = {i.name: i.symbol for i in model.weight_inputs}
        model.loss(symbols["a"] ** 2 + symbols["b"])
    assert model_hash(one) != model_hash(other)


def test_initial_values_are_drawn_in_runs_of_the_same_law() -> None:
    model = Model("m")
    model.weights("a b", init=Normal(0, 1))
    model.weights("c", init=Uniform(-1, 1))
    model.weights("d e f", init=0.5)
    model.weights("g", init=Normal(0, 1))
    assert laws_of(model.weight_inputs) == [(Normal(0, 1), 2), (Uniform(-1, 1), 1), (Constant(0.5), 3), (Normal(0, 1), 1)]


@pytest.mark.parametrize(
    "doc",
    [
        'say "hi"',
        '"quoted" first',
        'ends with "',
        "it's",
        'three """ quotes',
        "back \\ slash",
        "ends with \\",
        "np.inf and é字",
        "",
    ],
)
def test_any_documentation_survives_in_docstring_and_metadata(doc: str) -> None:
    model = one_output(lambda f, g, a, b: a * f + b * g)
    model.doc = doc
    for artifact in texts_of(model):
        namespace: dict[str, object] = {"__name__": "m"}
        exec(compile(artifact.text, artifact.name, "exec"), namespace)
        assert namespace["METADATA"]["doc"] == doc
        first = str(namespace["__doc__"]).splitlines()[0].strip()
        assert first == (doc.replace('"""', "'''") or "The model small.")


def test_domains_are_stated_infinite_bounds_too() -> None:
    model = Model("m")
    f = model.feature("f", domain=(0, float("inf")))
    a = model.weight("a", domain=(-1e300, 2))
    model.output("y_hat", a * f)
    for artifact in texts_of(model):
        namespace: dict[str, object] = {"__name__": "m"}
        exec(compile(artifact.text, artifact.name, "exec"), namespace)
        assert namespace["METADATA"]["domains"] == {"f": (0.0, float("inf")), "a": (-1e300, 2.0)}


@pytest.mark.parametrize("name", ZOO)
def test_the_facts_of_a_module_are_those_of_the_model(name: str) -> None:
    model = ZOO[name]()
    for artifact in texts_of(ZOO[name]()):
        namespace: dict[str, object] = {"__name__": "m"}
        exec(compile(artifact.text, artifact.name, "exec"), namespace)
        facts = {key: namespace[key] for key in ("ABI", "MODEL", "FEATURES", "TARGET", "WEIGHTS", "NODES", "OUTPUTS")}
        assert facts == {
            "ABI": 2,
            "MODEL": name,
            "FEATURES": tuple(i.name for i in model.feature_inputs),
            "TARGET": model.target_input.name if model.target_input else None,
            "WEIGHTS": tuple(i.name for i in model.weight_inputs),
            "NODES": tuple(node.name for node in model.nodes),
            "OUTPUTS": (model.output_node.name,) if model.output_node else (),
        }
        assert namespace["METADATA"]["has_loss"] is (model.loss_expr is not None)
        assert namespace["METADATA"]["model_hash"] == model_hash(model)
        assert namespace["METADATA"]["spec"] == "<memory>"


def test_metadata_says_where_on_the_tape_a_node_of_another_name_is() -> None:
    model = Model("m")
    f, (a, b), y = model.feature("f"), model.weights("a max"), model.target()
    node = model.node("lambda", a * f)
    long = model.node("begin_" * 10 + "end", node + b)
    model.loss((y - model.output("out", long)) ** 2)
    for artifact in texts_of(model):
        namespace: dict[str, object] = {"__name__": "m"}
        exec(compile(artifact.text, artifact.name, "exec"), namespace)
        fields = namespace["METADATA"]["fields"]
        assert set(fields) == {"lambda", long.name}
        assert fields["lambda"] == "lambda_"
        assert fields[long.name].startswith("begin_begin_")
        assert fields[long.name].endswith("_end")
        assert len(fields[long.name]) <= LONGEST
