"""Native modules against the NumPy module of the same model: the same numbers or the same refusal, whatever comes."""

import atexit
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import native_caches
import native_lives
import native_nonsense
import numpy as np
from cases import Case
from native_arrays import OTHER, SAME, SHAPES, VALUES, WHOLE, Maker
from native_calls import agree, results, same_bits
from native_specs import LABELS, NAMES, data, module, place

Combination = tuple[str, str, type]
"""A model, a way to C, and the dtype of the arrays."""
ALL: Sequence[Combination] = [
    *((name, "extension", np.float64) for name in NAMES),
    ("decay", "extension", np.float32),
    ("waves", "extension", np.float32),
    ("ridge", "extension", np.float32),
    ("kinds", "extension", np.float32),
    *((name, "ctypes", np.float64) for name in ("decay", "waves", "ridge")),
    ("decay", "ctypes", np.float32),
    *((name, "c", np.float64) for name in ("decay", "waves", "ridge")),
]
REFUSED = ("float16", "longdouble", "complex", "text", "dates", "one masked", "all masked", "hard mask, NaN below")
"""Kinds of w and X that docs/module.md refuses."""


def cases(rng: random.Random) -> Iterator[Case]:
    """Arrays of every layout, kind, value and shape in the place of each argument; nonsense; what happens around calls."""
    atexit.register(shutil.rmtree, place(), ignore_errors=True)
    for table, keys, expected in (
        (SAME, "wXysv", "same"),
        (WHOLE, "wXys", "same"),
        (OTHER, "wXys", "either"),
        (SHAPES, "wXysv", "either"),
        (VALUES, "wXysv", "either"),
    ):
        for key in keys:
            yield from _in_turn(rng, key, table.items(), expected)
    yield from native_nonsense.cases(rng)
    yield from native_lives.cases(rng)
    yield from native_caches.cases(rng)


def _in_turn(rng: random.Random, key: str, table: Any, expected: str) -> Iterator[Case]:
    """Put each way of the table into the place of an argument, of one model after the other."""
    able = [one for one in ALL if key in data(one[0], 2)]
    rng.shuffle(able)
    turns = cycle(able)
    for word, make in table:
        if all(_senseless(word, key, one) for one in able):
            continue
        turn = next(turn for turn in turns if not _senseless(word, key, turn))
        name, kind, dtype = turn
        single = " float32" if dtype is np.float32 else ""
        rows = rng.choice((2, 3, 7, 64, 130, 200))
        yield Case(
            f"{key} {word}: {name} {kind}{single}",
            call=_compared(turn, key, word, make, data(name, rows, dtype), expected),
            prepare=made(name, kind),
            codes=(0,),
        )


def _senseless(word: str, key: str, turn: Combination) -> bool:
    """Tell if a way makes no sense: rows without an end, a dtype that the file has not, no label, sums out of the range."""
    name, kind, dtype = turn
    return (
        (word.startswith("2**") and (name in ("bare", "alone") or key == "v"))
        or (kind == "c" and (word in OTHER or word == "2**60 bits"))
        or (name in LABELS and key == "y" and word == "integers beyond 2**53")
        or (key == "s" and word.startswith("largest"))
        or (dtype is np.float32 and word == "list of NumPy's numbers")
    )


def made(name: str, *kinds: str) -> Callable[[Path], object]:
    """Return what compiles a model's modules, before the process of the case begins."""
    return lambda folder: [module(name, kind) for kind in ("numpy", *kinds)]


def _compared(
    turn: Combination, key: str, word: str, make: Maker, given: dict[str, np.ndarray], expected: str
) -> Callable[[Path], object]:
    """Return a call that compares what C and NumPy make of an argument."""
    name, kind, dtype = turn
    single = dtype is np.float32 or word.startswith("the other of")

    def call(folder: Path) -> None:
        native, numpy = module(name, kind), module(name, "numpy")
        mine = results(native, {**given, key: make(given[key].copy())})
        theirs = results(numpy, {**given, key: make(given[key].copy())})
        agree(kind, mine, theirs, single=single, loose=1e4 if word.startswith(("710", "-746")) else 1.0)
        if word in REFUSED and key in "wX":
            accepted = [label for label, (end, _) in mine.items() if end == "value" and label.split()[0] in ("predict", "grad")]
            assert not accepted, f"{accepted} accept what docs/module.md refuses"
        if expected == "same":
            plain = np.array(make(given[key].copy()))
            plain = plain.astype(plain.dtype.newbyteorder("=") if plain.dtype.kind == "f" else np.float64, order="C")
            same_bits(mine, results(native, {**given, key: plain}))

    return call
