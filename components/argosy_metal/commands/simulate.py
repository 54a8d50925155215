"""`argosy metal simulate`: one simulator for all halls of a fleet, or of a scenario file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import typer

from argosy.catalog import load_catalog
from argosy.errors import FleetError
from argosy.resolve import load_fleet
from argosy.spec.places import Places
from argosy_metal.commands.halls import simulator_of, watts_of
from argosy_metal.simulator import daemon
from argosy_metal.simulator.curl_file import CURL_FILE
from argosy_metal.simulator.endpoint import CA_FILE, PASSWORD_FILE, Endpoint
from argosy_metal.simulator.scenario_config import load_scenario
from argosy_metal.simulator.world import USERNAME, SimulatorConfig, image_sha256

_SIMULATORS = Path(".argosy", "simulators")


def simulate_fleet(
    env: str | None,
    *,
    detach: bool,
    stop: bool,
    scenario: Path | None = None,
    directory: Path | None = None,
) -> None:
    """Simulate in this process until it is told to stop, or detached, or end the simulator that runs.

    Prints nothing of a simulator before it answers; then also each image's digest, as a fleet file pins it.
    Raises FleetError for a fleet without simulated halls and for what is wrong with a scenario,
    SimulatorError if it cannot be started or ended.
    """
    config, folder = _what_to_simulate(env, scenario, directory)
    halls = ", ".join(hall.name for hall in config.halls)
    if stop:
        ended = daemon.stop(folder)
        typer.echo(f"simulator of {halls}: {'ended' if ended else 'none was running'}")
        return

    def announce(endpoint: Endpoint) -> None:
        _announce(config, folder, endpoint, how_to_reach=env is None)

    if detach:
        announce(daemon.start_detached(config, folder))
    else:
        daemon.serve(config, folder, announce)


def _what_to_simulate(
    env: str | None, scenario: Path | None, directory: Path | None
) -> tuple[SimulatorConfig, Path]:
    here = Path.cwd()
    base, folder = simulator_of(load_fleet(env)[0]) if env is not None else (None, None)
    if base is not None and directory is not None:
        # The provider looks where the fleet file says.
        raise FleetError([_fault("--directory beside a fleet", "the fleet file's `simulator.directory`")])
    if scenario is not None:
        base = load_scenario(scenario, here, partial(watts_of, load_catalog()), base)
        folder = folder or directory or _SIMULATORS / scenario.stem
    if base is None or folder is None:
        raise FleetError([_fault("nothing to simulate", "an environment, or --scenario FILE")])
    return base, folder


def _fault(given: str, expected: str):
    return Places("argument").fault(
        (), given=given, expected=expected, fix="see: argosy metal simulate --help"
    )


def _announce(config: SimulatorConfig, folder: Path, endpoint: Endpoint, *, how_to_reach: bool) -> None:
    servers = [server for hall in config.halls for server in hall.servers]
    halls = ", ".join(hall.name for hall in config.halls)
    typer.echo(f"simulator of {halls}: {len(servers)} servers, pid {endpoint.pid}, port {endpoint.port}")
    for name in config.images:
        typer.echo(f"it offers image {name}.iso, sha256 {image_sha256(name)}")
    if how_to_reach:
        typer.echo(f"every BMC answers on 127.0.0.1:{endpoint.port}, told apart by its host name")
        typer.echo(f"authority {folder / CA_FILE}, user {USERNAME}, password in {folder / PASSWORD_FILE}")
        typer.echo(f"curl --config {folder / CURL_FILE} https://{servers[0].bmc_host}/redfish/v1/Systems")
