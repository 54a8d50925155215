"""What may be wrong with a path in a fleet file, said of it without a look at the disk."""

from __future__ import annotations

from pathlib import PurePosixPath

LEAVINGS = ".argosy"
"""The project's folder for what runs leave behind, which git ignores."""


def wrong_below_project(path: str) -> str | None:
    """What is wrong with the path of a file that must lie below the project's root; None: nothing."""
    outside = PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts
    return "lies outside the project" if outside else wrong_anywhere(path)


def wrong_anywhere(path: str) -> str | None:
    """What is wrong with a path wherever it leads; None: nothing."""
    parts = PurePosixPath(path).parts
    if ".." in parts:
        return "lies outside the project"
    if not parts:
        return "is the project's root"
    if parts[0].startswith("~"):
        return "begins with `~`, for which nobody's home folder is put in"
    return "lies among git's own files" if ".git" in parts else None
