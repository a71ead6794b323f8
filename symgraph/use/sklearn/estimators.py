"""Estimators that hold a model, a module, or a family of models, and fit it by ``symgraph.fit``."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from symgraph.compiler.backends.source import model_hash
from symgraph.errors import DataError, OptionError, did_you_mean
from symgraph.runtime.generated_module import targets_of
from symgraph.spec.model import Model
from symgraph.use.fitting.fits import compiled, fit
from symgraph.use.sklearn.families import linear, softmax
from symgraph.use.sklearn.weighted import WeightedModule

Array = NDArray[np.float64]
_KEPT = 64
_COMPILED: dict[str, ModuleType] = {}
"""The last modules by the digests of their models: clones of an estimator, and families at one width, share them."""
_CONSTANT = "constants__"


class ModelEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Hold the parameters, choose the module and search: the parts that `Regressor` and `Classifier` share."""

    def __init__(
        self, model: Any, *, start: Any = None, constants: Any = None, starts: int | None = None, random_state: Any = 0
    ) -> None:
        self.model = model
        self.start = start
        self.constants = constants
        self.starts = starts
        self.random_state = random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name; if deep, also each of the constants as ``constants__<name>``."""
        found: dict[str, Any] = super().get_params(deep=deep)
        given = self.constants if deep and isinstance(self.constants, Mapping) else {}  # what it is, only fit looks at
        return found | {_CONSTANT + name: value for name, value in given.items()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name; ``constants__<name>`` is one of the constants, whether or not it was given before."""
        own = {name: params.pop(name) for name in list(params) if name.startswith(_CONSTANT)}
        super().set_params(**params)
        if own:
            self.constants = (self.constants or {}) | {name.removeprefix(_CONSTANT): value for name, value in own.items()}
        return self

    def _choose(self, *size: int) -> None:
        """Set the module, and the columns of X that are its features; a family is given the size beside the width of X."""
        given, width = self.model, self.n_features_in_
        is_family = not isinstance(given, Model) and not hasattr(given, "WEIGHTS")
        if is_family and not callable(given):
            told = "; Model.from_formula makes a Model of a text" if isinstance(given, str) else ""
            raise OptionError(f"model must be a symgraph.Model, a module, or a function that returns one, not {given!r}{told}")
        module = self._with_constants(_module_of(given(width, *size) if is_family else given))
        names_of_X = () if is_family else getattr(self, "feature_names_in_", ())
        self._columns = _places_of_features(module, width, list(names_of_X))
        self.module_ = module

    def _with_constants(self, module: Any) -> Any:
        """Return a module with the constants that were given."""
        if not self.constants:
            return module
        if not isinstance(self.constants, Mapping):
            raise OptionError(f"constants must be values by name, not {self.constants!r}")
        if not hasattr(module, "with_constants"):
            raise OptionError(f"{module.MODEL} has no constants; leave out {', '.join(self.constants)}")
        return module.with_constants(**self.constants)

    def _search(self, X: Array, y: Any, sample_weight: Any) -> None:
        """Fit the module to checked rows."""
        module, X = self.module_, X[:, self._columns]
        if sample_weight is not None:
            s = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            X, y, s = X[s > 0], y[s > 0], s[s > 0]
            module = WeightedModule(module, s)
        seed = int(check_random_state(self.random_state).randint(2**31))
        self.result_ = fit(module, X, y, self.start, starts=self.starts, seed=seed)

    def _rows(self, X: Any) -> Array:
        """Check rows to predict, and take the columns that are features."""
        check_is_fitted(self)
        rows: Array = validate_data(self, X, dtype=np.float64, reset=False)
        return rows[:, self._columns]


