"""Texts that users and files supply, and that symgraph repeats: names, descriptions, labels, paths, formulas, messages."""

import random
from collections.abc import Iterator

import names_columns
import names_docs
import names_files
import names_formulas
import names_refused
import names_views
import names_words
from cases import Case


def cases(rng: random.Random) -> Iterator[Case]:
    """All texts in all places where they come out again."""
    names_docs.warm()
    for group in (names_docs, names_words, names_refused, names_columns, names_files, names_views):
        yield from group.cases()
    yield from names_formulas.cases(rng)
