"""Files that symgraph reads: data, weights, runs, manifests, modules, specs, settings; right, odd, broken and hostile."""

import random
from collections.abc import Iterator

import files_arrow
import files_compressed
import files_numpy
import files_pickles
import files_text
from cases import Case

PARTS = (files_text, files_compressed, files_numpy, files_pickles, files_arrow)


def cases(rng: random.Random) -> Iterator[Case]:
    """The cases of each kind of file."""
    for part in PARTS:
        yield from part.cases(rng)
