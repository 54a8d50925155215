"""Which stacks own servers of a fleet's halls, and the command that recovers one of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from argosy.spec.loader import LoadedFleet
from argosy_metal.claims import Claim
from argosy_metal.commands.halls import halls_of
from argosy_metal.commands.stores import stores_of


def claims_of(fleet: LoadedFleet) -> tuple[Claim, ...]:
    """Every claim on a server of the fleet's halls, whoever holds it, by hall and slot.

    Raises FleetError for a fleet without halls, ClaimsUnavailableError if a claims store cannot be read.
    """
    with stores_of(fleet) as stores:
        claims = [claim for store in stores for claim in store.read_all()]
    return tuple(claim for site in halls_of(fleet) for claim in claims if claim.site == site)


def project_name(root: Path) -> str:
    """The project's name, as it stands in URNs and so in the claims store."""
    from ruamel.yaml import YAML

    document: Any = YAML(typ="safe").load(root / "Pulumi.yaml")  # pyright: ignore[reportUnknownMemberType]
    return str(document["name"])


def recover_command(env: str, fleet: LoadedFleet, owner: str) -> str:
    """What to type to recover the stack of `owner` (`project/stack`), which may be another project's."""
    project, _, stack = owner.rpartition("/")
    if project != project_name(fleet.root):
        return f"recover stack {owner} in its own project"
    command = f"argosy metal recover {shlex.quote(env)}"
    return command if stack == fleet.name else f"{command} --stack {shlex.quote(stack)}"
