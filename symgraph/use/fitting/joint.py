"""Several data sets as one problem: weights that all share, weights of each alone, and one block of derivatives a data set."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Rows
from symgraph.data.stream import triangle
from symgraph.errors import OptionError, did_you_mean
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.natural import natural_names
from symgraph.use.fitting.problem import Array, Problem, length_of

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class JointFacts:
    """Facts of several modules as those of one, which has no functions of rows.

    Attributes:
        MODEL: the names of the models, and of the shared weights.
        WEIGHTS: the shared weights, then for each data set its own, such as ``a[run1]``.
        METADATA: what fits ask for: ranges, fixed weights, the robust loss, the likelihood.
        modules: of the data sets.
        places: (k_i,) for each data set, where its module's weights stand among all.
        spread: by the name of a module's weight, its names among all.
    """

    MODEL: str
    WEIGHTS: tuple[str, ...]
    METADATA: Mapping[str, Any]
    modules: tuple[GeneratedModule, ...]
    places: tuple[Places, ...]
    spread: Mapping[str, tuple[str, ...]]

    def initial_weights(self, seed: int | None = None) -> Array:
        """Draw all weights by the laws of their models; of a shared one, by that of the first."""
        w = np.empty(len(self.WEIGHTS))
        for module, place in reversed(list(zip(self.modules, self.places, strict=True))):
            w[place] = module.initial_weights(seed)
        return w

    def spelled_out(self, given: Any) -> Any:
        """Return a mapping by names in which ``a`` of several data sets has become ``a[run1]`` and so on; these come first."""
        if not isinstance(given, Mapping):
            return given
        own = {name: value for name, value in given.items() if name not in self.spread}
        return {one: value for name, value in given.items() for one in self.spread.get(name, ())} | own


@dataclass(frozen=True, eq=False)
class JointProblem(Problem):
    """Weights to be found from several data sets.

    Attributes:
        module: their `JointFacts`.
        rows: their targets one after the other, without features.
        sigma: theirs one after the other.
        labels: of the data sets.
        parts: their problems, in which all weights are free.
        places: where the weights of each stand among all.
    """

    labels: tuple[Hashable, ...] = ()
    parts: tuple[Problem, ...] = ()
    places: tuple[Places, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the labels as they stand in names of weights."""
        return tuple(map(text_of_label, self.labels))

    @property
    def data_sets(self) -> tuple[Problem, ...]:
        """Return the problems of the data sets."""
        return self.parts

    @cached_property
    def has_residual(self) -> bool:
        """Tell if the rows of all have residuals."""
        return all(part.has_residual for part in self.parts)

    @cached_property
    def is_difference(self) -> bool:
        """Tell if the residual is the prediction less the target in all."""
        return all(part.is_difference for part in self.parts)

    @cached_property
    def residuals(self) -> int:
        """Return the number of residuals of all, or of rows where there are none."""
        return sum(part.residuals for part in self.parts)

    @cached_property
    def size_of_target(self) -> float:
        """Return the root mean square of what the predictions are held against in all, in units of sigma."""
        return length_of([one.size_of_target * np.sqrt(one.residuals / self.residuals) for one in self.parts])

    def residual(self, v: Array) -> Array:
        """Return the residuals of all, one data set after the other."""
        return np.concatenate([part.residual(w) for part, _, w in self._each(v)])

    def jacobian(self, v: Array) -> Array:
        """Return their derivatives: those of a data set by its weights, and zeros."""
        return self._blocks([part.jacobian(w) for part, _, w in self._each(v)])

    def squared(self, v: Array) -> Array:
        """Return what the sum of squares is the squares of: the last column of R, (f + 1,); residuals of a robust loss."""
        return self.residual(v) if self.robust else self.remembered(self._factor, v)[:, -1]

    def slopes(self, v: Array) -> Array:
        """Return the derivatives of ``squared``: the other columns of R."""
        return self.jacobian(v) if self.robust else self.remembered(self._factor, v)[:, :-1]

    @cached_property
    def _columns(self) -> list[tuple[Places, Places, int]]:
        """Return for each data set its free weights, its own first, their places among the free, and how many are its own."""
        often = np.bincount(np.concatenate(self.places), minlength=len(self.start)) > 1
        found = []
        for place in self.places:
            free = np.flatnonzero(np.isin(place, self.free))
            free = free[np.argsort(often[place[free]], kind="stable")]
            found.append((free, np.searchsorted(self.free, place[free]), int(np.sum(~often[place[free]]))))
        return found

    def _factor(self, v: Array) -> Array:
        """Return R of [J r] = QR, (f + 1, f + 1), whose rows are in another order, set by set.

        The weights that a data set has for itself stand in its rows alone: their rows of its triangle are rows of R; what is
        left goes into the triangle of the shared weights (A. Bjorck, Numerical Methods for Least Squares Problems, 1996, 6.3).
        """
        R, row, left = np.zeros((len(v) + 1,) * 2), 0, []
        shared = np.unique(np.concatenate([[len(v)], *(places[own:] for _, places, own in self._columns)])).astype(np.intp)
        for (part, _, w), (free, places, own) in zip(self._each(v), self._columns, strict=True):
            r, J = part.residual(w), part.jacobian(w)
            of_set, columns = triangle([np.column_stack([J[:, free], r])]), np.append(places, len(v))
            R[row : row + own, columns] = of_set[:own]
            rest = np.zeros((len(of_set) - own, len(shared)))
            rest[:, np.searchsorted(shared, columns[own:])] = of_set[own:, own:]
            left.append(rest)
            row += own
        R[row:, shared] = triangle(left)
        return R

    def scores(self, v: Array) -> Array:
        """Return the gradients of the losses of all rows."""
        return self._blocks([part.scores(w) for part, _, w in self._each(v)])

    def value_and_grad(self, v: Array) -> tuple[float, Array]:
        """Return the sum of the losses of all, and its gradient."""
        total, gradient = 0.0, np.zeros(len(self.start))
        for part, place, w in self._each(v):
            value, slopes = part.value_and_grad(w)
            total += value
            gradient[place] += slopes
        return total, gradient[self.free]

    def hessian(self, v: Array) -> Array:
        """Return the Hessian of that sum."""
        H = np.zeros((len(self.start),) * 2)
        for part, place, w in self._each(v):
            H[np.ix_(place, place)] += part.hessian(w)
        return H[np.ix_(self.free, self.free)]

    @cached_property
    def kinks(self) -> tuple[Array, Array] | None:
        """Return the slopes of the losses of all above and below the target; see `Problem`."""
        found = [part.kinks for part in self.parts]
        sides = [one for one in found if one is not None]
        if len(sides) < len(found):
            return None
        return np.concatenate([above for above, _ in sides]), np.concatenate([below for _, below in sides])

    def deviations(self, v: Array) -> Array:
        """Return the predictions of all less the targets."""
        return np.concatenate([part.deviations(w) for part, _, w in self._each(v)])

    def deviation_slopes(self, v: Array) -> Array:
        """Return their derivatives by the free weights."""
        return self._blocks([part.deviation_slopes(w) for part, _, w in self._each(v)])

    def second_derivatives(self, v: Array, X: Any, y: Any) -> None:
        """Return nothing: the data sets have no rows in common."""

    def log_slopes(self, v: Array) -> float:
        """Return the sum over the rows of all of log |dr/dy|."""
        return sum(part.log_slopes(w) for part, _, w in self._each(v))

    def resampled(self, rng: np.random.Generator) -> Problem:
        """Return the problem with rows drawn from each data set, as many as it has."""
        parts = tuple(part.resampled(rng) for part in self.parts)
        return replace(self, parts=parts, rows=rows_of(parts), sigma=sigma_of(parts))

    def of_one(self, place: int) -> Problem:
        """Return the problem of one data set, its weights free, held and bounded as they are among all."""
        part, places = self.parts[place], self.places[place]
        low, high = np.full((2, len(self.start)), np.nan)
        low[self.free], high[self.free] = self.lower, self.upper
        free = np.flatnonzero(np.isin(places, self.free))
        return replace(part, start=self.start[places], free=free, lower=low[places][free], upper=high[places][free])

    def _each(self, v: Array) -> Iterator[tuple[Problem, Places, Array]]:
        """Yield the problem of each data set, where its weights stand among all, and their values."""
        w = self.all_weights(v)
        return ((part, place, w[place]) for part, place in zip(self.parts, self.places, strict=True))

    def _blocks(self, blocks: Sequence[Array]) -> Array:
        """Return what rows of data sets have for their weights as rows for the free ones of all."""
        found, row = np.zeros((sum(map(len, blocks)), len(self.start))), 0
        for block, place in zip(blocks, self.places, strict=True):
            found[row : row + len(block), place] = block
            row += len(block)
        return found if len(self.free) == len(self.start) else found[:, self.free]


