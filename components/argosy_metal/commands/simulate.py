"""`argosy metal simulate ENV`: one simulator for all simulated halls of a fleet."""

from __future__ import annotations

import typer

from argosy.resolve import load_fleet
from argosy_metal.commands.halls import simulator_of
from argosy_metal.simulator import daemon
from argosy_metal.simulator.endpoint import Endpoint
from argosy_metal.simulator.world import image_sha256


def simulate_fleet(env: str, *, detach: bool, stop: bool) -> None:
    """Simulate in this process until it is told to stop, or detached, or end the simulator that runs.

    Prints nothing of a simulator before it answers; then also each image's digest, as a fleet file pins it.
    Raises FleetError for a fleet without simulated halls, SimulatorError if it cannot be started or ended.
    """
    fleet, _ = load_fleet(env)
    config, directory = simulator_of(fleet)
    servers = sum(len(hall.servers) for hall in config.halls)
    halls = ", ".join(hall.name for hall in config.halls)
    if stop:
        ended = daemon.stop(directory)
        typer.echo(f"simulator of {halls}: {'ended' if ended else 'none was running'}")
        return

    def announce(endpoint: Endpoint) -> None:
        typer.echo(f"simulator of {halls}: {servers} servers, pid {endpoint.pid}, port {endpoint.port}")
        for name in config.images:
            typer.echo(f"it offers image {name}.iso, sha256 {image_sha256(name)}")

    if detach:
        announce(daemon.start_detached(config, directory))
    else:
        daemon.serve(config, directory, announce)
