"""How the machines of a hall are reached: directly, or at the simulator on this computer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from argosy.spec.files import FLEETS
from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.redfish import AuthorityFileError, Patience, Resolve, Trust, read_authority
from argosy_metal.simulator.daemon import CONFIG_FILE, LOG_FILE
from argosy_metal.simulator.endpoint import CA_FILE, SimulatorNotRunningError, read_endpoint
from argosy_metal.simulator.world import read_config


@dataclass(frozen=True)
class Reach:
    """Trust, name resolution and patience for the services and BMCs of one hall."""

    trust: Trust
    """In the hall's own services."""
    vouches_for_bmcs: bool = True
    """False where the hall has no authority of its own: then each BMC's certificate has to be pinned."""
    resolve: Resolve | None = None
    time_scale: float = 1.0
    console_log: str = "the server's console log"
    """Where to read what an installer says, as a message names it."""

    def bmc_trust(self, certificate_sha256: str | None) -> Trust | None:
        """For a BMC whose certificate is pinned so, or is not pinned; None if nobody vouches for it."""
        if certificate_sha256 is not None:
            return Trust(fingerprint_sha256=certificate_sha256)
        return self.trust if self.vouches_for_bmcs else None

    @property
    def patience(self) -> Patience:
        """Bounds on one request. A simulator is near and quick, so nobody waits a minute for it."""
        if self.resolve is None:
            return Patience()
        return Patience(
            connect_seconds=5.0,
            read_seconds=10.0,
            total_seconds=15.0,
            first_wait_seconds=0.2,
            poll_seconds=0.2,
            task_seconds=60.0,
        )


def find_reach(config: HallConfig) -> Reach:
    """How to reach the hall now.

    Raises NotPossibleError if the authority's file will not do, and SimulatorNotRunningError if the hall is
    simulated and no simulator runs.
    """
    if config.simulator_directory is None:
        if config.ca_certificate is None:
            return Reach(Trust(public=True), vouches_for_bmcs=False)
        try:
            read_authority(config.ca_certificate)
        except AuthorityFileError as error:
            raise NotPossibleError(str(error)) from None
        return Reach(Trust(ca_file=config.ca_certificate))
    directory = config.simulator_directory
    shown = os.path.relpath(directory, config.root)
    try:
        endpoint = read_endpoint(directory)
    except SimulatorNotRunningError:
        raise SimulatorNotRunningError(
            f"no simulator runs in {shown}; start it: argosy metal simulate"
            f" {_fleet_that_names(shown, config.root)} --detach"
        ) from None
    return Reach(
        trust=Trust(ca_file=directory / CA_FILE),
        resolve=endpoint.resolve,
        time_scale=read_config(directory / CONFIG_FILE).time_scale,
        console_log=f"the simulator's log, {shown}/{LOG_FILE}",
    )


def _fleet_that_names(directory: str, root: Path) -> str:
    """The one fleet whose simulator has this directory; `FLEET` if several have, or none is found."""
    names = [
        path.stem
        for path in sorted((root / FLEETS).glob("*.yaml"))
        if directory in path.read_text(encoding="utf-8", errors="replace")
    ]
    return names[0] if len(names) == 1 else "FLEET"
