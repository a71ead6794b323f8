"""Texts that users and files supply, and that symgraph repeats: names, descriptions, labels, paths, formulas, messages."""

import random
from collections.abc import Iterator

import names_docs
import names_formulas
import names_refused
import names_words
from cases import Case


def cases(rng: random.Random) -> Iterator[Case]:
    """All texts in all places where they come out again."""
    names_docs.warm()
    yield from names_docs.cases()
    yield from names_words.cases()
    yield from names_refused.cases()
    yield from names_formulas.cases(rng)
