"""Each public function of a module called with one set of arguments; what two modules give for it, compared."""

from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np

Result = tuple[str, Any]
"""("value", arrays) or ("error", its type and text)."""
Given = Mapping[str, Any]
_LACKING: Mapping[str, tuple[str, ...]] = {"c": ("forward", "initial_weights")}
"""What a module of this kind does not have, by docs/c.md."""
_BY_ROWS = ("predict", "per_sample_grad", "jacobian", "residual", "residual_jacobian", "forward")
"""Functions without a sum over rows, by the first word of their label: each number is held against itself alone."""
_SHARES = (1e-12, 3e-5)
"""Relative differences that are allowed of float64 and of float32: docs/accuracy.md grants a few ulp an operation."""


def calls(module: ModuleType, given: Given) -> Iterator[tuple[str, Any]]:
    """Return a label and what is to be called for each public function that a module has, with these arguments."""
    w, v, s = given.get("w"), given.get("v"), given.get("s")
    x = [given["X"]] if "X" in given else [] if "y" not in given else [None]
    xy = [*x, given["y"]] if "y" in given else x
    weighted: dict[str, Any] = {"sample_weight": s} if "s" in given else {}
    table = {
        "predict": lambda f: f(w, *x),
        "loss": lambda f: f(w, *xy),
        "loss sum weighted": lambda f: f(w, *xy, reduction="sum", **weighted),
        "grad": lambda f: f(w, *xy),
        "grad weighted": lambda f: f(w, *xy, **weighted),
        "value_and_grad": lambda f: f(w, *xy),
        "value_and_grad sum": lambda f: f(w, *xy, reduction="sum"),
        "value_and_grad weighted": lambda f: f(w, *xy, **weighted),
        "per_sample_grad": lambda f: f(w, *xy),
        "jacobian": lambda f: f(w, *x),
        "residual": lambda f: f(w, *xy),
        "residual_jacobian": lambda f: f(w, *xy),
        "normal_equations": lambda f: f(w, *xy),
        "normal_equations weighted": lambda f: f(w, *xy, **weighted),
        "hessian": lambda f: f(w, *xy),
        "hessian weighted": lambda f: f(w, *xy, **weighted),
        "hvp": lambda f: f(w, v, *xy),
        "feature_jacobian": lambda f: f(w, *x),
        "jvp": lambda f: f(w, v, *x),
        "penalty": lambda f: f(w),
        "penalty_residual": lambda f: f(w),
        "penalty_jacobian": lambda f: f(w),
        "penalty_hessian": lambda f: f(w),
        "constraints": lambda f: f(w),
        "constraints_jacobian": lambda f: f(w),
        "forward": lambda f: f(w, *xy).loss,
        "backward": lambda f: f(module.forward(w, *xy)),
        "unpack": lambda f: np.array(list(f(w).values())),
        "pack": lambda f: f(module.unpack(w)),
    }
    for label, make in table.items():
        function = getattr(module, label.split()[0], None)
        if function is not None:
            yield label, (lambda make=make, function=function: make(function))


def result(call: Any) -> Result:
    """Return what a call gives, or the error that it raises."""
    try:
        return "value", _flat(call())
    except MemoryError:
        return "error", ("MemoryError", "")
    except Exception as error:
        return "error", (type(error).__name__, str(error))


def results(module: ModuleType, given: Given) -> dict[str, Result]:
    """Return what each function of a module gives; its arguments must stay as they are, and no result may be part of them."""
    found: dict[str, Result] = {}
    before = {key: value.tobytes() for key, value in given.items() if _small(value)}
    for label, call in calls(module, given):
        found[label] = result(call)
        if found[label][0] == "value":
            for one in found[label][1]:
                for key, value in given.items():
                    shared = isinstance(one, np.ndarray) and isinstance(value, np.ndarray) and np.may_share_memory(one, value)
                    assert not shared, f"{label}: a result is part of the memory of {key}"
    for key, value in before.items():
        assert given[key].tobytes() == value, f"{key} has been changed"
    return found


def _small(value: Any) -> bool:
    return isinstance(value, np.ndarray) and not value.dtype.hasobject and value.size < 10**7


