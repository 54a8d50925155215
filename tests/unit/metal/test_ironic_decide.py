"""What is asked of Ironic next, and what never is."""

from dataclasses import replace
from typing import Any

import pytest

from argosy_metal.claims import Claim, Phase
from argosy_metal.ironic.decide import Boot, Sight, Step, bring_up_step, take_down_step
from argosy_metal.ironic.node import (
    INSTALLED,
    SETTLING,
    TRANSITIONAL,
    Mark,
    Node,
    Whose,
    instance_id_of,
    node_from,
    whose,
)

MARK = Mark("fleet/prod", "store-1", "install-2", enrolled=True)
NODE = Node(
    id="uuid-1",
    state="available",
    power="Off",
    instance_id=None,
    owner=None,
    deploy_interface="direct",
    mark=MARK,
    allocated=False,
    trouble=None,
    last_error=None,
    automated_clean=None,
    carries_iso=True,
    settling=False,
)
CLAIM = Claim("hall", "SN1", "train/1", "fleet/prod", "urn", 1, {}, install_id="install-2")
OURS = instance_id_of("install-2")
ANSWER: dict[str, Any] = {
    "uuid": "uuid-1",
    "provision_state": "available",
    "power_state": "power off",
    "target_power_state": None,
    "instance_uuid": None,
    "instance_info": {},
    "owner": None,
    "deploy_interface": "direct",
    "extra": {},
    "allocation_uuid": None,
    "maintenance": False,
    "retired": False,
    "protected": False,
    "last_error": None,
    "automated_clean": None,
}


def step(phase: Phase, sight: Sight, *, is_iso: bool = True, may_be_on_by_us: bool = True) -> Step:
    return bring_up_step(phase, sight, is_iso=is_iso, may_be_on_by_us=may_be_on_by_us)


def seen(state: str = "available", who: Whose = Whose.FREE, **more: Any) -> Sight:
    sight = {
        key: more.pop(key) for key in ("is_inspected", "boot", "media_inserted", "reported") if key in more
    }
    instance = OURS if who is Whose.OURS else None
    return Sight(replace(NODE, state=state, instance_id=instance, **more), who, **sight)


@pytest.mark.parametrize(
    ("state", "inspected", "expected"),
    [
        ("enroll", False, Step.MANAGE),
        ("inspect failed", False, Step.MANAGE),
        ("manageable", False, Step.INSPECT),
        ("manageable", True, Step.PROVIDE),
        ("available", False, Step.MANAGE),
        ("available", True, Step.TAKE),
        ("clean failed", False, Step.STUCK),
        ("rescue", False, Step.STUCK),
    ],
)
def test_a_node_that_we_enrolled_is_led_to_the_installation(
    state: str, inspected: bool, expected: Step
) -> None:
    assert expected is step(Phase.PREPARING, seen(state, is_inspected=inspected))


@pytest.mark.parametrize("state", ["enroll", "manageable", "inspect failed", "clean failed"])
def test_a_node_that_others_enrolled_is_taken_only_when_it_is_available(state: str) -> None:
    assert Step.STUCK is step(Phase.PREPARING, seen(state, is_inspected=True, mark=None))
    assert Step.TAKE is step(Phase.PREPARING, seen("available", is_inspected=True, mark=None))


@pytest.mark.parametrize("state", ["manageable", "available"])
def test_no_node_is_taken_before_its_serial_number_is_proven(state: str) -> None:
    assert Step.TAKE is not step(Phase.PREPARING, seen(state, is_inspected=False))


def test_a_server_that_is_on_and_was_not_switched_on_by_us_is_left_on() -> None:
    sight = seen("available", is_inspected=True, power="On")

    assert Step.NOT_OFF is step(Phase.PREPARING, sight, may_be_on_by_us=False)
    assert Step.TAKE is step(Phase.PREPARING, sight, may_be_on_by_us=True)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase not in (Phase.LEAVING, Phase.WIPING)])
@pytest.mark.parametrize("state", ["available", "active", "enroll", "deploy failed", "deploying"])
def test_a_foreign_node_is_left_alone_in_every_phase(phase: Phase, state: str) -> None:
    assert Step.LEAVE_ALONE is step(phase, seen(state, Whose.FOREIGN, is_inspected=True))
    assert Step.FORGET is take_down_step(seen(state, Whose.FOREIGN), owes_wipe=True)


@pytest.mark.parametrize("state", sorted(TRANSITIONAL))
def test_while_ironic_works_nothing_is_ordered(state: str) -> None:
    for phase in (Phase.PREPARING, Phase.BOOTING, Phase.INSTALLING, Phase.FAILED):
        assert Step.WAIT is step(phase, seen(state, Whose.OURS))
    assert Step.WAIT is take_down_step(seen(state, Whose.OURS), owes_wipe=False)


