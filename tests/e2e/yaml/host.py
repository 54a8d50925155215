"""Pulumi's YAML language host, built once from the version that go.mod and go.sum pin."""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_ENGINE = Path(__file__).resolve().parents[3] / "engine"
_NAME = "pulumi-language-yaml"
_COMMAND = f"github.com/pulumi/pulumi-yaml/cmd/{_NAME}"


def folder_with_yaml_host() -> Path:
    """A folder for PATH; the host is built into it first, which takes minutes once."""
    pinned = hashlib.sha256((_FOLDER / "go.sum").read_bytes()).hexdigest()[:12]
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base, "argosy", "yaml", pinned)
    folder.mkdir(parents=True, exist_ok=True)
    # Of several test processes the first builds, and the others wait for it.
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / _NAME).exists():
            _build(folder)
    return folder


def _build(folder: Path) -> None:
    # The engine's own way to a Go, on machines that have none.
    sys.path.insert(0, str(_ENGINE))
    go_build: Any = importlib.import_module("go_build")
    work = Path(tempfile.mkdtemp(prefix=".building-", dir=folder))
    try:
        go = go_build.find_go(work, _say_nothing)
        subprocess.run(
            [go.command, "build", "-mod=readonly", "-trimpath", "-o", str(work / _NAME), _COMMAND],
            cwd=_FOLDER,
            env=go.environment,
            check=True,
        )
        (work / _NAME).replace(folder / _NAME)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _say_nothing(message: str) -> None:
    del message
