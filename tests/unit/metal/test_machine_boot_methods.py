"""By virtual media, HTTP boot or PXE, with either kind of installer: a machine is installed once and runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import BootMethod, Image, MachineNotReadyError, RedfishServer, Wanted
from argosy_metal.simulator.profiles import vendor_files
from argosy_metal.simulator.resources_server import system_resources

from .claimed_server import IMAGE, SERVICE, ClaimedServer, claimed_server

TARGETS = {BootMethod.VIRTUAL_MEDIA: "Cd", BootMethod.HTTP_BOOT: "UefiHttp", BootMethod.PXE: "Pxe"}
NETWORK = (BootMethod.HTTP_BOOT, BootMethod.PXE)
HTTP_VENDORS = [
    name for name, file in sorted(vendor_files().items()) if "UefiHttp" in file.profile.boot_targets
]


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[ClaimedServer]:
    async with claimed_server(tmp_path) as made:
        yield made


async def up(server: ClaimedServer, method: BootMethod, image: Image = IMAGE) -> None:
    async with server.machine() as machine:
        await machine.bring_up(Wanted(image, method), online=True)


def seen(server: ClaimedServer) -> tuple[Any, ...]:
    """Phase, power, installs begun and ended, drives that hold something, and the override."""
    server.bmc.advance()
    state = server.bmc.machine.state
    counters = state.counters
    return (
        server.claim.phase,
        state.power,
        (counters.installs_started, counters.installs_completed),
        list(state.media),
        state.override.enabled,
    )


RUNS = (Phase.RUNNING, "On", (1, 1), list[str](), "Disabled")


@pytest.mark.parametrize("powers_off", [False, True], ids=["reboots", "powers-off"])
@pytest.mark.parametrize("method", BootMethod)
async def test_a_machine_is_installed_once_and_runs_whatever_the_installer_does_when_it_is_done(
    tmp_path: Path, method: BootMethod, powers_off: bool
) -> None:
    async with claimed_server(tmp_path, installer_powers_off=powers_off) as server:
        await up(server, method)
        assert RUNS == seen(server)
        heard = server.bmc.machine.state.phone_home
        assert heard is not None
        assert (server.claim.install_id, None, None) == (heard.install_id, heard.failure, heard.stage)
        assert 1 + powers_off == server.bmc.machine.state.counters.power_ons

        await up(server, method)
        assert RUNS == seen(server), "a second run does nothing"

        async with server.machine() as machine:
            await machine.take_down()
        assert (Phase.CLAIMED, "Off") == seen(server)[:2]


@pytest.mark.parametrize(
    ("method", "powers_off"),
    [
        (BootMethod.VIRTUAL_MEDIA, True),
        (BootMethod.HTTP_BOOT, True),
        (BootMethod.PXE, False),
        (BootMethod.PXE, True),
    ],
)
async def test_a_run_that_is_killed_at_any_write_is_followed_by_one_that_installs_nothing_twice(
    tmp_path: Path, method: BootMethod, powers_off: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with claimed_server(tmp_path, installer_powers_off=powers_off) as server:
        with monkeypatch.context() as dying:
            writes = count_writes(dying, lambda _: False)
            await up(server, method)
    assert 2 + (method is BootMethod.VIRTUAL_MEDIA) * 2 + powers_off == len(writes)

    for last in range(len(writes)):
        folder = tmp_path / f"killed-{last}"
        folder.mkdir()
        async with claimed_server(folder, installer_powers_off=powers_off) as server:
            with monkeypatch.context() as dying:
                count_writes(dying, lambda number, last=last: number == last)
                with pytest.raises(Killed):
                    await up(server, method)
            await up(server, method)
            assert RUNS == seen(server), f"killed after {writes[last]}"


def count_writes(patch: pytest.MonkeyPatch, dies: Callable[[int], bool]) -> list[str]:
    """The server's writes as they come; the process dies right after those that `dies` names."""
    writes: list[str] = []
    for name in ("power_on", "power_off", "insert", "eject", "boot_once", "boot_normally"):
        write = getattr(RedfishServer, name)

        async def counted(self: RedfishServer, *given: Any, write: Any = write, name: str = name) -> None:
            await write(self, *given)
            writes.append(name)
            if dies(len(writes) - 1):
                raise Killed

        patch.setattr(RedfishServer, name, counted)
    return writes


@pytest.mark.parametrize("vendor", HTTP_VENDORS)
@pytest.mark.parametrize("method", NETWORK)
async def test_the_network_is_booted_from_on_the_bmc_of_every_vendor_that_can(
    tmp_path: Path, method: BootMethod, vendor: str
) -> None:
    async with claimed_server(tmp_path, vendor=vendor) as server:
        await up(server, method)
        assert RUNS == seen(server)


async def test_a_bmc_that_knows_no_http_boot_says_so_and_nothing_is_powered_on(tmp_path: Path) -> None:
    async with claimed_server(tmp_path, vendor="openbmc") as server:
        with pytest.raises(
            MachineNotReadyError, match="set the next boot to UefiHttp: the server offers only None, Pxe"
        ):
            await up(server, BootMethod.HTTP_BOOT)
        assert (Phase.PREPARING, "Off", (0, 0)) == seen(server)[:3]


@pytest.mark.parametrize(
    ("method", "image"),
    [
        (BootMethod.HTTP_BOOT, Image(f"https://{SERVICE}/images/missing.iso", IMAGE.sha256)),
        (BootMethod.HTTP_BOOT, Image("https://elsewhere.test/images/node.iso", IMAGE.sha256)),
        (BootMethod.PXE, Image(IMAGE.url, "0" * 64)),
    ],
)
async def test_a_machine_whose_image_leads_nowhere_stays_at_the_firmware_and_is_given_up(
    server: ClaimedServer, method: BootMethod, image: Image
) -> None:
    with pytest.raises(MachineNotReadyError, match="no report from the installed system for"):
        await up(server, method, image)

    assert (Phase.FAILED, "On", (0, 0)) == seen(server)[:3]
    assert "OEM" == server.bmc.machine.state.boot_progress


async def test_an_http_boot_of_other_bytes_is_told_by_the_installer(server: ClaimedServer) -> None:
    with pytest.raises(MachineNotReadyError, match="the installer gave up: the image has sha256"):
        await up(server, BootMethod.HTTP_BOOT, Image(IMAGE.url, "0" * 64))

    assert (0, 0) == seen(server)[2]


async def test_the_next_attempt_by_another_way_installs_what_the_first_could_not(
    server: ClaimedServer,
) -> None:
    with pytest.raises(MachineNotReadyError):
        await up(server, BootMethod.HTTP_BOOT, Image(f"https://{SERVICE}/images/no.iso", IMAGE.sha256))
    await up(server, BootMethod.PXE)

    assert RUNS == seen(server)


@pytest.mark.parametrize("method", NETWORK)
async def test_the_override_is_what_redfish_calls_it_and_shows_on_the_bmc(
    server: ClaimedServer, method: BootMethod, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_writes(monkeypatch, lambda _: True)
    with pytest.raises(Killed):
        await up(server, method)

    boot = system_resources(server.bmc)["/redfish/v1/Systems/1"]()["Boot"]
    uri = server.media_url if method is BootMethod.HTTP_BOOT else None
    assert (TARGETS[method], "Once", uri) == (
        boot["BootSourceOverrideTarget"],
        boot["BootSourceOverrideEnabled"],
        boot["HttpBootUri"],
    )