def test_trouble_stops_everything_but_is_no_end_of_a_machine_that_runs() -> None:
    sight = seen("active", Whose.OURS, trouble="it is in maintenance: power failure")

    assert Step.STUCK is step(Phase.INSTALLING, sight)
    assert Step.STUCK is take_down_step(sight, owes_wipe=False)
    assert Step.NOTHING is step(Phase.RUNNING, sight)


def test_a_node_that_vanished_is_enrolled_only_before_anything_was_installed() -> None:
    gone = Sight(None)

    assert Step.ENROL is step(Phase.PREPARING, gone)
    assert {Step.STUCK} == {step(phase, gone) for phase in (Phase.BOOTING, Phase.INSTALLING, Phase.RUNNING)}


@pytest.mark.parametrize(
    ("power", "boot", "expected"),
    [
        ("On", Boot.DRIVE_ALWAYS, Step.POWER_OFF),
        ("Off", Boot.DRIVE_ALWAYS, Step.BOOT_ONCE),
        ("Off", Boot.DRIVE_ONCE, Step.POWER_ON),
        ("On", Boot.DRIVE_ONCE, Step.WAIT_FOR_REPORT),
        ("On", Boot.OTHER, Step.NOTE_INSTALLING),
        ("Off", Boot.OTHER, Step.END_ATTEMPT),
        ("PoweringOn", Boot.OTHER, Step.WAIT),
    ],
)
def test_an_installer_boots_once_although_ironic_would_boot_it_always(
    power: str, boot: Boot, expected: Step
) -> None:
    assert expected is step(Phase.BOOTING, seen("active", Whose.OURS, power=power, boot=boot))


def test_a_drive_that_another_conductor_has_set_again_is_no_boot_device_for_long() -> None:
    sight = seen("active", Whose.OURS, power="On", boot=Boot.DRIVE_ALWAYS)

    assert Step.BOOT_DISK is step(Phase.INSTALLING, sight)


def test_after_the_report_the_node_is_made_one_that_boots_from_its_disk() -> None:
    def reported(**more: Any) -> Sight:
        return seen("active", Whose.OURS, power="On", reported=True, **more)

    looks = [
        (reported(deploy_interface="ramdisk", boot=Boot.DRIVE_ONCE), Step.BOOT_DISK),
        (reported(deploy_interface="ramdisk", media_inserted=True), Step.EJECT_INSTALLER),
        (reported(deploy_interface="ramdisk"), Step.SETTLE),
        (reported(deploy_interface="ramdisk", settling=True), Step.SETTLE),
        (reported(settling=True), Step.SETTLE),
        (reported(), Step.FINISH),
    ]
    for phase in (Phase.BOOTING, Phase.INSTALLING, Phase.FAILED, Phase.QUARANTINED):
        assert [expected for _, expected in looks] == [step(phase, sight) for sight, _ in looks]


def test_of_a_disk_image_ironics_word_is_enough() -> None:
    assert Step.FINISH is step(Phase.BOOTING, seen("active", Whose.OURS, power="On"), is_iso=False)


@pytest.mark.parametrize("state", ["deploy failed", "error", "wait call-back"])
def test_a_deployment_that_failed_ends_the_attempt_and_is_undeployed_in_the_next(state: str) -> None:
    if state != "wait call-back":
        assert Step.END_ATTEMPT is step(Phase.BOOTING, seen(state, Whose.OURS))
    assert Step.BEGIN_ATTEMPT is step(Phase.FAILED, seen(state, Whose.OURS))
    assert Step.UNDEPLOY is step(Phase.PREPARING, seen(state, Whose.EARLIER))


def test_a_deployment_is_ordered_only_while_the_installation_stands_on_the_node() -> None:
    assert Step.DEPLOY is step(Phase.BOOTING, seen("available", Whose.OURS))
    assert Step.END_ATTEMPT is step(Phase.BOOTING, seen("available", Whose.FREE))
    assert Step.END_ATTEMPT is step(Phase.INSTALLING, seen("available", Whose.OURS))
    assert Step.LET_GO is step(Phase.PREPARING, seen("available", Whose.EARLIER))
    assert Step.OFFER is step(Phase.PREPARING, seen("available", Whose.OURS))


def test_a_quarantined_machine_gets_no_further_attempt() -> None:
    assert Step.REFUSE is step(Phase.QUARANTINED, seen("deploy failed", Whose.OURS))
    assert Step.REFUSE is step(Phase.QUARANTINED, Sight(None))


