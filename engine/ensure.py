"""Says which `pulumi` to use, and builds one where the machine has none. Standard library only.

Standard output is one line: the folder to put first on PATH. Progress and reasons go to standard error.
Exit code 0, or 1 with one sentence that says what is wrong, or 130 when interrupted.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

from failures import EngineError, explain_os_error
from go_build import ENGINE_FOLDER, SDK_MODULE, build_cli, find_go, sdk_folder

# The first version that serves what pulumi.provider.experimental and the policy packs here rely on.
OLDEST_ACCEPTED = (3, 255, 0)
LANGUAGE_HOST_FILES = (
    "children.py",
    "commands.py",
    "language_host.py",
    "tether.py",
    "pulumi-language-python",
)
PROGRAM_RUNNER = "pulumi-language-python-exec"
ENGINE_BYTES = 200_000_000  # 115 MB kept, and what the linker needs beside it


def main() -> int:
    """Print the folder of a usable engine; the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    cache = Path(tempfile.gettempdir())
    try:
        cache = cache_folder()
        sys.stdout.write(f"{ensure(cache)}\n")
    except EngineError as error:
        say(f"error: {error}")
        return 1
    except OSError as error:
        say(f"error: {explain_os_error(error, cache)}")
        return 1
    except KeyboardInterrupt:
        say("stopped; no engine was installed")
        return 130
    return 0


def ensure(cache: Path) -> Path:
    """Folder of a usable engine: the user's own, the cached one, or one built now.

    Raises EngineError or OSError if there is none and none can be built.
    """
    folder, reason = engine_on_path(cache)
    if folder is not None:
        say(reason)
        return folder
    version = pinned_version()
    target = cache / version
    if not cached_engine_runs(target, version):
        cache.mkdir(parents=True, exist_ok=True)
        with exclusive(cache / f"{version}.lock"):
            # Another process may have built it while this one waited.
            if not cached_engine_runs(target, version):
                say(f"building pulumi {version} once into {target}, since {reason}")
                build(cache, target, version)
    else:
        say(f"pulumi {version} from {target}, since {reason}")
    refresh_language_host(target)
    return target


def cache_folder() -> Path:
    """Folder that holds one folder per engine version; need not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # The XDG rules say to ignore a relative path.
        root = Path(base) if os.path.isabs(base) else Path.home() / ".cache"
    except RuntimeError as error:
        raise EngineError("there is no home folder to cache the engine in; set XDG_CACHE_HOME") from error
    return root / "argosy" / "engine"


def pinned_version() -> str:
    """The engine's version in go.mod, without the `v`."""
    text = (ENGINE_FOLDER / "go.mod").read_text(encoding="utf-8")
    match = re.search(rf"{re.escape(SDK_MODULE)} v(\d+\.\d+\.\d+)", text)
    if match is None:
        raise EngineError(f"{ENGINE_FOLDER / 'go.mod'} pins no {SDK_MODULE}; restore it from version control")
    return match[1]


def engine_on_path(cache: Path) -> tuple[Path | None, str]:
    """Folder of the user's own engine if it will do, and the reason for the answer."""
    entries = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(entry)]
    path = os.pathsep.join(str(entry) for entry in entries if not entry.is_relative_to(cache))
    oldest = "{}.{}".format(*OLDEST_ACCEPTED)
    found = shutil.which("pulumi", path=path)
    if found is None:
        return None, f"there is no pulumi >= {oldest} on PATH"
    version = engine_version(Path(found))
    if version is None:
        return None, f"{found} does not answer `pulumi version`"
    spelled = ".".join(str(part) for part in version)
    if version < OLDEST_ACCEPTED:
        return None, f"there is no pulumi >= {oldest} on PATH (found {spelled})"
    beside = Path(found).resolve().parent / "pulumi-language-python"
    if not beside.exists() and shutil.which(beside.name, path=path) is None:
        return None, f"{found} comes without {beside.name}, so it cannot run Python programs"
    return Path(found).parent, f"pulumi {spelled} from PATH ({found})"


def engine_version(command: Path) -> tuple[int, int, int] | None:
    """Version that a `pulumi` command answers, or None if it gives no usable answer."""
    try:
        done = subprocess.run(  # noqa: S603 - the `pulumi` that the user put on PATH, or the one built here
            [str(command), "version"],
            env=dict(os.environ) | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout.strip())
    if done.returncode != 0 or match is None:
        return None
    return int(match[1]), int(match[2]), int(match[3])


def cached_engine_runs(folder: Path, version: str) -> bool:
    """Whether the cache holds this version whole and fit for this machine."""
    if not (folder / PROGRAM_RUNNER).is_file():
        return False
    # Asked, since a home shared by machines may hold a build for another processor.
    answer = engine_version(folder / "pulumi")
    return answer is not None and ".".join(str(part) for part in answer) == version


def build(cache: Path, target: Path, version: str) -> None:
    """Build into a folder of its own and rename it, so that an interrupted build leaves no half engine."""
    for leftover in cache.glob(".building-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(cache).free < ENGINE_BYTES:
        # Said now: Go would find out only when it links, after minutes.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
    work = cache / "work"  # kept when a build fails: what was fetched need not be fetched again
    staging = Path(tempfile.mkdtemp(prefix=".building-", dir=cache))
    try:
        go = find_go(work, say)
        build_cli(go, version, staging / "pulumi", say)
        shutil.copyfile(sdk_folder(go) / "python" / "cmd" / PROGRAM_RUNNER, staging / PROGRAM_RUNNER)
        refresh_language_host(staging)
        staging.chmod(0o755)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(work, ignore_errors=True)


def refresh_language_host(folder: Path) -> None:
    """Put the language host of this checkout beside the engine, whole files only."""
    for name in LANGUAGE_HOST_FILES:
        source, target = ENGINE_FOLDER / name, folder / name
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        # A running CLI may start the host at any moment, so that the file must never be half written.
        with tempfile.NamedTemporaryFile(prefix=".host-", dir=folder, delete=False) as new:
            new.write(source.read_bytes())
        Path(new.name).chmod(0o755)
        Path(new.name).replace(target)


@contextlib.contextmanager
def exclusive(lock: Path) -> Generator[None]:
    """Hold `lock` while the block runs; the kernel lets go of it if this process dies."""
    with lock.open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process builds the engine; waiting for it ({lock})")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(message: str) -> None:
    """One line for the user; standard output stays free for the answer."""
    sys.stderr.write(f"engine: {message}\n")
    sys.stderr.flush()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
