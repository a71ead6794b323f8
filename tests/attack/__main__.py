"""Attack symgraph: hostile files, names, streams, signals and more, each in a process of its own with limits.

    python tests/attack                     # every case, by two processes
    python tests/attack --part 3/10         # the fourth tenth of them (parts count from 0)
    python tests/attack --only files: kill  # cases whose names begin so
    python tests/attack --seed 7            # other mutations than those of seed 0

A line is printed for each case that fails. Exit status 0 means that none did. What passing means stands in verdicts.py. The
groups are the modules on_*.py; each has ``cases(rng)``, which makes its cases.
"""

import argparse
import gc
import importlib
import json
import os
import pkgutil
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import forked  # noqa: E402  # behind the variables, which libraries read when they are imported
from cases import Case  # noqa: E402
from typer.testing import CliRunner  # noqa: E402
from verdicts import faults  # noqa: E402
from victim import built, copied  # noqa: E402

import symgraph  # noqa: E402
from symgraph.cli import app  # noqa: E402

Named = tuple[str, Case]


def all_cases(seed: int, groups: Sequence[str] = ()) -> list[Named]:
    """Return the cases of all groups, or of some, each with the name of its group before its own."""
    found: list[Named] = []
    for module in sorted(one.name for one in pkgutil.iter_modules([str(HERE)]) if one.name.startswith("on_")):
        group = module.removeprefix("on_")
        if not groups or group in groups:
            cases = importlib.import_module(module).cases(random.Random(seed))
            found += [(f"{group}: {case.name}", case) for case in cases]
    twice = [name for name, times in Counter(name for name, _ in found).items() if times > 1]
    if twice:
        sys.exit(f"two cases have the name {', '.join(twice)}")
    return found


def judged(case: Case) -> list[str]:
    """Run a case in a new folder; return what is wrong."""
    with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as place:
        folder = Path(place) / "here"
        folder.mkdir()
        if case.project:
            copied(folder)
        case.prepare(folder)
        outcome = forked.run(case, folder)
        found = faults(case, folder, outcome)
        if found:
            found.append((outcome.err.decode(errors="replace").strip().splitlines() or [""])[-1][:300])
        for path in folder.rglob("*"):  # so that it can be deleted
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        return found


def import_all() -> None:
    """Import what commands import, so that each fork has it."""
    for module in pkgutil.walk_packages(symgraph.__path__, "symgraph."):
        if module.name not in ("symgraph.__main__", "symgraph.use.testing.plugin", "symgraph.project.build.hatch"):
            try:
                importlib.import_module(module.name)
            except ImportError:  # what bridges lead to need not be installed
                continue
    importlib.import_module("matplotlib.font_manager")  # writes its list of fonts, on a new machine
    CliRunner().invoke(app, ["draw", "nothing"])  # what typer imports when a command is called
    gc.freeze()  # a collection in a fork would copy every page of what was imported


def shares(named: Sequence[Named], jobs: int) -> Iterator[tuple[str, list[str], float]]:
    """Judge cases by several processes; each case with what is wrong, and the seconds by the clock that it took."""
    built()
    reader, writer = os.pipe()
    for job in range(jobs):
        if os.fork() == 0:
            os.close(reader)
            with os.fdopen(writer, "w") as told:
                for name, case in named[job::jobs]:
                    begun = time.monotonic()
                    try:
                        found = judged(case)
                    except Exception as error:
                        found = [f"the attack itself ended in {type(error).__name__}: {error}"]
                    print(json.dumps([name, found, time.monotonic() - begun]), file=told, flush=True)
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        for line in answers:
            yield tuple(json.loads(line))
    for _ in range(jobs):
        os.wait()


def main() -> int:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", default="0/1", metavar="K/N", help="every N-th case from the K-th on")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="cases whose names begin so")
    parser.add_argument("--seed", type=int, default=0, help="draws the mutations")
    parser.add_argument("--jobs", type=int, default=2, help="cases at once")
    parser.add_argument("--times", type=int, default=0, metavar="N", help="show the N longest cases")
    asked = parser.parse_args()
    k, n = map(int, asked.part.split("/"))
    named = [one for one in all_cases(asked.seed) if not asked.only or one[0].startswith(tuple(asked.only))][k % n :: n]
    import_all()
    begun, failed, times = time.monotonic(), 0, []
    for name, found, seconds in shares(named, asked.jobs):
        times.append((seconds, name))
        if found:
            failed += 1
            print(f"FAILED {name}: {'; '.join(found)}".encode("ascii", "backslashreplace").decode(), flush=True)
    shutil.rmtree(built())
    for seconds, name in sorted(times, reverse=True)[: asked.times]:
        print(f"{seconds:6.1f} s {name}")
    print(f"{len(times)} cases, {failed} failed, {time.monotonic() - begun:.0f} s")
    return 1 if failed or len(times) < len(named) or not times else 0


if __name__ == "__main__":
    sys.exit(main())
