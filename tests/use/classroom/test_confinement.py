"""The process that a student's code runs in: its limits, and the end of whatever it has started."""

import os
import secrets
import subprocess
import sys

import pytest
from classes import marked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are neither keepers nor all limits")

ORPHANS = """
import os, signal, sys, time
from symgraph.use.classroom.confinement import keep_watch
keep_watch(lambda code: os.write(1, f"{code}\\n".encode()), own_numbers=False)
for _ in range(3):
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(600)
os._exit(5)
"""


@pytest.mark.parametrize("own_numbers", [False, True])
def test_orphans_are_ended_whether_or_not_processes_have_numbers_of_their_own(own_numbers: bool) -> None:
    mark = secrets.token_hex(8)
    code = ORPHANS.replace("own_numbers=False", f"own_numbers={own_numbers}")
    command, environment = [sys.executable, "-c", code], os.environ | {"CLASS_OF_THIS_TEST": mark}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("5\n", "")
    assert not marked(mark)


def test_processes_memory_and_files_are_limited() -> None:
    code = "import resource as r; from symgraph.use.classroom.confinement import limit_resources; limit_resources(7, 512)\n"
    code += "print([r.getrlimit(n)[0] for n in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE, r.RLIMIT_NPROC)])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    memory, seconds, file, core, processes = eval(done.stdout)
    assert (memory, seconds, file, core) == (512 * 2**20, 7, 2**24, 0)
    assert 0 < processes < 2**15  # those that the user has, and some more
