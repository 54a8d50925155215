"""A pinned Ironic in a virtual environment of its own, kept between runs."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

_REQUIREMENTS = Path(__file__).with_name("requirements.lock")
_COMPLETE = "complete"


class MissingToolError(Exception):
    """Something that Ironic needs is not on this machine; the message says how to get it."""


def python_with_ironic() -> Path:
    """The interpreter that has Ironic; installs it first, once per lock file and Python.

    Raises MissingToolError if that cannot be done.
    """
    lock = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()[:12]
    kind = f"py{sys.version_info.major}.{sys.version_info.minor}"
    folder = _cache() / f"{_version()}-{kind}-{lock}"
    folder.mkdir(parents=True, exist_ok=True)
    # Of several test processes the first installs, and the others wait for it.
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / _COMPLETE).exists():
            _install(folder / "venv")
            (folder / _COMPLETE).touch()
    return folder / "venv" / "bin" / "python"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "argosy", "ironic")


def _version() -> str:
    for line in _REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("ironic=="):
            return line.split("==")[1].split()[0]
    raise MissingToolError(f"{_REQUIREMENTS} pins no ironic")


def _install(folder: Path) -> None:
    # What a killed run has left is not trusted.
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    done = subprocess.run(
        [
            *(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--requirement", _REQUIREMENTS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise MissingToolError(f"Ironic cannot be installed from {_REQUIREMENTS}:\n{done.stderr}")
