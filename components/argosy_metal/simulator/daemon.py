"""The simulator as a process of its own: start it detached, be sure it is ready, and stop only ours."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from argosy.errors import ArgosyError
from argosy_metal.simulator.control import SimulatorControl
from argosy_metal.simulator.endpoint import ENDPOINT_FILE, Endpoint, SimulatorNotRunningError, read_endpoint
from argosy_metal.simulator.world import SimulatorConfig

CONFIG_FILE = "simulator.json"
LOG_FILE = "simulator.log"
_LOCK_FILE = "simulator.lock"
_POLL_SECONDS = 0.02
# What Python needs to start; the caller's environment may hold secrets that the simulator must not have.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV")


class SimulatorError(ArgosyError):
    """The simulator could not be started or stopped; the message says why."""


def serve(config: SimulatorConfig, directory: Path) -> None:
    """Simulate in this process until SIGTERM or SIGINT.

    Raises SimulatorError if a simulator has this directory already.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(directory):
        asyncio.run(_serve(config, directory))


def start_detached(config: SimulatorConfig, directory: Path, timeout_seconds: float = 30.0) -> Endpoint:
    """Have a simulator of `config` running in `directory`, and return when it answers.

    One that runs is kept; one with another configuration is stopped first. It logs to `simulator.log`.
    Raises SimulatorError if it does not come up.
    """
    found = running(directory)
    if found is not None and found.config_sha256 == config.digest():
        return found
    stop(directory)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    config.write(directory / CONFIG_FILE)
    pid = _spawn(directory)
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        found = running(directory)
        if found is not None and found.config_sha256 == config.digest():
            return found
        if _has_ended(pid):
            raise SimulatorError(f"the simulator ended at once: {_last_line(directory / LOG_FILE)}")
        time.sleep(_POLL_SECONDS)
    raise SimulatorError(
        f"the simulator (pid {pid}) is not ready after {timeout_seconds:g} s: see {LOG_FILE}"
    )


def running(directory: Path) -> Endpoint | None:
    """The simulator of `directory`, if it is alive and proves to be it."""
    try:
        endpoint = read_endpoint(directory)
    except SimulatorNotRunningError:
        return None
    return endpoint if SimulatorControl(directory).is_alive(endpoint) else None


def stop(directory: Path, timeout_seconds: float = 10.0) -> bool:
    """End the simulator of `directory`; False if there was none. Only a process proven to be it is killed.

    Raises SimulatorError if it holds its directory but does not answer, or does not end.
    """
    endpoint = running(directory)
    if endpoint is None:
        _forget_stale(directory)
        return False
    os.kill(endpoint.pid, signal.SIGTERM)
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if _has_ended(endpoint.pid):
            return True
        time.sleep(_POLL_SECONDS)
    raise SimulatorError(f"the simulator (pid {endpoint.pid}) does not end; end it yourself")


async def _serve(config: SimulatorConfig, directory: Path) -> None:
    # Here, so that whoever only starts or stops a simulator need not load a web server.
    from argosy_metal.simulator.in_process import simulate

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with simulate(config, directory) as simulator:
        simulator.endpoint.write(directory)
        logging.getLogger(__name__).info("ready on port %d", simulator.endpoint.port)
        await ended.wait()
    (directory / ENDPOINT_FILE).unlink(missing_ok=True)


@contextmanager
def _only_one(directory: Path) -> Generator[None]:
    """Hold the directory for this process. The lock ends with the process, however that ends."""
    with (directory / _LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SimulatorError(f"{directory}: a simulator runs here already") from None
        yield


def _forget_stale(directory: Path) -> None:
    if not directory.is_dir():
        return
    try:
        with _only_one(directory):
            (directory / ENDPOINT_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise SimulatorError(f"{error.filename}: cannot be removed ({error.strerror}); remove it") from None
    except SimulatorError:
        raise SimulatorError(
            f"{directory}: a simulator holds this directory and does not answer; end it yourself"
        ) from None


def _spawn(directory: Path) -> int:
    """A process in a session of its own, so that it outlives whoever started it."""
    log = os.fspath(directory / LOG_FILE)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    command = [sys.executable, "-m", "argosy_metal.simulator", os.fspath(directory.resolve())]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return os.posix_spawn(sys.executable, command, environment, file_actions=files, setsid=True)


def _has_ended(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        pass  # Not our child: another command started it.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    # In a container nobody may collect an orphan; it has ended all the same.
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "it said nothing"
