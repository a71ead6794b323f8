"""Commands in processes of their own that have imported symgraph and SymPy already, which takes a command a second.

A server that has imported all modules of symgraph forks for each command. The child takes the folder, the environment and the
arguments of the command, and runs ``symgraph`` as ``python -m symgraph`` does. Variables that Python reads when it starts (its
path, the hash seed) are those of the server, so a command that needs others is no case for it.
"""

import atexit
import json
import os
import pkgutil
import runpy
import select
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn


@cache
def _server() -> tuple[TemporaryDirectory[str], subprocess.Popen[str]]:
    """Start the server of this process, with the folder that it and this process write to; it ends with this process."""
    folder = TemporaryDirectory(prefix="symgraph-commands-", ignore_cleanup_errors=True)
    command = [sys.executable, __file__, f"{folder.name}/socket"]
    log = Path(folder.name) / "log"
    with log.open("w") as file:  # Python 3.12 and later warn of threads, which libraries of linear algebra stop for a fork
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=file, text=True)
    assert server.stdin is not None
    assert server.stdout is not None
    atexit.register(server.wait)
    atexit.register(server.stdin.close)
    assert server.stdout.readline() == "ready\n", log.read_text()
    return folder, server


def run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Run ``symgraph`` and return its exit code, as `subprocess` gives it, and what it wrote to stdout and stderr."""
    place = Path(_server()[0].name)
    request = {"arguments": [*arguments], "folder": str(folder), "environment": dict(environment), "written": str(place)}
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{place}/socket")
        with connection.makefile("rw") as stream:
            print(json.dumps(request), file=stream, flush=True)
            code = int(stream.readline())
    return code, (place / "out").read_text(encoding="utf-8"), (place / "err").read_text(encoding="utf-8")


def _serve(path: str) -> None:
    """Answer requests until nobody is left who could make one."""
    for module in pkgutil.walk_packages(import_module("symgraph").__path__, "symgraph."):
        if module.name != "symgraph.__main__":
            try:
                import_module(module.name)
            except ImportError:  # what bridges lead to need not be installed
                continue
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            with connection, connection.makefile("rw") as stream:
                request = json.loads(stream.readline())
                child = os.fork()
                if child == 0:
                    _become(**request)
                print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=stream, flush=True)


def _become(arguments: Sequence[str], folder: str, environment: Mapping[str, str], written: str) -> NoReturn:
    """Run the command in this process and end it as Python would."""
    code = 1
    try:
        for number, name, flags in ((0, os.devnull, os.O_RDONLY), (1, "out", _ANEW), (2, "err", _ANEW)):
            opened = os.open(name if number == 0 else f"{written}/{name}", flags, 0o600)
            os.dup2(opened, number)
            os.close(opened)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.path[0] = folder
        sys.argv = ["symgraph", *arguments]
        runpy.run_module("symgraph", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


_ANEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC

if __name__ == "__main__":
    _serve(sys.argv[1])
