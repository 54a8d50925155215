"""`argosy metal simulate ENV`: one simulator for all simulated halls of a fleet."""

from __future__ import annotations

import typer

from argosy.cli.load import load_fleet
from argosy_metal.commands.halls import simulator_of
from argosy_metal.simulator import daemon


def simulate_fleet(env: str, *, detach: bool, stop: bool) -> None:
    """Simulate in this process, or detached, or end the simulator that runs.

    Raises FleetError for a fleet without simulated halls, SimulatorError if it cannot be started or ended.
    """
    fleet, _ = load_fleet(env)
    config, directory = simulator_of(fleet)
    servers = sum(len(hall.servers) for hall in config.halls)
    halls = ", ".join(hall.name for hall in config.halls)
    if stop:
        ended = daemon.stop(directory)
        typer.echo(f"simulator of {halls}: {'ended' if ended else 'none was running'}")
    elif detach:
        endpoint = daemon.start_detached(config, directory)
        typer.echo(f"simulator of {halls}: {servers} servers, pid {endpoint.pid}, port {endpoint.port}")
    else:
        typer.echo(f"simulating {servers} servers in {halls}; Ctrl-C ends it")
        daemon.serve(config, directory)
