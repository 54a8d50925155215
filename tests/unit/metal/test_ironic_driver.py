"""The driver in front of Ironic, against a small Ironic in memory: what it orders, and what it proves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from argosy.errors import ArgosyError
from argosy_metal.budgets import BudgetLimits, HallBudgets
from argosy_metal.claims import Claim, Phase, RunIdentity, SqliteClaimStore
from argosy_metal.ironic import AgentWiper, BmcAccess, IronicMachine, IronicServer
from argosy_metal.ironic.node import instance_id_of
from argosy_metal.lifecycle import (
    Hands,
    Image,
    Journal,
    Leash,
    Limits,
    MachineError,
    MachineNotReadyError,
    NoProvisioning,
    Report,
    Wanted,
)
from argosy_metal.lifecycle.driver import BootMethod, UserData, Wipe, WipePolicy
from argosy_metal.lifecycle.image import ImageKind
from argosy_metal.redfish import Credentials

from .ironic_model import IronicModel, ModelClient, VirtualClock, enrolled

ISO = Wanted(Image("https://provision.hall.test/images/node.iso", "a" * 64))
DISK = Wanted(
    Image("https://provision.hall.test/images/node.qcow2", "b" * 64, ImageKind.QCOW2),
    root_device_hints={"size": ">= 400"},
    user_data=UserData("c" * 64, lambda: b"#cloud-config\n"),
)


@dataclass
class Lab:
    """One claimed server behind the small Ironic."""

    store: SqliteClaimStore
    model: IronicModel = field(default_factory=IronicModel)
    report: Report | None = None
    clock: VirtualClock = field(default_factory=VirtualClock)

    def __post_init__(self) -> None:
        self.model.on_boot = lambda _: self.installed()

    def installed(self) -> None:
        """The installer has run, and its system reports."""
        self.report = Report(self.claim.install_id or "", "boot-1", self.claim.image_sha256)

    @property
    def claim(self) -> Claim:
        """Granted at the first call."""
        if held := self.store.find("hall", "SN1"):
            return held
        record = {"bmc": "https://bmc-1.hall.test", "rack": "r1", "feeds": ["a"]}
        return self.store.claim(Claim("hall", "SN1", "train/1", "fleet/prod", "urn:1", 0, record))

    def machine(self) -> IronicMachine:
        """The driver, as a new run makes it."""
        journal, leash, limits = Journal(self.store, self.claim), Leash(self.clock), Limits(attempts=2)
        server = IronicServer(ModelClient(self.model, self.clock), self.claim)
        hands = Hands(
            server=server,
            reports=self,
            provisioning=NoProvisioning(),
            wiper=AgentWiper(server, journal, limits, leash),
            budgets=HallBudgets(BudgetLimits(), self.clock),
            limits=limits,
            clock=self.clock,
            leash=leash,
        )
        return IronicMachine(
            journal, hands, server, BmcAccess("https://bmc-1", Credentials("root", "hunter2"))
        )

    async def find(self, serial: str) -> Report | None:
        return self.report


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    store = SqliteClaimStore(tmp_path / "claims.sqlite", RunIdentity("run"))
    yield Lab(store)
    store.close()


async def test_an_installer_is_deployed_booted_once_and_settled(lab: Lab) -> None:
    running = await lab.machine().bring_up(ISO, online=True)

    assert ("boot-1", "On", Phase.RUNNING) == (running.boot_id, running.power, lab.claim.phase)
    assert lab.model.words == [
        *("enrol", "manage", "inspect", "provide", "patch", "active"),
        *("power", "boot_device", "power"),
        *("no vmedia", "maintenance", "patch", "no maintenance"),
    ]
    assert lab.model.node is not None
    info = lab.model.node["instance_info"]
    assert f"install={lab.claim.install_id}" in info["boot_iso"]
    assert "hunter2" not in repr(lab.machine())


async def test_a_second_run_orders_nothing_and_power_alone_where_only_power_differs(lab: Lab) -> None:
    await lab.machine().bring_up(ISO, online=True)
    lab.model.orders.clear()

    await lab.machine().bring_up(ISO, online=True)
    assert [] == lab.model.orders

    assert "Off" == (await lab.machine().bring_up(ISO, online=False)).power
    assert [("power", {"target": "soft power off"})] == lab.model.orders


async def test_a_disk_image_is_written_by_ironic_with_digest_hints_and_user_data(lab: Lab) -> None:
    running = await lab.machine().bring_up(DISK, online=True)

    assert running.boot_id == instance_id_of(lab.claim.install_id or "")
    assert lab.model.node is not None
    assert lab.model.node["instance_info"] == {
        "image_source": DISK.image.url,
        "image_os_hash_algo": "sha256",
        "image_os_hash_value": "b" * 64,
        "image_disk_format": "qcow2",
        "root_device": {"size": ">= 400"},
    }
    assert "direct" == lab.model.node["deploy_interface"]
    drive = lab.model.order("active")["configdrive"]
    assert ("#cloud-config\n", running.boot_id) == (drive["user_data"], drive["meta_data"]["uuid"])


@pytest.mark.parametrize(
    ("policy", "step"), [(WipePolicy.METADATA, "erase_devices_metadata"), (WipePolicy.ERASE, "erase_devices")]
)
async def test_a_wipe_is_ordered_by_name_and_its_proof_kept(lab: Lab, policy: WipePolicy, step: str) -> None:
    wanted = Wanted(DISK.image, wipe=Wipe(policy))
    await lab.machine().bring_up(wanted, online=True)
    lab.model.orders.clear()

    await lab.machine().take_down()

    assert ["undeploy", "manage", "clean", "provide", "patch"] == lab.model.words
    assert [{"interface": "deploy", "step": step}] == lab.model.order("clean")["clean_steps"]
    assert Phase.CLAIMED is lab.claim.phase
    assert step == json.loads(lab.claim.wipe_proof or "{}")["steps"][0]["step"]


async def test_a_wipe_that_fails_keeps_the_claim_and_is_ordered_again(lab: Lab) -> None:
    wanted = Wanted(DISK.image, wipe=Wipe(WipePolicy.ERASE))
    await lab.machine().bring_up(wanted, online=True)
    lab.model.fails["clean"] = "the agent found a frozen drive"

    with pytest.raises(MachineNotReadyError, match=r"`clean failed`: the agent found a frozen drive"):
        await lab.machine().take_down()
    assert (Phase.WIPING, None) == (lab.claim.phase, lab.claim.wipe_proof)

    lab.model.fails.clear()
    assert lab.model.node is not None
    lab.model.node["provision_state"] = "manageable"  # an operator has mended it
    await lab.machine().take_down()
    assert 2 == lab.model.words.count("clean")
    assert Phase.CLAIMED is lab.claim.phase


async def test_taken_down_the_node_is_as_it_was_found(lab: Lab) -> None:
    found = enrolled({"name": "SN1", "provision_state": "available", "deploy_interface": "fake"})
    found |= {"automated_clean": True, "extra": {"rack": "r1"}, "driver_info": {"redfish_address": "theirs"}}
    lab.model.node = json.loads(json.dumps(found))
    lab.model.inventory = {"inventory": {"system_vendor": {"serial_number": "SN1"}}}

    await lab.machine().bring_up(ISO, online=True)
    assert lab.model.node is not None
    assert {"redfish_address": "theirs"} == lab.model.node["driver_info"]
    await lab.machine().take_down()

    assert found == {**lab.model.node, "maintenance_reason": None}
    assert "enrol" not in lab.model.words


async def test_another_image_that_a_killed_run_began_is_dropped_first(lab: Lab) -> None:
    lab.model.on_boot = lambda _: None  # nobody reports
    with pytest.raises(MachineNotReadyError, match="no report from the installed system"):
        await lab.machine().bring_up(ISO, online=True)
    lab.model.orders.clear()

    await lab.machine().bring_up(DISK, online=True)

    assert "undeploy" == lab.model.words[0]
    assert (1, "b" * 64) == (lab.claim.attempts, lab.claim.image_sha256)


async def test_a_failed_deployment_tells_ironics_history_where_its_last_error_is_gone(lab: Lab) -> None:
    lab.model.fails["active"] = None  # type: ignore[assignment]
    lab.model.history = [
        {"severity": "ERROR", "created_at": "2026-01-02", "event": "virtual media mount failed: 404"},
        {"severity": "ERROR", "created_at": "2026-01-01", "event": "older"},
        {"severity": "INFO", "created_at": "2026-01-03", "event": "fine"},
    ]

    with pytest.raises(MachineNotReadyError, match=r"`deploy failed`: virtual media mount failed: 404"):
        await lab.machine().bring_up(ISO, online=True)
    assert (Phase.FAILED, 1) == (lab.claim.phase, lab.claim.attempts)


async def test_after_so_many_attempts_a_server_is_quarantined(lab: Lab) -> None:
    lab.model.fails["active"] = "no"
    for _ in range(2):
        with pytest.raises(MachineNotReadyError, match="deploy failed"):
            await lab.machine().bring_up(ISO, online=True)

    for _ in range(2):
        with pytest.raises(MachineNotReadyError, match="quarantined after 2 attempts"):
            await lab.machine().bring_up(ISO, online=True)
    assert 2 == lab.model.words.count("active")

    # Another image begins anew.
    lab.model.fails.clear()
    await lab.machine().bring_up(DISK, online=True)
    assert (Phase.RUNNING, 1) == (lab.claim.phase, lab.claim.attempts)


async def test_an_order_that_came_to_nothing_is_not_ordered_again(lab: Lab) -> None:
    lab.model.fails["manage"] = "the BMC's password is wrong"

    with pytest.raises(MachineNotReadyError, match=r"Ironic went back to `enroll`: the BMC's password"):
        await lab.machine().bring_up(ISO, online=True)
    assert ["enrol", "manage"] == lab.model.words

    lab.model.fails.clear()
    assert lab.model.node is not None
    lab.model.node |= {"driver_info": "as it was"}
    await lab.machine().bring_up(ISO, online=True)
    assert "https://bmc-1" == lab.model.node["driver_info"]["redfish_address"]


async def test_a_locked_node_is_waited_for_and_not_for_ever(lab: Lab) -> None:
    lab.model.busy = 3
    await lab.machine().bring_up(ISO, online=True)

    lab.model.busy = 10**6
    with pytest.raises(MachineNotReadyError, match="the node is locked"):
        await lab.machine().take_down()


async def test_a_node_in_maintenance_gets_no_order(lab: Lab) -> None:
    lab.model.node = enrolled({"name": "hall.SN1", "maintenance": True, "maintenance_reason": "fan"})

    with pytest.raises(MachineNotReadyError, match="it is in maintenance: fan"):
        await lab.machine().bring_up(ISO, online=True)
    assert [] == lab.model.orders


async def test_a_node_that_vanished_under_a_machine_is_an_error_and_never_gone(lab: Lab) -> None:
    await lab.machine().bring_up(ISO, online=True)
    lab.model.node = None

    for work in (lab.machine().look(), lab.machine().take_down(), lab.machine().bring_up(ISO, online=True)):
        with pytest.raises(MachineError, match="Ironic does not know the node any more"):
            await work
    assert Phase.RUNNING is lab.claim.phase


async def test_what_somebody_has_undeployed_runs_no_more(lab: Lab) -> None:
    await lab.machine().bring_up(ISO, online=True)
    lab.model.change("PUT", "/v1/nodes/uuid-1/states/provision", {"target": "undeploy"})

    assert (await lab.machine().look()).boot_id is None
    with pytest.raises(MachineNotReadyError, match="not there any more"):
        await lab.machine().bring_up(ISO, online=True)


async def test_another_install_than_ours_is_told_with_both_ids_and_the_node_left_alone(lab: Lab) -> None:
    await lab.machine().bring_up(ISO, online=True)
    orders, ours = list(lab.model.orders), lab.claim.install_id
    lab.report = Report("of-another-store", "boot", None)
    told = f"install of-another-store was reported last, and not ours, {ours}"

    assert told in str((await lab.machine().look()).doubt)
    with pytest.raises(MachineNotReadyError, match=told):
        await lab.machine().bring_up(ISO, online=True)
    assert (orders, Phase.RUNNING) == (lab.model.orders, lab.claim.phase)


async def test_user_data_that_is_not_there_stops_before_the_deployment(lab: Lab) -> None:
    def missing() -> bytes:
        raise ArgosyError("file:user-data: the file cannot be read")

    for read, reason in ((missing, "file:user-data"), (lambda: b"\xff\xfe", "Ironic takes text")):
        wanted = Wanted(DISK.image, user_data=UserData("c" * 64, read))
        with pytest.raises(MachineNotReadyError, match=reason):
            await lab.machine().bring_up(wanted, online=True)
    assert "active" not in lab.model.words


async def test_maintenance_is_no_matter_to_a_machine_that_is_as_it_should_be(lab: Lab) -> None:
    await lab.machine().bring_up(ISO, online=True)
    assert lab.model.node is not None
    lab.model.node |= {"maintenance": True, "maintenance_reason": "fan"}

    assert "On" == (await lab.machine().bring_up(ISO, online=True)).power
    with pytest.raises(MachineNotReadyError, match="it is in maintenance: fan"):
        await lab.machine().bring_up(ISO, online=False)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (Wanted(ISO.image, boot=BootMethod.PXE), "cannot do boot method pxe"),
        (Wanted(Image(ISO.image.url, "a" * 64, ImageKind.EFI)), "cannot do images of kind efi"),
        (Wanted(ISO.image, wipe=Wipe(WipePolicy.ERASE, "Overwrite")), "no method such as Overwrite"),
    ],
)
async def test_what_ironic_has_not_is_refused_before_anything_is_done(
    lab: Lab, wanted: Wanted, reason: str
) -> None:
    with pytest.raises(MachineError, match=reason):
        await lab.machine().bring_up(wanted, online=True)
    assert [] == lab.model.orders
