"""Drives, volumes, keys and limits as BMCs show them that do it another way than the simulator."""

from typing import Any

import pytest
from aiohttp import web

from argosy_metal.redfish import BmcRefusedError, RedfishClient
from argosy_metal.redfish.drive_erase import EraseState, EraseTask, look_at_erase, start_erase
from argosy_metal.redfish.power_limits import observe_power_limits, set_power_limit
from argosy_metal.redfish.power_restore import (
    PowerRestore,
    observe_power_restore,
    power_restore_faults,
    set_power_restore,
)
from argosy_metal.redfish.secure_boot import observe_secure_boot, set_secure_boot_mode
from argosy_metal.redfish.storage import Drive, create_volume, observe_storage

from .conftest import ScriptedBmc

SYSTEM, STORAGE = "/redfish/v1/Systems/1", "/redfish/v1/Systems/1/Storage/RAID"


def shows(bmc: ScriptedBmc, path: str, **body: Any) -> None:
    bmc.answers[f"GET {path}"] = [web.json_response({"@odata.id": path, **body})]


def link(path: str) -> dict[str, str]:
    return {"@odata.id": path}


@pytest.fixture
def old_bmc(scripted: ScriptedBmc) -> ScriptedBmc:
    """Controllers inside the storage, ways of erasing behind an ActionInfo, volumes at a reset only."""
    shows(scripted, SYSTEM, Storage=link(f"{SYSTEM}/Storage"))
    shows(scripted, f"{SYSTEM}/Storage", Members=[link(STORAGE)])
    shows(
        scripted,
        STORAGE,
        StorageControllers=[{"SupportedRAIDTypes": ["RAID1", "RAID50", "RAID0"]}],
        Drives=[link("/d/1")],
        Volumes=link(f"{STORAGE}/Volumes"),
    )
    shows(
        scripted,
        f"{STORAGE}/Volumes",
        **{"@Redfish.OperationApplyTimeSupport": {"SupportedValues": ["OnReset"]}},
        Members=[link("/v/1")],
    )
    shows(scripted, "/v/1", Name="Logical 1", DisplayName="os-abc123", RAIDType="RAID1")
    shows(
        scripted,
        "/d/1",
        Id="Disk.Bay.0",
        SerialNumber=" S1 ",
        Actions={"#Drive.SecureErase": {"target": "/erase", "@Redfish.ActionInfo": "/info"}},
    )
    parameter = {"Name": "SanitizationType", "AllowableValues": ["BlockErase"]}
    shows(scripted, "/info", Parameters=[{"Name": "OverwritePasses"}, parameter])
    return scripted


async def test_an_older_bmcs_storage_is_read(old_bmc: ScriptedBmc, scripted_client: RedfishClient) -> None:
    (unit,) = await observe_storage(scripted_client, SYSTEM)

    assert ("RAID0", "RAID1") == unit.raid_types
    assert ("Disk.Bay.0", "S1", ("BlockErase",), True) == (
        unit.drives[0].label,
        unit.drives[0].serial,
        unit.drives[0].erases,
        unit.drives[0].is_usable,
    )
    assert "os-abc123" == unit.volumes[0].name


