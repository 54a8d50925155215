"""The how-to about joining a cluster: its settings are taken, its rights suffice, its message is told."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy_metal.kubernetes.nodes import NodeError
from argosy_metal.provider.cluster_membership import UNDRAINED_VARIABLE
from argosy_metal.settings import HallSettings, PoolSettings

from ..unit.metal.joined_halls import joined_hall

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/join-a-hall-to-a-cluster.md").read_text(encoding="utf-8")
ROLE, HALL, POOL = (
    YAML(typ="safe").load(block)  # pyright: ignore[reportUnknownMemberType]
    for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
)
VERBS = {"GET": "get", "PATCH": "patch", "DELETE": "delete", "POST": "create"}


def asked_for(request: str) -> tuple[str, str]:
    """Resource and verb of a request, as a role names them."""
    method, path = request.split()
    if path.startswith("/api/v1/pods?"):
        return "pods", "list"
    return ("pods/eviction" if path.endswith("/eviction") else "nodes"), VERBS[method]


def test_a_fleet_file_takes_the_settings_that_are_shown() -> None:
    cluster, join = HallSettings.model_validate(HALL).cluster, PoolSettings.model_validate(POOL).join

    assert cluster is not None
    assert join is not None
    assert ("secrets/oslo.kubeconfig", "oslo", 30) == (
        cluster.kubeconfig,
        cluster.context,
        join.drain_minutes,
    )
    assert PoolSettings.model_validate({"join": {}}).join is not None


async def test_the_rights_that_are_shown_are_those_that_are_used(tmp_path: Path) -> None:
    async with joined_hall(tmp_path) as joined:
        joined.registers()
        olds = await joined.join()
        joined.api.add_pod("job-1", "sn1")
        await joined.setup.read("baremetal:index:NodeJoin", olds)
        await joined.leave(olds)
        used = {asked_for(request) for request in joined.api.requests}

    rules: list[dict[str, Any]] = ROLE["rules"]
    given = {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}
    assert given == used


async def test_the_message_that_is_shown_is_the_one_that_is_told(tmp_path: Path) -> None:
    async with joined_hall(tmp_path) as joined:
        joined.registers()
        olds = await joined.join()
        joined.api.add_pod("job-1", "sn1")
        joined.api.refusals["job-1"] = [429] * 99
        with pytest.raises(NodeError) as refused:
            await joined.leave(olds)

    assert f"\n{refused.value}\n" in PAGE
    assert f"{UNDRAINED_VARIABLE}=hall/SN1,hall/SN2" in PAGE
