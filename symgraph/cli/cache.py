"""``symgraph cache``: show or delete the compiled code that is kept from one process to the next."""

from typing import Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.terminal import note, print_json, print_table
from symgraph.errors import BuildError


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete its contents.")] = False,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Show the folder of compiled code, its size, and its libraries, newest first.

    SYMGRAPH_CACHE names another folder. The first compilation makes the folder, and you may delete it at any time. --clear
    waits for compilations.
    """
    from symgraph.io.cache import MOST_BYTES, cache_root, entries
    from symgraph.io.cache import clear as delete

    kept = [(path.stat().st_mtime, path, path.stat().st_size) for path in entries()]
    total = sum(size for _, _, size in kept)
    if clear:
        try:
            delete()
        except OSError as error:
            raise BuildError(f"{error.filename} cannot be deleted: {error.strerror}") from error
        note(f"{len(kept)} files, {total / 2**20:.1f} MiB, deleted from {cache_root()}", quiet=quiet)
        kept, total = [], 0
    libraries = [(path.name, size) for _, path, size in sorted(kept, reverse=True) if path.suffix == ".so"]
    if json:
        found = [{"name": name, "bytes": size} for name, size in libraries]
        print_json({"folder": str(cache_root()), "bytes": total, "most_bytes": MOST_BYTES, "libraries": found})
        return
    print(f"{cache_root()}: {total / 2**20:.1f} MiB of at most {MOST_BYTES / 2**20:.0f} MiB")
    if libraries:
        print_table(["library", "KiB"], [[name, f"{size / 1024:.0f}"] for name, size in libraries])
