"""Which methods a resource takes, for the Allow header and for 405. Source: DSP0266 "HTTP methods"."""

from __future__ import annotations

from collections.abc import Callable

from argosy_metal.simulator.actions_parts import part_methods
from argosy_metal.simulator.bmc import Bmc
from argosy_metal.simulator.paths import boot_path, system_path
from argosy_metal.simulator.resources_accounts import ACCOUNTS
from argosy_metal.simulator.resources_bios import jobs_path, settings_path
from argosy_metal.simulator.resources_events import SUBSCRIPTIONS
from argosy_metal.simulator.resources_manager import network_path
from argosy_metal.simulator.resources_media import is_patched_drive
from argosy_metal.simulator.resources_tasks import SESSIONS

READS = ("GET", "HEAD")
Methods = Callable[[Bmc, str], tuple[str, ...]]


def methods_of(bmc: Bmc, path: str) -> tuple[str, ...]:
    """Every method that the resource at `path` takes; an action takes POST only."""
    if "/Actions/" in path:
        return ("POST",)
    return (*READS, *(method for methods in _WRITES for method in methods(bmc, path)))


def allow(bmc: Bmc, path: str) -> dict[str, str]:
    """The header that says so."""
    return {"Allow": ", ".join(methods_of(bmc, path))}


def _accounts(_: Bmc, path: str) -> tuple[str, ...]:
    if path == ACCOUNTS:
        return ("POST",)
    return ("PATCH", "DELETE") if path.startswith(f"{ACCOUNTS}/") else ()


def _sessions(_: Bmc, path: str) -> tuple[str, ...]:
    if path == SESSIONS:
        return ("POST",)
    return ("DELETE",) if path.startswith(f"{SESSIONS}/") else ()


def _subscriptions(_: Bmc, path: str) -> tuple[str, ...]:
    return ("DELETE",) if path.startswith(f"{SUBSCRIPTIONS}/") else ()


def _settings(bmc: Bmc, path: str) -> tuple[str, ...]:
    if bmc.profile.jobs and path == jobs_path(bmc):
        return ("POST",)
    settings = (system_path(bmc), boot_path(bmc), network_path(bmc), settings_path(bmc))
    return ("PATCH",) if path in settings or is_patched_drive(bmc, path) else ()


_WRITES: tuple[Methods, ...] = (_accounts, _sessions, _subscriptions, _settings, part_methods)
"""Each part of a BMC says what may be written there; `()` for what is not its own."""
