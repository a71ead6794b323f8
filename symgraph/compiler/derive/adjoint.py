"""The adjoint: one reverse sweep over a graph adds the cotangent of every node that a weight influences.

Griewank and Walther, Evaluating Derivatives (2nd ed., 2008), section 3.2: the incremental reverse mode, with the local partials
taken from the op table.
"""

from collections import Counter
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

from symgraph.columns import PREFIXES, prefix_of
from symgraph.compiler.derive.op_graphs import VALUE, fragment, instantiate
from symgraph.compiler.ir.graph import OPPOSITE, Graph, GraphBuilder, Node, made, marked, values_of
from symgraph.compiler.numerics.uses import influenced
from symgraph.errors import SpecError
from symgraph.spec.ops.op import REFUSED, late, over
from symgraph.spec.ops.ops import OPS, call_of
from symgraph.spec.ops.user_functions import UserOp

MOST_REPEATS = 8
"""Most extra multiplications that a late factor of a local partial may cost by waiting for the end of the product.

(cotangent * s * e) * s is right where e is huge and s*s vanishes, as in tanh(exp(x)); (cotangent * s * s) * e is not.
"""


def differentiate(graph: Graph) -> Graph:
    """Add the derivatives that a generated module needs to the forward graph.

    The loss is differentiated with the leaf ``cotangent`` as seed, its weight gradients summed over rows; the output, for the
    Jacobian, with the seed 1 and row by row. So is the residual, unless its Jacobian is that of the output.

    Returns:
        The graph with the further roots ``grad <weight>``, ``jacobian <weight>`` and alike of the residual, and the
        names ``d_<node>``, ``d_<node> (jacobian)`` and ``d_<node> (residual)`` for cotangents; of several outputs and residuals
        ``jacobian <name> <weight>``, ``d_<node> (jacobian <name>)`` and alike.
    """
    if "loss" in graph.roots:
        graph = adjoint(graph, "loss", prefix="grad", suffix="")
    outputs, residuals = (values_of(graph, kind) for kind in ("output", "residual"))
    for root in outputs:
        graph = adjoint(graph, root, prefix=prefix_of(root), suffix=f" ({prefix_of(root)})")
    if len(residuals) != len(outputs) or not all(map(partial(_moves_as, graph), residuals, outputs)):
        for root in residuals:
            graph = adjoint(graph, root, prefix=prefix_of(root), suffix=f" ({root})")
    if OPPOSITE in graph.roots and not (len(outputs) == 1 and _moves_as(graph, OPPOSITE, outputs[0])):
        graph = adjoint(graph, OPPOSITE, prefix=PREFIXES["residual"], suffix=" (residual)", seed=-1.0)
    return graph


def _moves_as(graph: Graph, root: str, other: str) -> bool:
    """Tell if a residual is an output, or the output less a node that no weight influences."""
    residual, output = graph.roots[root], graph.roots[other]
    node = graph.nodes[residual]
    if node.op != "sub" or output not in node.args:
        return root != OPPOSITE and residual == output
    more, less = node.args if root != OPPOSITE else node.args[::-1]
    return more == output and not influenced(graph.nodes, "weight", real=True)[less]


def adjoint(
    graph: Graph,
    root: str,
    *,
    prefix: str,
    suffix: str | None = None,
    seed: float = 1.0,
    by: str = "weight",
    again: bool = False,
) -> Graph:
    """Differentiate one root with respect to every weight, or every feature.

    Args:
        graph: a graph whose roots include the given one.
        root: "loss" (seeded with the leaf ``cotangent``; where a cotangent that varies by row reaches a uniform node, the sum
            over rows is inserted), another one (without sums).
        prefix: the new roots are named ``<prefix> <weight>``.
        suffix: the new names are ``d_<name><suffix>``; None for no names.
        seed: the cotangent of another root than the loss.
        by: the kind of leaves by which is differentiated.
        again: whether the partials are to be differentiated again, row by row.
    """
    sweep = Sweep(graph, sum_rows=root == "loss" and not again, by=by, again=again)
    rows = any(node.varying for node in graph.nodes)
    builder = sweep.builder
    builder.origin = f"adjoint of {root}"
    start = builder.leaf("cotangent", "cotangent", varying=rows) if root == "loss" else builder.const(seed)
    cotangents = sweep.run(graph.roots[root], start)
    roots, names, zero = dict(graph.roots), dict(graph.names), builder.const(0.0)
    for position, node in enumerate(graph.nodes):
        if node.op == by:
            roots[f"{prefix} {node.data}"] = cotangents.get(position, zero)
            if suffix is not None:
                names.setdefault(f"d_{node.data}{suffix}", roots[f"{prefix} {node.data}"])
    for name, position in graph.names.items() if suffix is not None else ():
        if not name.startswith("d_") and position in cotangents and position != graph.roots[root]:
            names[f"d_{name}{suffix}"] = cotangents[position]
    return builder.build(roots, names)


