"""What is around a command: variables, folders, limits, clocks, settings, compilers, caches, and other users."""

import locale
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from itertools import product
from pathlib import Path

from cases import CANARY, Case, Outcome
from disk_calls import as_a_user
from surroundings_compilers import compiler_cases
from surroundings_limits import COMMANDS, FIT, as_ever, limit_cases
from surroundings_settings import settings_cases
from victim import ROOT, copied

PLOT = [*FIT, "--plot", "p.svg"]

_PATHS = {
    "none": None,
    "empty": "",
    "a file": "rows.csv",
    "missing": "/nonexistent/x",
    "/proc": "/proc",
    "no UTF-8": "/byte\udcff",
}
VARIABLES: dict[str, Mapping[str, str | None]] = {
    f"{name} {kind}": {name: path} for name in ("HOME", "TMPDIR") for kind, path in _PATHS.items()
}
VARIABLES |= {
    "a HOME of 5,000 signs": {"HOME": "/h" * 2500},
    "no variables that users have": dict.fromkeys(("HOME", "USER", "LOGNAME", "LANG", "SHELL", "TERM", "TMPDIR"), None),
    "an unknown user": {"HOME": None, "USER": "\x1b[31m", "LOGNAME": "nobody at all"},
    "COLUMNS 0": {"COLUMNS": "0"},
    "COLUMNS 1": {"COLUMNS": "1"},
    "COLUMNS -1": {"COLUMNS": "-1"},
    "COLUMNS of 40 digits": {"COLUMNS": "9" * 40},
    "COLUMNS of 5,000 digits": {"COLUMNS": "9" * 5000},
    "COLUMNS a word": {"COLUMNS": "wide", "LINES": "\x1b"},
    "TERM none": {"TERM": None},
    "TERM with an escape": {"TERM": "xterm\x1b[31m", "NO_COLOR": None},
    "COLORTERM": {"COLORTERM": "truecolor", "TERM": "xterm-256color", "NO_COLOR": None},
    "SOURCE_DATE_EPOCH a word": {"SOURCE_DATE_EPOCH": "never"},
    "SYMGRAPH_BACKEND empty": {"SYMGRAPH_BACKEND": ""},
    "threads of a word": {"OMP_NUM_THREADS": "many", "OPENBLAS_NUM_THREADS": "-1"},
    "SUDO_UID a word": {"SUDO_UID": "root"},
    "SUDO_UID of 50 digits": {"SUDO_UID": "9" * 50},
    "SUDO_UID of 5,000 digits": {"SUDO_UID": "9" * 5000},
}


def _variables() -> Iterator[Case]:
    for (kind, environment), (name, words) in product(VARIABLES.items(), COMMANDS.items()):
        if (
            name == "fit"
            or (name == "predict" and kind.startswith("TMPDIR"))
            or (name == "show" and kind.startswith(("COL", "no ")))
        ):
            yield Case(
                f"{kind}, {name}", words, project=True, environment=environment, codes=(0,), check=partial(as_ever, name)
            )
    for value in ("nonsense", "NUMPY", "native,numpy", "\x1b[31m", "n" * 5000, "no\nway"):
        yield Case(
            f"SYMGRAPH_BACKEND {value[:12]!a}",
            COMMANDS["predict"][:-2],
            project=True,
            environment={"SYMGRAPH_BACKEND": value},
            codes=(2,),
        )
    plots = {"MPLCONFIGDIR": "rows.csv", "MATPLOTLIBRC": "rows.csv"}
    for name, value in plots.items():
        check = partial(_there, "p.svg")
        yield Case(f"{name} {value}, fit --plot", PLOT, project=True, environment={name: value}, codes=(0,), check=check)


