"""The public function ``fit_together``: one fit of several data sets that share weights, and its result."""

import time
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from symgraph.data.documents import jsonable
from symgraph.data.extra import library
from symgraph.data.options import count
from symgraph.data.rows import Rows, own_rows
from symgraph.errors import DataError, OptionError, SymgraphError
from symgraph.runtime.facts import ArrayLike
from symgraph.use.fitting.fits import fixed_by_name, module_of, problem_of, solved, with_sigma
from symgraph.use.fitting.joint import JointFacts, JointProblem, Places, joint_facts, rows_of, sigma_of, text_of_label
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.result import FitResult
from symgraph.use.fitting.statistics import Covariance, Statistics, statistics
from symgraph.use.training.keywords import OF_FITS, explains


@dataclass(frozen=True, eq=False)
class OfOneSet(FitResult):
    """One data set of a fit of several: its output, bands, plot and values, by the names of its own model.

    Degrees of freedom and the reduced chi2, by which errors are told, are those of the whole fit; chi2 and R2 are its own.

    Attributes:
        whole: the fit of all.
        label: that of the data set.
        places: (k,) where its weights stand among all.
    """

    whole: FitResult
    label: Hashable
    places: Places

    @cached_property
    def spread(self) -> Covariance:
        """Return the covariance of its free weights in the whole fit, and how it was found."""
        return self.whole.spread.of(np.searchsorted(self.whole.problem.free, self.places[self.problem.free]))

    @cached_property
    def scatter(self) -> float:
        """Return the standard deviation of the residuals of the whole fit."""
        return self.whole.scatter

    @cached_property
    def statistics(self) -> Statistics:
        """Return its chi2 and R2, and what is told of the whole fit."""
        numbers = self.whole.statistics
        of_all: dict[str, Any] = dict.fromkeys(("log_likelihood", "aic", "bic"), float("nan"))
        of_all |= {name: getattr(numbers, name) for name in ("dof", "reduced_chi2", "parameters")}
        own = statistics(self.problem, self.found.v)
        return replace(own, **of_all)

    @property
    def message(self) -> str:
        """Return which data set of the fit it is."""
        return f"data set {text_of_label(self.label)}; degrees of freedom and reduced chi2 are those of the whole fit"

    def profile(self, name: str, level: float = 0.95) -> tuple[float, float]:
        """Refuse: other data sets have a say in it."""
        raise self._of_all("profile")

    def rises(self, name: str, values: Any) -> Array:
        """Refuse: other data sets have a say in it."""
        raise self._of_all("rises")

    def contour(self, first: str, second: str, level: float = 0.95, points: int = 32) -> Array:
        """Refuse: other data sets have a say in it."""
        raise self._of_all("contour")

    def bootstrap(self, repetitions: int = 200, seed: int = 0) -> Array:
        """Refuse: other data sets have a say in it."""
        raise self._of_all("bootstrap")

    def _of_all(self, what: str) -> OptionError:
        return OptionError(f"{what} fits anew, which takes all data sets; ask the result of fit_together")


@dataclass(frozen=True, eq=False)
class JointResult(FitResult):
    """A fit of several data sets; see `FitResult`. ``sets`` has the results of each data set."""

    problem: JointProblem

    @property
    def sets(self) -> dict[Any, OfOneSet]:
        """Return the data sets by their labels, each a result with the weights, errors and covariance of its model."""
        return {label: self._set(number, label) for number, label in enumerate(self.problem.labels)}

    def predict(self, X: ArrayLike | None) -> Array:
        """Refuse: each data set has its own output."""
        raise self._of_one("predict")

    def confidence_band(self, X: ArrayLike | None, level: float = 0.95) -> tuple[Array, Array]:
        """Refuse: each data set has its own output."""
        raise self._of_one("confidence_band")

    def prediction_band(self, X: ArrayLike | None, level: float = 0.95, sigma: ArrayLike | None = None) -> tuple[Array, Array]:
        """Refuse: each data set has its own output."""
        raise self._of_one("prediction_band")

    def to_dict(self) -> dict[str, Any]:
        """Return the fit as a dict, with model, number of residuals, chi2 and R2 of each data set."""
        found = {}
        for text, one in zip(self.problem.texts, self.sets.values(), strict=True):
            found[text] = {"model": one.problem.module.MODEL, "n": one.statistics.n, "chi2": one.chi2, "r2": one.r2}
        return FitResult.to_dict(self) | {"sets": jsonable(found)}

    def _set(self, number: int, label: Hashable) -> OfOneSet:
        places, problem = self.problem.places[number], self.problem.of_one(number)
        found = self.found._replace(v=self.w[places][problem.free], at=None)
        return OfOneSet(problem, found, None, (), self.seconds, self, label, places)

    def _of_one(self, what: str) -> OptionError:
        labels = ", ".join(map(repr, self.problem.labels))
        return OptionError(f"{what} is that of one data set: result.sets[label].{what}(...), where label is one of {labels}")


