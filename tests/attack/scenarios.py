"""Commands that write files: what they do when nothing stops them, and what must hold when something does."""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from disk_calls import before_each, commanded
from forked import contents
from victim import SPEC, copied

Contents = dict[str, bytes | None]

NEW_SPEC = SPEC.replace("a * sp.exp(-k * t)", "a * sp.exp(-k * t) + a / (1 + k)")
"""The project's spec with another formula of the same weights: a build replaces all its files."""


@dataclass(frozen=True)
class Scenario:
    """A command that writes.

    Attributes:
        line: its words.
        calls: how many calls that change the disk it makes at most, of those with ``names`` if these are given.
        prepare: changes the copy of the project in which it begins.
        again: what may be said instead of the same line, after one that was killed.
        loose: patterns of files that need not be the same after a second run.
        growing: patterns of files that are appended to: a beginning of the last contents is right too.
        steps: patterns of files of JSON with several right contents: any that ends as such a file does.
        numbers: which of the calls are tried; each by default.
        sizes: bytes of a file in the middle of whose writing it is killed.
        variables: are added to the environment.
        once: the command refuses to do again what it has done.
    """

    line: str
    calls: int
    names: Sequence[str] = ()
    prepare: Callable[[Path], object] = lambda folder: None
    again: str = ""
    loose: Sequence[str] = ()
    growing: Sequence[str] = ()
    steps: Sequence[str] = ()
    numbers: Sequence[int] = ()
    sizes: Sequence[int] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    once: bool = False

    @property
    def tried(self) -> Sequence[int]:
        """The calls that are tried."""
        return self.numbers or range(1, self.calls + 1)


def with_new_spec(folder: Path) -> None:
    """Change the spec, so that all built files are old."""
    (folder / "decay.py").write_text(NEW_SPEC)


def with_a_run(folder: Path) -> None:
    """Have a run of two epochs in the folder r."""
    line = "train decay --data rows.csv --epochs 2 --checkpoint-every 1 --run r --backend numpy --quiet"
    assert there(folder, line) == 0


def with_libraries(folder: Path) -> None:
    """Have three files in the cache that look like libraries."""
    (folder / "cache" / "c").mkdir(parents=True)
    for name in ("a", "b", "c"):
        (folder / "cache" / "c" / f"{name}-0123456789abcdef0123.so").write_bytes(b"\x7fELF")


def own_cache() -> None:
    """Have compiled code in a folder beside the other files, so that nothing is found there that others compiled."""
    os.environ["SYMGRAPH_CACHE"] = str(Path.cwd() / "cache")
    sys.dont_write_bytecode = True


def there(
    folder: Path, line: str, setup: Callable[[], object] = lambda: None, variables: Mapping[str, str] | None = None
) -> int:
    """Run a command in a folder, without a word."""

    def silent() -> None:
        os.chdir(folder)
        own_cache()
        os.environ.update(variables or {})
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  # until the process ends
        setup()

    return commanded(line.split(), silent)


_RUN = "train decay --data rows.csv --epochs 4 --checkpoint-every 1 --run r --backend numpy --quiet"
_OF_RUNS = {"loose": ("r/run.json", "r/report.txt"), "growing": ("r/*/losses.csv",), "steps": ("r/*/*.json",)}
_COMPILED = {"loose": ("cache/*",), "names": ("os.mkdir", "subprocess.Popen", "open", "os.rename", "os.remove", "os.rmdir")}
SCENARIOS = {
    "fit --save": Scenario("fit decay --data rows.csv --save new.json --backend numpy --quiet", 5, sizes=(1, 150)),
    "fit --save over": Scenario(
        "fit decay --data rows.csv --save weights.json --backend numpy --quiet", 6, numbers=(3, 5, 6), sizes=(1, 150)
    ),
    "fit --plot": Scenario("fit decay --data rows.csv --plot p.svg --backend numpy --quiet", 5, numbers=(3,)),
    "predict": Scenario(
        "predict decay --weights weights.json --data rows.csv --out o.csv --backend numpy", 5, numbers=(2, 4), sizes=(20,)
    ),
    "draw": Scenario("draw decay -o g.svg", 5, numbers=(3, 4), sizes=(3000,)),
    "show": Scenario("show decay -o x.txt", 5, numbers=(4,), sizes=(50,)),
    "new": Scenario("new growth", 12, numbers=range(1, 12), sizes=(1, 40, 300), once=True),
    "new --dir": Scenario("new growth --dir a/b/c", 16, numbers=(2, 6, 10, 14), once=True),
    "worksheet": Scenario(
        "worksheet decay.py -o week --solution sol.py --quiet", 36, numbers=range(2, 37, 5), sizes=(1, 700, 1500), once=True
    ),
    "train --save": Scenario(
        "train decay --data rows.csv --epochs 3 --save weights.json --save-best b.json --backend numpy --quiet",
        11,
        numbers=(4, 5, 7, 9, 10),
    ),
    "train --run": Scenario(
        _RUN, 66, again="train --resume r --quiet", numbers=range(1, 67, 4), sizes=(1, 20, 45, 200, 600), **_OF_RUNS
    ),
    "train --resume": Scenario(
        "train --resume r --epochs 4 --quiet", 48, prepare=with_a_run, numbers=range(2, 49, 8), sizes=(45, 60, 300), **_OF_RUNS
    ),
    "build": Scenario(
        "build decay.py --backend numpy,scalar --no-verify --quiet",
        20,
        prepare=with_new_spec,
        numbers=(2, 5, 9, 15, 16, 17, 18),
        sizes=(1, 3000),
    ),
    "build elsewhere": Scenario(
        "build decay.py --backend numpy --no-verify --out a/b --quiet", 14, numbers=(2, 6, 11, 12), sizes=(500,)
    ),
    "build C": Scenario("build --quiet", 7, ("os.rename",), with_new_spec, numbers=(3, 5, 7)),
    "fit builds": Scenario(
        "fit decay --data rows.csv --backend numpy --quiet", 7, ("os.rename",), with_new_spec, numbers=(5, 7)
    ),
    "compile": Scenario("predict decay --weights a=1,k=1 --data rows.csv --quiet", 25, numbers=(7, 10), **_COMPILED),
    "cache --clear": Scenario("cache --clear", 8, prepare=with_libraries, numbers=(2, 4, 6, 8)),
}


