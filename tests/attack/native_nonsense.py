"""Public calls with nonsense: C and NumPy must refuse it in the same words, or take it for the same."""

import inspect
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from cases import Case
from native_calls import agree, result
from native_specs import FUNCTIONS, data, module

NONSENSE: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: "mean",
    lambda: "",
    lambda: "Mean",
    lambda: "sum\x00",
    lambda: b"sum",
    lambda: "\ud800",
    lambda: 0,
    lambda: -1,
    lambda: 2,
    lambda: 2**31,
    lambda: 2**63,
    lambda: 2**64,
    lambda: 10**400,
    lambda: 2.5,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: 1j,
    lambda: True,
    lambda: np.True_,
    lambda: np.int8(2),
    lambda: np.str_("mean"),
    lambda: np.array("mean"),
    lambda: np.array(2),
    lambda: [],
    lambda: [[]],
    lambda: [None],
    lambda: [1.0, "a"],
    lambda: (),
    lambda: {},
    lambda: {"w": 1},
    lambda: {1, 2},
    lambda: object,
    lambda: ...,
    lambda: range(3),
    lambda: slice(None),
    lambda: ValueError("x"),
    lambda: np.zeros((0, 0)),
    lambda: np.zeros((2, 2, 2)),
    lambda: np.array([object()]),
    lambda: np.full(3, np.nan),
    lambda: "x" * 10**5,
    lambda: memoryview(b"abcdefgh"),
    lambda: np.dtype("f8"),
    lambda: np,
)
TYPOS = (
    "sample_weights",
    "x",
    "Y",
    "thread",
    "reductions",
    "W",
    "out",
    "self",
    "dtype",
    "",
    "w ",
    "n" * 1000,
    "\ud800",
    "None",
)


def cases(rng: random.Random) -> Iterator[Case]:
    """Each function of each model, several drawn calls in a case; functions of one row, which NumPy lacks."""
    for name, functions in FUNCTIONS.items():
        for function in functions:
            for kind in ("extension", *(("ctypes",) if name in ("decay", "ridge") else ())):
                yield Case(
                    f"nonsense to {function}: {name} {kind}",
                    call=_same(name, kind, function, rng.getrandbits(32)),
                    prepare=_made(name, kind),
                    codes=(0,),
                )
    for kind in ("extension", "ctypes", "c"):
        for name in ("decay", "waves", "kinds"):
            for function in ("row", "predict_row"):
                if (name, function) != ("kinds", "predict_row") and (name, kind) != ("kinds", "ctypes"):
                    seed = rng.getrandbits(32)
                    call = _refused_or_right(name, kind, function, seed)
                    yield Case(f"nonsense to {function}: {name} {kind}", call=call, prepare=_made(name, kind), codes=(0,))


def _made(name: str, kind: str) -> Callable[[Path], object]:
    return lambda folder: [module(name, one) for one in ("numpy", kind)]


def _same(name: str, kind: str, function: str, seed: int) -> Callable[[Path], object]:
    def call(folder: Path) -> None:
        native, numpy = module(name, kind), module(name, "numpy")
        for turn in range(24):
            rng = random.Random(seed + turn)
            state = rng.getstate()
            told = _called(native, numpy, function, name, rng)
            rng.setstate(state)
            other = _called(numpy, numpy, function, name, rng)
            if function == "initial_weights" and told[0] == other[0] == "value":
                continue  # without a seed these are drawn
            agree(kind, {function: _plain(told)}, {function: _plain(other)})

    return call


def _called(owner: ModuleType, numpy: ModuleType, function: str, name: str, rng: random.Random) -> Any:
    """Call a function with what is right but for one to three things."""
    given: dict[str, Any] = {**data(name, 3), "sample_weight": data(name, 3).get("s"), "threads": 1, "reduction": "sum"}
    given |= {"tape": None, "mapping": {"a": 1.0}, "seed": 1, "cotangent": 1.0}
    if function == "backward":
        given["tape"] = numpy.forward(**{key: value for key, value in data(name, 3).items() if key in "wXy"})
    names = [one for one in inspect.signature(getattr(numpy, function)).parameters if one in given]
    words = {one: given[one] for one in names}
    line: list[Any] = []
    for _ in range(rng.randint(1, 3)):
        way = rng.randrange(6)
        if way < 3 and names:
            words[rng.choice(names)] = rng.choice(NONSENSE)()
        elif way == 3 and words:
            del words[rng.choice(list(words))]
        elif way == 4:
            words[rng.choice(TYPOS)] = rng.choice(NONSENSE)()
        else:
            line.append(rng.choice(NONSENSE)())
    if rng.random() < 0.3:  # all by position
        line = [*words.values(), *line]
        words = {}
    return result(lambda: getattr(owner, function)(*line, **words))


def _plain(found: Any) -> Any:
    """Leave out of a message where things are in memory; say only the kinds of results that are no arrays."""
    end, value = found
    if end == "error":
        return end, (value[0], re.sub(r"0x[0-9a-f]+", "0x", value[1]))
    kept = [one if isinstance(one, np.ndarray | float | np.floating) else type(one).__name__ for one in value]
    return end, [one if not isinstance(one, str) else np.array(one) for one in kept]


def _refused_or_right(name: str, kind: str, function: str, seed: int) -> Callable[[Path], object]:
    def call(folder: Path) -> None:
        native, given = module(name, kind), data(name, 1)
        k = len(given["w"])
        rng = random.Random(seed)
        for _ in range(200):
            words = [given["w"].copy(), np.atleast_1d(given["X"][0]).copy(), given["y"][0].copy(), np.zeros(k)][
                : 4 if function == "row" else 2
            ]
            for _ in range(rng.randint(0, 2)):
                way, at = rng.randrange(4), rng.randrange(len(words))
                if way == 0:
                    words[at] = rng.choice(NONSENSE)()
                elif way == 1:
                    words = [*words[:at], *words[at + 1 :]] or [None]
                elif way == 2:
                    words[at] = np.zeros(rng.choice((0, 1, k - 1, k + 1, 99)))[:: rng.choice((1, -1, 2))]
                else:
                    read_only = np.zeros(k)
                    read_only.flags.writeable = False
                    words[at] = rng.choice(
                        (read_only, np.zeros(k, np.float32), np.zeros(k, int), np.zeros(2 * k)[::2], [0.0] * k)
                    )
            try:
                getattr(native, function)(*words)
            except (TypeError, ValueError, OverflowError, IndexError, BufferError):
                continue
        x, y = np.atleast_1d(given["X"][0]), given["y"][0]
        if function == "predict_row":
            assert np.allclose(native.predict_row(given["w"], x), module(name, "numpy").predict(given["w"], x), rtol=1e-13)
        else:
            grad = np.zeros(k)
            loss = native.row(given["w"], x, y, grad)
            right, partials = module(name, "numpy").value_and_grad(given["w"], x, y)
            assert np.isclose(loss, right, rtol=1e-13), (loss, right)
            assert np.allclose(grad, partials, rtol=1e-12), (grad, partials)

    return call
