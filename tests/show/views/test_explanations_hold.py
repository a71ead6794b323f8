"""Every formula that ``explain`` prints is evaluated, and held against what the line computes when the module runs.

The module runs with a probe behind each assignment. Formulas are read by Python and evaluated by mpmath with 30 digits, so a
difference beyond the module's own rounding is a formula that is wrong.
"""

import ast
import ctypes
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
import sympy
from built import MODELS
from c_code import compiled, compiler, needs_c
from corpus import CORPUS
from hypothesis import HealthCheck, given, reject, settings
from random_models import models

from symgraph import Model
from symgraph.compiler.backends.names import identifiers
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.errors import SpecError
from symgraph.judge.reference import reference
from symgraph.judge.verification_points import Sampler
from symgraph.options import Options, options_of
from symgraph.show.views.explanation import explain_line
from symgraph.spec.ops import sympy_classes
from symgraph.spec.residuals import residual_of

ROUNDING = 1e-6
"""Relative difference, of what stands in the line, that rounding in a few hundred operations stays below at ordinary points."""

CUT = re.compile(r"\[\d+ characters\]")
"""A part of a formula that was left out for its length."""

Values = Mapping[str, Any]


class Probe(NamedTuple):
    """One assignment as it ran: its first and last line, the name assigned, the function, and all local values behind it."""

    first: int
    last: int
    name: str
    function: str
    values: dict[str, Any]


class Probed(ast.NodeTransformer):
    """Calls ``probe`` behind each assignment to a name in a function."""

    function = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        self.function = node.name
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        match node.targets:
            case [ast.Name(id=name)] if self.function:
                text = f"probe({node.lineno}, {node.end_lineno}, {name!r}, {self.function!r}, dict(locals()))"
                return [node, ast.copy_location(ast.parse(text).body[0], node)]
        return node

    def visit_Module(self, node: ast.Module) -> Any:
        node.body = [self.visit(one) if isinstance(one, ast.FunctionDef) else one for one in node.body]
        return ast.fix_missing_locations(node)


def run(text: str, point: Values, names: Mapping[str, list[str]]) -> list[Probe]:
    """Run each function of a module's text at a point of one row."""
    seen: list[Probe] = []
    space: dict[str, Any] = {"__name__": "probed", "probe": lambda *what: seen.append(Probe(*what))}
    exec(compile(Probed().visit(ast.parse(text)), "probed", "exec"), space)
    w, x, y = ([point[name] for name in names[kind]] for kind in "wxy")
    with np.errstate(all="ignore"):
        if "row" in space:
            space["row"](w, x, *(y if len(y) < 2 else [y]), [0.0] * len(names["grad"]))
            return seen
        rows = [np.array(w), np.array([x]) if x else None, None if not y else np.array(y if len(y) < 2 else [y])]
        tape = space["_forward"](*rows)
        ones, direction = np.ones(1 if x or y else ()), [np.float64(along(at)) for at in range(len(names["grad"]))]
        for name, more in {
            "_backward": (ones, summed), "_jacobian": (), "_residual": (), "_residual_jacobian": (), "_feature_jacobian": (),
            "_hessian": (ones, summed), "_hvp": (direction, ones, summed), "_jvp": (direction,),
        }.items():  # fmt: skip
            if name in space:
                space[name](tape, *more)
        for name in ("_penalty", "_penalty_hessian", "_penalty_rows", "_constraints"):
            if name in space:
                space[name](rows[0])
    return seen


def along(place: int) -> float:
    """Return an entry of the direction of Hessian products."""
    return 0.5 + 0.25 * place


def summed(values: Any, factor: Any = 1.0) -> Any:
    return np.sum(np.asarray(values) * factor)


def functions() -> dict[str, Callable[..., Any]]:
    """The functions that formulas may call, on mpmath's numbers."""

    def of_class(kind: Any, *args: Any) -> Any:
        return mpmath.mpmathify(sympy.N(kind(*(sympy.Float(str(arg), 30) for arg in args)).doit(), 25))

    classes = {
        name: partial(of_class, kind)
        for home in (sympy, sympy_classes)
        for name, kind in vars(home).items()
        if isinstance(kind, type) and issubclass(kind, sympy.Function)
    }
    choices = dict.fromkeys(("select", "where"), lambda c, a, b: a if c else b)
    more = {"sum": lambda x: x, "sign": mpmath.sign, "abs": abs, "min": min, "max": max, "sqrt": mpmath.sqrt, "ln": mpmath.log}
    return {**classes, **MPMATH, **choices, **more}