def _flat(value: Any) -> list[Any]:
    return [one for part in value for one in _flat(part)] if isinstance(value, tuple) else [value]


def agree(kind: str, c: Mapping[str, Result], numpy: Mapping[str, Result], *, single: bool = False, loose: float = 1.0) -> None:
    """Assert that C gives what NumPy gives: equal but for rounding errors, the same errors, the same types."""
    missing = [label for label in numpy if label not in c and label.split()[0] not in (*_LACKING.get(kind, ()), "backward")]
    assert kind == "c" or not missing, f"lacks {missing}"
    for label in c.keys() & numpy.keys():
        (kind_c, mine), (kind_numpy, theirs) = c[label], numpy[label]
        if kind_c == "error" or kind_numpy == "error":
            assert (kind_c, mine) == (kind_numpy, theirs), f"{label}: {_said(kind_c, mine)} against {_said(kind_numpy, theirs)}"
            continue
        assert len(mine) == len(theirs), label
        for a, b in zip(mine, theirs, strict=True):
            assert type(a) is type(b), f"{label}: {type(a)} against {type(b)}"
            assert np.shape(a) == np.shape(b), f"{label}: shape {np.shape(a)} against {np.shape(b)}"
            assert np.asarray(a).dtype == np.asarray(b).dtype, f"{label}: {np.asarray(a).dtype} against {np.asarray(b).dtype}"
            told = difference(np.asarray(a), np.asarray(b), rows=label.split()[0] in _BY_ROWS, single=single, loose=loose)
            assert not told, f"{label}: {told}"


def difference(a: np.ndarray, b: np.ndarray, *, rows: bool, single: bool = False, loose: float = 1.0) -> str:
    """Tell in what two results differ by more than rounding errors."""
    if b.dtype not in (np.float64, np.float32):
        return "" if np.array_equal(a, b) else f"{a!r} against {b!r}"
    kind = np.finfo(np.float32 if single else b.dtype)
    large = float(kind.max) / 16  # next to the end of the range the order of operations decides what is infinite
    for name, test in (("NaN", np.isnan), ("inf", lambda c: c > large), ("-inf", lambda c: c < -large)):
        if np.any(test(a) & ~(test(b) | (np.abs(b) > large / 16)) | test(b) & ~(test(a) | (np.abs(a) > large / 16))):
            return f"{name} at other places: {_short(a)} against {_short(b)}"
    finite = (np.abs(a) <= large) & (np.abs(b) <= large)
    sizes = np.where(finite, np.abs(b), 0).astype(np.longdouble)
    if not rows or b.ndim > 1:  # of a row of partials each may come of larger terms
        sizes = np.broadcast_to(np.max(sizes, axis=-1 if rows else None, keepdims=True, initial=0.0), b.shape)
    allowed = loose * _SHARES[single] * (sizes + float(kind.smallest_normal))
    apart = np.where(finite, np.abs(np.where(finite, a, 0).astype(np.longdouble) - np.where(finite, b, 0)), 0)
    return "" if np.all(apart <= allowed) else f"{_short(a)} against {_short(b)}"


def same_bits(mine: Mapping[str, Result], plain: Mapping[str, Result]) -> None:
    """Assert that all functions give the same bits."""
    for label in mine.keys() & plain.keys():
        (kind_a, a), (kind_b, b) = mine[label], plain[label]
        assert kind_a == kind_b == "value", f"{label}: {_said(kind_a, a)} against {_said(kind_b, b)} for plain arrays"
        for one, other in zip(a, b, strict=True):
            equal = np.asarray(one).tobytes() == np.asarray(other).tobytes()
            assert equal, (
                f"{label}: other bits than for plain arrays: {_short(np.asarray(one))} against {_short(np.asarray(other))}"
            )


def _said(kind: str, value: Any) -> str:
    return f"{value[0]}({value[1][:200]!r})" if kind == "error" else _short(np.asarray(value[0]))


def _short(array: np.ndarray) -> str:
    return np.array2string(np.asarray(array), threshold=6, max_line_width=999).replace("\n", "")[:200]