@cache
def unhindered(name: str) -> tuple[Contents, Contents, int]:
    """Return the files before and after a command that nothing stops, and the number of its calls that change the disk."""
    scenario, calls = SCENARIOS[name], 0
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        folder, log = Path(place) / "here", Path(place) / "log"
        folder.mkdir()
        copied(folder)
        scenario.prepare(folder)
        before = contents(folder)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def noted(_: int, kind: str, __: str) -> None:
            os.write(handle, f"{kind}\n".encode())

        code = there(folder, scenario.line, lambda: before_each(noted), scenario.variables)
        os.close(handle)
        assert code == 0, f"{scenario.line} ends with {code} though nothing stops it"
        calls = sum(not scenario.names or kind in scenario.names for kind in log.read_text().split())
        return before, contents(folder), calls


def parts(name: str, now: Contents) -> list[str]:
    """Return the files that are neither as before a command nor as after it."""
    scenario, (before, after, _) = SCENARIOS[name], unhindered(name)
    found = []
    for path in sorted(set(before) | set(now)):
        mine, last = now.get(path), after.get(path)
        if path.endswith(".tmp") or now.get(path, "lost") in [one.get(path, "lost") for one in (before, after)]:
            continue
        if any(fnmatch(path, pattern) for pattern in scenario.loose):
            continue
        if any(fnmatch(path, pattern) for pattern in scenario.growing) and (last or b"").startswith(mine or b""):
            continue
        if any(fnmatch(path, pattern) for pattern in scenario.steps) and (mine or b"").rstrip().endswith(b"}"):
            continue
        found.append(f"{path} is {'a part' if path in now else 'lost'}")
    return found


def differences(name: str, now: Contents) -> list[str]:
    """Return the files that are not as after a command that nothing stops."""
    scenario, (_, after, _) = SCENARIOS[name], unhindered(name)
    loose = {path for path in set(after) | set(now) if any(fnmatch(path, pattern) for pattern in scenario.loose)}
    return sorted(path for path in (set(after) | set(now)) - loose if path not in now or now[path] != after.get(path, b"\0"))


def leftovers(now: Contents) -> list[str]:
    """Return the files that are nobody's."""
    return sorted(path for path in now if (path.endswith(".tmp") and "notes" not in path) or fnmatch(path, "cache/*/.making-*"))


def hindered(name: str, setup: Callable[[], object], codes: Sequence[int], clean: bool = False) -> None:
    """Run a command with something that stops it, and then again; end the process with what is wrong.

    Args:
        name: of the scenario.
        setup: called in the first command's process.
        codes: the first command's right exit statuses.
        clean: the first command must remove its temporary files.
    """
    scenario, harm = SCENARIOS[name], []
    code = commanded(scenario.line.split(), setup)
    now = contents(Path())
    if code not in codes:
        harm.append(f"it ended with {code}")
    harm += parts(name, now)
    if clean:
        harm += [f"{path} is left behind at once" for path in leftovers(now)]
    ended(harm + (_differing(name) if code == 0 and scenario.once else healed(name)))


def healed(name: str) -> list[str]:
    """Run a command again; return what is wrong then."""
    scenario = SCENARIOS[name]
    code = commanded(scenario.line.split())
    if code != 0 and scenario.again:
        code = commanded(scenario.again.split())
    return ([f"the next run ended with {code}"] if code else []) + _differing(name)


def _differing(name: str) -> list[str]:
    now = contents(Path())
    left = leftovers(now)
    harm = [f"{path} is left behind" for path in left]
    return harm + [f"{path} is not healed" for path in differences(name, now) if path not in left]


def ended(harm: Sequence[str]) -> None:
    """End the process with what is wrong, if anything is."""
    sys.stdout.flush()
    sys.stderr.flush()
    if harm:
        print(f"harm: {'; '.join(harm)[:1000]}", file=sys.stderr)
        raise SystemExit(3)