CALLED = "called_"
FUNCTIONS = {f"{CALLED}{name}": function for name, function in {**functions(), "mpf": mpmath.mpf}.items()}


class Formula(ast.NodeTransformer):
    """Makes the numbers of a formula mpmath's, as they were written, and tells functions from nodes of the same name."""

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        node.func = ast.Name(id=f"{CALLED}{ast.unparse(node.func)}", ctx=ast.Load())
        return node

    def visit_Constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, float | int) and not isinstance(node.value, bool):
            return ast.parse(f"{CALLED}mpf({str(node.value)!r})", mode="eval").body
        return node


def evaluated(formula: str, values: Values) -> Any:
    for name in filter(keyword.iskeyword, values):
        formula = re.sub(rf"\b{name}\b", f"{name}_of_model", formula)
    values = {f"{name}_of_model" if keyword.iskeyword(name) else name: value for name, value in values.items()}
    tree = ast.fix_missing_locations(Formula().visit(ast.parse(formula.strip(), mode="eval")))
    with mpmath.workdps(30):
        return eval(compile(tree, formula, "eval"), {"pi": mpmath.pi, "E": mpmath.e, **FUNCTIONS, **values})


def exact(value: Any) -> Any:
    """Return a number of a probe as mpmath's; a truth as it is."""
    value = value[0] if isinstance(value, tuple) else value  # the first of a pair of doubles
    one = np.asarray(value, dtype=object if isinstance(value, bool) else None).reshape(-1)[0]
    return bool(one) if isinstance(one, bool | np.bool_) else mpmath.mpf(float(one))


def total(model: Model, value: str, by: list[str], point: Values) -> Any:
    """Return the derivative of the loss, the penalty, an output or the residual by inputs or nodes, which move alone."""
    named = {node.name: node for node in model.nodes}
    expr = {"loss": model.loss_expr, "penalty": model.penalty_expr}.get(value)
    expr = expr if expr is not None else named[value].expr if value in named else residual_of(model).exprs[0]
    symbols = {entry.name: entry.symbol for entry in model.inputs} | {name: node.symbol for name, node in named.items()}
    for node in [node for name, node in reversed(named.items()) if name not in by]:
        expr = expr.subs(node.symbol, node.expr)
    # SymPy leaves the derivative of a remainder undone; between its steps it is that of a - b*floor(a/b) with a fixed floor
    steps = {part: sympy.Dummy() for part in expr.atoms(sympy.Mod)}
    floors = {dummy: number_of(model, sympy.floor(part.args[0] / part.args[1]), point) for part, dummy in steps.items()}
    expr = expr.xreplace({part: part.args[0] - part.args[1] * dummy for part, dummy in steps.items()})
    for name in by:
        expr = sympy.diff(expr, symbols[name])
    return number_of(model, expr.subs(floors), point)


def value_of(model: Model, name: str, point: Values) -> Any:
    return number_of(model, next(node.symbol for node in model.nodes if node.name == name), point)


def number_of(model: Model, expr: sympy.Expr, point: Values) -> Any:
    for node in reversed(model.nodes):
        expr = expr.subs(node.symbol, node.expr)
    numbers = {entry.symbol: sympy.Float(repr(point[entry.name]), 40) for entry in model.inputs}
    return mpmath.mpmathify(expr.subs(numbers).doit().evalf(25))