@pytest.mark.parametrize("phase", [Phase.LEAVING, Phase.WIPING])
def test_what_was_being_taken_down_is_taken_down_first(phase: Phase) -> None:
    assert Step.TAKE_DOWN is step(phase, seen("active", Whose.OURS))


@pytest.mark.parametrize("state", sorted(INSTALLED))
def test_what_is_ours_is_undeployed(state: str) -> None:
    assert Step.UNDEPLOY is take_down_step(seen(state, Whose.OURS), owes_wipe=False)


def test_a_wipe_is_ordered_between_undeploying_and_letting_go() -> None:
    looks = [("available", True), ("manageable", True), ("manageable", False), ("available", False)]

    assert [Step.MANAGE, Step.CLEAN, Step.PROVIDE, Step.LET_GO] == [
        take_down_step(seen(state), owes_wipe=owes) for state, owes in looks
    ]


def test_a_node_that_could_not_be_undeployed_is_not_forgotten() -> None:
    assert Step.WAIT is take_down_step(seen("deleting"), owes_wipe=False)
    assert Step.STUCK is take_down_step(seen("error"), owes_wipe=False)


def test_a_node_in_no_hand_of_ours_is_only_forgotten() -> None:
    for mark in (None, Mark(enrolled=True)):
        assert Step.FORGET is take_down_step(seen("available", mark=mark), owes_wipe=True)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Whose.FREE),
        ({"mark": None}, Whose.FREE),
        ({"state": "deleting"}, Whose.FREE),
        ({"state": "error"}, Whose.FREE),
        ({"state": "deleting", "mark": None}, Whose.FOREIGN),
        ({"mark": Mark(enrolled=True)}, Whose.FREE),
        ({"instance_id": OURS, "state": "active"}, Whose.OURS),
        ({"instance_id": OURS, "state": "active", "mark": None}, Whose.FOREIGN),
        ({"instance_id": "somebody's", "state": "active"}, Whose.FOREIGN),
        ({"instance_id": "somebody's", "mark": None}, Whose.FOREIGN),
        ({"owner": "somebody", "mark": None}, Whose.FOREIGN),
        ({"state": "active", "mark": None}, Whose.FOREIGN),
        ({"state": "active"}, Whose.FOREIGN),
        ({"allocated": True}, Whose.FOREIGN),
        ({"mark": replace(MARK, store="store-2")}, Whose.FOREIGN),
        ({"mark": replace(MARK, owner="fleet/other")}, Whose.FOREIGN),
    ],
)
def test_a_node_is_ours_only_by_our_store_our_stack_and_our_installation(
    changes: dict[str, Any], expected: Whose
) -> None:
    assert expected is whose(replace(NODE, **changes), CLAIM, "store-1", knows_mark=True)


def test_an_earlier_attempt_is_ours_only_if_the_claims_store_knows_it() -> None:
    node = replace(NODE, state="deploy failed", instance_id=instance_id_of("install-1"))
    node = replace(node, mark=replace(MARK, install_id="install-1"))

    assert Whose.EARLIER is whose(node, CLAIM, "store-1", knows_mark=True)
    assert Whose.FOREIGN is whose(node, CLAIM, "store-1", knows_mark=False)


def test_a_node_is_read_from_ironics_answer() -> None:
    answer = {**ANSWER, "extra": {"argosy": MARK.plain()}, "instance_info": {"boot_iso": "https://h/i.iso"}}

    assert NODE == node_from(answer)


@pytest.mark.parametrize(
    ("power", "target", "expected"),
    [
        ("power on", None, "On"),
        ("power off", "power on", "PoweringOn"),
        ("power on", "soft power off", "PoweringOff"),
        (None, None, "Unknown"),
        ("error", None, "Unknown"),
    ],
)
def test_power_is_told_in_redfishs_words(power: str | None, target: str | None, expected: str) -> None:
    assert expected == node_from({**ANSWER, "power_state": power, "target_power_state": target}).power


@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        (
            {"maintenance": True, "fault": "power failure", "maintenance_reason": "no answer"},
            "it is in maintenance: power failure: no answer",
        ),
        ({"retired": True, "retired_reason": "worn"}, "it is retired: worn"),
        ({"protected": True}, "it is protected: no reason given"),
        ({"maintenance": True, "maintenance_reason": SETTLING}, None),
    ],
)
def test_trouble_is_told_in_ironics_words(changes: dict[str, Any], trouble: str | None) -> None:
    assert trouble == node_from({**ANSWER, **changes}).trouble


def test_an_answer_that_is_no_node_is_refused() -> None:
    with pytest.raises(ValueError, match="it has no provision_state"):
        node_from({"uuid": "1"})
