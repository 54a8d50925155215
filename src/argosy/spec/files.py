"""Finds and reads the files a person wrote: from an environment's name to text, or to one clear fault."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path

from argosy.errors import Fault, FleetError
from argosy.spec.hints import nearest
from argosy.spec.words import shown_text

MAX_BYTES = 1_000_000
PROJECT_FILE = "Pulumi.yaml"
FLEETS = Path("stacks", "fleets")
MEND_LINK = "point the link at a file, or replace it by one"

_ENVIRONMENT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def find_fleet_file(env: str, start: Path) -> Path:
    """The fleet file of an environment (`prod`), or the file that a path names (`./other.yaml`).

    Raises FleetError when there is no such file, or no project in which to look for it.
    """
    if "/" in env or env.endswith((".yaml", ".yml")):
        path = start / env
        if not file_exists(path):
            raise _missing(env, path, start)
        return path
    if not _ENVIRONMENT.fullmatch(env):
        raise _argument_error(
            given=f"the environment {shown_text(env)}",
            expected="lower-case letters, digits and dashes, or the path of a fleet file",
            fix="write a path with a `/` in it, e.g. ./fleet.yaml",
        )
    root = find_root(start)
    if root is None:
        raise _argument_error(
            given=f"the environment {env!r}, but no {PROJECT_FILE} here or in a folder above",
            expected="a folder inside the project",
            fix="change into the project's folder, or give the fleet file's path",
        )
    path = root / FLEETS / f"{env}.yaml"
    if not file_exists(path):
        raise _missing(env, path, start)
    return path


def find_root(start: Path) -> Path | None:
    """The project's root: the nearest folder, from `start` upward, with a Pulumi.yaml."""
    for folder in (start.absolute(), *start.absolute().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    return None


def file_exists(path: Path) -> bool:
    """Whether something stands there. A name that no file can have names nothing."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder stands there. A name that no folder can have names none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def dead_link(path: Path) -> str | None:
    """What is wrong with a symbolic link that leads to no file; None when `path` is not one."""
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "a symbolic link that leads back to itself"
        if error.errno == errno.ENOENT and path.is_symlink():
            return "a symbolic link to a file that does not exist"
    except ValueError:  # a name that no file can have
        pass
    return None


def display_name(path: Path, start: Path) -> str:
    """The file as the user would name it: relative when it lies below the folder they work in."""
    try:
        return path.absolute().relative_to(start.absolute()).as_posix()
    except ValueError:
        return str(path.absolute())


def read_text(path: Path, file: str) -> str:
    """The text of a file of at most 1 MB in UTF-8. `file` is the name that faults show.

    Raises FleetError when it cannot be read so.
    """
    try:
        content = read_start(path, MAX_BYTES + 1)
    except OSError as error:
        raise FleetError([_unreadable(path, file, error)]) from None
    if content is None:
        given = "a pipe or a device"
        raise FleetError([_whole(file, given, "a YAML file", "name a file that is one")])
    if len(content) > MAX_BYTES:
        raise FleetError(
            [_whole(file, "a file of more than 1 MB", "at most 1 MB", "split the fleet, or the hall")]
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        fault = Fault(
            file, line, column, "", "bytes that are not UTF-8", "text in UTF-8", "save the file as UTF-8"
        )
        raise FleetError([fault]) from None


def read_start(path: Path, most: int) -> bytes | None:
    """The first bytes of a file, `most` at most; None for a pipe or a device, which is not waited for.

    Raises OSError where it cannot be read.
    """
    with open(path, "rb", opener=_open_at_once) as stream:
        regular = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
        return stream.read(most) if regular else None


def _open_at_once(name: str, flags: int) -> int:
    # Opening a pipe would wait until somebody writes to it.
    return os.open(name, flags | os.O_NONBLOCK)


def _unreadable(path: Path, file: str, error: OSError) -> Fault:
    if path.is_dir():
        return _whole(file, "a folder", "a YAML file", "name a file inside it")
    if isinstance(error, FileNotFoundError):
        return _whole(file, "a file that does not exist", "a YAML file", "create it, or correct the path")
    reason = (error.strerror or "cannot be read").lower()
    return _whole(file, f"a file that cannot be read ({reason})", "a readable file", "check its permissions")


def close_file(path: Path) -> str | None:
    """The YAML file beside `path` that was probably meant, by its name without the ending."""
    return nearest(path.stem, _yaml_names(path.parent))


def _yaml_names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.yaml")) if file_exists(folder) else []


def _missing(env: str, path: Path, start: Path) -> FleetError:
    if link := dead_link(path):
        return _argument_error(
            file=display_name(path, start), given=link, expected="a fleet file", fix=MEND_LINK
        )
    names, close = _yaml_names(path.parent), close_file(path)
    return _argument_error(
        file=display_name(path, start),
        given=f"{shown_text(env)}, for which there is no file",
        expected=f"one of {', '.join(names)}" if names else "a fleet file",
        fix=f"did you mean {close}?" if close else "create the file, or name another",
    )


def _argument_error(*, given: str, expected: str, fix: str, file: str = "argument") -> FleetError:
    return FleetError([_whole(file, given, expected, fix)])


def _whole(file: str, given: str, expected: str, fix: str) -> Fault:
    return Fault(file, 0, 0, "", given, expected, fix)