def claims(facts: tuple[tuple[str, str], ...], name: str) -> Iterator[tuple[str, str, str]]:
    """Yield (fact, left, right) of each equation that an explanation states; the left is a name, or a formula too."""
    for about, said in facts:
        if about == "node" and " = " in said:
            left, _, right = said.removeprefix("part of ").removeprefix("term of a row of ").partition(" = ")
            yield said, left, right
        elif about == "formula":
            yield said, *said.split(" = ", 1)
        elif about == "computes":
            yield said, name, said.removeprefix("sum over rows: ")
        elif about in ("form", "rule"):
            if before := re.search(r"; before it: (.*)$", said):
                yield said, name, before[1]
            elif was := re.search(r"\); (.*?) was (.*)$", said):
                yield said, was[1], was[2]


DERIVATIVE = re.compile(r"d loss / d (\w+)|d (.+?) / d (\w+)|d\^2 (\w+) / \(d (\w+) d (\w+)\)")
PART = re.compile(r"\(d loss / d (\w+)\)")


def held(model: Model, backend: str, options: Options, points: int = 2) -> int:
    """Hold all that is explained of a module's lines against its numbers; return how many equations there were."""
    artifact = generate(model, (backend,), spec="m.py", options=options)[0]
    explained = cache(partial(explain_line, model, backend, artifact.name, artifact.text, spec="m.py", options=options))
    names = {
        "w": [one.name for one in (*model.weight_inputs, *model.constant_inputs)],
        "x": [one.name for one in model.feature_inputs],
        "y": [one.name for one in model.target_inputs],
        "grad": [one.name for one in model.weight_inputs],
    }
    own, number = identifiers(model), 0
    for batch in Sampler(reference(model), 4711, None, 1).several(points):
        point = batch.points[0]
        seen = run(artifact.text, point, names)
        by_function = {one.function: numbers_of(one.values) for one in seen}  # those of its last assignment
        forward = by_function.get("_forward", {})
        primals = {node.name: value_of(model, node.name, point) for node in model.nodes}
        primals |= {name: forward[own[name]] for name in primals if own[name] in forward}
        inputs = {f"v_{name}": mpmath.mpf(along(at)) for at, name in enumerate(names["grad"])}
        inputs |= {"cotangent": mpmath.mpf(1), **{name: mpmath.mpf(value) for name, value in point.items()}}
        for one in seen:
            found = explained(one.last)
            if not found.computes:
                continue
            values = {**forward, **by_function[one.function], **numbers_of(one.values), **primals, **inputs}
            number += agreed(model, f"{artifact.name}:{one.first}", found, one.name, values, point)
    return number


def agreed(model: Model, place: str, found: Any, name: str, values: Values, point: Values) -> int:
    """Hold both sides of what is explained of one line against each other; return how many equations there were."""
    number = 0
    for said, left, right in claims(found.facts, name):
        if not CUT.search(left + right):
            sides = side(model, left, values, point), side(model, right, values, point)
            assert same(*sides), f"{place}: {found.text}\n  {said}\n  {sides} at {point}"
            number += 1
    return number


def numbers_of(values: Values) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        with suppress(TypeError, ValueError, IndexError):
            found[name] = exact(value)
    return found


def side(model: Model, text: str, values: Values, point: Values) -> Any:
    if found := DERIVATIVE.fullmatch(text.strip()):
        loss, value, by, second, one, other = found.groups()
        return total(model, "loss" if loss else value or second, [loss or by] if second is None else [one, other], point)
    parts = {f"part_{place}_": by for place, by in enumerate(dict.fromkeys(PART.findall(text)))}
    for place, by in parts.items():
        text = text.replace(f"(d loss / d {by})", place)
    return evaluated(text, {**values, **{place: total(model, "loss", [by], point) for place, by in parts.items()}})


def same(one: Any, other: Any) -> bool:
    """Tell if numbers are equal but for rounding; a truth may be an int of C."""
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    if not (mpmath.isfinite(one) and mpmath.isfinite(other)):
        return str(one) == str(other)
    return bool(abs(one - other) <= ROUNDING * max(abs(one), abs(other), 1e-9))


@pytest.mark.parametrize("backend", ["numpy", "scalar", "array_api"])
@pytest.mark.parametrize("name", ["pieces", "uniform_nodes", "keywords", "nine_weights"])
def test_formulas_that_explain_the_golden_modules_are_what_their_lines_compute(name: str, backend: str) -> None:
    assert held(MODELS[name](), backend, options_of(())) > 5


