"""Functions that a user might bring, right ones and wrong ones, and a model of them."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

import symgraph as sg

TEMPERATURES = np.array([200.0, 300.0, 400.0, 600.0])
HEATS = np.array([1.00, 1.26, 1.58, 1.71])


def heat(t: Any) -> Any:
    return np.interp(t, TEMPERATURES, HEATS)


def heat_slope(t: Any) -> Any:
    return (np.diff(HEATS) / np.diff(TEMPERATURES))[np.clip(np.searchsorted(TEMPERATURES, t, side="right") - 1, 0, 2)]


def wave(a: Any, b: Any) -> Any:
    return a**2 * np.sin(b)


def wave_a(a: Any, b: Any) -> Any:
    return 2 * a * np.sin(b)


def wave_b(a: Any, b: Any) -> Any:
    return a**2 * np.cos(b)


def strict_root(t: Any) -> Any:
    if np.any(np.asarray(t) < 0.9):
        raise ValueError("the table begins at 0.9")
    return np.sqrt(t - 0.9)


def strict_root_slope(t: Any) -> Any:
    return 0.5 / np.sqrt(t - 0.9)


def twice_the_slope(t: Any) -> Any:
    return 2 * heat_slope(t)


def opposite_slope(t: Any) -> Any:
    return -heat_slope(t)


def seldom_wrong(t: Any) -> Any:
    return np.where(np.asarray(t) > 500, 2.0, 1.0)[()]


def same(t: Any) -> Any:
    return t * 1.0


def offset_power(t: Any) -> Any:
    return (t / 300) ** 0.7 - 1.0


def offset_power_slope(t: Any) -> Any:
    return 0.7 / 300 * (t / 300) ** -0.3


def one(t: Any) -> Any:
    return t * 0.0 + 1.0


def of_numbers_alone(t: Any) -> Any:
    return math.fabs(t)


def of_the_mean(t: Any) -> Any:
    return t / np.mean(t)


def in_place(t: Any) -> Any:
    t += 1.0
    return t


def of_chance(t: Any) -> Any:
    return t * 0.0 + random.random()


def column(t: Any) -> Any:
    return np.array([t])


def complex_value(t: Any) -> Any:
    return t + 0j


def failing(t: Any) -> Any:
    raise KeyError("no such table")


def nowhere(t: Any) -> Any:
    return t * np.nan


def jagged(t: Any) -> Any:
    return np.sin(1e9 * np.asarray(t))[()]


def oven(
    path: str = "brought:heat",
    partials: list[str | None] | None = None,
    output: Callable[..., Any] = lambda cp, t, gain, shift: gain * cp(t + shift),
) -> sg.Model:
    """A model of one feature and two weights in which a function is declared, by default the right one."""
    m = sg.Model("oven")
    t = m.feature("t", domain=(210, 590))
    gain, shift = m.weights("gain shift", init=sg.Constant(1.0), domain=(0.5, 5))
    m.target("y")
    cp = m.function("cp", path, partials=["brought:heat_slope"] if partials is None else partials)
    m.output("y_hat", output(cp, t, gain, shift))
    m.loss("squared_error")
    return m
