"""Application of rules to a graph: operands first, each node until no rule fits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from symgraph.compiler.ir.graph import LEAVES, Graph, GraphBuilder, keep, reachable
from symgraph.compiler.numerics.monomials import MOST, ONE, product
from symgraph.compiler.rewrite.conditions import Conditions
from symgraph.compiler.rewrite.glance import BELOW, CONSTANT, SQUARES, Glance
from symgraph.compiler.rewrite.linear_forms import Form, Forms, atom, plus, raised, scaled, times
from symgraph.compiler.rewrite.match import Bindings, Matcher
from symgraph.compiler.rewrite.pattern import Head, Sum, is_of_ops, parse, shown, squares
from symgraph.compiler.rewrite.replacement import Writer
from symgraph.compiler.rewrite.rule import Rule

SUM, PRODUCT = "a sum", "a product"
_CONSTANT = frozenset({"const"})
_KINDS = {"add": SUM, "sub": SUM, "mul": PRODUCT, "div": PRODUCT, "pow": PRODUCT}


def apply_rules(graph: Graph, rules: Sequence[Rule]) -> Graph:
    """Replace every match of a rule; named nodes and roots keep their values, leaves stay.

    Args:
        graph: any graph.
        rules: tried in this order at each node.
    """
    ready, glance = _by_kind(rules)
    if not _matches(graph, ready, glance):
        return graph
    with _Engine(GraphBuilder(graph.name, graph.domains), ready, Glance(glance.bits)) as engine:
        return _applied(graph, engine)


def _applied(graph: Graph, engine: "_Engine") -> Graph:
    """Return the graph with every match replaced."""
    moved: list[int] = []
    named = set(graph.names.values()) | set(graph.roots.values())
    for position, node in enumerate(graph.nodes):
        args = tuple(moved[arg] for arg in node.args)
        engine.builder.origin = node.origin
        moved.append(engine.builder.copy(node, args) if node.data is not None else engine.make(node.op, *args))
        if position in named:
            engine.named.add(moved[-1])
    if not engine.before:
        return graph
    roots, names = ({name: moved[at] for name, at in aliases.items()} for aliases in (graph.roots, graph.names))
    return living_part(engine.builder.build(roots, names))


@dataclass(frozen=True, slots=True)
class _Ready:
    """Rule with the properties of its pattern, computed once.

    Attributes:
        rule: the rule.
        pattern: its pattern.
        look: bits of the features that a sum or product must show to hold a match, found quickly.
        heads: the ops of each term of a sum that consists of them, none for a number, or of a product. They must stand there as
            they are: what sqrt(a^2 + b^2) has become in sqrt(a^2 + b^2) - b is better than the root that it was.
    """

    rule: Rule
    pattern: Sum
    look: int
    heads: tuple[frozenset[str], ...]


_ByKind = Mapping[str, Sequence[_Ready]]


def _by_kind(rules: Sequence[Rule]) -> tuple[_ByKind, Glance]:
    """Group rules by the kind of node at which they are tried, and make the quick test that finds candidates."""
    result: dict[str, list[_Ready]] = {}
    patterns = [parse(rule.pattern) for rule in rules]
    glance = Glance(op for pattern in patterns for term in shown(pattern) for op in term)
    for rule, pattern in zip(rules, patterns, strict=True):
        kind = kind_of(rule)
        look, heads = 0, tuple[frozenset[str], ...]()
        if kind in (SUM, PRODUCT):
            whole = tuple(filter(is_of_ops, pattern.terms))
            heads = tuple(filter(None, shown(pattern))) if kind == PRODUCT else shown(Sum(whole))
            look = glance.wanted([*chain.from_iterable(shown(pattern)), *_hints(kind, pattern)])
        result.setdefault(kind, []).append(_Ready(rule, pattern, look, heads))
    return result, glance


def _hints(kind: str, pattern: Sum) -> Iterator[str]:
    """Yield further features that a sum or product must show."""
    if squares(pattern) > 1:
        yield SQUARES
    factors = pattern.terms[0].factors
    if kind == SUM and any(not term.factors for term in pattern.terms):
        yield CONSTANT
    if kind == PRODUCT and any(isinstance(atom, Head) and atom.op == "pow" and exponent > 0 for atom, exponent in factors):
        yield "pow"
    if kind == PRODUCT and any(exponent < 0 for _, exponent in factors):
        yield BELOW


def _matches(graph: Graph, rules: _ByKind, glance: Glance) -> bool:
    """Tell if some rule applies somewhere to a graph as it is; if none does, no rewrite will make one apply."""
    glance.read(graph.nodes)
    here = [
        position
        for position, node in enumerate(graph.nodes)
        if any(glance.shows(position, ready.look) for ready in rules.get(_KINDS.get(node.op, node.op), ()))
    ]
    if not here:
        return False
    # nodes are added to it without being looked up among these: all that is written here is thrown away
    builder = GraphBuilder(graph.name, graph.domains, list(graph.nodes))
    with _Engine(builder, rules, glance, {*graph.names.values(), *graph.roots.values()}) as engine:
        return any(engine.improved(position) != position for position in here)


def kind_of(rule: Rule) -> str:
    """Return the kind of node at which a rule is tried: sums, products, or one op."""
    pattern = parse(rule.pattern)
    if len(pattern.terms) > 1:
        return SUM
    (term,) = pattern.terms
    (first, exponent) = term.factors[0]
    alone = len(term.factors) == 1 and exponent == 1 and term.coefficient == 1
    return _KINDS.get(first.op, first.op) if alone and isinstance(first, Head) else PRODUCT


@dataclass(slots=True)
class _Engine:
    builder: GraphBuilder
    rules: _ByKind
    glance: Glance
    named: set[int] = field(default_factory=set)
    forms: Forms = field(init=False)
    matcher: Matcher = field(init=False)
    writer: Writer = field(init=False)
    conditions: Conditions = field(init=False)
    best: dict[int, int] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)
    first: dict[int, Form] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.forms = Forms(self.builder, self.named)
        self.matcher = Matcher(self.builder, self.forms, self.before)
        self.writer = Writer(self.builder, self.forms, self.make, self.make)
        self.conditions = Conditions(self.writer)

    def __enter__(self) -> "_Engine":
        return self

    def __exit__(self, *_: object) -> None:
        """Drop the references back to the engine, so that its graph is freed without the garbage collector."""
        del self.writer, self.conditions

    def make(self, op: str, *args: int) -> int:
        """Add an operation in its best form."""
        position = self.builder.add(op, *args)
        if position not in self.best:
            self.best[position] = position  # a replacement that contains its own pattern finds it as it is
            result = self.best[position] = self.improved(position)
            if result != position:
                self.before.setdefault(result, position)
                self.glance.also(self.builder.nodes, result, position)
        return self.best[position]

    def improved(self, position: int) -> int:
        """Return the replacement of a node by the first rule that fits, or the node itself."""
        op = self.builder.nodes[position].op
        kind = _KINDS.get(op, op)
        self.glance.read(self.builder.nodes)
        possible = [ready for ready in self.rules.get(kind, ()) if self.glance.shows(position, ready.look)]
        forms = self.read_as(kind, position) if possible else ()
        for form in forms or ({},):
            ops = [{self.builder.nodes[node].op for node, _ in monomial} for monomial in form]
            for ready in possible:
                if not all(any(wanted <= those if wanted else those <= _CONSTANT for those in ops) for wanted in ready.heads):
                    continue
                saved = self.builder.origin
                found = self.at(kind, ready, position, form)
                self.builder.origin = saved
                if found is not None and found != position:
                    return found
        return position

    def read_as(self, kind: str, position: int) -> tuple[Form, ...]:
        """Return the forms in which rules look at a sum or product.

        Replaced factors are read as they were, too. Named parts stay whole, but beside a constant, or above a sum, they are
        looked into as well: the constants of 1 - p cancel where p is (1 + erf(x))/2, and p/(p + q) is a sigmoid where p and q
        are exponentials.
        """
        if kind not in (SUM, PRODUCT):
            return ()
        form = self.forms.outer(position)
        others = (self.opened_product(form), self.first_product(position)) if kind == PRODUCT else (self.opened_sum(form),)
        return (form, *(other for other in others if other != form))

    def opened_sum(self, form: Form) -> Form:
        """Return a sum with its named terms written out if it has a constant, else as it is."""
        result: Form = {} if ONE in form else form
        for monomial, coefficient in form.items() if ONE in form else ():
            named = len(monomial) == 1 and monomial[0][1] == 1 and monomial[0][0] in self.named
            result = plus(result, self.forms.inner(monomial[0][0]) if named else {monomial: 1}, coefficient)
        return result

    def opened_product(self, form: Form) -> Form:
        """Return a product with its named factors written out if it is divided by a sum; only products among them change."""
        ((monomial, coefficient),) = form.items()
        nodes = self.builder.nodes
        if not any(exponent < 0 and nodes[node].op in ("add", "sub") for node, exponent in monomial):
            return form
        result: Form = {ONE: coefficient}
        for node, exponent in monomial:
            inner = self.forms.inner(node) if node in self.named else {}
            result = times(result, raised(inner if len(inner) == 1 else atom(node), exponent))
        return result

    def first_product(self, position: int) -> Form:
        """Return a product with its replaced factors as they were, where these were products.

        x**2*exp(x) times 1/(exp(x) - 1)**2 has a rule, which what stands in the place of the latter would hide.
        """
        if position not in self.first:
            nodes, before = self.builder.nodes, self.before.get(position, position)
            node = nodes[before if _KINDS.get(nodes[before].op) == PRODUCT else position]
            if node.op in ("mul", "div"):
                above, below = map(self.first_product, node.args)
                form = times(above, below if node.op == "mul" else raised(below, -1))
            else:
                form = self.forms.inner(position)
            is_short = len(form) == 1 and all(len(monomial) <= MOST for monomial in form)
            self.first[position] = form if is_short else atom(position)
        return self.first[position]

    def at(self, kind: str, ready: _Ready, position: int, form: Form) -> int | None:
        """Return the node that a rule puts in the place of another, or None."""
        if kind == SUM:
            return self.at_sum(ready, form)
        if kind == PRODUCT:
            return self.at_product(ready, form)
        (head, _) = ready.pattern.terms[0].factors[0]
        sides = self.sides(position)
        for bound in self.matcher.call(head, position) if isinstance(head, Head) else ():
            if self.conditions.hold(ready.rule.when, bound, sides):
                return self.writer.node(self.written(ready.rule, bound))
        return None

    def sides(self, position: int) -> tuple[Form, ...]:
        """Return the forms of the operands of a node's first operand."""
        node = self.builder.nodes[position]
        return tuple(self.forms.inner(arg) for arg in self.builder.nodes[node.args[0]].args)

    def at_sum(self, ready: _Ready, form: Form) -> int | None:
        for part in self.matcher.within(ready.pattern, form) if len(form) > 1 else ():
            if self.conditions.hold(ready.rule.when, part.bound, ()):
                number, constants = part.scale
                value = scaled(self.written(ready.rule, part.bound), number)
                return self.writer.sum(_replaced(form, part.rest, {product(m, constants): c for m, c in value.items()}))
        return None

    def at_product(self, ready: _Ready, form: Form) -> int | None:
        for factor in self.matcher.product(ready.pattern.terms[0], form) if len(form) == 1 else ():
            if self.conditions.hold(ready.rule.when, factor.bound, ()):
                value = self.written(ready.rule, factor.bound)
                single = value if len(value) == 1 else self.forms.whole(self.writer.node(value))
                return self.writer.node(times({factor.rest: factor.scale}, single))
        return None

    def written(self, rule: Rule, bound: Bindings) -> Form:
        origin = self.builder.origin
        self.builder.origin = f"{origin}: {rule.name}" if origin else rule.name
        return self.writer.replacement(rule.replacement, bound)


def _replaced(form: Form, rest: Form, replacement: Form) -> Form:
    """Return a sum with the replacement at the place of the first term that it replaces."""
    result: Form = {}
    placed = False
    for monomial, coefficient in form.items():
        if monomial in rest:
            result[monomial] = result.get(monomial, 0) + coefficient
        elif not placed:
            placed = True
            for part, scale in replacement.items():
                result[part] = result.get(part, 0) + scale
    return {monomial: coefficient for monomial, coefficient in result.items() if coefficient}


def living_part(graph: Graph) -> Graph:
    """Drop the nodes on which nothing depends any more; leaves stay, since a model's inputs are its contract."""
    leaves = [position for position, node in enumerate(graph.nodes) if node.op in LEAVES]
    return keep(graph, reachable(graph.nodes, [*leaves, *graph.roots.values(), *graph.names.values()]))