def text_of_label(label: Hashable) -> str:
    """Return a label as it stands in names of weights; the parts of a tuple, as groups by several columns have, by commas."""
    return ",".join(map(str, label)) if isinstance(label, tuple) else str(label)


def rows_of(parts: Sequence[Problem]) -> Rows:
    """Return the targets of data sets one after the other."""
    targets = [np.reshape(part.rows.y, -1) for part in parts if part.rows.y is not None]
    return Rows(None, np.concatenate(targets) if targets else None, sum(part.rows.n for part in parts), np.dtype(np.float64))


def sigma_of(parts: Sequence[Problem]) -> Array | None:
    """Return the standard deviations of the residuals of data sets one after the other; None where none has any."""
    if all(part.sigma is None for part in parts):
        return None
    sizes = [part.residuals for part in parts]
    scales = [1.0 if part.sigma is None else part.sigma for part in parts]
    return np.concatenate([np.broadcast_to(scale, size) for scale, size in zip(scales, sizes, strict=True)])


def joint_facts(labels: Sequence[str], modules: Sequence[GeneratedModule], shared: Sequence[str]) -> JointFacts:
    """Join the facts of the modules of data sets.

    Args:
        labels: of the data sets, all different.
        modules: theirs.
        shared: names of weights that all data sets share which have them.

    Raises:
        OptionError: no data set has a weight of a shared name, a name stands there twice, the ranges of a shared weight exclude
            each other, or the losses cannot be added up.
    """
    everywhere = {name for module in modules for name in (*module.WEIGHTS, *natural_names(module.WEIGHTS, module.METADATA))}
    for number, name in enumerate(shared):
        if name not in everywhere:
            there = ", ".join(dict.fromkeys(one for each in modules for one in natural_names(each.WEIGHTS, each.METADATA)))
            raise OptionError(f"shared names {name!r}, which is no weight; there are {there}{did_you_mean(name, everywhere)}")
        if name in shared[:number]:
            raise OptionError(f"shared names {name} twice")
    _check_kinds(labels, modules)
    natural_ones = {name: one[0] for module in modules for name, one in module.METADATA.get("natural", {}).items()}
    own = {natural: name for name, natural in natural_ones.items()}
    shared = tuple(own.get(name, name) for name in shared)
    names = [
        tuple(name if name in shared else f"{name}[{label}]" for name in module.WEIGHTS)
        for label, module in zip(labels, modules, strict=True)
    ]
    found = tuple(dict.fromkeys([*shared, *(one for some in names for one in some)]))
    spread: dict[str, dict[str, None]] = {}
    for module, some in zip(modules, names, strict=True):
        for name, one in zip(module.WEIGHTS, some, strict=True):
            spread.setdefault(name, {})[one] = None
            natural = natural_ones.get(name, name)
            spread.setdefault(natural, {})[natural + one.removeprefix(name)] = None
    shown = ", ".join(natural_ones.get(name, name) for name in shared)
    models = " and ".join(dict.fromkeys(module.MODEL for module in modules))
    return JointFacts(
        MODEL=f"{models} ({shown or 'nothing'} shared)",
        WEIGHTS=found,
        METADATA=_metadata(modules, names),
        modules=tuple(modules),
        places=tuple(np.array([found.index(one) for one in some], np.intp) for some in names),
        spread={name: tuple(some) for name, some in spread.items()},
    )


