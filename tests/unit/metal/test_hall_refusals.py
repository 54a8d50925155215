"""What of a hall's cluster, service, tests and caps cannot work is refused when the file is checked."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.errors import FleetError
from argosy.spec.loader import load_spec
from argosy_metal.refusals import refuse

ROOT = Path(__file__).resolve().parents[3]
SHA = "a" * 64
SERVICE = "provisioning: {url: 'https://provision.hall.test', token: 'file:token'}"
CLUSTER = "cluster: {kubeconfig: hall.kubeconfig}"
OUT = ("CP1", "CP2", "CP3", "CP4")
"""Servers beside those of the pools, each in a rack of its own, out of service."""
Refused = Callable[..., list[str]]


def bootstrap(**changes: str) -> str:
    given = {
        "endpoint": "api.hall.test:6443",
        "kubernetes_version": "v1.34.1",
        "pod_cidr": "10.244.0.0/16",
        "service_cidr": "10.96.0.0/12",
        "control_plane": "[CP1, CP2, CP3]",
        "image": f"{{url: 'https://provision.hall.test/images/cp.iso', sha256: {SHA}}}",
        **changes,
    }
    inner = ", ".join(f"{name}: {value}" for name, value in given.items())
    return f"{{{SERVICE}, cluster: {{kubeconfig: hall.kubeconfig, bootstrap: {{{inner}}}}}}}"


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Gives the faults of a fleet whose hall and pool `train` have these settings."""

    def load(
        hall: str = "",
        pool: str = "",
        *,
        more: str = "",
        replace: tuple[str, str] = ("", ""),
        server_type: str = "dgx-h200",
    ) -> list[str]:
        shutil.copytree(ROOT / "tests" / "conformance" / "inventories", tmp_path / "inventories")
        inventory = tmp_path / "inventories" / "hall.yaml"
        lines = [
            f'  - {{serial: {serial}, bmc: "https://{serial}.hall.test", rack: c{n}, feeds: [a, b]}}\n'
            for n, serial in enumerate(OUT)
        ]
        lines += ["out_of_service:\n", *(f"  {serial}: {{reason: control plane}}\n" for serial in OUT[:3])]
        inventory.write_text((inventory.read_text() + "".join(lines)).replace("dgx-h200", server_type))
        text = (ROOT / "tests" / "conformance" / "metal.yaml").read_text().replace("dgx-h200", server_type)
        (tmp_path / "Pulumi.yaml").write_text("name: lab\n")
        settings = f"    settings: {hall}\n" if hall else ""
        text = text.replace("    node_pools:\n", f"{more}{settings}    node_pools:\n", 1)
        if pool:
            text = text.replace("      train: {", f"      train: {{settings: {pool}, ", 1)
        (tmp_path / "metal.yaml").write_text(text.replace(*replace) if replace[0] else text)
        try:
            fleet = load_spec(str(tmp_path / "metal.yaml"))
        except FleetError as error:
            return [str(fault) for fault in error.faults]
        return [str(fault) for fault in refuse("hall", fleet)]

    return load


@pytest.mark.parametrize(
    ("hall", "pool"),
    [
        (f"{{{CLUSTER}}}", "{join: {}}"),
        (bootstrap(), "{join: {labels: {team: one}}}"),
        (bootstrap(control_plane="[CP2]"), ""),
        (f"{{{SERVICE}}}", "{acceptance: {leave_out: [nvlink_down], tests: {fans: {least: 4}}}}"),
        ("", "{power_cap: {watts_per_gpu: 600}}"),
    ],
)
def test_settings_that_are_right_are_taken(refused: Refused, hall: str, pool: str) -> None:
    assert [] == refused(hall, pool)