async def test_volumes_that_wait_for_a_reset_are_not_made(
    old_bmc: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    (unit,) = await observe_storage(scripted_client, SYSTEM)

    assert not unit.makes_volumes
    with pytest.raises(BmcRefusedError, match="make volume os"):
        await create_volume(scripted_client, unit, "os", "RAID1", ("/d/1",))


async def test_a_system_without_storage_has_none(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, SYSTEM)

    assert () == await observe_storage(scripted_client, SYSTEM)


DRIVE = Drive("/d/1", "d", "d", "S1", 1, "NVMe", "SSD", True, ("BlockErase",), "/erase", (), ())


async def test_an_erase_is_followed_as_a_job(scripted: ScriptedBmc, scripted_client: RedfishClient) -> None:
    scripted.answers["POST /erase"] = [web.Response(status=202, headers={"Location": "/Jobs/JID_1"})]
    shows(scripted, "/Jobs/JID_1", JobState="Running", StartTime="T1")
    begun = await start_erase(scripted_client, DRIVE, "BlockErase")
    assert EraseTask("S1", "BlockErase", "/Jobs/JID_1", "T1") == begun

    for body, state in (
        ({"JobState": "Running", "StartTime": "T1"}, EraseState.RUNNING),
        ({"JobState": "Completed", "StartTime": "T1"}, EraseState.DONE),
        ({"JobState": "Completed", "JobStatus": "Critical", "StartTime": "T1"}, EraseState.FAILED),
        ({"JobState": "CompletedWithErrors", "StartTime": "T1"}, EraseState.FAILED),
        ({"JobState": "Completed", "StartTime": "T2"}, EraseState.UNKNOWN),
    ):
        shows(scripted, "/Jobs/JID_1", **body)
        assert state is (await look_at_erase(scripted_client, begun)).state
    scripted.answers["GET /Jobs/JID_1"] = [web.Response(status=404)]
    assert EraseState.UNKNOWN is (await look_at_erase(scripted_client, begun)).state


async def test_a_drive_that_does_not_offer_the_method_is_not_asked(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    with pytest.raises(BmcRefusedError, match="the drive offers BlockErase"):
        await start_erase(scripted_client, DRIVE, "Overwrite")

    assert [] == scripted.calls("POST /erase")


async def test_a_mode_is_asked_for_only_where_the_bmc_offers_one(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, SYSTEM, SecureBoot=link(f"{SYSTEM}/SecureBoot"))
    shows(scripted, f"{SYSTEM}/SecureBoot", SecureBootEnable=True, SecureBootMode="UserMode")
    state = await observe_secure_boot(scripted_client, SYSTEM)

    with pytest.raises(BmcRefusedError, match="SecureBootDesiredMode"):
        await set_secure_boot_mode(scripted_client, state, "DeployedMode")
    assert (True, {}) == (state.enabled, state.databases)


async def test_a_bmc_that_shows_only_fingerprints_is_understood(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    top = f"{SYSTEM}/SecureBoot"
    shows(scripted, SYSTEM, SecureBoot=link(top))
    shows(scripted, top, SecureBootDatabases=link("/dbs"))
    shows(scripted, "/dbs", Members=[link("/dbs/db")])
    shows(scripted, "/dbs/db", Id="db", Certificates=link("/certs"))
    shows(scripted, "/certs", Members=[link("/certs/1"), link("/certs/2")])
    shows(
        scripted,
        "/certs/1",
        CertificateString="(not shown)",
        Fingerprint="AB:CD",
        FingerprintHashAlgorithm="TPM_ALG_SHA256",
    )
    shows(scripted, "/certs/2", Fingerprint="EF:01", FingerprintHashAlgorithm="TPM_ALG_SHA1")

    state = await observe_secure_boot(scripted_client, SYSTEM)

    assert {"abcd": "/certs/1"} == dict(state.databases["db"].certificates)


async def test_a_disabled_limit_is_none_and_is_switched_on_with_its_value(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, SYSTEM, Links={"Chassis": [link("/c")]})
    shows(scripted, "/redfish/v1/Systems", Members=[link(SYSTEM), link("/redfish/v1/Systems/other")])
    shows(scripted, "/redfish/v1/Systems/other", Processors=link("/others"))
    shows(scripted, "/c", Id="c", EnvironmentMetrics=link("/c/m"))
    shows(scripted, "/c/m", PowerLimitWatts={"SetPoint": 500, "ControlMode": "Disabled"})
    scripted.answers["PATCH /c/m"] = [web.Response(status=204)]

    limits = await observe_power_limits(scripted_client, SYSTEM)
    await set_power_limit(scripted_client, limits.node[0], 400)

    assert (None, ()) == (limits.node_watts, limits.gpus), "another server's GPUs are not ours"
    assert 1 == len(scripted.calls("PATCH /c/m"))


async def test_a_node_manager_is_seen_where_nothing_else_limits_the_node(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, SYSTEM, Links={"Chassis": [], "ManagedBy": [link("/m/BMC")]})
    shows(scripted, "/redfish/v1/Systems", Members=[])
    shows(scripted, "/redfish/v1/Chassis", Members=[])
    shows(scripted, "/m/BMC/NodeManager/Domains", Members=[])

    assert (await observe_power_limits(scripted_client, SYSTEM)).has_node_manager


async def test_what_a_bmc_does_not_have_of_power_restore_is_told_and_a_false_policy_refused(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    shows(scripted, SYSTEM)
    seen = await observe_power_restore(scripted_client, SYSTEM)

    assert PowerRestore(None, None) == seen
    assert ["restorePolicy", "powerOnDelaySeconds"] == [
        fault.partition(":")[0] for fault in power_restore_faults(seen, "LastState", 5)
    ]
    with pytest.raises(BmcRefusedError, match="'Sometimes' is none of AlwaysOff"):
        await set_power_restore(scripted_client, SYSTEM, "Sometimes", None)