def _there(path: str, folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code or (folder / path).stat().st_size else f"{path} is empty"


def _ascii_streams() -> Iterator[Case]:
    """Names that streams cannot write."""

    def foreign(folder: Path) -> None:
        rows = "größe,µ (m)\n" + "".join(f"{2 * 0.7 ** (t / 4):.6f},{t / 4}\n" for t in range(12))
        (folder / "überall.csv").write_text(rows, encoding="utf-8")
        spec = (
            (folder / "decay.py")
            .read_text()
            .replace('"a k"', '"β κ"')
            .replace("a, k", "β, κ")
            .replace("a * sp.exp(-k", "β * sp.exp(-κ")
        )
        (folder / "größe.py").write_text(spec.replace("decay", "größe"), encoding="utf-8")

    lines = {
        "fit": ["fit", "größe ~ β*exp(-κ*`µ (m)`)", "--data", "überall.csv", "--backend", "numpy"],
        "fit --json": ["fit", "größe ~ β*exp(-κ*`µ (m)`)", "--data", "überall.csv", "--backend", "numpy", "--json"],
        "fit --save": ["fit", "größe ~ β*exp(-κ*`µ (m)`)", "--data", "überall.csv", "--backend", "numpy", "--save", "ü.json"],
        "show": ["show", "größe.py"],
        "show -o": ["show", "größe.py", "-o", "ü.txt"],
        "derivation": ["show", "größe.py", "--derivation", "--format", "latex"],
        "draw": ["draw", "größe.py"],
        "build": ["build", "größe.py", "--backend", "numpy", "--no-verify"],
        "wrong column": ["fit", "decay", "--data", "überall.csv"],
        "missing": ["show", "überhaupt"],
        "new": ["new", "größer"],
        "bad new": ["new", "ü ü"],
    }
    for (name, words), coding in product(lines.items(), ("ascii", "ascii:replace")):
        if coding == "ascii" or name in ("fit", "draw", "missing"):
            yield Case(
                f"{coding} streams, {name}",
                words,
                project=True,
                prepare=foreign,
                environment={"PYTHONIOENCODING": coding},
                changes=("generated/*",),
                codes=(0, 2),
            )

    def plain() -> None:
        locale.setlocale(locale.LC_ALL, "C")

    for name in ("fit --save", "show -o", "build", "new", "missing"):
        yield Case(
            f"the locale C, {name}",
            lines[name],
            project=True,
            prepare=foreign,
            setup=plain,
            changes=("generated/*",),
            codes=(2,) if name == "missing" else (0,),
        )


def _true_interpreters() -> Iterator[Case]:
    """Pythons that begin in odd surroundings, and do not only meet them."""
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    lines = {
        "ASCII alone, fit": (plain, "fit grö~β*t --data rows.csv"),
        "without a folder to write": (
            {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
            "fit decay --data rows.csv --backend numpy",
        ),
        "a date that is a word": ({"SOURCE_DATE_EPOCH": "never"}, "fit decay --data rows.csv --backend numpy --plot p.svg"),
        "no such backend of Matplotlib": ({"MPLBACKEND": "nonsense"}, "truth decay --points 5 --plot p.svg"),
    }
    for name, (environment, line) in lines.items():

        def call(_: Path, line: str = line) -> None:
            command = [sys.executable, "-m", "symgraph", *line.split()]
            raise SystemExit(subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode)

        yield Case(f"a new Python: {name}", call=call, project=True, environment=environment, codes=(0, 2))


NAMES = (
    "with blank",
    "it's",
    'quo"te',
    "new\nline",
    "tab\there",
    "esc\x1b[31m",
    "byte\udcff",
    "ünï",
    "bidi\u202e",
    "-x",
    "$HOME",
    "a;b",
    "#x",
    "*",
    "%s",
)
NAMES += (
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    "{}",
    "[x]",
    "back\\slash",
    "a:b",
    "n" * 255,
    "generated",
    "x.py",
    "class",
    "numpy",
    "&",
    "~",
)


def _moved(name: str, folder: Path) -> None:
    place = folder / name
    place.mkdir(parents=True, exist_ok=name == "generated")
    for one in ("pyproject.toml", "decay.py", "rows.csv", "weights.json", "generated"):
        if (folder / one).exists() and one != name:
            with suppress(shutil.Error):
                shutil.move(folder / one, place / one)


def _fresh(name: str, folder: Path) -> None:
    place = folder / name
    place.mkdir(parents=True)
    copied(place)


def _folders() -> Iterator[Case]:
    """Folders with odd names, and such as are gone, deep, or not to be read."""
    for name in NAMES:
        prepare = partial(_fresh, name)
        enter = partial(os.chdir, name)
        check = partial(as_ever, "fit")
        yield Case(
            f"in a folder named {name[:24]!a}, fit",
            [*FIT, "--save", "w.json"],
            prepare=prepare,
            setup=enter,
            codes=(0,),
            check=check,
        )
    for name in ("it's", "new\nline", "byte\udcff", f"$(touch {CANARY})"):
        prepare = partial(_fresh, name)
        changes = (f"{name}/generated/*",)
        words = ["build", "--quiet", "--force", "--backend", "numpy,c"]
        yield Case(
            f"in a folder named {name!a}, build",
            words,
            prepare=prepare,
            setup=partial(os.chdir, name),
            codes=(0,),
            changes=changes,
        )
        words = ["show", f"{name}/generated/decay.py"]
        yield Case(f"of a folder named {name!a}, show", words, prepare=prepare, codes=(0, 2))

    def gone() -> None:
        Path("gone").mkdir()
        os.chdir("gone")
        Path("../gone").rmdir()

    def deep() -> None:
        for _ in range(60):
            Path("n" * 100).mkdir()
            os.chdir("n" * 100)

    def blind() -> None:
        Path("blind").mkdir()
        os.chdir("blind")
        Path().chmod(0)
        as_a_user()

    lines = {
        "show": ["show", "decay"],
        "fit": FIT,
        "new": ["new", "x"],
        "build": ["build"],
        "help": ["--help"],
        "cache": ["cache"],
    }
    lines["formula"] = ["fit", "y ~ a*t", "--data", "rows.csv"]
    for name, words in lines.items():
        codes = (0,) if name in ("help", "cache") else (0, 2) if name in ("new", "show", "build") else (2,)
        yield Case(f"in a folder that is gone, {name}", words, project=True, setup=gone, codes=codes)
        yield Case(f"in a folder that cannot be read, {name}", words, project=True, setup=blind, codes=codes)
        if name not in ("fit", "show"):
            yield Case(f"in a folder beyond the longest path, {name}", words, setup=_swept(deep), codes=codes)
    for place in ("/", "/proc/self", "/dev", "/sys"):
        yield Case(f"in {place}, show", ["show", "decay"], project=True, setup=partial(os.chdir, place), codes=(2,))


def _swept(setup: Callable[[], object]) -> Callable[[], object]:
    """Return a setup after which the folders that it makes are removed, when the process ends."""

    def begin() -> None:
        top = os.open(".", os.O_RDONLY)
        if (pid := os.fork()) != 0:
            _, status = os.waitpid(pid, 0)
            os.fchdir(top)
            shutil.rmtree("n" * 100, ignore_errors=True)
            os._exit(os.waitstatus_to_exitcode(status) & 255)
        setup()

    return begin


def _shells() -> Iterator[Case]:
    """The completion of shells is added to files of the user, of which nothing else changes."""
    for shell, own in {"/bin/bash": ".bashrc", "/usr/bin/zsh": ".zshrc", "/usr/bin/fish": ".config/fish/config.fish"}.items():

        def prepare(folder: Path, own: str = own) -> None:
            (folder / own).parent.mkdir(parents=True, exist_ok=True)
            (folder / own).write_text("alias mine=true\n")

        def enter(shell: str = shell) -> None:
            os.environ.update(HOME=str(Path.cwd()), SHELL=shell)

        def check(folder: Path, outcome: Outcome, own: str = own) -> str:
            return "" if (outcome.after.get(own) or b"").startswith(b"alias mine=true\n") else f"{own} has lost what it had"

        yield Case(
            f"--install-completion of {shell}",
            ["--install-completion"],
            prepare=prepare,
            setup=enter,
            changes=(own,),
            check=check,
        )
    for shell in (None, "", "/bin/nonsense", "\x1b[31m", "rows.csv", "/bin/bash"):
        environment = {"SHELL": shell, "HOME": "/nonexistent/home"}
        yield Case(f"--install-completion with SHELL {shell!a} and no HOME", ["--install-completion"], environment=environment)
        yield Case(f"--show-completion with SHELL {shell!a}", ["--show-completion"], environment=environment)


def cases(rng: random.Random) -> Iterator[Case]:
    """Odd surroundings of ordinary commands."""
    yield from _variables()
    yield from _ascii_streams()
    yield from _true_interpreters()
    yield from _folders()
    yield from limit_cases(rng)
    yield from _shells()
    yield from settings_cases(rng)
    yield from compiler_cases(rng)
