"""Commands that are killed or interrupted at each of their calls to the disk or in the middle of a write, and run again.

After the kill each file must be the old one or the new one. After the next run, which must end with 0, all files must be as
if nothing had happened, and none may be left behind.
"""

import json
import os
import random
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path

from cases import Case, Outcome
from disk_calls import commanded, signalled
from forked import contents
from scenarios import SCENARIOS, ended, healed, hindered, leftovers, own_cache, unhindered

_SENT = {"SIGINT": (130, -2, 0), "SIGTERM": (143, -15, 0), "SIGHUP": (129, -1, 0), "SIGPIPE": (0, 141, -13)}
_LONG = "train decay --data rows.csv --epochs 2000000 --save w.json"
_SLOW = {"build C", "fit builds", "compile", "fit --plot"}


def _case(name: str, scenario: str, call: Callable[[Path], object]) -> Case:
    """Make a case of a scenario, with a call that runs its command twice."""

    def prepare(folder: Path) -> None:
        unhindered(scenario)
        SCENARIOS[scenario].prepare(folder)

    return Case(
        name,
        call=call,
        prepare=prepare,
        project=True,
        environment=SCENARIOS[scenario].variables,
        codes=(0,),
        changes=("*",),
        setup=own_cache,
        seconds=10,
    )


def _hindered(name: str, setup: Callable[[], object], codes: Sequence[int], clean: bool) -> Callable[[Path], object]:
    return lambda folder: hindered(name, setup, codes, clean)


def _cut(size: int) -> None:
    """Have this process killed when it writes beyond a size of a file."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _complete(scenario: str) -> Callable[[Path], object]:
    """Return a call that says if there are calls of a command that no case tries."""

    def call(_: Path) -> None:
        calls = unhindered(scenario)[2]
        ended(
            [f"it makes {calls} calls, and the table says {SCENARIOS[scenario].calls}"]
            if calls > SCENARIOS[scenario].calls
            else []
        )

    return call


def _mixtures(rng: random.Random) -> Iterator[Case]:
    """Files of which each is the old one, the new one, or lost: a build makes all of them new."""
    names = [f"generated/{name}" for name in ("decay.py", "decay_scalar.py", "symgraph.lock.json")]
    mixtures = [states for states in product(("old", "new", "lost"), repeat=3) if len(set(states)) > 1]
    for states in rng.sample(mixtures, 10):

        def call(_: Path, states: Sequence[str] = states) -> None:
            new = unhindered("build")[1]
            for path, state in zip(names, states, strict=True):
                if state == "lost":
                    Path(path).unlink()
                elif state == "new":
                    Path(path).write_bytes(new[path] or b"")
            lock = "generated/symgraph.lock.json"  # a new one does not know of the C files
            ended([harm for harm in healed("build") if states[2] != "lost" or harm != f"{lock} is not healed"])

        found = ", ".join(f"{state} {Path(path).name}" for path, state in zip(names, states, strict=True))
        yield _case(f"a build finds {found}", "build", call)


def _notes() -> Iterator[Case]:
    """A user's own file whose name ends as those of temporary files do is not swept away."""

    def prepare(folder: Path) -> None:
        SCENARIOS["build"].prepare(folder)
        (folder / "generated" / "notes.tmp").write_text("a user's own file\n")

    line = SCENARIOS["build"].line.split()
    yield Case(
        "a build keeps a user's notes.tmp", line, prepare=prepare, project=True, codes=(0,), changes=("generated/*.*[yn]",)
    )


def _timed(sent: signal.Signals, seconds: float, twice: bool = False) -> None:
    """Send this process a signal after some seconds of its processor time, and perhaps again."""

    def send(*_: object) -> None:
        if twice:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.05)
        os.kill(os.getpid(), sent)

    signal.signal(signal.SIGVTALRM, send)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _has_weights(folder: Path, outcome: Outcome) -> str:
    """Tell if the weights that an ended training has saved are no weights."""
    from symgraph import load
    from symgraph.data.weights import load_weights

    try:
        weights = load_weights(folder / "w.json", load(folder / "generated" / "decay.py"))
    except Exception as error:
        return f"w.json: {error}"
    return "" if len(weights) == 2 and max(abs(weights)) < 100 else f"weights are {weights}"


