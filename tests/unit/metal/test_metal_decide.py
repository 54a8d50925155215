"""Every decision of the lifecycle, one by one."""

import itertools
from dataclasses import replace

import pytest

from argosy_metal.claims import Phase
from argosy_metal.lifecycle import Observation, Step, next_step

OFF, ON = "Off", "On"


def seen(power: str = OFF, *, inserted: bool = False, ours: bool = False, boots: bool = False) -> Observation:
    return Observation(power, media_inserted=inserted or ours, holds_image=ours, boots_image=boots)


def network(power: str = OFF, *, boots: bool = False) -> Observation:
    return Observation(power, False, False, boots, needs_media=False)


def done(observed: Observation) -> Observation:
    return replace(observed, installer_is_done=True)


@pytest.mark.parametrize(
    ("phase", "observed", "expected"),
    [
        (Phase.CLAIMED, seen(ON), Step.BEGIN_ATTEMPT),
        (Phase.FAILED, seen(ON), Step.BEGIN_ATTEMPT),
        (Phase.PREPARING, seen(ON, ours=True, boots=True), Step.POWER_OFF),
        (Phase.PREPARING, seen("PoweringOff"), Step.POWER_OFF),
        (Phase.PREPARING, seen(inserted=True), Step.EJECT),
        (Phase.PREPARING, seen(), Step.INSERT),
        (Phase.PREPARING, seen(ours=True), Step.SET_BOOT),
        (Phase.PREPARING, seen(ours=True, boots=True), Step.PERMIT_BOOT),
        (Phase.BOOTING, seen(ours=True, boots=True), Step.POWER_ON),
        (Phase.BOOTING, seen("PoweringOn", ours=True, boots=True), Step.WAIT),
        (Phase.BOOTING, seen(ON, ours=True, boots=True), Step.WAIT),
        (Phase.BOOTING, seen(ON, ours=True), Step.NOTE_INSTALLING),
        (Phase.BOOTING, seen(ours=True), Step.END_ATTEMPT),
        (Phase.INSTALLING, seen(ON, ours=True), Step.WAIT),
        (Phase.INSTALLING, seen(ours=True, boots=True), Step.END_ATTEMPT),
        (Phase.BOOTING, done(seen(ON, ours=True)), Step.AWAIT_OFF),
        (Phase.INSTALLING, done(seen("PoweringOff", ours=True)), Step.AWAIT_OFF),
        (Phase.INSTALLING, done(seen(ours=True, boots=True)), Step.EJECT_INSTALLER),
        (Phase.INSTALLING, done(seen(boots=True)), Step.RESET_BOOT),
        (Phase.INSTALLING, done(seen()), Step.PERMIT_START),
        (Phase.INSTALLING, done(network()), Step.PERMIT_START),
        (Phase.STARTING, done(seen()), Step.START),
        (Phase.STARTING, seen(ON), Step.WAIT),
        (Phase.RUNNING, seen(), Step.NOTHING),
        (Phase.LEAVING, seen(ON), Step.TAKE_DOWN),
        (Phase.LEAVING, seen(), Step.TAKE_DOWN),
        (Phase.WIPING, seen(), Step.TAKE_DOWN),
        (Phase.WIPING, seen(ON), Step.TAKE_DOWN),
        (Phase.QUARANTINED, seen(), Step.REFUSE),
        (Phase.PREPARING, network(), Step.SET_BOOT),
        (Phase.PREPARING, network(boots=True), Step.PERMIT_BOOT),
        (Phase.BOOTING, network(boots=True), Step.POWER_ON),
        (Phase.BOOTING, network(), Step.END_ATTEMPT),
        (Phase.BOOTING, network(ON), Step.NOTE_INSTALLING),
    ],
)
def test_without_a_report_the_next_step_is(phase: Phase, observed: Observation, expected: Step) -> None:
    assert expected == next_step(phase, observed, reported=False)


@pytest.mark.parametrize("power", ["PoweringOn", "PoweringOff", "Paused"])
def test_that_the_installer_runs_is_noted_of_a_server_alone_that_is_on(power: str) -> None:
    assert Step.WAIT == next_step(Phase.BOOTING, seen(power, ours=True), reported=False)
    assert Step.NOTE_INSTALLING == next_step(Phase.BOOTING, seen(ON, ours=True), reported=False)


@pytest.mark.parametrize("phase", sorted(set(Phase) - {Phase.CLAIMED, Phase.RUNNING, Phase.WIPING}))
def test_a_report_ends_the_installation_whatever_else_is_seen(phase: Phase) -> None:
    assert Step.EJECT_INSTALLER == next_step(phase, seen(ON, ours=True), reported=True)
    assert Step.FINISH == next_step(phase, seen(ON), reported=True)


def test_once_a_wipe_has_begun_no_report_brings_the_machine_back() -> None:
    assert Step.TAKE_DOWN == next_step(Phase.WIPING, seen(ON, ours=True), reported=True)


@pytest.mark.parametrize("power", [ON, "PoweringOn", "PoweringOff", "Paused"])
def test_a_server_that_was_never_ours_to_switch_on_is_left_alone_unless_it_is_off(power: str) -> None:
    for phase in (Phase.CLAIMED, Phase.PREPARING):
        assert Step.LEAVE_ALONE == next_step(phase, seen(power), reported=False, may_be_on_by_us=False)
    assert Step.BEGIN_ATTEMPT == next_step(Phase.CLAIMED, seen(), reported=False, may_be_on_by_us=False)
    assert Step.INSERT == next_step(Phase.PREPARING, seen(), reported=False, may_be_on_by_us=False)


def test_power_is_only_ever_switched_on_where_the_boot_was_permitted_and_has_not_begun() -> None:
    observations = [
        seen(power, inserted=inserted, ours=ours, boots=boots)
        for power in (OFF, ON, "PoweringOn", "PoweringOff")
        for inserted, ours, boots in itertools.product((False, True), repeat=3)
    ]
    switching_on = [
        (phase, observed)
        for phase in Phase
        for observed in observations
        for reported in (False, True)
        if next_step(phase, observed, reported=reported) is Step.POWER_ON
    ]

    assert {Phase.BOOTING} == {phase for phase, _ in switching_on}
    assert all(seen(ours=True, boots=True) == observed for _, observed in switching_on)
