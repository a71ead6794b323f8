"""``symgraph cache``: show or delete compiled code and modules of formulas, which are kept from one process to the next."""

from collections.abc import Sequence
from pathlib import Path
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
    """Show the folder of compiled code, its size, its libraries, and the formulas whose modules it has, newest first.

    SYMGRAPH_CACHE names another folder. The first compilation makes the folder, and you may delete it at any time. --clear
    waits for compilations.
    """
    from symgraph.project.native.cache import FORMULA, LIBRARY, MOST_BYTES, cache_root, entries
    from symgraph.project.native.cache import clear as delete

    kept = [(path.stat().st_mtime, path, path.stat().st_size) for path in entries()]
    total = sum(size for _, _, size in kept)
    if clear:
        try:
            delete()
        except OSError as error:
            raise BuildError(f"{error.filename} cannot be deleted: {error.strerror}") from error
        note(f"{len(kept)} files, {total / 2**20:.1f} MiB, deleted from {cache_root()}", quiet=quiet)
        kept, total = [], 0
    libraries, formulas = (
        [(path, size) for _, path, size in sorted(kept, reverse=True) if path.suffix == suffix] for suffix in (LIBRARY, FORMULA)
    )
    texts = _texts([path for path, _ in formulas])
    if json:
        of_libraries = [{"name": path.name, "bytes": size} for path, size in libraries]
        of_formulas = [{"name": path.name, "formula": texts[path], "bytes": size} for path, size in formulas]
        found = {"folder": str(cache_root()), "bytes": total, "most_bytes": MOST_BYTES}
        print_json(found | {"libraries": of_libraries, "formulas": of_formulas})
        return
    print(f"{cache_root()}: {total / 2**20:.1f} MiB of at most {MOST_BYTES / 2**20:.0f} MiB")
    if libraries:
        print_table(["library", "KiB"], [[path.name, f"{size / 1024:.0f}"] for path, size in libraries])
    if formulas:
        print_table(["formula", "KiB"], [[texts[path] or path.name, f"{size / 1024:.0f}"] for path, size in formulas])


def _texts(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the formulas of files; "" of one that is not as it was made."""
    if not paths:
        return {}
    from symgraph.project.native.formulas import formula_of

    return {path: " ".join(formula_of(path).split()) for path in paths}
