"""Where a hall's own files may lie, so that every computer finds them and none lies where git keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from argosy.spec.files import is_folder
from argosy.spec.words import shown_text

if TYPE_CHECKING:
    from argosy.errors import Fault
    from argosy.spec.loader import LoadedFleet
    from argosy.spec.models import HallSpec

LEAVINGS = ".argosy"
"""The project's folder for what runs leave behind, which git ignores."""


def check_paths(fleet: LoadedFleet, site: str, hall: HallSpec) -> Iterator[Fault]:
    """Faults of the paths of one hall, the inventory's excepted, which was read by then."""
    yield from _check_claims(fleet, f"sites.{site}.claims.path", hall.claims.path)
    if hall.ca_certificate is not None and (wrong := _wrong_below_project(hall.ca_certificate)):
        yield fleet.fault(
            f"sites.{site}.ca_certificate",
            given=f"{shown_text(hall.ca_certificate)}, which {wrong}",
            expected="the path of a file below the project's root, the same on every computer",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/bmc-ca.pem",
        )
    if hall.simulator is not None:
        yield from _check_simulator(fleet, f"sites.{site}.simulator.directory", hall.simulator.directory)


def _check_claims(fleet: LoadedFleet, at: str, path: str) -> Iterator[Fault]:
    # In full it is the same on every run too, and operators keep the claims of a hall outside checkouts.
    wrong = _wrong_anywhere(path) or ("is a folder" if is_folder(fleet.root / path) else None)
    if wrong:
        yield fleet.fault(
            at,
            given=f"{shown_text(path)}, which {wrong}",
            expected="the path of a file, below the project's root or in full",
            fix=f"write e.g. {LEAVINGS}/{fleet.name}/claims.sqlite",
        )


def _check_simulator(fleet: LoadedFleet, at: str, path: str) -> Iterator[Fault]:
    parts = PurePosixPath(path).parts
    ignored = len(parts) > 1 and parts[0] == LEAVINGS
    wrong = _wrong_below_project(path) or (None if ignored else "git may not ignore")
    if wrong:
        yield fleet.fault(
            at,
            given=f"{shown_text(path)}, which {wrong}",
            expected=f"a folder below {LEAVINGS}/, since passwords and keys come to lie there",
            fix=f"write {LEAVINGS}/{fleet.name}/simulator",
        )


def _wrong_below_project(path: str) -> str | None:
    outside = PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts
    return "lies outside the project" if outside else _wrong_anywhere(path)


def _wrong_anywhere(path: str) -> str | None:
    """What is wrong with a path wherever it leads, said of it without a look at the disk."""
    parts = PurePosixPath(path).parts
    if ".." in parts:
        return "lies outside the project"
    if not parts:
        return "is the project's root"
    if parts[0].startswith("~"):
        return "begins with `~`, for which nobody's home folder is put in"
    return "lies among git's own files" if ".git" in parts else None
