"""What an installer is told, how it travels to the server, and what makes another installation."""

import hashlib
from dataclasses import replace

import pytest

from argosy.errors import ArgosyError
from argosy_metal.claims import Phase
from argosy_metal.lifecycle import (
    BootMethod,
    Image,
    ImageKind,
    MachineError,
    MachineNotReadyError,
    NoProvisioning,
    Offer,
    ProvisioningUnavailableError,
    UserData,
    Wanted,
)

from .lifecycle_world import IMAGE, Killed, World

SECRET = b"#cloud-config\npassword: canary-4711\n"


def user_data(content: bytes = SECRET) -> UserData:
    return UserData(hashlib.sha256(content).hexdigest(), lambda: content)


WANTED = Wanted(IMAGE, root_device_hints={"size": ">= 400"}, user_data=user_data())


async def test_the_hall_s_service_has_the_offer_before_the_image_is_inserted(world: World) -> None:
    def look(operation: str) -> None:
        if operation == "insert":
            assert 1 == len(world.hardware.offers), "a BMC may fetch the image at once"

    world.hardware.fail = look
    await world.up(WANTED)

    offer = world.hardware.offers[world.claim.install_id or ""]
    assert (SECRET, {"size": ">= 400"}, "SN1") == (offer.user_data, offer.root_device_hints, offer.serial)


async def test_a_run_that_goes_on_offers_again_before_it_switches_on(world: World) -> None:
    world.hardware.die_before = 2
    with pytest.raises(Killed):
        await world.up(WANTED)
    assert Phase.BOOTING == world.claim.phase
    world.hardware.offers.clear()

    await world.up(WANTED)

    assert [world.claim.install_id] == list(world.hardware.offers)


async def test_what_was_offered_for_an_installation_that_is_given_up_is_withdrawn(world: World) -> None:
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up(WANTED)

    await world.machine().take_down()

    assert {} == world.hardware.offers


async def test_a_service_that_takes_no_offer_stops_the_machine_before_it_is_touched(world: World) -> None:
    world.hardware.fail = lambda operation: (
        ProvisioningUnavailableError("provision.hall.test answers 503") if operation == "offer" else None
    )

    with pytest.raises(
        MachineNotReadyError, match=r"phase preparing: provision\.hall\.test answers 503; next:"
    ):
        await world.up(WANTED)

    assert [] == world.hardware.writes


async def test_user_data_that_cannot_be_read_is_told_without_its_content(world: World) -> None:
    def read() -> bytes:
        raise ArgosyError("file:secret.yaml: the file cannot be read")

    with pytest.raises(MachineNotReadyError, match=r"user data: file:secret\.yaml: the file cannot be read"):
        await world.up(replace(WANTED, user_data=UserData("a" * 64, read)))


async def test_user_data_is_not_read_for_a_machine_that_runs(world: World) -> None:
    await world.up(WANTED)

    def read() -> bytes:
        raise AssertionError("nothing is installed")

    await world.up(replace(WANTED, user_data=UserData(user_data().sha256, read)))


def test_user_data_shows_in_no_repr() -> None:
    offer = Offer("i", "SN1", IMAGE, BootMethod.PXE, {}, SECRET)

    assert "canary-4711" not in f"{offer!r} {WANTED!r} {offer}"


@pytest.mark.parametrize(
    "other",
    [
        replace(WANTED, user_data=user_data(b"other")),
        replace(WANTED, user_data=None),
        replace(WANTED, root_device_hints={"size": ">= 800"}),
    ],
)
async def test_an_interrupted_installation_with_other_contents_starts_over(
    world: World, other: Wanted
) -> None:
    world.hardware.die_after = 3
    with pytest.raises(Killed):
        await world.up(WANTED)
    first = world.claim.install_id

    await world.up(other)

    assert first != world.claim.install_id
    assert (1, Phase.RUNNING) == (world.hardware.installs, world.claim.phase), "the first never reported"


async def test_a_machine_that_runs_with_other_user_data_is_not_taken_for_ours(world: World) -> None:
    await world.up(WANTED)

    with pytest.raises(MachineError, match="or the same with other user data"):
        await world.up(replace(WANTED, user_data=user_data(b"other")))


@pytest.mark.parametrize("method", [BootMethod.HTTP_BOOT, BootMethod.PXE])
async def test_a_server_that_boots_from_the_network_needs_no_drive(world: World, method: BootMethod) -> None:
    await world.up(replace(WANTED, boot=method))

    assert ["boot_once", "power_on"] == world.hardware.writes
    assert Phase.RUNNING == world.claim.phase


@pytest.mark.parametrize("method", [BootMethod.HTTP_BOOT, BootMethod.PXE])
@pytest.mark.parametrize("write", [0, 1])
@pytest.mark.parametrize("moment", ["die_before", "die_after"])
async def test_a_boot_from_the_network_that_was_killed_is_gone_on_with(
    world: World, method: BootMethod, write: int, moment: str
) -> None:
    setattr(world.hardware, moment, write + (moment == "die_after"))
    with pytest.raises(Killed):
        await world.up(replace(WANTED, boot=method))

    await world.up(replace(WANTED, boot=method))

    assert (1, 1, Phase.RUNNING) == (world.hardware.installs, world.claim.attempts, world.claim.phase)


async def test_another_boot_method_leaves_a_machine_that_runs_as_it_is(world: World) -> None:
    await world.up(WANTED)
    writes = list(world.hardware.writes)

    await world.up(replace(WANTED, boot=BootMethod.PXE))

    assert writes == world.hardware.writes


async def test_another_boot_method_counts_for_an_installation_that_has_not_begun(world: World) -> None:
    world.hardware.die_after = 1
    with pytest.raises(Killed):
        await world.up(WANTED)

    await world.up(replace(WANTED, boot=BootMethod.HTTP_BOOT))

    assert BootMethod.HTTP_BOOT == world.claim.boot_method
    assert Phase.RUNNING == world.claim.phase


async def test_taking_down_drops_an_override_to_boot_from_the_network(world: World) -> None:
    world.hardware.die_after = 1
    with pytest.raises(Killed):
        await world.up(replace(WANTED, boot=BootMethod.HTTP_BOOT))

    await world.machine().take_down()

    assert world.hardware.armed is None


@pytest.mark.parametrize(
    ("offer", "lacking"),
    [
        (Offer("i", "SN1", IMAGE, BootMethod.VIRTUAL_MEDIA, {}, SECRET), "user data"),
        (Offer("i", "SN1", IMAGE, BootMethod.VIRTUAL_MEDIA, {"name": "/dev/sda"}, None), "root device hints"),
        (Offer("i", "SN1", Image("https://h/i", "a" * 64, ImageKind.RAW), BootMethod.PXE, {}, None), "PXE"),
    ],
)
async def test_a_hall_without_a_service_cannot_give_what_only_a_service_can(
    offer: Offer, lacking: str
) -> None:
    with pytest.raises(ProvisioningUnavailableError, match=lacking):
        await NoProvisioning().offer(offer)


async def test_a_hall_without_a_service_installs_what_needs_none() -> None:
    await NoProvisioning().offer(Offer("i", "SN1", IMAGE, BootMethod.HTTP_BOOT, {}, None))
    await NoProvisioning().withdraw("i")
