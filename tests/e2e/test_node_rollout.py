"""Through a real engine: another image drains a Node before its machine is taken down, one after another."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from argosy_metal.claims import Phase
from argosy_metal.simulator import stop

from ..kube_api import KubeApi
from .test_bare_metal_up import PROGRAM, UP, Hall, start_hall

if TYPE_CHECKING:
    from conftest import Engine

NODES = ("sn1", "sn2", "sn3", "sn4")
JOIN = """\
    # As `argosy_metal.server_parts` does it: what hangs on a machine that fails is declared all the same.
    NodeJoin(
        f"join-{number}",
        server_id=attribute_after(machine, f"machine-{number}", "server_id", claim, f"hall/SN{number}"),
        install_id=attribute_after(machine, f"machine-{number}", "install_id", claim, "none"),
        kubeconfig="kubeconfig",
        node_name=f"sn{number}",
        labels={"argosy.dev/pool": "train"},
        gpus=8,
        drain_seconds=10,
        opts=pulumi.ResourceOptions(provider=hall, parent=claim),
    )
"""


@dataclass
class Cluster:
    """A hall whose machines join a stand-in cluster, and what was seen when a Node was deleted."""

    hall: Hall
    api: KubeApi
    seen: list[tuple[bool, int]] = field(default_factory=list[tuple[bool, int]])
    """At each deletion of a Node: whether all machines ran, and how many Nodes were closed or gone."""

    def __post_init__(self) -> None:
        self.api.missing = self.registers
        self.api.before["DELETE"] = self.looks

    def registers(self, name: str) -> None:
        """A kubelet registers when its machine runs: the provider asks for the Node no earlier."""
        serial = name.upper()
        boots = self.hall.control.servers()[serial]["counters"]["boots"]
        self.api.add_node(name, str(uuid.uuid5(uuid.NAMESPACE_OID, f"{serial}/{boots}")))
        self.api.add_pod(f"job-{name}", name)

    def looks(self) -> None:
        self.api.before["DELETE"] = self.looks
        away = len(NODES) - len(self.api.nodes)
        closed = sum("unschedulable" in node["spec"] for node in self.api.nodes.values())
        power = {server["power"] for server in self.hall.control.servers().values()}
        self.seen.append((power == {"On"} and self.hall.phases() == [Phase.RUNNING] * 4, away + closed))


@pytest.fixture
def cluster(engine: "Engine", tmp_path: Path) -> Iterator[Cluster]:
    """A quick hall of four servers, of which one may be down to be replaced."""
    started = start_hall(engine, tmp_path, time_scale=600)
    program = PROGRAM.replace("    Machine(\n", "    machine = Machine(\n") + JOIN
    program = program.replace(
        "import Bare", "import NodeJoin, Bare"
    ).replace(
        "import pulumi\n", "import pulumi\nfrom argosy_metal.declared import attribute_after\n"
    ).replace(
        '    simulator_directory="simulator",\n',
        '    simulator_directory="simulator",\n    budgets={"rollout": {"train": 1}},\n',
    )  # fmt: skip
    (tmp_path / "program" / "__main__.py").write_text(program)
    api = KubeApi(tmp_path)
    started.select("local")
    yield Cluster(started, api)
    api.stop()
    stop(tmp_path / "simulator")


def test_another_image_drains_one_node_after_another_before_its_machine_is_taken_down(
    cluster: Cluster,
) -> None:
    hall, api = cluster.hall, cluster.api
    hall.ok(*UP)
    assert [f"patch {name}" for name in NODES] == sorted(api.done)
    api.done.clear()
    hall.choose("node-2")
    hall.ok(*UP)

    assert [(True, 1)] * 4 == cluster.seen, "all machines run and one node is closed whenever one is deleted"
    assert [2, 2, 2, 2] == hall.installs()
    for name in NODES:
        steps = [step for step in api.done if step.endswith(name)]
        assert [f"patch {name}", f"evict job-{name}", f"delete {name}", f"patch {name}"] == steps
    hall.ok("up", "--yes", "--skip-preview", "--expect-no-changes")

    cluster.seen.clear()
    hall.ok("destroy", "--yes", "--skip-preview")
    assert ({}, []) == (api.nodes, hall.phases())
    assert all(kept for kept, _ in cluster.seen[:1])


def test_a_drain_that_is_refused_leaves_its_machine_and_the_next_run_goes_on(cluster: Cluster) -> None:
    hall, api = cluster.hall, cluster.api
    hall.ok(*UP)
    api.stubborn |= {f"job-{name}" for name in NODES}
    hall.choose("node-2")
    output = hall.refused(*UP)

    assert "stays as it is, since its node is not drained" in output
    assert "still ending" in output
    assert [Phase.RUNNING] * 4 == hall.phases()
    assert [1, 1, 1, 1] == hall.installs()
    assert {"On"} == {server["power"] for server in hall.control.servers().values()}
    assert sorted(NODES) == sorted(api.nodes)

    api.stubborn.clear()
    hall.ok(*UP)
    assert [2, 2, 2, 2] == hall.installs()
    assert all(kept for kept, _ in cluster.seen)
    hall.ok("up", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_replacement_that_is_taken_back_opens_the_node_again(cluster: Cluster) -> None:
    hall, api = cluster.hall, cluster.api
    hall.ok(*UP)
    api.stubborn |= {f"job-{name}" for name in NODES}
    hall.choose("node-2")
    hall.refused(*UP)
    assert any("unschedulable" in node["spec"] for node in api.nodes.values())
    hall.choose("node")
    hall.ok(*UP)

    assert not any("unschedulable" in node["spec"] for node in api.nodes.values())
    assert [1, 1, 1, 1] == hall.installs()
    hall.ok("up", "--yes", "--skip-preview", "--expect-no-changes")
