"""Right values in the place of those that a student's function cannot give, so that the functions that call it do not pay."""

import copy
import functools
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np

from symgraph.use.classroom.conventions import SPELLINGS, given_to, meaning_of, plain

Function = Callable[..., Any]
Reading = tuple[Sequence[Sequence[str]], Mapping[str, str]]

_ROWS = 1000
"""Calls of a forward function that are remembered, by the rows of which a backward function may be judged."""
NOTE = "{} stops with an error, and right values under the names of the worksheet come in its place"
"""Said of an error that comes of such values."""
ROLES = ("forward_propagation", "backward_propagation", "loss", "gradient")
"""The functions that others call."""


class StandIns:
    """The functions of a worksheet's solution, called where the student's stop with an error.

    Args:
        solution: its text, as `symgraph worksheet --solution` writes it; "" where there is none.
        readings: by role how results are read.
        broken: the roles of the student's functions that end their process, which are not called again.

    Attributes:
        used: the roles whose right values were given since `call` was last entered.
    """

    def __init__(self, solution: str, readings: Mapping[str, Reading], broken: Collection[str]) -> None:
        self._solution, self._readings, self._broken = solution, readings, broken
        self._rows: deque[tuple[Any, Any, Any]] = deque(maxlen=_ROWS)
        self._forms: dict[str, int] = {}
        self.used: set[str] = set()

    @functools.cached_property
    def _right(self) -> Mapping[str, Any]:
        names: dict[str, Any] = {}
        exec(self._solution, names)  # noqa: S102  the grader's own text
        return names

    def wrapped(self, role: str, function: Function) -> Function:
        """Return a student's function with right values in the place of its errors."""

        @functools.wraps(function, updated=())
        def saved(*some: Any, **named: Any) -> Any:
            error: BaseException = RuntimeError(f"{role} ends its process")
            if role not in self._broken:
                try:
                    result = function(*some, **named)
                except BaseException as raised:  # an exit is an error as others
                    error = raised
                else:
                    if role == "forward_propagation":
                        self._remember(result, function, some, named)
                    return result
            with suppress(Exception):  # it is called in a way of its own, or needs what is not known
                given = given_to(role, function, some, named)
                found = self._values(role, given)
                self.used.add(role)
                return found
            raise error

        return saved

    def _remember(self, result: Any, function: Function, some: Sequence[Any], named: Mapping[str, Any]) -> None:
        with suppress(Exception):  # it is called in a way of its own
            given = given_to("forward_propagation", function, some, named)
            self._rows.append((result, given["x"], given["y"]))

    def _values(self, role: str, given: Mapping[str, Any]) -> Any:
        """Return the right result of a call in the form that is tried."""
        right, W = self._right[role], np.asarray(given["W"])
        if role == "forward_propagation":
            x, y = given["x"], given["y"]
            found = right(x, y, W)
            (names, *_), known = self._readings[role]
            values = {name: found[name] for name in names}
            by_name = RightValues(values, known, {"x": x, "y": y, "W": W})
            result = _forward_forms(by_name, list(values.values()))[self._form(role)]
            self._rows.append((result, x, y))
            return result
        if role == "loss":
            return right(given["X"], given["y"], W)
        if role == "gradient":
            partials = right(given["X"], given["y"], W)
        else:
            x, y = self._row_of(given)
            partials = list(right(given.get("L"), W, self._right["forward_propagation"](x, y, W)).values())
        (names, *_), known = self._readings[role]
        slopes = RightValues(dict(zip(names, map(float, partials), strict=True)), known, {})
        return (slopes, np.array(partials), list(partials))[self._form(role)]

    def _row_of(self, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return x and y of the call of the forward function whose values a backward function gets, or else of the last."""
        if "x" in given and "y" in given:
            return given["x"], given["y"]
        (_, x, y) = next((row for row in reversed(self._rows) if row[0] is given.get("d")), self._rows[-1])
        return x, y

    def by_name(self) -> None:
        """Give right values by name from now on."""
        self._forms = {}

    def _form(self, role: str) -> int:
        return self._forms.get(role, 0)

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function; where it fails with right values, which may not have the form that it knows, with those in others.

        Raises:
            BaseException: its first error.
        """
        self.used.clear()
        self.by_name()
        try:
            return function()
        except Exception as error:
            first, roles = error, sorted(self.used.intersection(_FORMS))
        for forms in self._other_forms(roles):
            self._forms = forms
            with suppress(Exception):  # the next form may be the one
                return function()
        if roles:
            first.add_note(NOTE.format(" and ".join(roles)))
        raise first

    def _other_forms(self, roles: Sequence[str]) -> Iterator[dict[str, int]]:
        for places in list(product(*(range(_FORMS[role]) for role in roles)))[1:]:
            yield dict(zip(roles, places, strict=True))


_FORMS = {"forward_propagation": 5, "backward_propagation": 3, "gradient": 3}
"""By role the number of forms in which its right values may be given."""


def _forward_forms(values: "RightValues", parts: list[Any]) -> tuple[Any, ...]:
    return values, (parts[-1], values), (values, parts[-1]), tuple(parts), parts[-1]


class RightValues(dict[str, Any]):
    """Values by name that are found under each of their spellings.

    Args:
        values: by name.
        known: what spellings mean.
        arguments: what else may be asked for, by the names of arguments.
    """

    def __init__(
        self, values: Mapping[str, Any] = {}, known: Mapping[str, str] = {}, arguments: Mapping[str, Any] = {}
    ) -> None:
        super().__init__(values)
        self.known, self.arguments = known, arguments

    def __missing__(self, key: object) -> Any:
        meaning = meaning_of(key, self.known)
        if meaning in self:
            return self[str(meaning)]
        for name, value in self.arguments.items():
            if plain(key) in SPELLINGS[name].split():
                return value
        raise KeyError(key)

    def get(self, key: Any, default: Any = None) -> Any:
        try:
            return self[key]
        except KeyError:
            return default


def mended(own: Function | None, code: str) -> Function:
    """Return a student's function of one number with the right result where its own is wrong, so that others do not pay for it.

    Args:
        own: the student's; None if it ends its process, and is not to be called.
        code: what is right, in Python over z and NumPy.
    """

    def mended(*some: Any, **named: Any) -> Any:
        right = None
        with suppress(Exception):  # called in a way of its own
            (z,) = (*some, *named.values())
            right = eval(code, {"np": np}, {"z": copy.copy(z)})  # noqa: S307  the grader's own code
        if own is None:
            return right
        if right is None:
            return own(*some, **named)
        with suppress(Exception):  # it is judged by itself
            result = own(*some, **named)
            if np.shape(result) == np.shape(right) and np.allclose(result, right, 1e-5, 6e-9, equal_nan=True):
                return result
        return right

    return mended