def _ended_trainings() -> Iterator[Case]:
    """Trainings that a signal ends in the midst of their computations save the weights of the last epoch."""
    numbers = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
    for backend, (sent, code) in product(("numpy", "scalar", "c"), numbers.items()):
        for options in ("", " --batch-size all --stream") if backend == "numpy" else ("",):
            yield Case(
                f"a training{options or ' on ' + backend} ends by {sent.name} with weights",
                f"{_LONG} --backend {backend}{options}".split(),
                project=True,
                setup=partial(_timed, sent, 0.4),
                codes=(code,),
                check=_has_weights,
            )
    for sent in (signal.SIGINT, signal.SIGTERM):
        yield Case(
            f"a second {sent.name} ends a training too",
            f"{_LONG} --backend numpy".split(),
            project=True,
            setup=partial(_timed, sent, 0.4, twice=True),
            codes=(numbers[sent], -sent),
        )

    def ignoring() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _timed(signal.SIGHUP, 0.02, twice=True)

    yield Case(
        "a training under nohup goes on",
        ["train", "decay", "--data", "rows.csv", "--epochs", "20", "--save", "w.json", "--backend", "numpy"],
        project=True,
        setup=ignoring,
        codes=(0,),
        check=_has_weights,
    )


def _children(lines: Sequence[str]) -> list[int]:
    """Run commands at once; return their exit statuses."""
    pids = []
    for line in lines:
        pid = os.fork()
        if pid == 0:
            os._exit(commanded(line.split()) & 255)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def _at_once() -> Iterator[Case]:
    """Commands that run at the same time and write the same files."""

    def all_right(scenario: str, count: int) -> Callable[[Path], object]:
        def call(_: Path) -> None:
            codes = _children([SCENARIOS[scenario].line] * count)
            harm = [f"they ended with {codes}"] if any(codes) else []
            ended(harm + healed(scenario))

        return call

    for scenario, count in {
        "build": 4,
        "build elsewhere": 3,
        "fit --save": 5,
        "draw": 4,
        "predict": 4,
        "cache --clear": 3,
    }.items():
        yield _case(f"{count} times {scenario} at once", scenario, all_right(scenario, count))

    def one_only(_: Path) -> None:
        codes = _children(["train --resume r --epochs 300 --quiet"] * 3)
        harm = [f"they ended with {codes}"] if 0 not in codes or set(codes) - {0, 2} else []
        harm += [f"{path} is left behind" for path in leftovers(contents(Path()))]
        rows = Path("r/adam/losses.csv").read_text().split()[1:]
        if [row.split(",")[0] for row in rows] != [str(number) for number in range(1, 301)]:
            harm.append(f"losses.csv has {len(rows)} rows that are not those of epochs 1 to 300")
        ended(harm)

    yield _case("3 times train --resume at once, one of which trains", "train --resume", one_only)

    def new_once(_: Path) -> None:
        codes = _children([SCENARIOS["train --run"].line] * 3)
        harm = [f"they ended with {codes}"] if 0 not in codes or set(codes) - {0, 2} else []
        ended(harm + healed("train --run"))

    yield _case("3 times train --run at once, one of which trains", "train --run", new_once)


def _stopped_compilers() -> Iterator[Case]:
    """Compilers that are killed, stopped or deaf while the command waits for them."""
    deeds = {
        "kills itself": "kill -9 $$",
        "kills its parent": "kill -9 $PPID; sleep 0.1",
    }
    for name, deed in deeds.items():

        def call(_: Path, deed: str = deed) -> None:
            script = Path("cc.sh").absolute()
            script.write_text(f"#!/bin/sh\n{deed}\nexit 1\n")
            script.chmod(0o755)
            code = commanded(SCENARIOS["compile"].line.split(), lambda: os.environ.update(CC=str(script)))
            script.unlink()
            harm = [] if code in (0, 2, 130, 143, -2, -9, -15) else [f"it ended with {code}"]
            ended(harm + healed("compile"))

        yield _case(f"a compiler that {name}", "compile", call)


