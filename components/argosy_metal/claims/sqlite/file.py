"""The claims file as a file: nothing else may stand in its place, and it is its owner's alone."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from argosy_metal.claims.claim import ClaimsUnavailableError

_OWNERS_ALONE = 0o600
_BESIDE = ("", "-journal", "-wal")
"""SQLite opens what stands under these names too, if anything does (sqlite.org/tempfiles.html)."""
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def exists(path: Path) -> bool:
    """Whether anything is there, under the links' last name. Raises OSError where that cannot be told."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def make_file(path: Path) -> None:
    """An empty file, which nobody else may read, and its folder; what is there already stays as it is.

    Its journal gets the same mode from SQLite. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without a descriptor: to close one would end every lock that this process has on the file by now
    # (fcntl(2), "Record locking"). Of the link's target: that is where SQLite would make it.
    with suppress(FileExistsError):
        os.mknod(_resolved(path), stat.S_IFREG | _OWNERS_ALONE)


def refuse_what_is_no_file(path: Path) -> None:
    """Raise ClaimsUnavailableError for a folder, pipe, socket or device in the file's place or its journal's.

    To open one may wait for ever, or read as an empty file. A link to a file is one. Raises OSError.
    """
    resolved = _resolved(path)
    for end in _BESIDE:
        kind = _kind(resolved.with_name(resolved.name + end))
        if kind is not None:
            raise ClaimsUnavailableError(
                f"{path}{end}: the claims file cannot be used: this is {kind}; name a file"
                + (" in it" if kind == "a folder" and not end else "")
            )


def _resolved(path: Path) -> Path:
    # `Path.resolve` raises RuntimeError for a link that leads to itself; this leaves it to `stat`.
    return Path(os.path.realpath(path))


def _kind(path: Path) -> str | None:
    """What stands there instead of a file; None for a file, and for nothing at all."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")