def _check_kinds(labels: Sequence[str], modules: Sequence[GeneratedModule]) -> None:
    """Refuse losses that mean nothing when they are added up, and penalties, of which each data set would count its own."""
    for label, module in zip(labels, modules, strict=True):
        if module.METADATA.get("has_penalty") or hasattr(module, "constraints"):
            what = "a penalty" if module.METADATA.get("has_penalty") else "constraints"
            raise OptionError(f"data set {label}: {module.MODEL} has {what}, which a fit of several data sets does not take")
        kind, first = _kind(module), _kind(modules[0])
        if kind != first:
            raise OptionError(f"data set {labels[0]} has {first} and data set {label} {kind}; one fit needs losses of one kind")


def _kind(module: GeneratedModule) -> str:
    robust = module.METADATA.get("robust")
    if robust:
        return f"the robust loss {robust[0]} of scale {robust[1]:g}"
    if module.METADATA.get("likelihood"):
        return "a likelihood"
    return "a sum of squares" if hasattr(module, "residual") else "a loss of its own"


def _metadata(modules: Sequence[GeneratedModule], names: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    first = modules[0].METADATA
    found: dict[str, Any] = {key: first[key] for key in ("robust", "likelihood") if first.get(key)}
    bounds: dict[str, tuple[float, float]] = {}
    fixed: dict[str, None] = {}
    natural: dict[str, tuple[str, str]] = {}
    curved: set[str] = set()
    for module, some in zip(modules, names, strict=True):
        linear = module.METADATA.get("linear", ())
        curved |= {one for name, one in zip(module.WEIGHTS, some, strict=True) if name not in linear}
        ranges, held = module.METADATA.get("bounds", {}), module.METADATA.get("fixed", ())
        for name, one in zip(module.WEIGHTS, some, strict=True):
            low, high = ranges.get(name, (-np.inf, np.inf))
            before = bounds.get(one, (-np.inf, np.inf))
            bounds[one] = max(low, before[0]), min(high, before[1])
            if not bounds[one][0] < bounds[one][1]:
                raise OptionError(f"the ranges of the shared weight {one} in its models exclude each other; let them overlap")
            if name in held:
                fixed[one] = None
        of_module = module.METADATA.get("natural", {})
        natural |= {
            one: (f"{of_module[name][0]}{one.removeprefix(name)}", of_module[name][1])
            for name, one in zip(module.WEIGHTS, some, strict=True)
            if name in of_module
        }
    linear = tuple(one for one in bounds if one not in curved)
    return found | {"bounds": bounds, "fixed": tuple(fixed), "natural": natural, "linear": linear}