def _resumed_bits(rng: random.Random) -> Iterator[Case]:
    """A training that is killed at some moment again and again has the bits of one that nothing stops."""
    for number in range(2):
        moments = [rng.uniform(0.05, 0.3) for _ in range(3)]

        def call(_: Path, moments: Sequence[float] = moments) -> None:
            line = "train decay --data rows.csv --epochs 60 --checkpoint-every 7 --backend numpy --quiet --optimizer adam,sgd"
            assert commanded(f"{line} --run whole".split()) == 0
            words = f"{line} --run cut".split()
            for moment in moments:
                pid = os.fork()
                if pid == 0:
                    os._exit(commanded(words, partial(_timed, signal.SIGKILL, moment)) & 255)
                os.waitpid(pid, 0)
                if Path("cut/run.json").exists():
                    words = ["train", "--resume", "cut", "--quiet"]
            code = commanded(words)
            harm = [f"it ended with {code}"] if code else []
            for path in ("adam/weights.json", "sgd/weights.json", "adam/best.json", "adam/losses.csv", "sgd/losses.csv"):
                ours, wanted = Path("cut", path), Path("whole", path)
                harm += [] if ours.exists() and ours.read_bytes() == wanted.read_bytes() else [f"{path} is another one"]
            ended(harm + [f"{path} is left behind" for path in leftovers(contents(Path()))])

        yield _case(f"a training killed three times has the same bits, {number}", "train --save", call)


def _torn() -> Iterator[Case]:
    """Files of which a power cut has left a part: said in one line, or made again."""
    files = {
        "generated/symgraph.lock.json": "build --backend numpy,scalar --no-verify",
        "weights.json": "predict decay --weights weights.json --data rows.csv --backend numpy",
        "generated/decay.py": "fit decay --data rows.csv --backend numpy",
        "r/adam/checkpoint.json": "train --resume r --epochs 4",
        "r/adam/losses.csv": "train --resume r --epochs 4",
        "r/run.json": "train --resume r --epochs 4",
    }
    for (path, line), share in product(files.items(), (0.0, 0.5, 0.95)):

        def prepare(folder: Path, path: str = path, share: float = share) -> None:
            if path.startswith("r/"):
                SCENARIOS["train --resume"].prepare(folder)
            data = (folder / path).read_bytes()
            (folder / path).write_bytes(data[: int(share * len(data))])

        yield Case(
            f"a file of which {100 * share:.0f}% is there: {path}",
            line.split(),
            project=True,
            prepare=prepare,
            changes=("generated/*", "r/*"),
            check=_whole_or_refused,
        )


def _whole_or_refused(folder: Path, outcome: Outcome) -> str:
    if outcome.code == 0:
        for path in folder.rglob("*.json"):
            try:
                json.loads(path.read_text())
            except ValueError:
                return f"exit status 0, and {path.relative_to(folder)} is a part still"
        return ""
    return "" if b"error:" in outcome.err else "no word about the file"


def cases(rng: random.Random) -> Iterator[Case]:
    """Each command with each of its calls as the last one, and with signals at some of them."""
    for index, (name, scenario) in enumerate(SCENARIOS.items()):
        yield _case(f"{name}: all its calls are tried", name, _complete(name))
        for number in scenario.tried:
            setup = partial(signalled, number, signal.SIGKILL, scenario.names)
            yield _case(f"{name}, killed at call {number}", name, _hindered(name, setup, (-9, 0), False))
        for size in scenario.sizes:
            setup = partial(_cut, size)
            yield _case(f"{name}, killed at byte {size} of a file", name, _hindered(name, setup, (-signal.SIGXFSZ, 0), False))
        for sent in () if name in _SLOW else ("SIGINT", ("SIGTERM", "SIGHUP", "SIGPIPE")[index % 3]):
            setup = partial(signalled, rng.choice(scenario.tried), signal.Signals[sent], scenario.names)
            yield _case(f"{name}, {sent} at a call", name, _hindered(name, setup, _SENT[sent], sent == "SIGINT"))
    yield from _mixtures(rng)
    yield from _notes()
    yield from _ended_trainings()
    yield from _at_once()
    yield from _stopped_compilers()
    yield from _resumed_bits(rng)
    yield from _torn()
