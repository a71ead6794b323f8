"""Modules of the C backend in Python: the C file is compiled into a cache folder and called through ctypes.

The functions take and return what those of the numpy backend do, except that all is computed in float64.
"""

import ctypes
import re
from collections.abc import Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symgraph.compiler import Compiler, compiled_library, find_compiler
from symgraph.config import read_config
from symgraph.errors import ModuleError
from symgraph.module import ABI

Array = NDArray[np.float64]
Rows = tuple[Array, Array | None, Array | None, tuple[int, ...]]
"""Weights, rows, target, and the shape of a value that each row has."""

_ABI = re.compile(r"^const int (\w+)_abi = (\d+);$", re.MULTILINE)
_WITH_LOSS = ("value_and_grad", "loss", "grad", "per_sample_grad", "row")
_WITH_OUTPUT = ("predict", "predict_row")
_P, _N, _D = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double
_SIGNATURES: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "row": (_D, (_P, _P, _D, _P)),
    "value_and_grad": (None, (_P, _P, _P, _P, _N, _P, _P)),
    "per_sample_grad": (None, (_P, _P, _P, _N, _P)),
    "predict_row": (_D, (_P, _P)),
    "predict": (None, (_P, _P, _N, _P)),
}
"""The result and the parameters of each C function, by what follows the model's name."""


def load(name_or_path: str | Path, compiler: str | None = None) -> ModuleType:
    """Compile a C file of this project, unless the cache has it, and load it.

    Args:
        name_or_path: the name of a model, whose C file is looked for in the folder that the project configures as ``out``; or
            the path of a C file, whose header stands beside it.
        compiler: the program that compiles it; by default CC of the environment, else cc, gcc or clang.

    Returns:
        A module with ABI, MODEL, FEATURES, TARGET, WEIGHTS, OUTPUTS and METADATA; with value_and_grad, loss, grad,
        per_sample_grad and row where the model has a loss, predict and predict_row where it has an output; in float64.

    Raises:
        ModuleError: there is no such file, it is none of ours, or it follows another version of the contract.
        BuildError: there is no compiler, or it refuses the file.
        OptionError: the project's settings cannot be read.
    """
    text = str(name_or_path)
    named = not (isinstance(name_or_path, Path) or text.endswith(".c") or "/" in text or "\\" in text)
    path = read_config().out_folder / f"{text}.c" if named else Path(name_or_path)
    files = {}
    for part in (path, path.with_suffix(".h")):
        try:
            files[part.name] = part.read_text(encoding="utf-8")
        except OSError as error:
            raise ModuleError(f"{part} cannot be read: {error.strerror}; `symgraph build --backend c` makes it") from error
        except UnicodeDecodeError as error:
            raise ModuleError(f"{part} is no text: {error}") from error
    return module_of(path.name, files, compiler=find_compiler(compiler))


def module_of(
    source: str, files: Mapping[str, str], *, compiler: Compiler | None = None, folder: Path | None = None
) -> ModuleType:
    """Compile the texts of a C file and its header, and load the library.

    Args:
        source: the name of the C file.
        files: both texts by file name.
        compiler: what compiles it; by default ``find_compiler()``.
        folder: where the library is kept; by default the cache folder.

    Raises:
        ModuleError, BuildError: as for ``load``.
    """
    found = _ABI.search(files[source])
    if found is None:
        raise ModuleError(f"{source} is no generated C file; `symgraph build --backend c` makes such files")
    if int(found[2]) != ABI:
        versions = f"{source} follows version {found[2]} of the module contract, this symgraph follows {ABI}"
        raise ModuleError(f"{versions}; build it again")
    path = compiled_library(source, files, compiler or find_compiler(), folder)
    try:
        library = ctypes.CDLL(str(path))
        return _module(library, found[1], Path(source).stem, path)
    except (OSError, AttributeError, ValueError) as error:  # no library; a symbol that it lacks
        raise ModuleError(f"{path} cannot be loaded: {error}; delete it") from error


def _module(library: ctypes.CDLL, prefix: str, model: str, path: Path) -> ModuleType:
    def text(what: str) -> str | None:
        value = ctypes.c_char_p.in_dll(library, f"{prefix}_{what}").value
        return None if value is None else value.decode()

    c_functions: dict[str, Any] = {}
    for name, (result, parameters) in _SIGNATURES.items():
        function = getattr(library, f"{prefix}_{name}", None)
        if function is not None:
            function.restype, function.argtypes = result, parameters
            c_functions[name] = function
    features, weights = _names(library, f"{prefix}_features"), _names(library, f"{prefix}_weights")
    functions = Functions(model, features, weights, text("target"), c_functions)
    output = text("output")
    module = ModuleType(model, f"The model {model}, compiled from C.")
    constants = {"ABI": ABI, "MODEL": model, "FEATURES": features, "TARGET": functions.target, "WEIGHTS": weights}
    metadata = {"model_hash": text("hash"), "has_loss": "row" in c_functions, "backend": "c"}
    offered = [*(_WITH_LOSS if "row" in c_functions else ()), *(_WITH_OUTPUT if "predict" in c_functions else ())]
    vars(module).update(constants, OUTPUTS=() if output is None else (output,), METADATA=metadata, __file__=str(path))
    vars(module).update({name: getattr(functions, name) for name in (*offered, "pack", "unpack")})
    return module


