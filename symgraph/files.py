"""Writing a file whole or not at all."""

import os
import shutil
import uuid
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write a file by way of a new one beside it, so that a reader sees the old file or the new one, never a part.

    Raises:
        OSError: the folder or the file cannot be written; the old file is then as it was.
    """
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with beside.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