def test_formulas_that_explain_second_derivatives_are_what_their_lines_compute() -> None:
    assert held(MODELS["nine_weights"](), "numpy", options_of(("hessian", "hvp", "feature-jacobian", "jvp")), points=1) > 100


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_formulas_that_explain_the_corpus_are_what_its_lines_compute(name: str) -> None:
    """Generates and probes each model of the corpus: half a second and more for each."""
    held(CORPUS[name](), "numpy", options_of(()), points=1)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(models(size=8, operations=20))
def test_formulas_that_explain_drawn_models_are_what_their_lines_compute(model: Model) -> None:
    """Generates and probes 20 models that hypothesis draws."""
    try:
        held(model, "numpy", options_of(()), points=1)
    except SpecError:  # as of a weight that does nothing
        reject()


PROBE = """
double probed_[20000]; int probed_line_[20000]; int probed_count_;
static void probe_(int line, double value) {
    if (probed_count_ < 20000) { probed_line_[probed_count_] = line; probed_[probed_count_++] = value; }
}
"""


@needs_c
@pytest.mark.slow
@pytest.mark.parametrize("name", ["nine_weights", "pieces", "uniform_nodes"])
def test_formulas_that_explain_lines_of_c_are_what_they_compute(name: str) -> None:
    """Compiles a C file with a probe behind each of its statements, and runs its row function."""
    model = MODELS[name]()
    artifact = generate(model, ("c",), spec="m.py")[0]
    lines, found = artifact.text.splitlines(), {}
    function, probed = "", []
    for number, line in enumerate(lines, 1):
        head = re.match(r"\w[\w ]*?[ *](\w+)\(", line)
        function = head[1] if head and not line.endswith(";") else function
        statement = re.match(r"\s+const (?:double|int) (\w+) = .*;", line)
        if statement:
            found[number] = (statement[1], function)
            line = line.replace(";", f"; probe_({number}, {statement[1]});", 1)
        probed.append(line)
    start = next(at for at, line in enumerate(probed) if line.startswith("static") or re.match(r"\w.*\(", line))
    header = {one.name: one.text for one in generate(model, ("c",), spec="m.py")[1:]}
    text = "\n".join([*probed[:start], PROBE, *probed[start:]])
    made = compiled(compiler("gcc"), ("-O1", "-shared", "-fPIC"), {artifact.name: text, **header}, f"{name}.so")
    library = ctypes.CDLL(str(made))
    (batch,) = Sampler(reference(model), 4711, None, 1).several(1)
    point = batch.points[0]
    w = (ctypes.c_double * 32)(*(point[one.name] for one in (*model.weight_inputs, *model.constant_inputs)))
    x = (ctypes.c_double * 32)(*(point[one.name] for one in model.feature_inputs))
    getattr(library, f"{name}_row")(w, x, ctypes.c_double(point[model.target_inputs[0].name]), (ctypes.c_double * 32)())
    count = ctypes.c_int.in_dll(library, "probed_count_").value
    places = (ctypes.c_int * 20000).in_dll(library, "probed_line_")[:count]
    numbers = (ctypes.c_double * 20000).in_dll(library, "probed_")[:count]
    seen = {place: mpmath.mpf(number) for place, number in zip(places, numbers, strict=True)}
    inputs = {"cotangent": mpmath.mpf(1), **{key: mpmath.mpf(one) for key, one in point.items()}}
    inputs |= {"loss": number_of(model, model.loss_expr, point)}
    # sums over rows, of which there is one, have no statement
    named = [one.name for one in (*model.nodes, *model.inputs)]
    sums = {f"d_{one}": total(model, "loss", [one], point) for one in named}
    inputs |= {node.name: value_of(model, node.name, point) for node in model.nodes}
    told = 0
    for place in seen:
        name, function = found[place]
        values = sums | {found[at][0]: seen[at] for at in seen if found[at][1] == function and at <= place} | inputs
        explained = explain_line(model, "c", artifact.name, artifact.text, place, spec="m.py")
        if explained.computes:
            told += agreed(model, f"{artifact.name}:{place}", explained, name, values, point)
    assert told > 5
