"""Compilers that are none, lie, babble, hang or die, and folders of compiled code that are not what they should be."""

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cases import CANARY, PAYLOAD, Case, Outcome
from scenarios import own_cache, unhindered

PREDICT = ["predict", "decay", "--weights", "a=1,k=0", "--data", "rows.csv"]
BUILD = ["build", "decay.py", "--force"]
WORDS = (
    "",
    "nonsense",
    "/nonexistent/cc",
    "rows.csv",
    "/",
    "/dev/null",
    "/dev/zero",
    "'cc",
    'cc "',
    "cc\n-x",
    "\udcff",
    "cc \x1b[31m",
)
WORDS += (
    f"cc; touch {CANARY}",
    f"$(touch {CANARY})",
    f"`touch {CANARY}`",
    f"cc || touch {CANARY}",
    f"| touch {CANARY}",
    f"touch {CANARY} #",
)
WORDS += (
    "cc -fplugin=./none.so",
    "cc -E",
    "cc @missing",
    "true",
    "cat",
)
OUT = 'for a; do [ "$p" = -o ] && out="$a"; p="$a"; done; '
"""Words of the shell that find the file that a compiler is asked for."""
SCRIPTS = {
    "binary": "head -c 3000 /dev/urandom >&2; exit 1",
    "escapes": "printf '\\033]0;own\\007\\033[31mred\\033[2J\\302\\233x\\342\\200\\256y\\r' >&2; exit 1",
    "megabytes": "head -c 9000000 /dev/zero | tr '\\0' x >&2; exit 1",
    "thousands of lines": "i=0; while [ $i -lt 4000 ]; do echo error $i >&2; i=$((i+1)); done; exit 1",
    "no UTF-8": "printf 'd\\351cay.c: erreur \\377\\376\\n' >&2; exit 1",
    "no UTF-8 but success": "printf '\\377\\376 warning\\n' >&2; exec gcc \"$@\"",
    "a traceback": "echo 'Traceback (most recent call last)' | tr T t >&2; exit 1",
    "a crash": "kill -SEGV $$",
    "an abort": "kill -ABRT $$",
    "a kill": "kill -KILL $$",
    "exit 255": "exit 255",
    "nothing": "exit 0",
    "stdin": "cat > /dev/null; exit 1",
    "an empty library": OUT + ': > "$out"',
    "garbage as library": OUT + 'head -c 20000 /dev/urandom > "$out"',
    "text as library": OUT + 'echo hello > "$out"',
    "a program as library": OUT + 'cp /bin/true "$out"',
    "half a library": OUT + 'gcc "$@" && head -c 6000 "$out" > "$out.2" && mv "$out.2" "$out"',
    "a folder as library": OUT + 'mkdir "$out"',
    "a FIFO as library": OUT + 'mkfifo "$out"',
    "a library of nobody": OUT + 'gcc "$@" && chmod 0 "$out"',
    "a library for all": OUT + 'gcc "$@" && chmod 777 "$out"',
    "another library": OUT + 'echo \'int x;\' > "$out.c"; gcc -shared -o "$out" "$out.c"',
    "a long-lived child": 'sleep 1.5 & exec gcc "$@"',
    "its input removed": 'for a; do case "$a" in *.c) rm -f "$a";; esac; done; exit 1',
    "a changing version": 'case "$*" in *version*) date +%s%N;; *) exec gcc "$@";; esac',
    "a version without end": 'case "$*" in *version*) head -c 9000000 /dev/zero | tr \'\\0\' v;; *) exec gcc "$@";; esac',
    "no version": 'case "$*" in *version*) exit 1;; *) exec gcc "$@";; esac',
    "only a version": 'case "$*" in *version*) echo cc 1.0;; *) exit 3;; esac',
}
_BUILT = (
    "binary",
    "escapes",
    "megabytes",
    "a crash",
    "nothing",
    "garbage as library",
    "a FIFO as library",
    "no version",
    "no UTF-8",
)


def _right(folder: Path, outcome: Outcome) -> str:
    """Tell what is wrong with predictions that must be there whatever the compiler does."""
    if outcome.code != 0:
        return ""
    if (lines := outcome.out.decode().split()) != ["level"] + ["1.0"] * 12:
        return f"the predictions are {lines[:3]}"
    return _short(folder, outcome)


