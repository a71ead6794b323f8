"""Coverage: how often 95 % intervals of fits hold the truth that data were made from.

    python benchmarks/intervals.py --write      # writes INTERVALS.md

Each data set has 40 rows, and normal errors drawn anew for each repetition, seeds fixed. An interval that is right holds the
truth in 95 % of them; of 400 the share is known to 1.1 %, its standard deviation. Symmetric intervals of models that bend
differ by more. Profiles are asked for fewer repetitions, since each takes some forty fits; bands count a row's true output.
"""

import argparse
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tables import markdown_table, text_table

import symgraph

PAGE = Path(__file__).parent / "INTERVALS.md"
ROWS = 40


class Case(NamedTuple):
    """A model with its truth.

    Attributes:
        formula: the model; x lies evenly in ``within``.
        truth: the weights by name.
        within: the ends of x.
        sigma: the standard deviation of the errors.
    """

    formula: str
    truth: Mapping[str, float]
    within: tuple[float, float]
    sigma: float


CASES: Mapping[str, Case] = {
    "line": Case("y ~ a + b*x", {"a": 1.0, "b": 2.0}, (0, 1), 0.3),
    "parabola": Case("y ~ a + b*x + c*x**2", {"a": 1.0, "b": -1.0, "c": 0.5}, (-2, 2), 0.2),
    "decay": Case("y ~ a*exp(-k*x) + c", {"a": 2.0, "k": 0.8, "c": 0.3}, (0, 5), 0.05),
    "two decays": Case("y ~ a*exp(-k*x) + b*exp(-m*x)", {"a": 1.0, "k": 0.3, "b": 2.0, "m": 3.0}, (0, 6), 0.01),
    "saturation": Case("y ~ top*(1 - exp(-k*x))", {"top": 5.0, "k": 0.6}, (0, 6), 0.2),
    "michaelis-menten": Case("y ~ v*x/(km + x)", {"v": 3.0, "km": 1.5}, (0.1, 10), 0.08),
    "hill": Case("y ~ top*x**n/(ec50**n + x**n)", {"top": 2.0, "n": 2.0, "ec50": 1.5}, (0.1, 6), 0.04),
    "langmuir": Case("y ~ q*b*x/(1 + b*x)", {"q": 4.0, "b": 0.7}, (0.1, 8), 0.08),
    "freundlich": Case("y ~ k*x**n", {"k": 2.0, "n": 0.4}, (0.1, 5), 0.05),
    "peak": Case("y ~ a*exp(-((x - m)/s)**2/2)", {"a": 3.0, "m": 0.4, "s": 0.7}, (-2, 3), 0.1),
    "peak with background": Case(
        "y ~ a*exp(-((x - m)/s)**2/2) + b + c*x", {"a": 3.0, "m": 0.4, "s": 0.5, "b": 1.0, "c": 0.2}, (-3, 3), 0.1
    ),
    "lorentzian": Case("y ~ a/(1 + ((x - m)/g)**2)", {"a": 2.0, "m": 0.2, "g": 0.6}, (-3, 3), 0.06),
    "sine": Case("y ~ a*sin(f*x + p)", {"a": 1.5, "f": 2.0, "p": 0.3}, (0, 6), 0.2),
    "damped sine": Case("y ~ a*exp(-d*x)*cos(f*x)", {"a": 2.0, "d": 0.3, "f": 3.0}, (0, 6), 0.1),
    "logistic": Case("y ~ top/(1 + exp(-k*(x - m)))", {"top": 4.0, "k": 1.5, "m": 0.5}, (-3, 4), 0.1),
    "gompertz": Case("y ~ top*exp(-exp(b - c*x))", {"top": 5.0, "b": 1.0, "c": 0.8}, (0, 6), 0.1),
    "arrhenius": Case("y ~ a - e/x", {"a": 10.0, "e": 3.0}, (0.25, 0.5), 0.1),
    "rational": Case("y ~ (a + b*x)/(1 + c*x)", {"a": 1.0, "b": 3.0, "c": 0.5}, (0, 5), 0.05),
    "power of a sum": Case("y ~ a*(1 + b*x)**(-c)", {"a": 5.0, "b": 0.8, "c": 1.5}, (0, 6), 0.02),
    "error function": Case("y ~ a*erf((x - m)/s) + c", {"a": 1.0, "m": 0.3, "s": 0.8, "c": 0.5}, (-2, 3), 0.04),
}
PROFILED = ("decay", "michaelis-menten", "hill", "gompertz", "saturation")


def covered(name: str, repetitions: int, profiles: int) -> dict[str, float]:
    """Return the shares of intervals that hold the truth: the least and greatest among weights, of bands, of profiles."""
    case = CASES[name]
    x = np.linspace(*case.within, ROWS)
    module = symgraph.compile(symgraph.Model.from_formula(case.formula, ("x", "y"), case.truth, name="case"))
    truth = np.array([case.truth[weight] for weight in module.WEIGHTS])
    mean, rng = module.predict(truth, x), np.random.default_rng(sum(map(ord, name)))
    held, in_band, in_profile, failed = np.zeros(len(truth)), 0.0, np.zeros(len(truth)), 0
    for repetition in range(repetitions):
        result = symgraph.fit(module, x, mean + case.sigma * rng.normal(size=ROWS), truth)
        failed += not result.success
        low, high = np.array(list(result.interval().values())).T
        held += (low <= truth) & (truth <= high)
        low, high = result.confidence_band(x)
        in_band += float(np.mean((low <= mean) & (mean <= high)))
        if name in PROFILED and repetition < profiles:
            ends = [result.profile(weight) for weight in module.WEIGHTS]
            in_profile += [a <= value <= b for (a, b), value in zip(ends, truth, strict=True)]
    shares = held / repetitions
    found = {"least": shares.min(), "greatest": shares.max(), "bands": in_band / repetitions, "failed": failed}
    if name in PROFILED:
        found |= {"least of profiles": (in_profile / profiles).min(), "greatest of profiles": (in_profile / profiles).max()}
    return {key: float(value) for key, value in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with ``--write`` write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=400)
    parser.add_argument("--profiles", type=int, default=200)
    parser.add_argument("--write", action="store_true", help="write the page")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("error", symgraph.FitWarning)
    found = {name: covered(name, asked.repetitions, min(asked.profiles, asked.repetitions)) for name in CASES}
    head = ["model", "least", "greatest", "bands", "least of profiles", "greatest of profiles"]
    lines = [[name, *(f"{one[key]:.1%}" if key in one else "" for key in head[1:])] for name, one in found.items()]
    print(text_table(head, lines))
    if asked.write:
        told = f"Shares of {asked.repetitions} repetitions ({asked.profiles} of profiles) in which a 95 % interval held the\n"
        told += "truth: the least and the greatest among a model's weights, the mean over rows of the band, and profiles.\n"
        page = f"# Coverage\n\nWritten by `python benchmarks/intervals.py --write`. {told}\n{markdown_table(head, lines)}\n"
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
