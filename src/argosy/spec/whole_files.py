"""Writing a file whole: a run after an interruption finds the old content or the new, never a part."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(text: str, path: Path) -> None:
    """Put the text in place, or leave what was there. Raises OSError."""
    # In the same folder: os.replace is atomic only within one file system.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files private; these are committed and read by others.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:  # an interruption too must leave nothing behind; it goes on from here
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Without this a power cut may forget the new name although the content is on disk.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