class Regressor(RegressorMixin, ModelEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model with a loss as a regressor; what it predicts is the model's output.

    Args:
        model: a `symgraph.Model`; a generated module; or a function that is given the number of columns of X and returns a
            Model, by default `linear`. Of a frame, models and modules take their features by name.
        start: the weights that the fit starts from, as `symgraph.fit` takes them; None draws them from their laws.
        constants: values of the model's constants by name, such as the strength of a penalty; each is a parameter
            ``constants__<name>`` too.
        starts: from how many starts to search, as `symgraph.fit` takes it.
        random_state: seed of what is drawn.

    Attributes:
        result_: the `FitResult`, with the weights, their errors and a report. It holds the rows of the fit.
        module_: the module that was fitted.
        n_features_in_: the number of columns of X.
        feature_names_in_: their names, where X had names that are all strings.
    """

    def __init__(
        self,
        model: Any = linear,
        *,
        start: Any = None,
        constants: Any = None,
        starts: int | None = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(model, start=start, constants=constants, starts=starts, random_state=random_state)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the weights.

        Args:
            X: (n, d) rows.
            y: (n,) target; (n, p) of a model with p targets.
            sample_weight: (n,) factors of the rows' losses, as if a row stood there so often.

        Raises:
            DataError: X has other columns than the model has features.
            OptionError: ``model`` is none, has no output, or no such constant.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._choose()
        if not self.module_.OUTPUTS:
            raise OptionError(f"{self.module_.MODEL} has no output to predict; declare one with model.output")
        self._search(X, y if len(targets_of(self.module_)) > 1 else column_or_1d(y, warn=True), sample_weight)
        return self

    def predict(self, X: Any) -> Array:
        """Return the output for rows: (n,), or (n, m) of m outputs."""
        X = self._rows(X)
        return np.asarray(self.module_.predict(self.result_.w, X))


class Classifier(ClassifierMixin, ModelEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A model whose loss is the negative logarithm of the probability of a class, as a classifier.

    Such losses are "bce_with_logits", of two classes, and the likelihood "categorical". Classes may be any labels; the model's
    target has their places in the sorted order, 0, 1, ...

    Args:
        model: a `symgraph.Model`; a generated module; or a function that is given the numbers of columns of X and of classes
            and returns a Model, by default `softmax`. Of a frame, models and modules take their features by name.
        start, constants, starts, random_state: as for `Regressor`.

    Attributes:
        classes_: the labels, sorted.
        result_, module_, n_features_in_, feature_names_in_: as of `Regressor`.
    """

    def __init__(
        self,
        model: Any = softmax,
        *,
        start: Any = None,
        constants: Any = None,
        starts: int | None = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(model, start=start, constants=constants, starts=starts, random_state=random_state)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit the weights.

        Args:
            X: (n, d) rows.
            y: (n,) labels.
            sample_weight: (n,) factors of the rows' losses, as if a row stood there so often.

        Raises:
            DataError: X has other columns than the model has features, or y another number of classes than the model.
            OptionError: ``model`` is none, has no such constant, or a loss that is no probability.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}; a classifier needs two")
        self._choose(len(self.classes_))
        wanted = _classes(self.module_)
        if len(self.classes_) != wanted:
            raise DataError(f"y has {len(self.classes_)} classes; {self.module_.MODEL} has {wanted}")
        self._search(X, codes.astype(np.float64), sample_weight)
        total = np.exp(self._log_probabilities(X[:1, self._columns])).sum()
        if not np.isclose(total, 1.0, rtol=1e-6):  # that of the other losses is far from 1
            raise OptionError(
                f"the loss of {self.module_.MODEL} is no negative logarithm of a probability of classes: those of a row add up "
                f"to {total:.6g}; use bce_with_logits of a logit, or the likelihood categorical"
            )
        return self

    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of the probabilities of the classes, (n, K)."""
        return self._log_probabilities(self._rows(X))

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities of the classes, (n, K)."""
        probabilities = np.exp(self.predict_log_proba(X))
        return np.asarray(probabilities / probabilities.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the labels of the most probable classes, (n,)."""
        best = np.argmax(self.predict_log_proba(X), axis=1)
        return np.asarray(self.classes_[best])

    def _log_probabilities(self, X: Array) -> Array:
        """Return the negative loss of each row, had it each of the classes."""
        losses = [self.module_.forward(self.result_.w, X, np.full(len(X), float(k))).loss for k in range(len(self.classes_))]
        return -np.column_stack(losses)


def _places_of_features(module: Any, width: int, names_of_X: list[str]) -> list[int]:
    """Return the columns of X that are a module's features: found by name where X has names, else all in their order."""
    names = module.FEATURES
    if not names_of_X:
        if len(names) != width:
            raise DataError(f"X has {width} columns; {module.MODEL} has {len(names)} features: {', '.join(names)}")
        return list(range(width))
    missing = [name for name in names if name not in names_of_X]
    if missing:
        known = f"it has {', '.join(names_of_X)}{did_you_mean(missing[0], names_of_X)}"
        raise DataError(f"X has no column {missing[0]!r}, a feature of {module.MODEL}; {known}")
    return [names_of_X.index(name) for name in names]


def _classes(module: Any) -> int:
    """Return the number of classes of a model."""
    kind, limit = module.METADATA.get("labels", ("number", None))
    return int(limit) if kind == "class" else 2


def _module_of(given: Any) -> Any:
    """Return a module as it is, and that of a model, which equal models share."""
    if not isinstance(given, Model):
        if not hasattr(given, "WEIGHTS"):
            raise OptionError(f"model must return a symgraph.Model, not {given!r}")
        return given
    digest = model_hash(given)
    if digest not in _COMPILED:
        _COMPILED[digest] = compiled(given)
        if len(_COMPILED) > _KEPT:
            _COMPILED.pop(next(iter(_COMPILED)), None)  # another thread may have taken it
    return _COMPILED[digest]
