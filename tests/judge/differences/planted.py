"""Faults planted in a generated module, one in each line that computes numbers; and whether a module's results have changed."""

import ast
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import numpy as np

FACTOR = 1.01
_PLANT = f"""

def _planted(value, in_place):
    import numpy as np

    if hasattr(value, "recorder"):  # a stand-in that records what is done with it
        return value * {FACTOR} if value.dtype.kind == "f" else value
    if type(value) in (tuple, list):
        return type(value)(_planted(part, in_place) for part in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.multiply(value, {FACTOR}, out=value) if in_place else np.asarray(value * {FACTOR}, value.dtype)
    return type(value)(value * {FACTOR}) if isinstance(value, float | np.floating) else value
"""


def lines(text: str, without: Collection[str] = ()) -> list[tuple[int, str]]:
    """The lines of functions that give a name a value or return one, with their numbers; some definitions left out."""
    kept = [node for node in ast.parse(text).body if getattr(node, "name", "") not in without]
    functions = [node for top in kept for node in ast.walk(top) if isinstance(node, ast.FunctionDef)]
    numbers = {node.lineno for function in functions for node in ast.walk(function) if _computes(node)}
    return [(number, text.splitlines()[number - 1].strip()) for number in sorted(numbers)]


def planted(text: str, number: int) -> str:
    """The text with the result of the statement of one line times 1.01, if it is made of floats."""
    return ast.unparse(ast.fix_missing_locations(_Planter(number).visit(ast.parse(text)))) + _PLANT


def _computes(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):  # a call that writes into an array
        return isinstance(node.value, ast.Call) and ast.unparse(node.value.func).startswith("np.")
    return isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return) and not isinstance(
        node.value, ast.Constant | ast.Name | None
    )


class _Planter(ast.NodeTransformer):
    """Plants a fault in the statement of one line."""

    def __init__(self, number: int) -> None:
        self.number = number

    def visit(self, node: ast.AST) -> Any:
        if getattr(node, "lineno", None) != self.number or not _computes(node):
            return self.generic_visit(node)
        if isinstance(node, ast.Expr):
            assert isinstance(node.value, ast.Call)
            call = node.value
            written = call.args[0] if ast.unparse(call.func) == "np.copyto" else call.args[-1]
            return [node, ast.Expr(_call(written, in_place=True))]
        assert isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return)
        assert node.value is not None
        node.value = _call(node.value, in_place=_writes(node.value))
        return node


def _writes(value: ast.expr) -> bool:
    """Tell if a call writes its result into a row of scratch memory, from where it may be read under another name."""
    if not isinstance(value, ast.Call):
        return False
    given = [*value.args[-1:], *(keyword.value for keyword in value.keywords if keyword.arg == "out")]
    return any(isinstance(part, ast.Name) and part.id[:2] in ("_r", "_q", "_l") and part.id[2:].isdigit() for part in given)


def _call(value: ast.expr, *, in_place: bool) -> ast.Call:
    return ast.Call(ast.Name("_planted", ast.Load()), [value, ast.Constant(in_place)], [])


def results(module: Any) -> dict[str, Any]:
    """Results of the functions of a module in many ways of calling, one array each, or the error they raise."""
    found: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=len(module.WEIGHTS)), rng.normal(size=(6, len(module.FEATURES))), rng.normal(size=6)
    for kind, (features, target) in _rows(X, y).items():
        found |= {f"{kind} {name}": _array(call) for name, call in _calls(module, w, features, target).items()}
        if np.size(target) <= len(y):
            with np.errstate(over="ignore"):
                single = [np.asarray(part, np.float32) for part in (w, features, target)]
            found |= {f"{kind} float32 {name}": _array(call) for name, call in _calls(module, *single).items()}
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of the results that are others, beyond the rounding that sums of other weights or of another order may do."""
    return [name for name in before if not _is_same(before[name], after[name], 1e-4 if "float32" in name else 1e-8)]


def _is_same(before: Any, after: Any, relative: float) -> bool:
    if isinstance(before, str) or isinstance(after, str) or before.shape != after.shape:
        return isinstance(before, str) and before == after
    return np.allclose(after, before, rtol=relative, atol=0.0, equal_nan=True)


def _rows(X: Any, y: Any) -> dict[str, tuple[Any, Any]]:
    many = {n: (np.resize(X, (n, X.shape[1])), np.resize(y, n)) for n in (20_003, 120_001)}
    return {
        "several": (X, y),
        "alone": (X[0], y[0]),
        "one": (X[:1], y[:1]),
        "columns": (np.asfortranarray(X), y),
        "reversed": (X[::-1].copy()[::-1], y),
        "alone and huge": (X[0], y[0] * 1e300),
        "overflowing": (many[20_003][0], many[20_003][1] * 1e153),
        **{f"{n} rows": part for n, part in many.items()},
    }


def _calls(module: Any, w: Any, X: Any, y: Any) -> dict[str, Callable[[], Any]]:
    shares = np.linspace(0.5, 2.0, np.size(y)).reshape(np.shape(y))
    thinned = np.where(np.arange(np.size(y)).reshape(np.shape(y)) % 3 == 1, 0.0, shares)
    ways: dict[str, dict[str, Any]] = {
        "": {"threads": 2},
        "sum": {"reduction": "sum"},
        "weighted": {"sample_weight": shares},
        "weighted sum": {"sample_weight": shares, "reduction": "sum"},
        "thinned": {"sample_weight": thinned},
    }
    calls: dict[str, Callable[[], Any]] = {
        f"{name} {way}": partial(getattr(module, name), w, X, y, **options)
        for name in ("value_and_grad", "loss", "grad")
        for way, options in ways.items()
    }
    return calls | {
        "per_sample_grad": lambda: module.per_sample_grad(w, X, y, threads=2),
        "jacobian": lambda: module.jacobian(w, X, threads=2),
        "predict": lambda: module.predict(w, X, threads=2),
        "residual": lambda: module.residual(w, X, y),
        "backward": lambda: module.backward(module.forward(w, X, y), shares),
        "tape": lambda: [getattr(module.forward(w, X, y), name) for name in ("loss", *module.NODES)],
        "nodes": lambda: [getattr(module.forward(w, X), name) for name in module.NODES],
        "unpack": lambda: list(module.unpack(w).values()),
        "pack": lambda: module.pack(dict(zip(module.WEIGHTS, w.tolist(), strict=True))),
        "initial_weights": lambda: module.initial_weights(1),
    }


def _array(call: Callable[[], Any]) -> Any:
    with np.errstate(all="ignore"):
        try:
            result = call()
        except Exception as error:  # a result like any other
            return repr(error)
    return np.concatenate([np.ravel(part) for part in (result if isinstance(result, tuple | list) else [result])])