@pytest.mark.parametrize(
    ("hall", "pool", "reason"),
    [
        ("", "{join: {}}", "join, though hall names no cluster"),
        (
            f"{{{CLUSTER}}}",
            "{join: {taints: [{key: nvidia.com/gpu, effect: NoSchedule}]}}",
            "taints[0]: given nvidia.com/gpu with NoSchedule a second time",
        ),
        (
            f"{{{CLUSTER}}}",
            "{join: {taints: [{key: a, effect: NoExecute}, {key: a, value: b, effect: NoExecute}]}}",
            "taints[1]: given a with NoExecute a second time",
        ),
        ("", "{acceptance: {}}", "what machines must show, though hall names no service"),
        (f"{{{SERVICE}}}", "{acceptance: {defaults: false}}", "no test at all"),
        (f"{{{SERVICE}}}", "{acceptance: {leave_out: [fans]}}", "fans: no default test of a dgx-h200"),
        (
            f"{{{SERVICE}}}",
            "{acceptance: {leave_out: [gpu_count], tests: {gpu_count: {equal: 8}}}}",
            "or given in `tests`",
        ),
        (
            f"{{{SERVICE}}}",
            "{acceptance: {tests: {fans: {least: 1, most: 2}}}}",
            "given least, most; expected keys that go together; give one of least, most and equal",
        ),
        (f"{{{SERVICE}}}", "{acceptance: {tests: {Fans: {least: 1}}}}", "Fans"),
        ("{provisioning: {url: 'http://h', token: 'file:t'}}", "", "provisioning.url"),
        ("{provisioning: {url: 'https://h', token: 'hunter2'}}", "", "provisioning.token"),
        (bootstrap(control_plane="[CP1, CP2]"), "", "2 servers"),
        (bootstrap(control_plane="[CP1, CP1, CP2]"), "", "a serial twice"),
        (bootstrap(control_plane="[CP1, CP2, CP9]"), "", "CP9, which inventories/hall.yaml does not have"),
        (bootstrap(control_plane="[CP1, CP2, CP4]"), "", "CP4, which a plan may give to a pool"),
        (bootstrap(control_plane="[CP1, CP2, HALL1]"), "", "HALL1, which"),
        (bootstrap(pod_cidr="10.244.0.1/16"), "", "an address range"),
        (bootstrap(service_cidr="10.244.128.0/20"), "", "which overlaps service_cidr"),
        (bootstrap(kubernetes_version="'1.34'"), "", "kubernetes_version"),
        (bootstrap(endpoint="api.hall.test"), "", "endpoint"),
        (bootstrap(install="{image_kind: raw}"), "", "bootstrap.install.image_kind"),
        (bootstrap().replace(f"{SERVICE}, ", ""), "", "a control plane of its own, though hall names no"),
    ],
)
def test_settings_that_could_not_work_are_refused(
    refused: Refused, hall: str, pool: str, reason: str
) -> None:
    faults = refused(hall, pool)

    assert any(reason in fault for fault in faults), faults


def test_a_range_of_pods_inside_the_halls_own_is_refused(refused: Refused) -> None:
    faults = refused(bootstrap(), more="    cidr: 10.244.0.0/20\n")

    assert any("overlaps the hall's cidr 10.244.0.0/20" in fault for fault in faults), faults


def test_two_servers_of_a_control_plane_in_one_rack_are_refused(refused: Refused, tmp_path: Path) -> None:
    refused(bootstrap())
    inventory = tmp_path / "inventories" / "hall.yaml"
    inventory.write_text(inventory.read_text().replace("rack: c1", "rack: c0"))

    faults = [str(fault) for fault in refuse("hall", load_spec(str(tmp_path / "metal.yaml")))]

    assert any("CP1 in rack c0, CP2 in rack c0" in fault for fault in faults), faults