class _Held(NamedTuple):
    """Cotangent as a product: the value multiplied so far, and the late factors that are still to come."""

    value: int
    late: tuple[int, ...] = ()


class _Factor(NamedTuple):
    """Factor of a local partial.

    Attributes:
        root: its root in the op's fragment.
        constant: its value, if it is constant.
        operand: the index of the operand that it is, if it is one.
        divides: whether it divides.
        waits: whether it waits for the end of the product.
    """

    root: str
    constant: float | None
    operand: int | None
    divides: bool
    waits: bool


def _factor(op: str, root: str, written: object) -> _Factor:
    source = fragment(op)
    node = source.nodes[source.roots[root]]
    operand = int(str(node.data)[1:]) if node.op == "input" and node.data != VALUE else None
    constant = node.data if isinstance(node.data, float) else None
    return _Factor(root, constant, operand, isinstance(written, over), isinstance(written, late))


class Sweep:
    """Reverse sweep over one graph; new nodes go behind the old ones, whose positions stay.

    Args:
        graph: the graph.
        sum_rows: whether a cotangent that varies by row is summed over rows where it reaches a uniform node.
        by: the kind of leaves by which it differentiates.
        again: whether the partials are to be differentiated again, for which some ops have others.
    """

    def __init__(self, graph: Graph, *, sum_rows: bool, by: str = "weight", again: bool = False) -> None:
        self.graph = graph
        self.by = by
        self.again = again
        self.sum_rows = sum_rows
        self.builder = GraphBuilder.over(graph)
        self._factors: dict[tuple[str, str], tuple[tuple[_Factor, ...] | None, ...]] = {}

    def run(self, root: int, seed: int) -> dict[int, int]:
        """Return the cotangent of every node on a path from a leaf by which it differentiates to the root."""
        nodes = self.graph.nodes[: root + 1]  # nodes behind the root do not contribute
        active = influenced(nodes, self.by, real=True)
        repeats = _repeats(nodes, active, root)
        pending: dict[int, list[_Held]] = {root: [_Held(seed)]}
        held: dict[int, _Held] = {}
        for position in range(root, -1, -1):
            contributions = pending.pop(position, None)
            if contributions is None or not active[position]:
                continue
            node = nodes[position]
            self.builder.origin = _origin(node.op, node.origin)
            whole = len(contributions) == 1 and (node.varying or not self.sum_rows)
            cotangent = contributions[0] if whole else self.total(contributions, node)
            if repeats[position] > MOST_REPEATS:
                cotangent = _Held(self.whole(cotangent))
            held[position] = cotangent
            for operand, arg in enumerate(node.args):
                if active[arg] and (factors := self.factors(node)[operand]) != ():
                    if factors is None:
                        raise self.refusal(node.op)
                    pending.setdefault(arg, []).append(self.contribution(node, operand, factors, cotangent, position))
        wholes: dict[int, int] = {}
        for position, cotangent in held.items():
            self.builder.origin = _origin(nodes[position].op, nodes[position].origin)
            wholes[position] = self.whole(cotangent)
        return wholes

    def whole(self, held: _Held) -> int:
        """Multiply a held cotangent by its late factors."""
        return self.builder.chain("mul", [held.value, *held.late]) if held.late else held.value

    def total(self, contributions: list[_Held], node: Node) -> _Held:
        """Sum the contributions of a node's consumers, in the order of the sweep; sums over rows are taken once, of the total.

        Late factors stay apart where all contributions have the same.
        """
        summed = [self.sum_rows and not node.varying and self.builder.nodes[c.value].varying for c in contributions]
        if not any(summed) and len({c.late for c in contributions}) == 1:
            return _Held(self.builder.chain("add", [c.value for c in contributions]), contributions[0].late)
        wholes = [self.whole(c) for c in contributions]
        varying = [c for c, rows in zip(wholes, summed, strict=True) if rows]
        rest = [c for c, rows in zip(wholes, summed, strict=True) if not rows]
        if varying:
            rest.append(self.builder.add("rowsum", self.builder.chain("add", varying)))
        return _Held(self.builder.chain("add", rest))

    def contribution(self, node: Node, operand: int, factors: tuple[_Factor, ...], cotangent: _Held, position: int) -> _Held:
        """Return the cotangent of one operand: the node's, multiplied by the factors of the local partial one after another.

        A node that brings late factors of its own multiplies those before it, so that no product waits for more than one node.
        """
        builder = self.builder
        if node.op == "select":
            zero = builder.const(0.0)
            branches = (cotangent.value, zero) if operand == 1 else (zero, cotangent.value)
            return _Held(builder.add("select", node.args[0], *branches), cotangent.late)
        waits = True in [factor.waits for factor in factors]
        value, waiting = self.whole(cotangent) if waits else cotangent.value, list[int]()
        for factor in factors:
            if factor.waits:
                waiting.append(instantiate(builder, node.op, factor.root, node.args, position))
            elif factor.constant != 1.0 or factor.divides:
                value = self.apply(value, factor, node, position)
        return made(_Held, (value, tuple(waiting) if waits else cotangent.late))

    def factors(self, node: Node) -> tuple[tuple[_Factor, ...] | None, ...]:
        """Return the factors of the local partial by each operand; None for one that the table does not have."""
        op, row = node.op, OPS[node.op]
        kind, partials = ("again", row.again) if self.again and row.again else ("partial", row.partials)
        if row.fixed and self.builder.nodes[node.args[-1]].op == "const":
            kind, partials = "fixed", row.fixed
        found = self._factors.get((op, kind))
        if found is None:
            found = self._factors[op, kind] = tuple(
                None
                if factors is REFUSED
                else tuple(_factor(op, f"{kind} {operand} {index}", factor) for index, factor in enumerate(factors))
                for operand, factors in enumerate(partials)
            )
        return found

    def refusal(self, op: str) -> SpecError:
        """Return the error of a model that needs a partial which the table does not have."""
        if isinstance(op, UserOp):
            said, remedy = op.path, f"keep weights out of {op.path}"
            if any(op.partials):
                remedy = "give model.function the partial by that argument, or keep weights out of it"
        else:
            said, remedy = op, f"keep weights out of {call_of(OPS[op])}, or write it as a formula"
        remedy += ", or leave out second derivatives" if self.again else ""
        return SpecError(
            f"model {self.graph.name}: {self.builder.origin} needs the slope of {said}, which symgraph does not have; {remedy}",
            node=self.builder.origin.rpartition(" ")[2],
        )

    def apply(self, cotangent: int, factor: _Factor, node: Node, value: int) -> int:
        """Multiply or divide by one factor of a local partial."""
        builder = self.builder
        if not factor.divides and factor.constant is not None and abs(factor.constant) == 1.0:
            return cotangent if factor.constant > 0 else builder.add("neg", cotangent)
        if factor.operand is not None:
            by = node.args[factor.operand]
        else:
            by = instantiate(builder, node.op, factor.root, node.args, value)
        return builder.add("div" if factor.divides else "mul", cotangent, by)


@lru_cache(maxsize=1024)
def _origin(op: str, origin: str) -> str:
    """Return the origin of a cotangent's nodes, one string for all of a node's."""
    said = f"adjoint of {getattr(op, 'path', op)}"
    return f"{said} in {origin}" if origin else said


def _repeats(nodes: tuple[Node, ...], active: list[bool], root: int) -> list[int]:
    """Count the products that a late factor would enter if it waited at each node: one a weight or sum of cotangents below."""
    partials = {op: OPS[op].partials for op in {node.op for node in nodes if node.args}}
    # the operands on which a cotangent goes on from each node, each as often as it is one
    ways = [
        [arg for arg, factors in zip(node.args, partials[node.op], strict=True) if active[arg] and factors] if node.args else ()
        for node in nodes
    ]
    living = marked(nodes, [root])
    consumers = Counter(chain.from_iterable(own for own, on, lives in zip(ways, active, living, strict=True) if on and lives))
    repeats: list[int] = []
    for reached in ways:
        repeats.append(sum([repeats[arg] if consumers[arg] == 1 else 1 for arg in set(reached)]) or 1)
    return repeats