@explains(OF_FITS)
def fit_together(
    sets: Mapping[Any, Sequence[Any]] | Sequence[Sequence[Any]],
    start: Any = None,
    *,
    shared: str | Iterable[str],
    sigma: Any = None,
    absolute_sigma: bool = False,
    bounds: Any = None,
    fixed: Any = None,
    method: str = "auto",
    starts: int | None = None,
    seed: int = 0,
) -> JointResult:
    """Fit several data sets at once, by one model or by several; some weights are shared, others belong to one data set.

    The fit minimizes the sum over all rows, so data sets whose errors differ in size need ``sigma``. A weight ``a`` that is not
    shared is called ``a[label]``, by the label of its data set; in ``start``, ``bounds`` and ``fixed`` the name ``a`` stands
    for all of these that are not named there.

    Args:
        sets: for each data set its module or `Model`, X and y as `fit` takes them, y left out where X is a frame that has it; a
            mapping by labels, or a sequence, whose labels are 1, 2 and so on.
        start: as for `fit`, over all weights.
        shared: names of the weights that are the same in all data sets whose models have them; () for none.
        sigma: standard deviations of the observations: one number for all, or for each data set what `fit` takes, by label, or
            in order.
        absolute_sigma: as for `fit`.
        bounds: as for `fit`; in place of those of all specs.
        fixed: as for `fit`; beside those that a spec fixes.
        method: as for `fit`.
        starts: as for `fit`.
        seed: as for `fit`.

    Returns:
        The result, whose ``sets`` has each data set by its label.

    Raises:
        OptionError: an option cannot be as given, or the losses of the models cannot be added up.
        DataError: as for `fit`; the message names the data set.
        WeightsError: as for `fit`.

    Warns:
        FitWarning: as for `fit`.
    """
    begun = time.perf_counter()
    library("scipy", "fit", "fits", "need")
    by_label = _labelled(sets)
    labels, texts = tuple(by_label), [text_of_label(label) for label in by_label]
    known: dict[int, Any] = {}  # a model that several data sets have is compiled once
    modules, rows = [], []
    for text, (model, *data) in zip(texts, by_label.values(), strict=True):
        module = known[id(model)] = known.get(id(model)) or module_of(model)
        modules.append(module)
        rows.append(_rows(text, module, *data))
    facts = joint_facts(texts, modules, (shared,) if isinstance(shared, str) else tuple(shared))
    seed = count("seed", seed, at_least=0, at_most=2**32 - 1)
    start, bounds, fixed = (facts.spelled_out(one) for one in (start, bounds, fixed_by_name(fixed)))
    problem = problem_of(facts, Rows(None, None, 1, np.dtype(np.float64)), start, bounds, fixed, seed)
    parts = _parts(facts, rows, texts, problem.start, _of_each(sigma, labels), absolute_sigma)
    given = {"rows": rows_of(parts), "sigma": sigma_of(parts), "absolute_sigma": bool(absolute_sigma)}
    joint = problem.turned_into(JointProblem, **given, labels=labels, parts=parts, places=facts.places)
    found = solved(joint, method, starts, seed, begun)
    return JointResult(**{field.name: getattr(found, field.name) for field in fields(FitResult)})


def _labelled(sets: Any) -> dict[Any, Sequence[Any]]:
    """Return the data sets by label."""
    try:
        found = dict(sets) if isinstance(sets, Mapping) else dict(enumerate(sets, start=1))
    except TypeError:
        raise OptionError("sets must be a mapping or a sequence of data sets, each (module, X, y)") from None
    if not found:
        raise OptionError("sets is empty; give two data sets or more, each (module, X, y)")
    for label, one in found.items():
        if not (isinstance(one, Sequence) and not isinstance(one, str) and len(one) in (2, 3)):
            many = f" of {len(one)}" if isinstance(one, tuple | list) else ""
            raise OptionError(f"data set {text_of_label(label)} must be (module, X, y), not a {type(one).__name__}{many}")
    texts = [text_of_label(label) for label in found]
    twice = [text for number, text in enumerate(texts) if text in texts[:number]]
    if twice:
        raise OptionError(f"two data sets have the label {twice[0]}")
    return found


def _rows(label: str, module: Any, X: Any, y: Any = None) -> Rows:
    try:
        return own_rows(module, X, y)
    except DataError as error:
        raise DataError(f"data set {label}: {error}") from error


def _of_each(sigma: Any, labels: Sequence[Hashable]) -> Sequence[Any]:
    """Return the standard deviations given for each data set."""
    if isinstance(sigma, Mapping):
        if set(sigma) != set(labels):
            raise OptionError(f"sigma has {', '.join(map(str, sigma))}; give one for each of {', '.join(map(str, labels))}")
        return [sigma[label] for label in labels]
    if not isinstance(sigma, Sequence):
        return [sigma] * len(labels)
    if len(sigma) != len(labels):
        raise OptionError(f"sigma has {len(sigma)} parts for {len(labels)} data sets; give one number, or what each has")
    return sigma


def _parts(
    facts: JointFacts, rows: Sequence[Rows], labels: Sequence[str], w: Array, sigma: Sequence[Any], absolute_sigma: bool
) -> tuple[Problem, ...]:
    """Return the problems of the data sets, in which all weights are free."""
    found = []
    for label, module, some, place, scale in zip(labels, facts.modules, rows, facts.places, sigma, strict=True):
        open_ = np.full(len(place), np.inf)
        part = Problem(module, some, w[place], np.arange(len(place)), -open_, open_)
        try:
            part = with_sigma(part, scale, absolute_sigma)
        except SymgraphError as error:
            raise type(error)(f"data set {label}: {error}") from error
        found.append(part)
    return tuple(found)
