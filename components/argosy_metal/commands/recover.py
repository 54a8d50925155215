"""`argosy metal recover ENV`: the one command after a killed `pulumi up`.

No live run may hold the stack; what a killed one left behind ends; its writes are fenced off; the stack's
lock is released; `up` adopts every claim and goes on from the recorded phase; pending operations are cleared.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import typer

from argosy.cli.load import load_fleet
from argosy.errors import ArgosyError
from argosy.spec.loader import LoadedFleet
from argosy_metal.claims import ClaimStore, RunIdentity
from argosy_metal.commands.halls import halls_of, has_simulated_halls, simulator_of
from argosy_metal.commands.locks import lock_holders
from argosy_metal.commands.processes import end_orphans, live_runs
from argosy_metal.simulator import daemon

_ORPHAN_PATIENCE_SECONDS = 15.0
"""A provider looks for its parent four times a second, and finishes the request in hand first."""


class RecoveryError(ArgosyError):
    """The stack could not be brought to a clean state; the message says what to do."""


def recover_fleet(env: str, stack: str | None) -> None:
    """Recover the stack of a fleet. Raises RecoveryError, with exit code 1, if something is left to do."""
    fleet, _ = load_fleet(env)
    pulumi = Pulumi(fleet.root, stack or fleet.name)
    _refuse_beside_a_live_run(fleet.root, pulumi.stack)
    for process in end_orphans(fleet.root, _ORPHAN_PATIENCE_SECONDS):
        typer.echo(f"ended what the killed run left: {process.program} (pid {process.pid})")
    _fence(fleet, pulumi)
    if has_simulated_halls(fleet):
        daemon.start_detached(*simulator_of(fleet))
    _settle(pulumi, env)


def _refuse_beside_a_live_run(root: Path, stack: str) -> None:
    if runs := live_runs(root, stack):
        pids = ", ".join(str(run.pid) for run in runs)
        raise RecoveryError(
            f"a pulumi command is at work on stack {stack} (pid {pids}); wait for it, or end it first"
        )


def _fence(fleet: LoadedFleet, pulumi: Pulumi) -> None:
    """From here on no earlier run of the stack can write."""
    owner = f"{pulumi.project()}/{pulumi.stack}"
    paths = sorted({fleet.root / hall.claims.path for hall in halls_of(fleet).values()})
    for path in paths:
        if path.exists():
            store = ClaimStore(path, RunIdentity("recover"))
            store.fence(owner)
            store.close()
            typer.echo(f"fenced off earlier runs of {owner}")


def _settle(pulumi: Pulumi, env: str) -> None:
    pulumi.run("stack", "select", "--create", pulumi.stack)
    _release_lock(pulumi)
    up = pulumi.try_run("up", "--yes", "--skip-preview", "--continue-on-error", "--stack", pulumi.stack)
    if left := pulumi.pending_operations():
        typer.echo(f"clearing {len(left)} pending operations of the killed run")
        pulumi.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", pulumi.stack)
    if left := pulumi.pending_operations():
        raise RecoveryError(f"still pending: {', '.join(left)}; run again: argosy metal recover {env}")
    if up != 0:
        raise RecoveryError(
            f"`pulumi up` has failed for the reasons above; the state is clean: argosy metal recover {env}"
            " goes on when they are mended"
        )
    typer.echo(f"recovered: stack {pulumi.stack} has no pending operations")


def _release_lock(pulumi: Pulumi) -> None:
    """Release a lock whose holder is proven to be gone; a shared backend's lock is for people to judge."""
    holders = lock_holders(pulumi.backend_url(), pulumi.stack)
    if holders is None:
        typer.echo("who may hold a lock on this backend cannot be told from here, so none is released")
        return
    if alive := [str(holder) for holder in holders if holder.may_live]:
        raise RecoveryError(
            f"stack {pulumi.stack} is locked by {', '.join(alive)}; if it is gone, recover on its own"
            f" computer, or release the lock: pulumi cancel --stack {pulumi.stack}"
        )
    if holders:
        pulumi.run("cancel", "--yes", "--stack", pulumi.stack)


class Pulumi:
    """The `pulumi` on PATH, with the environment we were given: backend and passphrase are the caller's."""

    def __init__(self, root: Path, stack: str) -> None:
        self.root = root
        self.stack = stack

    def run(self, *arguments: str) -> None:
        """Run it, its output shown. Raises RecoveryError if it fails."""
        if (code := self.try_run(*arguments)) != 0:
            raise RecoveryError(
                f"`pulumi {' '.join(arguments)}` ended with {code}; mend what it says, then run again"
            )

    def try_run(self, *arguments: str) -> int:
        """Run it, its output shown; its exit code. Raises RecoveryError if there is no `pulumi`."""
        typer.echo(f"$ pulumi {' '.join(arguments)}")
        return self._start(*arguments, capture=False).returncode

    def pending_operations(self) -> list[str]:
        """What the state has as under way: `creating NAME`, sorted."""
        deployment = json.loads(self._captured("stack", "export", "--stack", self.stack))["deployment"]
        pending: list[dict[str, Any]] = deployment.get("pending_operations") or []
        return sorted(f"{entry['type']} {entry['resource']['urn'].rpartition('::')[2]}" for entry in pending)

    def backend_url(self) -> str:
        """Where the state is kept."""
        return str(json.loads(self._captured("whoami", "--verbose", "--json"))["url"])

    def project(self) -> str:
        """The project's name, as it stands in URNs and so in the claims store."""
        from ruamel.yaml import YAML

        document: Any = YAML(typ="safe").load(self.root / "Pulumi.yaml")  # pyright: ignore[reportUnknownMemberType]
        return str(document["name"])

    def _captured(self, *arguments: str) -> str:
        done = self._start(*arguments, capture=True)
        if done.returncode != 0:
            raise RecoveryError(
                f"`pulumi {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()}"
            )
        return done.stdout

    def _start(self, *arguments: str, capture: bool) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - fixed arguments, and the stack's name as one argument
                ["pulumi", *arguments, "--non-interactive"],  # noqa: S607 - the caller's PATH decides which
                cwd=self.root,
                env=os.environ,
                capture_output=capture,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise RecoveryError(
                "there is no `pulumi` on PATH; `make recover` finds or builds one for the local fleet"
            ) from None