def _short(folder: Path, outcome: Outcome) -> str:
    """Tell if more is said than a reader can take in."""
    said = outcome.err.decode(errors="replace")
    return f"{said.count(chr(10))} lines of {len(said)} signs on stderr" if said.count("\n") > 8 or len(said) > 3000 else ""


def _script(deed: str, folder: Path) -> None:
    (folder / "cc.sh").write_text(f"#!/bin/sh\n{deed}\n")
    (folder / "cc.sh").chmod(0o755)


def _with_script() -> None:
    own_cache()
    os.environ["CC"] = str(Path("cc.sh").resolve())


def _compilers() -> Iterator[Case]:
    for word in WORDS:
        environment = {"CC": word, "SYMGRAPH_CACHE": "cache"}
        yield Case(f"CC={word[:24]!a}, predict", PREDICT, project=True, environment=environment, codes=(0,), check=_right)
    for word in ("nonsense", f"cc; touch {CANARY}", "true", "'cc", "cc -E"):
        yield Case(
            f"CC={word!a}, build", [*BUILD, "--quiet"], project=True, environment={"CC": word}, codes=(0, 2), check=_short
        )
        words = [*PREDICT, "--backend", "native"]
        environment = {"CC": word, "SYMGRAPH_CACHE": "cache"}
        yield Case(f"CC={word!a}, predict --backend native", words, project=True, environment=environment, codes=(2,))
    for name, deed in SCRIPTS.items():
        prepare = partial(_script, deed)
        yield Case(
            f"a compiler gives {name}, predict",
            PREDICT,
            project=True,
            prepare=prepare,
            setup=_with_script,
            codes=(0,),
            check=_right,
        )
        if name in _BUILT:
            words = [*BUILD, "--quiet"]
            yield Case(
                f"a compiler gives {name}, build",
                words,
                project=True,
                prepare=prepare,
                setup=_with_script,
                codes=(0, 2),
                check=_short,
            )

    def busy(folder: Path) -> None:
        from symgraph import load

        module = load(folder / "generated" / "decay.py", compile_seconds=1)
        assert float(module.predict([1.0, 0.0], [[3.0]])[0]) == 1.0

    loop = "while :; do :; done"
    for name, deed in {"compiles": f'case "$*" in *" -o "*) {loop};; *) exec gcc "$@";; esac', "thinks": loop}.items():
        prepare = partial(_script, deed)
        title = f"a compiler that {name} for ever"
        yield Case(title, call=busy, project=True, prepare=prepare, setup=_with_script, codes=(0,), seconds=5)

    def of_a_foe(folder: Path) -> None:
        for name in ("cc", "gcc", "clang", "python", "zig", "sh"):
            (folder / name).write_text(f"#!/bin/sh\ntouch {CANARY}\n")
            (folder / name).chmod(0o755)
        (folder / "ziglang.py").write_text(PAYLOAD)

    for path in (None, "/nonexistent", "rows.csv"):
        environment = {"PATH": path, "SYMGRAPH_CACHE": "cache", "CC": None}
        yield Case(
            f"PATH={path} and programs of a foe here",
            PREDICT,
            project=True,
            prepare=of_a_foe,
            environment=environment,
            codes=(0,),
            check=_right,
        )
    environment = {"SYMGRAPH_CACHE": "cache"}

    def deaf() -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)

    yield Case(
        "children that are not waited for", PREDICT, project=True, setup=deaf, environment=environment, codes=(0,), check=_right
    )


CACHES = {
    "empty": "",
    "a file": "rows.csv",
    "below a file": "rows.csv/cache",
    "/dev/null": "/dev/null",
    "/proc": "/proc/none",
    "a FIFO": "fifo",
    "a loop": "loop",
    "a dangling link": "dangling",
    "1,500 folders": "d/" * 1500,
    "5,000 signs": "n/" * 2500,
    "a name of 300 signs": "n" * 300,
    "no UTF-8": "byte\udcff",
    "a line end": "new\nline",
    "an escape": "esc\x1b[31m",
    "blanks and quotes": 'it\'s a "cache" $HOME',
}


def _odd_files(folder: Path) -> None:
    os.mkfifo(folder / "fifo")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere/at/all")