def test_a_pool_with_the_name_of_the_control_plane_is_refused(refused: Refused) -> None:
    faults = refused(bootstrap(), replace=("      train: {", "      control-plane: {"))

    assert any("a pool called control-plane" in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("server_type", "cap", "reason"),
    [
        ("dell-xe9680-h200", "watts_per_node: 9950", "the plan counts on 9,900 W"),
        ("dgx-h200", "watts_per_gpu: 670", "which leaves a dgx-h200 9,960 W to draw"),
        ("dgx-h200", "watts_per_gpu: 670", "662 W at the most: 8 GPUs of 700 W in 10,200 W"),
    ],
)
def test_a_cap_that_leaves_more_than_the_plan_counts_on_is_refused(
    refused: Refused, server_type: str, cap: str, reason: str
) -> None:
    faults = refused("", f"{{power_cap: {{{cap}}}}}, power_cap_watts: 9900", server_type=server_type)

    assert any(reason in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("server_type", "cap"),
    [
        ("dell-xe9680-h200", "watts_per_node: 9900"),
        ("dgx-h200", "watts_per_gpu: 662"),
        ("dgx-h200", "power_restore: {policy: last_state}"),
    ],
)
def test_a_cap_that_keeps_to_the_plan_is_taken(refused: Refused, server_type: str, cap: str) -> None:
    pool = f"{{power_cap: {{{cap}}}}}, power_cap_watts: 9900"

    assert [] == refused("", pool, server_type=server_type)


@pytest.mark.parametrize(
    ("cap", "reason"),
    [
        ("watts_per_node: 9900", "caps its GPUs alone; expected watts_per_gpu; write watts_per_gpu: 662"),
        ("watts_per_node: 5000", "with 200 W for each GPU, the least, it draws up to 6,200 W"),
        ("watts_per_gpu: 199", "given 199 W for a GPU of a dgx-h200; expected 200 to 700 W"),
        ("watts_per_gpu: 701", "given 701 W for a GPU of a dgx-h200; expected 200 to 700 W"),
    ],
)
def test_a_cap_that_the_server_type_is_known_to_refuse_is_refused(
    refused: Refused, cap: str, reason: str
) -> None:
    (fault,) = refused("", f"{{power_cap: {{{cap}}}}}")

    assert reason in fault


def test_a_planned_cap_below_what_caps_of_gpus_bring_about_is_refused(refused: Refused) -> None:
    (fault,) = refused("", "{}, power_cap_watts: 6199")

    assert "given 6,199 W for a dgx-h200, whose BMC caps its GPUs alone: 199 W each" in fault
    assert "expected 6,200 W at the least: 8 GPUs of 200 W" in fault


def test_a_planned_cap_that_caps_of_gpus_bring_about_is_taken(refused: Refused) -> None:
    assert [] == refused("", "{}, power_cap_watts: 6200")


STORAGE = "{storage: {volumes: {os: {raid: raid1, drives: {count: 2}}}}}"


def test_volumes_for_servers_whose_bmc_makes_none_are_refused(refused: Refused) -> None:
    (fault,) = refused("", STORAGE)

    assert "settings.storage: given volumes for a dgx-h200, whose BMC makes none" in fault


def test_volumes_for_servers_of_whose_bmc_nobody_says_that_are_taken(refused: Refused) -> None:
    assert [] == refused("", STORAGE, server_type="dell-xe9680-h200")


def test_a_planned_cap_that_ironic_could_not_set_is_refused(refused: Refused) -> None:
    faults = refused(
        "{engine: ironic, ironic: {url: 'https://ironic.hall.test'}}", "{}, power_cap_watts: 9900"
    )

    assert any("Ironic's API sets none" in fault for fault in faults), faults


def test_a_simulated_hall_plays_its_own_service_and_joins_nothing(refused: Refused) -> None:
    simulator = "    simulator: {directory: .argosy/lab/simulator}\n"
    hall = f"{{{SERVICE.replace('provision.hall', 'boot.hall')}, {CLUSTER}}}"

    faults = refused(hall, "{join: {}}", more=simulator)

    assert any("a simulated machine runs no kubelet" in fault for fault in faults), faults
    assert any("write https://provision.hall.test" in fault for fault in faults), faults
