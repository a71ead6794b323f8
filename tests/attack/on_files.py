"""Files that symgraph reads: data, weights, runs, manifests, modules, specs, settings; right, odd, broken and hostile."""

import random
from collections.abc import Iterator

import files_arrow
import files_compressed
import files_numpy
import files_pickles
import files_places
import files_projects
import files_runs
import files_text
import files_weights
from cases import Case

PARTS = (
    files_text,
    files_compressed,
    files_numpy,
    files_pickles,
    files_arrow,
    files_weights,
    files_runs,
    files_projects,
    files_places,
)


def cases(rng: random.Random) -> Iterator[Case]:
    """The cases of each kind of file."""
    for part in PARTS:
        yield from part.cases(rng)
