"""The build hook of hatchling: packages get the files that a build of their models writes.

    [build-system]
    requires = ["hatchling", "symgraph-codegen"]

    [tool.hatch.build.hooks.symgraph]
    check = true   # refuse files that are stale; else they are built

hatchling imports this file in every build where symgraph is installed, so it imports nothing heavy.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from symgraph.project.settings.config import read_config
from symgraph.project.settings.manifest import FILE, read_manifest


class SymgraphBuildHook(BuildHookInterface):  # type: ignore[misc]  # hatchling has no types
    """Build or check the models that ``[tool.symgraph]`` of the project lists, before it is packaged."""

    PLUGIN_NAME = "symgraph"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build or check; what is generated is packaged even where version control ignores it.

        Raises:
            RuntimeError: the build fails, or a file is not what it would write.
            TypeError: ``check`` is neither true nor false.
        """
        settings, wanted = Path(self.root) / "pyproject.toml", self.config.get("check", False)
        if not isinstance(wanted, bool):
            raise TypeError(f"{settings}: [tool.hatch.build.hooks.symgraph] check must be true or false, not {wanted!r}")
        check = ["--check"] if wanted else []
        command = [sys.executable, "-m", "symgraph", "build", "--quiet", "--config", str(settings), *check]
        done = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"symgraph build{' --check' if check else ''}:\n{done.stdout}{done.stderr}".rstrip())
        out = Path(read_config(file=settings).out)
        names = [FILE, *read_manifest(Path(self.root) / out).entries]
        build_data["artifacts"] += [f"/{(out / name).as_posix()}" for name in names]


@hookimpl  # type: ignore[untyped-decorator]  # hatchling has no types
def hatch_register_build_hook() -> type[SymgraphBuildHook]:
    """Register the hook."""
    return SymgraphBuildHook
