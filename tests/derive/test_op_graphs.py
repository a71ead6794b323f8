"""symgraph.derive.op_graphs: rows of the op table as graphs, and copies of them."""

import mpmath
import pytest
import sympy as sp
from graphs import values_of

from symgraph.derive.op_graphs import STABLE, fragment, instantiate
from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import GraphBuilder
from symgraph.ir.op import REFUSED, over
from symgraph.ir.ops import OPS
from symgraph.ir.well_formed import verify_graph
from symgraph.passes import expand

DIFFERENTIABLE = [
    name for name, row in OPS.items() if any(row.partials) and REFUSED not in row.partials and name not in ("select", "rowsum")
]


@pytest.mark.parametrize("op", OPS)
def test_a_fragment_is_a_graph_with_a_root_for_each_factor(op: str) -> None:
    graph, row = verify_graph(fragment(op)), OPS[op]
    partials = [("partial", i, factors) for i, factors in enumerate(row.partials) if factors is not REFUSED]
    partials += [("again", i, factors) for i, factors in enumerate(row.again)]
    expected = {f"{kind} {i} {j}" for kind, i, factors in partials for j in range(len(factors))}
    assert set(graph.roots) == expected | ({STABLE} if row.stable is not None else set())
    assert {node.data for node in graph.nodes if node.op == "input"} <= {"x0", "x1", "x2", "v"}
    assert fragment(op) is graph  # lowered once
    if row.stable is not None:  # which needs no second expansion
        used = {node.op for node in expand(graph).nodes}
        assert all(name in ("input", "const") or OPS[name].stable is None for name in used)


@pytest.mark.parametrize("op", DIFFERENTIABLE)
def test_a_copy_has_the_value_that_the_table_states(op: str) -> None:
    row = OPS[op]
    operands = [1.25, 0.75][: row.arity] if op in ("acosh", "pow", "div", "xlogy") else list(row.example)
    symbols = sp.symbols(f"x0:{row.arity}", real=True)
    point = dict(zip(symbols, operands, strict=True))
    # mpmath computes what is an op in graphs: SymPy does not evaluate all of these classes
    value = float(MPMATH[op](*map(mpmath.mpf, operands)) if op in MPMATH else row.value.subs(point).doit())
    point[sp.Symbol("v", real=True)] = value
    for i, factors in enumerate(row.partials):
        for j, factor in enumerate(factors):
            expr = getattr(factor, "expr", factor)
            for symbol, auxiliary in reversed(row.aux):
                expr = expr.subs(symbol, auxiliary)
            builder = GraphBuilder("copy")
            args = [builder.leaf("weight", f"p{index}") for index in range(row.arity)]
            own = builder.leaf("weight", "v")
            root = instantiate(builder, op, f"partial {i} {j}", args, own)
            graph = expand(verify_graph(builder.build({"r": root}, {})))
            leaves = {f"p{index}": operand for index, operand in enumerate(operands)} | {"v": value}
            # a handful of roundings in either evaluation
            assert float(values_of(graph, leaves)["r"]) == pytest.approx(float(expr.subs(point).doit()), rel=1e-13, abs=0.0)


@pytest.mark.parametrize("op", [op for op in DIFFERENTIABLE if OPS[op].again])
def test_partials_that_are_differentiated_again_are_the_partials(op: str) -> None:
    row = OPS[op]
    point = dict(zip((f"p{index}" for index in range(row.arity)), (0.4, -0.6), strict=False))
    builder = GraphBuilder("copy")
    args = [builder.leaf("weight", name) for name in point]
    value = builder.add(op, *args)
    roots = {}
    for kind, partials in (("partial", row.partials), ("again", row.again)):
        for i, factors in enumerate(partials):
            product = builder.const(1.0)
            for j, factor in enumerate(factors):
                by = instantiate(builder, op, f"{kind} {i} {j}", args, value)
                product = builder.add("div" if isinstance(factor, over) else "mul", product, by)
            roots[f"{kind} {i}"] = product
    found = values_of(expand(builder.build(roots, {})), point)
    for i in range(row.arity):
        # a handful of roundings in either form
        assert float(found[f"again {i}"]) == pytest.approx(float(found[f"partial {i}"]), rel=1e-14, abs=0.0)


def test_what_value_and_partials_share_becomes_one_node_and_copies_take_the_origin_of_the_moment() -> None:
    builder = GraphBuilder("g", origin="adjoint of sigmoid in s")
    z = builder.leaf("weight", "z")
    value = instantiate(builder, "sigmoid", STABLE, [z])
    for factor in range(3):
        instantiate(builder, "sigmoid", f"partial 0 {factor}", [z], value)
    assert sum(node.op == "exp" for node in builder.nodes) == 2  # exp(-|z|) of both, and exp(-|z|/2) of the slope alone
    assert sum(node.op == "div" for node in builder.nodes) == 1
    assert builder.nodes[value].origin == "adjoint of sigmoid in s"
    with pytest.raises(ValueError, match="the fragment of exp uses the op's value, which was not given"):
        instantiate(builder, "exp", "partial 0 0", [z])
