"""The functions that students write: their names, their arguments, and the spellings of what they return; NumPy only.

Names are compared without capitals, underscores and other signs, so that ``dL_dw1``, ``d_w1`` and ``dw1`` are one.
"""

import copy
import inspect
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


def plain(name: object) -> str:
    """Return a name without capitals and signs."""
    return _plain(str(name))


@lru_cache(maxsize=2**12)
def _plain(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


class Role(NamedTuple):
    """One of the functions that students write.

    Attributes:
        aliases: its other names, plain.
        arguments: by position; each can also be asked for by one of its spellings, plain.
        extra: arguments that it gets only where it asks for them by name.
    """

    aliases: tuple[str, ...]
    arguments: tuple[str, ...]
    extra: tuple[str, ...] = ()


_FUNCTIONS = """
    forward_propagation | forward forwardprop forwardpass forwardpropagate | x y W |
    backward_propagation | backward backwardprop backprop backpropagation backwardpass | L W d | x y
    gradient_checking | gradientcheck gradcheck checkgradient checkgradients gradientchecker | row W | x y
    loss | cost lossfunction costfunction computecost computeloss | X y W |
    gradient | grad gradients computegradient computegradients | X y W |
    vanilla | sgd gradientdescent updateparameters sgdupdate vanillaupdate | W dW lr |
    momentum | sgdmomentum momentumupdate updateparameterswithmomentum | W dW v lr gamma |
    rmsprop | rmspropupdate updateparameterswithrmsprop | W dW v lr gamma epsilon |
    adam | adamupdate updateparameterswithadam | W dW m v t lr beta1 beta2 epsilon |
"""
_ROWS = ([part.split() for part in line.split("|")] for line in _FUNCTIONS.strip().splitlines())
ROLES: Mapping[str, Role] = MappingProxyType({name: Role(*map(tuple, parts)) for (name,), *parts in _ROWS})
"""The functions by their names on worksheets."""

SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        "x": "x row features point inputs input sample xi",
        "X": "x rows features data inputs xs",
        "y": "y target targets label labels ytrue yi ys",
        "W": "w weights weight params parameters theta",
        "L": "l loss cost",
        "d": "d dict dicts cache caches values nodes tape memory c intermediates",
        "row": "row datapoint data point xy sample",
        "dW": "dw grad grads gradient gradients g",
        "lr": "lr learningrate alpha eta rate stepsize",
        "gamma": "gamma beta mu momentum rho decay decayrate alpha beta2",
        "m": "m m1 first moment mean",
        "z": "z",
        "v": "v velocity vel second m2 s cache u",
        "t": "t step iteration iter i n k",
        "beta1": "beta1 b1",
        "beta2": "beta2 b2",
        "epsilon": "epsilon eps e",
    }
)
"""The names of parameters by which students ask for an argument, plain."""


SLOPES = ("d", "d_", "", "dL_d", "dl", "dloss_d", "grad_", "g_", "grad", "delta_")
"""Prefixes of a name that make it the derivative of the loss by what it names."""


def role_of(name: str) -> str | None:
    """Return the role of a function's name, or None."""
    found = plain(name)
    return next((key for key, role in ROLES.items() if found in (plain(key), *role.aliases)), None)


def function_of(role: str, functions: Iterable[str]) -> str | None:
    """Return the name of the function of a role, the one that is defined last, or None."""
    found = [name for name in functions if (role_of(name) == role if role in ROLES else plain(name) == plain(role))]
    return found[-1] if found else None


def arguments_of(role: str) -> tuple[str, ...]:
    """Return the arguments of a role; none of a function of one number."""
    return tuple(ROLES[role].arguments) if role in ROLES else ()


