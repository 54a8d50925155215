"""What a program declares of a server's parts is what the provider takes."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from argosy_component.mock_engine import run_program
from argosy_metal.claims import RunIdentity
from argosy_metal.provider.provider import BareMetal
from argosy_metal.resources import (
    BootCertificate,
    PowerCap,
    PowerState,
    RaidVolume,
    SecureBoot,
    StorageLayout,
    VirtualMedia,
)
from argosy_metal.settings import PoolSettings
from argosy_metal.settings.power_cap import power_cap_arguments
from argosy_metal.settings.secure_boot import secure_boot_arguments
from argosy_metal.settings.storage import storage_arguments

SETTINGS = PoolSettings.model_validate(
    {
        "storage": {
            "volumes": {
                "os": {"raid": "raid1", "drives": {"count": 2, "min_capacity_gb": 400, "protocol": "sata"}},
                "data": {"raid": "raid5", "drives": {"slots": ["1", "2", "3"]}},
            },
            "take_over": True,
        },
        "secure_boot": {
            "enabled": True,
            "mode": "deployed",
            "certificates": {"db": [{"file": "keys/db.pem", "sha256": "a" * 64}]},
        },
        "power_cap": {
            "watts_per_node": 8000,
            "watts_per_gpu": 600,
            "power_restore": {"policy": "last_state", "step_seconds": 5},
            "restore_on_delete": True,
        },
    }
)
URL = "https://images.oslo.example/rescue.iso?signature=hunter2"


def layout() -> None:
    assert SETTINGS.storage is not None
    arguments = storage_arguments(SETTINGS.storage)
    volumes = [RaidVolume(**volume) for volume in arguments.pop("volumes")]
    StorageLayout("a", server_id="oslo/SN1", volumes=volumes, **arguments)


def secure_boot() -> None:
    assert SETTINGS.secure_boot is not None
    arguments = secure_boot_arguments(SETTINGS.secure_boot)
    databases = {
        name: [BootCertificate(**one) for one in held] for name, held in arguments.pop("databases").items()
    }
    SecureBoot("a", server_id="oslo/SN1", databases=databases, **arguments)


def power_cap() -> None:
    assert SETTINGS.power_cap is not None
    PowerCap("a", server_id="oslo/SN1", **power_cap_arguments(SETTINGS.power_cap, 2))


def power_state() -> None:
    PowerState("a", server_id="oslo/SN1", power="Off", graceful=False)


def virtual_media() -> None:
    VirtualMedia("a", server_id="oslo/SN1", image=URL)


CASES: tuple[tuple[Callable[[], None], str, Mapping[str, Any]], ...] = (
    (
        layout,
        "StorageLayout",
        {
            "volumes": [
                {"name": "data", "raid": "RAID5", "drives": {"slots": ["1", "2", "3"]}},
                {
                    "name": "os",
                    "raid": "RAID1",
                    "drives": {"count": 2, "protocol": "SATA", "minCapacityGb": 400},
                },
            ],
            "takeOver": True,
        },
    ),
    (
        secure_boot,
        "SecureBoot",
        {
            "enabled": True,
            "mode": "DeployedMode",
            "databases": {"db": [{"file": "keys/db.pem", "sha256": "a" * 64}]},
        },
    ),
    (
        power_cap,
        "PowerCap",
        {
            "wattsPerNode": 8000,
            "wattsPerGpu": 600,
            "restorePolicy": "LastState",
            "powerOnDelaySeconds": 10,
            "restoreOnDelete": True,
        },
    ),
    (power_state, "PowerState", {"power": "Off", "graceful": False}),
    (virtual_media, "VirtualMedia", {"image": URL}),
)


@pytest.mark.parametrize(("program", "kind", "inputs"), CASES, ids=[kind for _, kind, _ in CASES])
def test_a_program_declares_what_the_provider_takes(
    program: Callable[[], None], kind: str, inputs: Mapping[str, Any]
) -> None:
    token = f"baremetal:index:{kind}"

    graph = run_program(program)

    declared = graph.one(token, "a")
    assert {"serverId": "oslo/SN1", **inputs} == declared.inputs
    assert declared.options["deleteBeforeReplace"]
    assert [] == list(BareMetal(RunIdentity("run")).kind(token).check(declared.inputs)[1])


def test_the_url_of_an_image_is_a_secret() -> None:
    declared = run_program(virtual_media).one("baremetal:index:VirtualMedia", "a")

    assert {("image",)} == set(declared.secret_inputs)
