"""Digits lost as a build says, beside those lost at points that the authors of models knew.

    python benchmarks/lost_digits.py            all models here, file by file
    python benchmarks/lost_digits.py FILE ...   others, in a file like trap_models.py

Both are judged in balls, see ``symgraph.judge.digits``. A line is too short where a model loses half of its digits or more at
its trap points, and the build names fewer by more than one; each such model is printed. A model needs care if a result is off
by more than 1e-11, beyond what its inputs leave open: counted are those that do at their trap points, those of them for which a
build chooses pairs of doubles, and others for which it does.
"""

import argparse
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from machine import describe

from symgraph import Model
from symgraph.judge.digits import digits_lost
from symgraph.judge.judged_points import given
from symgraph.judge.verification_report import LostDigits

FILES = ("trap_models.py", "traps_of_sciences.py", "traps_of_engineering.py", "traps_of_practice.py")
POINTS, SEED = 40, 77
HALF, SOME = 8.0, 3.0
"""Digits from which on half are lost, and from which on a build names a point."""


def digits(found: LostDigits | None) -> float:
    """Return the digits that are lost; 0 where nothing is judged."""
    return 0.0 if found is None else found.digits


def compared(models: Sequence[Any], tell: Callable[[str], None]) -> dict[str, int]:
    """Count models, those that lose half at their traps, where the build's line is short of that, and where it is longer."""
    names = ("models", "lose half", "line too short", "sound at traps", "line beyond them", "need care", "chosen of these")
    found = dict.fromkeys((*names, "chosen besides"), 0)
    for name, args, formula, _, trap, domains in models:
        model = Model("".join(letter if letter.isalnum() else "_" for letter in name))
        model.loss(formula(*[model.weight(one, **({"domain": domains[one]} if one in domains else {})) for one in args]))
        at = given(model, [dict(zip(args, map(float, trap()), strict=True)) for _ in range(POINTS)])
        at_traps, at_worst = digits_lost(model, at), digits_lost(model)
        lost, said = digits(at_traps), digits(at_worst)
        needs, chosen = (one is not None and one.needs_care for one in (at_traps, at_worst))
        is_short = lost >= HALF and said < lost - 1.0
        counted = (True, lost >= HALF, is_short, lost < SOME, lost < SOME < said, needs, needs and chosen, chosen and not needs)
        found = {what: count + one for (what, count), one in zip(found.items(), counted, strict=True)}
        if is_short:
            tell(f"  {name}: {said:.1f} digits for {lost:.1f}")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", default=[Path(__file__).parent / name for name in FILES], type=Path)
    print(describe())
    for file in parser.parse_args(arguments).files:
        names = runpy.run_path(str(file))
        names["rng"].seed(SEED)
        print(f"{file.name}: {', '.join(f'{what} {count}' for what, count in compared(names['M'], print).items())}")


if __name__ == "__main__":
    main()
