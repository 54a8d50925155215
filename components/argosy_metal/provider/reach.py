"""How the machines of a hall are reached: directly, or at the simulator on this computer."""

from __future__ import annotations

from dataclasses import dataclass

from argosy_metal.provider.config import HallConfig
from argosy_metal.provider.failures import NotPossibleError
from argosy_metal.redfish import Patience, Resolve, Trust
from argosy_metal.simulator.daemon import CONFIG_FILE
from argosy_metal.simulator.endpoint import CA_FILE, read_endpoint
from argosy_metal.simulator.world import read_config


@dataclass(frozen=True)
class Reach:
    """Trust, name resolution and patience for the BMCs of one hall."""

    trust: Trust
    resolve: Resolve | None = None
    time_scale: float = 1.0

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

    Raises NotPossibleError without an authority, and SimulatorNotRunningError if the hall is simulated and no
    simulator runs.
    """
    if config.simulator_directory is None:
        if config.ca_certificate is None or not config.ca_certificate.is_file():
            raise NotPossibleError(f"{config.ca_certificate}: no such file; put the authority's PEM there")
        return Reach(Trust(ca_file=config.ca_certificate))
    directory = config.simulator_directory
    return Reach(
        trust=Trust(ca_file=directory / CA_FILE),
        resolve=read_endpoint(directory).resolve,
        time_scale=read_config(directory / CONFIG_FILE).time_scale,
    )
