"""Hosts that are managed elsewhere are switched and given images by their owner, never beside a Machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from argosy_metal.claims import ForeignClaimError, Phase
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.simulator import FaultRule, image_sha256
from argosy_metal.simulator.boot_sources import BootableImage

from .setup_halls import Setup, claimed_server

POWER = "baremetal:index:PowerState"
MEDIA = "baremetal:index:VirtualMedia"
IMAGE = "https://provision.hall.test/images/node.iso?signature=hunter2"
OTHER = "https://provision.hall.test/images/node.iso?signature=other"


@pytest.fixture
async def setup(tmp_path: Path) -> AsyncIterator[Setup]:
    async with claimed_server(tmp_path) as made:
        yield made


def media(setup: Setup) -> list[str]:
    return [image.url for image in setup.bmc.machine.state.media.values()]


def resets(setup: Setup) -> int:
    return setup.bmc.machine.state.counters.resets


def watch_resets(setup: Setup, patch: pytest.MonkeyPatch, offered: tuple[str, ...]) -> list[str]:
    """The reset types that the BMC is asked for from now on; it says that it offers these."""
    patch.setattr("argosy_metal.simulator.resources_server.RESET_TYPES", offered)
    asked: list[str] = []
    reset = setup.bmc.machine.reset

    def watch(reset_type: str, now: float) -> None:
        asked.append(reset_type)
        reset(reset_type, now)

    setup.bmc.machine.reset = watch
    return asked


async def test_a_host_is_switched_once_and_left_as_it_is_on_deletion(setup: Setup) -> None:
    outputs = await setup.create(POWER, power="On")
    assert ("On", 1) == (outputs["observed"], resets(setup))

    await setup.update(POWER, outputs, power="On")
    await setup.delete(POWER, outputs)

    assert ("On", 1) == (setup.bmc.machine.state.power, resets(setup))


async def test_a_host_that_the_feeds_could_never_start_is_not_switched_on(setup: Setup) -> None:
    setup.config = {**setup.config, "budgets": {"powerOnWatts": {"a": 4000, "b": 4000}}}
    setup.again()
    store = setup.provider.hall().store
    held = store.find("hall", setup.serial)
    assert held is not None
    store.change(held, record={**held.record, "startupWatts": 4001})

    with pytest.raises(PartialFailureError, match="it may never be switched on"):
        await setup.create(POWER, power="On")

    assert 0 == resets(setup)


async def test_a_graceful_shutdown_is_waited_for_and_power_is_never_cut(setup: Setup) -> None:
    outputs = await setup.create(POWER, power="On")
    setup.simulator.inject(FaultRule("ignore-write", method="POST", path="*ComputerSystem.Reset"))
    with pytest.raises(PartialFailureError, match="shut down: the BMC accepted it, but it does not show"):
        await setup.update(POWER, outputs, power="Off")
    setup.simulator.clear_faults()

    outputs = await setup.update(POWER, outputs, power="Off")

    assert ("Off", 2) == (outputs["observed"], resets(setup))


@pytest.mark.parametrize("offered", [(), ("On", "ForceOff", "GracefulShutdown")])
async def test_the_operating_system_is_asked_also_by_a_bmc_that_does_not_say_what_it_offers(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, offered: tuple[str, ...]
) -> None:
    asked = watch_resets(setup, monkeypatch, offered)
    outputs = await setup.create(POWER, power="On")

    outputs = await setup.update(POWER, outputs, power="Off")

    assert (["On", "GracefulShutdown"], "Off") == (asked, outputs["observed"])


async def test_a_bmc_that_cannot_ask_the_operating_system_cuts_the_power_on_the_programs_word_alone(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = watch_resets(setup, monkeypatch, ("On", "ForceOff"))
    outputs = await setup.create(POWER, power="On")

    with pytest.raises(PartialFailureError) as refused:
        await setup.update(POWER, outputs, power="Off")
    assert "cannot ask the operating system to shut down; it offers On, ForceOff" in str(refused.value)
    assert "set `graceful: false`, which cuts the power" in str(refused.value)
    assert ["On"] == asked

    await setup.update(POWER, outputs, power="Off", graceful=False)
    assert ["On", "ForceOff"] == asked


async def test_without_grace_the_power_is_cut(setup: Setup) -> None:
    outputs = await setup.create(POWER, power="On")

    await setup.update(POWER, outputs, power="Off", graceful=False)

    assert "Off" == setup.bmc.machine.state.power


async def test_a_host_that_someone_switched_is_reported_and_switched_back(setup: Setup) -> None:
    outputs = await setup.create(POWER, power="On")
    setup.bmc.machine.press_button(on=False, now=setup.clock.now())

    found = await setup.read(POWER, outputs)

    assert ["observed"] == setup.changes(POWER, found.outputs, power="On")
    assert "On" == (await setup.update(POWER, found.outputs, power="On"))["observed"]


async def test_an_import_never_switches(setup: Setup) -> None:
    found = await setup.read(POWER)

    assert {"serverId": "hall/SN1", "power": "Off", "graceful": True} == dict(found.inputs)
    assert (0, []) == (resets(setup), setup.writes())


@pytest.mark.parametrize("token", [POWER, MEDIA])
@pytest.mark.parametrize("phase", [Phase.PREPARING, Phase.RUNNING, Phase.LEAVING, Phase.QUARANTINED])
async def test_neither_stands_beside_a_machine(setup: Setup, token: str, phase: Phase) -> None:
    setup.phase_is(phase)
    news = {"power": "On"} if token == POWER else {"image": IMAGE}

    with pytest.raises(NotPossibleError) as refused:
        await setup.create(token, **news)

    assert f"a Machine stands on this server (phase {phase.value}" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert [] == setup.writes()


@pytest.mark.parametrize("token", [POWER, MEDIA])
async def test_another_stack_neither_switches_nor_inserts_nor_reads(setup: Setup, token: str) -> None:
    setup.stack = "other"
    news = {"power": "On"} if token == POWER else {"image": IMAGE}

    with pytest.raises(ForeignClaimError):
        await setup.create(token, **news)
    with pytest.raises(ForeignClaimError):
        await setup.read(token)

    assert [] == setup.writes()


@pytest.mark.parametrize("token", [POWER, MEDIA])
async def test_bad_inputs_are_named_and_no_url_is_shown(setup: Setup, token: str) -> None:
    bad = {"power": "Reset"} if token == POWER else {"image": "http://x/hunter2", "inserted": "yes"}

    _, failures = setup.kind(token).check({"serverId": "hall/SN1", **bad})

    assert sorted(bad) == [name for name, _ in failures]
    assert "hunter2" not in str(failures)


async def test_an_image_is_inserted_once_and_ejected_on_deletion(setup: Setup) -> None:
    outputs = await setup.create(MEDIA, image=IMAGE)
    assert ([IMAGE], True) == (media(setup), outputs["observed"])
    await setup.update(MEDIA, outputs, image=IMAGE)
    assert 1 == setup.bmc.machine.state.counters.media_inserts

    await setup.delete(MEDIA, outputs)

    assert [] == media(setup)


async def test_another_image_is_neither_replaced_nor_ejected(setup: Setup) -> None:
    outputs = await setup.create(MEDIA, image=IMAGE)
    setup.bmc.machine.eject("CD1")
    setup.bmc.machine.insert("CD1", BootableImage(OTHER, image_sha256("node"), None))

    with pytest.raises(PartialFailureError) as refused:
        await setup.update(MEDIA, outputs, image=IMAGE)
    await setup.delete(MEDIA, outputs)

    assert "another image is in the virtual drive" in str(refused.value)
    assert "signature" not in str(refused.value)
    assert [OTHER] == media(setup)


async def test_a_changed_image_takes_the_place_of_our_own_one(setup: Setup) -> None:
    outputs = await setup.create(MEDIA, image=IMAGE)

    outputs = await setup.update(MEDIA, outputs, image=OTHER)

    assert ([OTHER], True) == (media(setup), outputs["observed"])


async def test_an_image_that_is_not_wanted_in_the_drive_is_ejected(setup: Setup) -> None:
    outputs = await setup.create(MEDIA, image=IMAGE)

    outputs = await setup.update(MEDIA, outputs, image=IMAGE, inserted=False)

    assert ([], False) == (media(setup), outputs["observed"])
    assert [] == setup.changes(MEDIA, outputs, image=IMAGE, inserted=False)


async def test_an_image_that_someone_ejected_is_reported_and_inserted_again(setup: Setup) -> None:
    outputs = await setup.create(MEDIA, image=IMAGE)
    setup.bmc.machine.eject("CD1")

    found = await setup.read(MEDIA, outputs)

    assert ["observed"] == setup.changes(MEDIA, found.outputs, image=IMAGE)
    await setup.update(MEDIA, found.outputs, image=IMAGE)
    assert [IMAGE] == media(setup)


async def test_a_lost_answer_inserts_no_image_twice(setup: Setup) -> None:
    setup.simulator.inject(FaultRule("lose-answer", method="POST", path="*InsertMedia", times=1))
    try:
        outputs = await setup.create(MEDIA, image=IMAGE)
    except PartialFailureError as failed:
        outputs = await setup.update(MEDIA, failed.outputs, image=IMAGE)

    assert ([IMAGE], True, 1) == (
        media(setup),
        outputs["observed"],
        setup.bmc.machine.state.counters.media_inserts,
    )


async def test_an_image_is_not_imported(setup: Setup) -> None:
    with pytest.raises(NotPossibleError, match="a VirtualMedia cannot be imported"):
        await setup.read(MEDIA)


async def test_the_url_of_an_image_is_a_secret_in_the_schema(setup: Setup) -> None:
    assert setup.kind(MEDIA).properties.schema()["inputProperties"]["image"]["secret"]
