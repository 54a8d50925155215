"""`python .github/tools/actionlint.py [FILE…]`: check the workflows with the actionlint that go.mod pins.

It is built once, in seconds, into `${XDG_CACHE_HOME:-~/.cache}/argosy/tools`. Exit code 0, 1 if a workflow
is at fault, or 2 if there is no actionlint to be had.
"""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".github" / "tools"
COMMAND = "github.com/rhysd/actionlint/cmd/actionlint"
# Off, since whether a machine has them would otherwise decide what is found.
OPTIONS = ["-shellcheck=", "-pyflakes=", "-no-color"]


def main(arguments: Sequence[str]) -> int:
    """Build actionlint if need be, and run it; the exit code."""
    # The engine's own way to a Go, on machines that have none.
    sys.path.insert(0, str(ROOT / "engine"))
    go_build: Any = importlib.import_module("go_build")
    failures: Any = importlib.import_module("failures")
    try:
        actionlint = ensure(go_build)
    except (failures.EngineError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"actionlint: it could not be built: {error}\n")
        return 2
    return subprocess.run([str(actionlint), *OPTIONS, *arguments], cwd=ROOT, check=False).returncode  # noqa: S603 - built above


def ensure(go_build: Any) -> Path:
    """The command, from the cache or built now."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    cache = (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "argosy" / "tools"
    command = cache / f"actionlint-{pinned_version()}"
    if not os.access(command, os.X_OK):
        cache.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".building-", dir=cache))
        try:
            build(go_build.find_go(work, say), work / "actionlint")
            # Renamed when it is whole: two at once build it twice and neither sees a half one.
            (work / "actionlint").replace(command)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return command


def pinned_version() -> str:
    """The version in go.mod, with its `v`."""
    return re.findall(r"rhysd/actionlint (v\S+)", (TOOLS / "go.mod").read_text(encoding="utf-8"))[0]


def build(go: Any, target: Path) -> None:
    """Build the pinned version into the file `target`."""
    say(f"building {pinned_version()} once")
    arguments = ["build", "-mod=readonly", "-trimpath", "-o", str(target), COMMAND]
    subprocess.run([go.command, *arguments], cwd=TOOLS, env=go.environment, check=True)  # noqa: S603 - the Go chosen by the engine's code


def say(message: str) -> None:
    """One line of progress."""
    sys.stderr.write(f"actionlint: {message}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