def _names(library: ctypes.CDLL, symbol: str) -> tuple[str, ...]:
    """A table of names, which ends with NULL."""
    table = ctypes.pointer(ctypes.c_char_p.in_dll(library, symbol))
    names: list[str] = []
    while (name := table[len(names)]) is not None:
        names.append(name.decode())
    return tuple(names)


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of one library, with checks of what they are given.

    Attributes:
        model: the model's name.
        features: names of the features, in order.
        weights: names of the weights, in order.
        target: the target's name, or None.
        c: the C functions by what follows the model's name.
    """

    model: str
    features: tuple[str, ...]
    weights: tuple[str, ...]
    target: str | None
    c: Mapping[str, Any]

    def value_and_grad(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
    ) -> tuple[float, Array]:
        """Compute the reduced loss and its gradient.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.
            sample_weight: weights s of the rows, (n,), not negative; a row of weight 0 counts as absent, whatever it holds.
            reduction: "mean" for sum(s*loss)/sum(s), "sum" for sum(s*loss).

        Returns:
            The loss and its gradient, (k,), in float64.

        Raises:
            ValueError: shapes do not fit, or the reduction is unknown.
            TypeError: an array holds no real numbers.
        """
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction must be 'mean' or 'sum', not {reduction!r}")
        rows = self._with_target(self._inputs(w, X, y))
        share, total = None, float(rows[3][0]) if rows[3] and reduction == "mean" else 1.0
        if sample_weight is not None:
            rows, share, total = self._weighted(rows, sample_weight, reduction)
        value, gradient = self._sums(rows, share)
        value, gradient = value / total, gradient / total
        if not (np.isfinite(value) and np.isfinite(gradient).all()) and total != 1.0:
            # a sum may overflow where the mean does not
            small = (np.ones(_count(rows[3])) if share is None else share) / total
            again, partials = self._sums(rows, small)
            value = value if np.isfinite(value) else again
            gradient = gradient if np.isfinite(gradient).all() else partials
        return value, gradient

    def loss(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
    ) -> float:
        """Compute the reduced loss; arguments as for value_and_grad, which it costs as much as."""
        return self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction)[0]

    def grad(
        self,
        w: ArrayLike,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
    ) -> Array:
        """Compute the gradient of the reduced loss; arguments as for value_and_grad."""
        return self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction)[1]

    def per_sample_grad(self, w: ArrayLike, X: ArrayLike | None = None, y: ArrayLike | None = None) -> Array:
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        weights, rows, target, shape = self._with_target(self._inputs(w, X, y))
        result = np.empty((*shape, len(self.weights)))
        self.c["per_sample_grad"](_at(weights), _at(rows), _at(target), _count(shape), _at(result))
        return result

    def predict(self, w: ArrayLike, X: ArrayLike | None = None) -> Array:
        """Compute the output: one entry a row, or a scalar for one row."""
        weights, rows, _, shape = self._inputs(w, X, None)
        result = np.empty(shape)
        self.c["predict"](_at(weights), _at(rows), _count(shape), _at(result))
        output: Array = result[()]
        return output

    def row(self, w: Sequence[float], x: Sequence[float], y: float | None, grad: MutableSequence[float] | Array) -> float:
        """Compute the loss of one row, and write its partials into grad.

        Args:
            w: weights in the order of WEIGHTS.
            x: features in the order of FEATURES.
            y: the target.
            grad: a list or array that receives d loss / d w.
        """
        (weights, features), partials = self._row(w, x), np.empty(len(self.weights))
        value: float = self.c["row"](_at(weights), _at(features), 0.0 if y is None else float(y), _at(partials))
        for index, partial in enumerate(partials.tolist()):
            grad[index] = partial
        return value

    def predict_row(self, w: Sequence[float], x: Sequence[float]) -> float:
        """Compute the output of one row."""
        weights, features = self._row(w, x)
        value: float = self.c["predict_row"](_at(weights), _at(features))
        return value

    def pack(self, mapping: Mapping[str, float]) -> Array:
        """Give the weights of a mapping by name as a vector in the order of WEIGHTS."""
        missing = [name for name in self.weights if name not in mapping]
        unknown = [name for name in mapping if name not in self.weights]
        if missing or unknown:
            raise ValueError(f"{self.model}: weights missing {missing}, unknown {unknown}")
        return np.array([mapping[name] for name in self.weights], np.float64)

    def unpack(self, w: ArrayLike) -> dict[str, float]:
        """Give a vector of weights as a dict by name."""
        return dict(zip(self.weights, self._weights(w).tolist(), strict=True))

    def _sums(self, rows: Rows, share: Array | None) -> tuple[float, Array]:
        """The sum of the losses, each times its share, and its gradient."""
        weights, features, target, shape = rows
        value, gradient = ctypes.c_double(), np.empty(len(self.weights))
        self.c["value_and_grad"](
            _at(weights), _at(features), _at(target), _at(share), _count(shape), ctypes.addressof(value), _at(gradient)
        )
        return value.value, gradient

    def _inputs(self, w: ArrayLike, X: ArrayLike | None, y: ArrayLike | None) -> Rows:
        weights = self._weights(w)
        rows = self._rows(X)
        shape: tuple[int, ...] = () if rows is None else rows.shape[:-1]
        if y is None:
            return weights, rows, None, shape
        if self.target is None:
            raise ValueError(f"{self.model} has no target; y must be None")
        target = np.asarray(y)
        if target.dtype.kind not in "biuf":
            raise TypeError(f"y has dtype {target.dtype}, {self.model} needs real numbers")
        if rows is None:
            if target.ndim > 1 or target.size == 0:
                raise ValueError(f"y has shape {target.shape}, {self.model} needs (n,) or ()")
            shape = target.shape
        elif rows.shape == (1, 1) and target.ndim == 0 and np.asarray(X).ndim == 1:
            shape = ()  # one row of one column, as X[i] is
        if target.shape != shape:
            raise ValueError(f"y has shape {target.shape}, X has shape {np.asarray(X).shape}")
        return weights, rows, _contiguous(target), shape

    def _weights(self, w: ArrayLike) -> Array:
        weights = np.asarray(w)
        if weights.shape != (len(self.weights),):
            names = ", ".join(self.weights)
            raise ValueError(f"w has shape {weights.shape}, {self.model} needs ({len(self.weights)},): {names}")
        return _numbers(weights, self.model)

    def _rows(self, X: ArrayLike | None) -> Array | None:
        if not self.features:
            if X is not None:
                raise ValueError(f"{self.model} has no features; X must be None")
            return None
        rows = np.asarray(X)
        if len(self.features) == 1 and rows.ndim < 2:
            rows = rows[..., np.newaxis]
        if rows.ndim not in (1, 2):
            raise ValueError(f"X has {rows.ndim} dimensions, {self.model} needs rows by columns")
        if rows.shape[-1] != len(self.features):
            need = f"{len(self.features)}: {', '.join(self.features)}"
            raise ValueError(f"X has {rows.shape[-1]} columns, {self.model} needs {need}")
        if rows.shape[0] == 0:
            raise ValueError(f"X has no rows, {self.model} needs at least one")
        return _numbers(rows, self.model)

    def _with_target(self, rows: Rows) -> Rows:
        if self.target is not None and rows[2] is None:
            raise ValueError(f"y is missing, the loss of {self.model} needs {self.target}")
        return rows

    def _weighted(self, rows: Rows, sample_weight: ArrayLike, reduction: str) -> tuple[Rows, Array, float]:
        """The rows whose weight is not 0, their weights, and what to divide by."""
        weights, features, target, shape = rows
        s = np.asarray(sample_weight, np.float64)
        if s.shape != shape:
            raise ValueError(f"sample_weight has shape {s.shape}, the rows have {shape}")
        if not np.all(np.isfinite(s) & (s >= 0)):
            raise ValueError("sample_weight must be finite and not negative")
        present = s > 0
        if not np.any(present):
            raise ValueError("sample_weight is 0 for every row")
        if reduction == "mean":  # of weights near 1 no product overflows or underflows
            s = np.ldexp(s, -np.frexp(np.max(s))[1])
            present = s > 0
        total = float(np.sum(s)) if reduction == "mean" else 1.0
        if not np.all(present):
            s, shape = s[present], (int(np.sum(present)),)
            features = None if features is None else features[present]
            target = None if target is None else target[present]
        return (weights, features, target, shape), _contiguous(s), total

    def _row(self, w: Sequence[float], x: Sequence[float]) -> tuple[Array, Array]:
        return _vector(w, len(self.weights), "w", self.model), _vector(x, len(self.features), "x", self.model)


def _vector(values: Sequence[float], size: int, what: str, model: str) -> Array:
    vector = np.ascontiguousarray(values, np.float64)
    if vector.shape != (size,):
        raise ValueError(f"{what} has shape {vector.shape}, {model} needs ({size},)")
    return vector


def _numbers(array: NDArray[Any], model: str) -> Array:
    """An array in float64, row by row."""
    if array.dtype.newbyteorder("=") not in (np.float32, np.float64) and array.dtype.kind not in "iu":
        raise TypeError(f"{model} computes in float64, not in {array.dtype}")
    return _contiguous(array)


def _contiguous(array: NDArray[Any]) -> Array:
    return np.asarray(array, np.float64, order="C")


def _count(shape: tuple[int, ...]) -> int:
    return shape[0] if shape else 1


def _at(array: Array | None) -> int | None:
    return None if array is None else array.ctypes.data