def _caches() -> Iterator[Case]:
    for name, path in CACHES.items():
        for words in (PREDICT, ["cache"]) if name != "empty" else (PREDICT,):
            yield Case(
                f"a cache that is {name}, {words[0]}",
                words,
                project=True,
                prepare=_odd_files,
                environment={"SYMGRAPH_CACHE": path},
                codes=(0,) if words is PREDICT else (0, 2),
                check=_right if words is PREDICT else _short,
            )
    for name in ("1,500 folders", "a FIFO"):
        environment = {"SYMGRAPH_CACHE": None, "XDG_CACHE_HOME": CACHES[name]}
        yield Case(
            f"XDG_CACHE_HOME that is {name}",
            PREDICT,
            project=True,
            prepare=_odd_files,
            environment=environment,
            codes=(0,),
            check=_right,
        )
    for name in ("a file", "a FIFO", "a loop", "1,500 folders"):
        words = ["cache", "--clear"]
        environment = {"SYMGRAPH_CACHE": CACHES[name]}
        yield Case(
            f"cache --clear of {name}",
            words,
            project=True,
            prepare=_odd_files,
            environment=environment,
            codes=(0, 2),
            check=_short,
        )


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _linked(to: str, path: Path) -> None:
    path.unlink()
    path.symlink_to(to)


HARMS: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"\xff\x00\x1b" * 999),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a FIFO": _fifo,
    "a folder": _folder,
    "a link to /dev/zero": partial(_linked, "/dev/zero"),
    "a loop": partial(_linked, "x.so"),
    "gone": lambda path: path.unlink(),
    "writable for all": lambda path: path.chmod(0o666),
}


def _payload_library(path: Path) -> None:
    """Have a library whose loading runs code in the place of another one."""
    text = f'#include <stdio.h>\n__attribute__((constructor)) static void run(void) {{ fclose(fopen("{CANARY}", "w")); }}\n'
    path.chmod(0o700)
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", path], input=text.encode(), check=True)


def _of_the_cache(harm: Callable[[Path], object], suffix: str, folder: Path) -> None:
    """Copy a cache with the libraries of the project, and harm one file of it."""
    for path, data in unhindered("compile")[1].items():
        if path.startswith("cache/") and data is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            (folder / path).write_bytes(data)
            (folder / path).chmod(0o700 if path.endswith(".so") else 0o600)
    (one,) = (folder / "cache").glob(f"*/decay-*{suffix}")
    harm(one)


def _harmed_caches() -> Iterator[Case]:
    for (name, harm), suffix in ((one, suffix) for one in HARMS.items() for suffix in (".so", ".sha256")):
        if suffix == ".sha256" and name not in ("garbage", "a FIFO", "a link to /dev/zero", "gone"):
            continue
        prepare = partial(_of_the_cache, harm, suffix)
        yield Case(
            f"a cache whose {suffix} is {name}",
            PREDICT,
            project=True,
            prepare=prepare,
            environment={"CC": None},
            setup=own_cache,
            codes=(0,),
            check=_right,
            changes=("cache/*",),
            seconds=3,
        )
    prepare = partial(_of_the_cache, _payload_library, ".so")
    yield Case(
        "a cache with a library of a foe",
        PREDICT,
        project=True,
        prepare=prepare,
        setup=own_cache,
        codes=(0,),
        check=_right,
        changes=("cache/*",),
    )
    words = ["cache", "--json"]
    for seconds in (-(2**31), -1, 2**33, 2**40):
        prepare = partial(_of_the_cache, lambda path, seconds=seconds: os.utime(path, (seconds, seconds)), ".so")
        yield Case(f"a cache of the time {seconds}", words, project=True, prepare=prepare, setup=own_cache, codes=(0,))
    for name in ("a FIFO", "a folder", "a loop", "a link to /dev/zero"):
        for words in (["cache"], ["cache", "--clear"]):
            prepare = partial(_of_the_cache, HARMS[name], ".so")
            title = f"{' '.join(words)} with {name} as a library"
            yield Case(
                title, words, project=True, prepare=prepare, setup=own_cache, codes=(0, 2), check=_short, changes=("cache/*",)
            )


def compiler_cases(rng: random.Random) -> Iterator[Case]:
    """Make the cases of compilers and caches."""
    del rng
    yield from _compilers()
    yield from _caches()
    yield from _harmed_caches()
