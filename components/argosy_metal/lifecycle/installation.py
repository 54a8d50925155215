"""One attempt to install: begun, offered, waited for, ended."""

from __future__ import annotations

from argosy.errors import ArgosyError
from argosy_metal.claims import Phase
from argosy_metal.lifecycle.decide import OFF, Observation, Step, next_step
from argosy_metal.lifecycle.driver import BootMethod, Wanted
from argosy_metal.lifecycle.explained import GO_ON
from argosy_metal.lifecycle.failure import MachineError, MachineNotReadyError
from argosy_metal.lifecycle.provisioning import Offer, ProvisioningUnavailableError
from argosy_metal.lifecycle.reports import Report
from argosy_metal.lifecycle.work import Work
from argosy_metal.redfish import RedfishError, WrongServerError


async def begin_attempt(work: Work, wanted: Wanted, seen: Observation) -> None:
    """Name the next attempt. Raises MachineNotReadyError, and quarantines, when there were too many."""
    if work.journal.claim.attempts >= work.hands.limits.attempts:
        await work.journal.write(phase=Phase.QUARANTINED)
        raise quarantined(work)
    if seen.power != OFF:
        await work.assert_ours()
    # Nothing that has reported so far runs any longer: the server is off, or ours to power off.
    last = await work.last_report()
    await work.journal.begin_attempt(wanted, last.install_id if last else None)


async def offer(work: Work, wanted: Wanted) -> None:
    """Let the hall's service have what the installer will ask for. Done once more it changes nothing."""
    claim = work.journal.claim
    try:
        user_data = wanted.user_data.read() if wanted.user_data else None
    except ArgosyError as error:
        raise work.not_ready(f"user data: {error}", GO_ON) from error
    made = Offer(
        install_id=claim.install_id or "",
        serial=claim.serial,
        image=wanted.image,
        boot=BootMethod(claim.boot_method or BootMethod.VIRTUAL_MEDIA),
        root_device_hints=wanted.root_device_hints,
        user_data=user_data,
        join=wanted.join,
    )
    await work.journal.assert_may_act()
    try:
        await work.hands.provisioning.offer(made)
    except ProvisioningUnavailableError as error:
        raise work.not_ready(str(error), f"check the hall's provisioning service, then {GO_ON}") from error


async def wait_for_report(work: Work) -> bool:
    """Wait until there is a report or the server needs another look; whether it was a report.

    The report is asked for often, the BMC seldom: that it shows something else than that the server installs
    is the exception.
    """
    hands, phase = work.hands, work.journal.claim.phase
    started = last_answer = hands.clock.now()
    polls = 0
    while True:
        await hands.leash.pause(hands.limits.poll_seconds)
        heard = await work.heard()
        is_news = heard is not None and not (heard.is_installed and phase is Phase.STARTING)
        if heard is not None and is_news:
            await _attend_to(work, heard)
            return True
        now = hands.clock.now()
        if now - started > hands.limits.install_seconds:
            await _give_up(work, now - started)
        is_look_due = polls % hands.limits.polls_per_look == 0
        polls += 1
        if not is_look_due:
            continue
        try:
            seen = await work.observe()
        except WrongServerError:
            raise
        except RedfishError:
            if now - last_answer > hands.limits.silence_seconds:
                raise
            continue
        last_answer = now
        if next_step(work.journal.claim.phase, seen, reported=False) is not Step.WAIT:
            return False


async def await_off(work: Work) -> None:
    """Wait until the installer has powered the server off; one that does not in time is powered off."""
    hands = work.hands
    started = hands.clock.now()
    while hands.clock.now() - started <= hands.limits.power_seconds:
        await hands.leash.pause(hands.limits.poll_seconds)
        if (await work.observe()).power == OFF:
            return
    await work.power_off(hands.server.power_off)


async def end_attempt(work: Work) -> None:
    """The server is off though it should be installing; a reboot may look like that for a moment."""
    await work.hands.leash.pause(work.hands.limits.poll_seconds)
    seen, report = await work.look()
    if report is not None or seen.installer_is_done or seen.power != OFF:
        return
    await fail_attempt(work)


async def fail_attempt(work: Work) -> None:
    """The server is off, and no system has reported from it. Raises MachineNotReadyError."""
    failure = work.not_ready(
        "the server went off before its installed system reported",
        f"read {work.hands.console_log}; `pulumi up` begins the next attempt",
    )
    await work.journal.write(phase=Phase.FAILED)
    raise failure


def quarantined(work: Work) -> MachineError:
    """What to raise about a server that gets no further attempt."""
    claim = work.journal.claim
    site, slot = claim.site, claim.slot
    return MachineNotReadyError(
        claim,
        f"quarantined after {claim.attempts} attempts with one image",
        f"another server for the slot: argosy metal replace ENV {site}/{slot} --reason TEXT; or mend the"
        " server or the image: `pulumi up --replace` with this machine's URN, or another image, begins anew",
    )


async def _attend_to(work: Work, heard: Report) -> None:
    """End the attempt if its installer gave up."""
    if heard.failure is None:
        return
    failure = work.not_ready(
        f"the installer gave up: {heard.failure}",
        f"mend what it says ({work.hands.console_log} may say more); `pulumi up` begins the next attempt",
    )
    await work.journal.write(phase=Phase.FAILED)
    raise failure


async def _give_up(work: Work, seconds: float) -> None:
    failure = work.not_ready(
        f"no report from the installed system for {seconds:.0f} s",
        f"read {work.hands.console_log}; `pulumi up` looks for the report once more, then begins the next"
        " attempt",
    )
    await work.journal.write(phase=Phase.FAILED)
    raise failure
