"""The same servers installed by Ironic alone, standalone and with its default settings, and by our provider.

Both install an ISO by virtual media on simulated servers that are quick, so that what is compared is the work
of the two. Ironic counts as done when its nodes are `active`, which is when it has switched them on; our
provider when the installed systems have reported, which is later. Either starts with servers it has never
seen. Ironic needs PostgreSQL, and is installed from PyPI the first time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import uuid
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from metal_hall import HALL, IMAGE, Scene, Simulator
from tests.e2e.ironic_server import IronicOptions, IronicServer, ironic_server

from argosy_metal.simulator import CA_FILE, PASSWORD_FILE, USERNAME, read_endpoint
from argosy_metal.simulator.daemon import CONFIG_FILE

_CLIENTS = 16
_POLL_SECONDS = 0.5
_FIELDS = "uuid,name,provision_state,target_provision_state,last_error"
_NEXT: Mapping[str, str] = {"enroll": "manage", "manageable": "provide", "available": "active"}
"""What is ordered of a node in which state."""
_TRIES = 20
_LOCKED = 409


@dataclass(frozen=True)
class IronicRun:
    """How far Ironic has come."""

    seconds: float
    """From the first enrolment until all nodes were at their end, or the time was up."""
    active: int
    """Nodes that were `active` by then."""
    failed: tuple[str, ...]
    """What Ironic said of nodes that came to nothing."""


@contextmanager
def simulated_with_ports(scene: Scene, root: Path) -> Generator[tuple[Simulator, Mapping[str, int]]]:
    """The hall in a process of its own, and the ports of its BMCs."""
    directory = root / "simulator"
    directory.mkdir(mode=0o700)
    (root / "Pulumi.yaml").write_text("name: bench\n", encoding="utf-8")
    scene.config().write(directory / CONFIG_FILE)
    command = [sys.executable, str(Path(__file__).with_name("metal_simulator.py")), str(directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise SystemExit("the simulator ended at once")
            yield Simulator(scene, root, read_endpoint(directory)), json.loads(line)
        finally:
            process.terminate()


def bring_up_by_ironic(
    simulator: Simulator, ports: Mapping[str, int], folder: Path, limit_seconds: float
) -> IronicRun:
    """Enrol, provide and deploy every server of the hall: all at once, each as soon as it is ready for it.

    Stops after `limit_seconds`, wherever Ironic is then.
    """
    names = [f"SN{number}" for number in range(simulator.scene.servers)]
    # Only the image's host name needs to be resolved: the BMCs are addressed by their ports.
    with ironic_server(folder, IronicOptions(resolve=simulator.endpoint.resolve)) as ironic:
        started = time.monotonic()
        with ThreadPoolExecutor(_CLIENTS) as clients:
            list(clients.map(partial(_enrol, ironic, simulator, ports), names))
            nodes = _progress(ironic, clients, names, started + limit_seconds)
        ended = time.monotonic()
        active = sum(node["provision_state"] == "active" for node in nodes)
        failed = [f"{node['name']}: {node['last_error']}" for node in nodes if _has_failed(node)]
        return IronicRun(ended - started, active, tuple(failed))


def _progress(
    ironic: IronicServer, clients: ThreadPoolExecutor, names: Sequence[str], deadline: float
) -> list[Mapping[str, Any]]:
    """The nodes at their end, `active` or where Ironic gave up; or as they are at the deadline."""
    ordered: set[tuple[str, str]] = set()
    while True:
        # One question for all, so that little of Ironic's time goes into answering it.
        nodes: list[Mapping[str, Any]] = _ask(ironic, "GET", f"/v1/nodes?fields={_FIELDS}")["nodes"]
        due = [node for node in nodes if (node["name"], node["provision_state"]) not in ordered]
        due = [node for node in due if node["provision_state"] in _NEXT]
        ordered |= {(node["name"], node["provision_state"]) for node in due}
        list(clients.map(partial(_order, ironic), due))
        rest = not due and all(node["target_provision_state"] is None for node in nodes)
        if (rest and len(nodes) == len(names)) or time.monotonic() > deadline:
            return nodes
        time.sleep(_POLL_SECONDS)


def _has_failed(node: Mapping[str, Any]) -> bool:
    return (
        node["provision_state"] != "active" and node["target_provision_state"] is None and node["last_error"]
    )


def _enrol(ironic: IronicServer, simulator: Simulator, ports: Mapping[str, int], name: str) -> None:
    directory = simulator.root / "simulator"
    info = {
        "redfish_address": f"https://127.0.0.1:{ports[f'bmc-{name[2:]}.{HALL}.test']}",
        "redfish_system_id": "/redfish/v1/Systems/1",
        "redfish_username": USERNAME,
        "redfish_password": (directory / PASSWORD_FILE).read_text(encoding="utf-8").strip(),
        "redfish_verify_ca": str(directory / CA_FILE),
    }
    body = {
        "driver": "redfish",
        "name": name,
        "deploy_interface": "ramdisk",
        # Cleaning would boot Ironic's own agent, which simulated servers cannot run.
        "automated_clean": False,
        "driver_info": info,
    }
    _ask(ironic, "POST", "/v1/nodes", body)


def _order(ironic: IronicServer, node: Mapping[str, Any]) -> None:
    """What comes next for a node that rests."""
    target = _NEXT[node["provision_state"]]
    if target == "active":
        info = {"boot_iso": IMAGE["url"], "ramdisk_image_download_source": "http"}
        patch = [
            {"op": "add", "path": "/instance_uuid", "value": str(uuid.uuid4())},
            {"op": "add", "path": "/instance_info", "value": info},
        ]
        _ask(ironic, "PATCH", f"/v1/nodes/{node['uuid']}", patch)
    _ask(ironic, "PUT", f"/v1/nodes/{node['uuid']}/states/provision", {"target": target})


def _ask(ironic: IronicServer, method: str, path: str, body: object = None) -> Any:
    """The answer; again where the API resets connections, as it does to many clients, or a node is locked."""
    for attempt in range(_TRIES):
        try:
            return ironic.request(method, path, body)
        except urllib.error.HTTPError as error:
            error.close()
            if attempt and method != "GET" and error.code != _LOCKED:
                return None  # The one before has come through.
            if attempt == _TRIES - 1 or error.code != _LOCKED:
                raise
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if attempt == _TRIES - 1:
                raise
        time.sleep(_POLL_SECONDS)
    raise AssertionError("the last try returns or raises")
