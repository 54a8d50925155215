"""The simulator as a process of its own: start it detached, be sure it is ready, and stop only ours."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
import time
from asyncio import sslproto
from collections.abc import Callable
from pathlib import Path

from argosy_metal.simulator.control import SimulatorControl
from argosy_metal.simulator.endpoint import (
    ENDPOINT_FILE,
    Endpoint,
    SimulatorError,
    SimulatorNotRunningError,
    read_endpoint,
)
from argosy_metal.simulator.holder import (
    LOCK_FILE,
    Holder,
    LockedError,
    detached_command,
    is_held,
    locked,
    read_holder,
    sign,
)
from argosy_metal.simulator.in_use import assert_none_goes
from argosy_metal.simulator.world import SimulatorConfig

CONFIG_FILE = "simulator.json"
LOG_FILE = "simulator.log"
_START_LOCK_FILE = "start.lock"
_POLL_SECONDS = 0.02
_TLS_BUFFER_BYTES = 16 << 10
# Others hold a directory for less than a millisecond, only to see whether it is held.
_GLANCE_SECONDS = 0.5
_STOP_ANSWER_SECONDS = 2.0
# What Python needs to start; the caller's environment may hold secrets that the simulator must not have.
_ENVIRONMENT = ("HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "TMPDIR", "VIRTUAL_ENV")


def serve(config: SimulatorConfig, directory: Path, announce: Callable[[Endpoint], None]) -> None:
    """Simulate in this process until SIGTERM or SIGINT; `announce` is called as soon as it answers.

    Raises SimulatorError if a simulator has this directory already.
    """
    _make(directory)
    try:
        with locked(directory / LOCK_FILE, _GLANCE_SECONDS) as lock:
            sign(lock)
            # The provider reads the clock's scale there, whoever started the simulator.
            config.write(directory / CONFIG_FILE)
            asyncio.run(_serve(config, directory, announce))
    except LockedError:
        named = _named(read_holder(directory))
        raise SimulatorError(f"{directory}: a simulator runs here already ({named})") from None


def start_detached(config: SimulatorConfig, directory: Path, timeout_seconds: float = 30.0) -> Endpoint:
    """Have a simulator of `config` running in `directory`, and return when it answers.

    One that runs is kept; one with another configuration is stopped first. It logs to `simulator.log`.
    Raises SimulatorError if it does not come up, and HallsInUseError if halls would go whose machines run or
    are installed.
    """
    _make(directory)
    try:
        # Of commands that start one at the same time, the first does; the others find what it started.
        with locked(directory / _START_LOCK_FILE, timeout_seconds):
            return _start(config, directory, timeout_seconds)
    except LockedError:
        raise SimulatorError(
            f"{directory}: another command has been starting a simulator here for {timeout_seconds:g} s; "
            "wait for it, or end it"
        ) from None


def running(directory: Path, timeout_seconds: float = 5.0) -> Endpoint | None:
    """The simulator of `directory`, if it is alive and proves to be it within `timeout_seconds`."""
    try:
        endpoint = read_endpoint(directory)
    except SimulatorNotRunningError:
        return None
    return endpoint if SimulatorControl(directory, timeout_seconds).is_alive(endpoint) else None


def stop(directory: Path, timeout_seconds: float = 10.0) -> bool:
    """End the simulator of `directory`; False if there was none. Only a process proven to be it is ended.

    Raises SimulatorError if it does not end, or holds its directory, does not answer, and is not proven by
    its record, its start and its command to be a detached one.
    """
    endpoint = running(directory, _STOP_ANSWER_SECONDS)
    if endpoint is None:
        return directory.is_dir() and _end_silent(directory)
    if not _end(endpoint.pid, signal.SIGTERM, timeout_seconds):
        raise SimulatorError(f"the simulator (pid {endpoint.pid}) does not end; end it yourself")
    return True


def _start(config: SimulatorConfig, directory: Path, timeout_seconds: float) -> Endpoint:
    found = running(directory)
    if found is not None and found.config_sha256 == config.digest():
        return found
    if found is not None:
        assert_none_goes(SimulatorControl(directory).servers().values(), config, directory)
    stop(directory)
    config.write(directory / CONFIG_FILE)
    pid = _spawn(directory)
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        found = running(directory)
        if found is not None and found.config_sha256 == config.digest():
            return found
        # While another holds the directory, one in a foreground was quicker, and is about to answer.
        if _has_ended(pid) and not is_held(directory):
            raise SimulatorError(f"the simulator ended at once: {_last_line(directory / LOG_FILE)}")
        time.sleep(_POLL_SECONDS)
    raise SimulatorError(
        f"the simulator (pid {pid}) is not ready after {timeout_seconds:g} s: see {LOG_FILE}"
    )


async def _serve(config: SimulatorConfig, directory: Path, announce: Callable[[Endpoint], None]) -> None:
    # Here, so that whoever only starts or stops a simulator need not load a web server.
    from argosy_metal.simulator.in_process import simulate

    # Of 256 KiB, which asyncio sets aside per connection, a BMC's requests need next to nothing; ten thousand
    # connections at once would take 2.5 GB.
    sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with simulate(config, directory) as simulator:
        simulator.endpoint.write(directory)
        announce(simulator.endpoint)
        await ended.wait()
    (directory / ENDPOINT_FILE).unlink(missing_ok=True)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SimulatorError(f"{directory}: cannot be made ({error.strerror})") from None


def _end_silent(directory: Path) -> bool:
    """End a simulator that lives and does not answer, and clear away what is left; False if none lived."""
    ended = False
    deadline = time.monotonic() + _GLANCE_SECONDS
    while not _forget(directory):
        holder = read_holder(directory)
        if holder is not None and holder.is_detached_in(directory):
            ended = _end_by_force(holder, directory)
        elif time.monotonic() >= deadline:
            raise SimulatorError(
                f"{directory}: a simulator ({_named(holder)}) holds this directory and does not answer; "
                "end it yourself"
            )
        time.sleep(_POLL_SECONDS)
    return ended


def _forget(directory: Path) -> bool:
    """Remove the endpoint of a simulator that is gone; False if some process holds the directory."""
    try:
        with locked(directory / LOCK_FILE):
            (directory / ENDPOINT_FILE).unlink(missing_ok=True)
    except LockedError:
        return False
    except OSError as error:
        raise SimulatorError(f"{error.filename}: cannot be removed ({error.strerror}); remove it") from None
    return True


def _end_by_force(holder: Holder, directory: Path) -> bool:
    """It does not answer, so it may not listen to a request to end either. What it simulates is on disk."""
    if not _end(holder.pid, signal.SIGTERM, 2.0) and holder.is_detached_in(directory):
        _end(holder.pid, signal.SIGKILL, 5.0)
    return True


def _end(pid: int, number: signal.Signals, timeout_seconds: float) -> bool:
    """Send the signal; True if the process is gone before the time is over."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return True
    except PermissionError:
        raise SimulatorError(f"the simulator (pid {pid}) is another user's; let them end it") from None
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if _has_ended(pid):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _named(holder: Holder | None) -> str:
    return "pid unknown" if holder is None else f"pid {holder.pid}"


def _spawn(directory: Path) -> int:
    """A process in a session of its own, so that it outlives whoever started it."""
    log = os.fspath(directory / LOG_FILE)
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return os.posix_spawn(
        sys.executable, detached_command(directory), environment, file_actions=files, setsid=True
    )


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