def bound(role: str, function: Callable[..., Any], given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Find the arguments of a student's function by the names of its parameters, or else by position.

    Args:
        role: its name in `ROLES`, or another for a function of one number z.
        function: the student's.
        given: the arguments of the role.

    Returns:
        Copies of the positional arguments, and of those by name.

    Raises:
        TypeError: it has a parameter that no argument of the role is left for.
    """
    arguments, given = arguments_of(role) or ("z",), copy.deepcopy(dict(given))
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return [given[name] for name in arguments], {}
    parameters = list(signature.parameters.values())
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return [given[name] for name in arguments], {}
    chosen = _chosen(role, arguments, [one for one in parameters if one.kind is not one.VAR_KEYWORD], given)
    values = OrderedDict((one.name, given[chosen[one.name]]) for one in parameters if one.name in chosen)
    found = inspect.BoundArguments(signature, values)
    return list(found.args), found.kwargs


def given_to(role: str, function: Callable[..., Any], some: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a role in a call of a student's function; the inverse of `bound`.

    Args:
        role: its name in `ROLES`.
        function: the student's.
        some: the positional arguments of the call.
        named: those by name.

    Raises:
        TypeError: the function cannot be called in this way.
    """
    arguments, parameters = ROLES[role].arguments, inspect.signature(function).parameters
    if any(one.kind is one.VAR_POSITIONAL for one in parameters.values()):
        return dict(zip(arguments, some, strict=False)) | dict(named)
    values = inspect.signature(function).bind(*some, **named).arguments
    every = dict.fromkeys([*arguments, *ROLES[role].extra])
    chosen = _chosen(role, arguments, [one for one in parameters.values() if one.kind is not one.VAR_KEYWORD], every)
    return {chosen[name]: value for name, value in values.items() if name in chosen}


def _chosen(
    role: str, arguments: Sequence[str], parameters: Sequence[inspect.Parameter], given: Mapping[str, Any]
) -> dict[str, str]:
    """Return the argument for each parameter that gets one: those that say their name first, then the others in order."""
    names = [*arguments, *(ROLES[role].extra if role in ROLES else ())]
    spelled = {name: SPELLINGS[name].split() for name in names if name in given}
    asked = {plain(one.name) for one in parameters}
    if role == "gradient_checking" and not asked & set(spelled["y"]):
        spelled["row"] += spelled.pop("x")
    if role == "adam" and "s" in asked and "m" not in asked:
        spelled |= {"m": ["v", "vdw"], "v": ["s", "sdw"]}
    chosen: dict[str, str] = {}
    for count in (1, None):  # the first spelling is the argument's own name
        for one in parameters:
            left = (name for name in spelled if name not in chosen.values())
            name = next((name for name in left if plain(one.name) in spelled[name][:count]), None)
            if name is not None:
                chosen.setdefault(one.name, name)
    for one in parameters:
        if one.name not in chosen and one.default is one.empty:
            name = next((name for name in arguments if name not in chosen.values()), None)
            if name is None:
                wanted = ", ".join(arguments)
                raise TypeError(f"its parameter {one.name} is none that it is called with; write {role}({wanted})")
            chosen[one.name] = name
    return chosen


def table(spelled: Iterable[tuple[str, Iterable[str]]]) -> dict[str, str]:
    """Return the meaning of each spelling; one that could mean two things means the first."""
    found: dict[str, str] = {}
    for meaning, spellings in spelled:
        for spelling in spellings:
            found.setdefault(spelling, meaning)
    return found


def meaning_of(key: object, known: Mapping[str, str]) -> str | None:
    """Return what a key of a student's dictionary means: as it is written, or else in its plain form."""
    if str(key) in known:
        return known[str(key)]
    loose = {plain(spelling): meaning for spelling, meaning in reversed(list(known.items()))}
    return loose.get(plain(key))


def keys_of(keys: Iterable[object], known: Mapping[str, str]) -> dict[str, Any]:
    """Return by what it means each key of a student's dictionary: "loss" is the loss, and "error" is where no key is "loss"."""
    order = {spelling: place for place, spelling in enumerate(known)}
    found: dict[str, Any] = {}
    for key in sorted(keys, key=lambda key: order.get(str(key), len(order))):
        meaning = meaning_of(key, known)
        if meaning is not None:
            found.setdefault(meaning, key)
    return found


def names_of(reading: tuple[Sequence[Sequence[str]], Mapping[str, str]]) -> frozenset[str]:
    """Return the names that numbers may be read under, by the orders of results and the meanings of keys; "" is for a fault."""
    orders, known = reading
    return frozenset({"", *known.values(), *(name for names in orders for name in names)})


def number_of(value: Any) -> float | str:
    """Return a student's number as a float, or say why it is none."""
    if value is None:
        return "is None; return a number"
    if isinstance(value, str | bytes | dict):
        return f"is of type {type(value).__name__}; return a number"
    try:
        array = np.asarray(value)
        if array.dtype.kind == "c":
            return f"is the complex number {value}; return a real one"
        if array.dtype.kind not in "biuf":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        return f"is of type {type(value).__name__}; return a number"
    if array.size != 1:
        return f"has the shape {array.shape}; return one number"
    return float(array.reshape(()))


def numbers_of(returned: Any, order: Collection[tuple[str, ...]], known: Mapping[str, str]) -> dict[str, float | str]:
    """Read what a student's function returned: a dictionary by its keys, anything else by order.

    Args:
        returned: a mapping, a named tuple, a sequence, an array or a number.
        order: the names in each order in which numbers without names may come; their count decides.
        known: what spellings of keys mean.

    Returns:
        By name the number, or the reason why there is none; under "" the reason why nothing can be read.
    """
    found: dict[str, float | str] = {}
    if hasattr(returned, "_asdict"):
        returned = returned._asdict()
    if isinstance(returned, Mapping):
        found = {meaning: number_of(returned[key]) for meaning, key in keys_of(returned, known).items()}
        single = all(_size(value) <= 1 for value in returned.values())
        if found and (single or any(found.keys() >= set(names) for names in order)):
            return found
        sizes = {len(names) for names in order if len(names) > 1}
        whole = [value for value in returned.values() if _size(value) in sizes]
        parts: list[Any] = whole if len(whole) == len(sizes) == 1 else list(returned.values())
    else:
        parts = list(returned) if isinstance(returned, list | tuple) else [returned]
    orders = {len(names): names for names in order if len(names) > isinstance(returned, Mapping)}
    if returned is None:
        return {"": "returns None; is a return statement missing?"}
    if len(parts) in orders and len(parts) > 1 and not found:
        return {name: number_of(part) for name, part in zip(orders[len(parts)], parts, strict=True)}
    try:
        flat = np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in parts]) if parts else np.zeros(0)
    except (TypeError, ValueError):
        return found or {"": f"returns {type(returned).__name__} with other things than numbers in it"}
    if len(flat) in orders:
        return dict(zip(orders[len(flat)], flat.tolist(), strict=True))
    if found:
        return found
    if isinstance(returned, Mapping):
        keys = ", ".join(map(repr, returned)) or "none"
        return {"": f"returns a dictionary without any of the keys {_some(known)}; its keys are {keys}"}
    wanted = " or ".join(str(size) for size in sorted(orders))
    return {"": f"returns {len(flat)} numbers, not {wanted}: {', '.join(orders[min(orders)][:12])}"}


def _size(value: Any) -> int:
    try:
        return int(np.size(value))
    except (TypeError, ValueError):
        return 1  # lists of lists of different lengths, which are no numbers


def _some(known: Mapping[str, str]) -> str:
    names = list(dict.fromkeys(known.values()))
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
