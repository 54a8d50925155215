"""The `pulumi` on PATH, as `argosy metal recover` runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from argosy.errors import ArgosyError


class RecoveryError(ArgosyError):
    """The stack could not be brought to a clean state; the message says what to do."""


class PulumiCli:
    """Runs in the environment we were given: backend and passphrase are the caller's."""

    def __init__(self, root: Path, stack: str, variables: Mapping[str, str] | None = None) -> None:
        """`variables` are set for every run, unless the caller's environment has them."""
        self.root = root
        self.stack = stack
        self._environment = {**(variables or {}), **os.environ}

    @property
    def stack_name(self) -> str:
        """The stack without its organization, as it stands in URNs and so in the claims store."""
        return self.stack.rpartition("/")[2]

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

    def stack_exists(self) -> bool:
        """Whether the project has the stack."""
        stacks: list[dict[str, Any]] = json.loads(self._captured("stack", "ls", "--json"))
        return any(str(stack["name"]).rpartition("/")[2] == self.stack_name for stack in stacks)

    def config(self, key: str) -> str | None:
        """A value of the stack's configuration; None if it has none."""
        done = self._start("config", "get", key, "--stack", self.stack, capture=True)
        return done.stdout.strip() or None if done.returncode == 0 else None

    def pending_operations(self) -> list[str]:
        """What the state has as under way: `creating NAME`, sorted."""
        deployment = json.loads(self._captured("stack", "export", "--stack", self.stack))["deployment"]
        pending: list[dict[str, Any]] = deployment.get("pending_operations") or []
        return sorted(f"{entry['type']} {entry['resource']['urn'].rpartition('::')[2]}" for entry in pending)

    def backend_url(self) -> str:
        """Where the state is kept."""
        return str(json.loads(self._captured("whoami", "--verbose", "--json"))["url"])

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
                env=self._environment,
                capture_output=capture,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            raise RecoveryError(
                "there is no `pulumi` on PATH; `make recover` finds or builds one for the local fleet"
            ) from None
