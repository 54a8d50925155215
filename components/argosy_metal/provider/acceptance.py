"""`baremetal:index:Acceptance`: what a machine must show before it is used. Judges; changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from argosy_metal.acceptance.judge import RULES, TEST_NAME, Threshold, failures, unreported
from argosy_metal.claims import Claim, Phase
from argosy_metal.lifecycle.acceptance import AcceptanceReport, AcceptanceReports, AcceptanceUnavailableError
from argosy_metal.lifecycle.explained import explained
from argosy_metal.lifecycle.failure import MachineNotReadyError
from argosy_metal.lifecycle.journal import Journal
from argosy_metal.lifecycle.leash import Leash
from argosy_metal.lifecycle.notes import Notes
from argosy_metal.provider.checks import Failure, text
from argosy_metal.provider.failures import NotPossibleError, PartialFailureError
from argosy_metal.provider.hall import Hall
from argosy_metal.provider.properties import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Input,
    Output,
    Properties,
    mapping_of,
    reference,
)
from argosy_metal.provider.requests import ResourceRequest
from argosy_metal.provider.resource import Change, Difference, Found, Outputs
from argosy_metal.provider.setup_inputs import SERVER_ID, readable_claim
from argosy_metal.provider.values import UNKNOWN, Unknown

ACCEPTANCE = "baremetal:index:Acceptance"
_THRESHOLD_TYPE = "baremetal:index:Threshold"
_WAIT_SECONDS = 3600
_SHORTEST_WAIT_SECONDS = 30.0
_NOTES = "acceptance"


def _tests(value: Any) -> str | None:
    if not isinstance(value, dict) or not value:
        return "expected tests by name, at least one"
    name_rule = text(TEST_NAME, "a test's name: lower-case letters, digits, `_`")
    told: list[str] = []
    for name, one in sorted(cast("dict[str, Any]", value).items()):
        if reason := name_rule(name):
            told.append(reason)
        given = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
        if len(given) != 1 or not set(given) <= set(RULES) or not all(map(_is_number, given.values())):
            told.append(f"{name}: given {one!r}; expected one of {', '.join(RULES)}, and a number for it")
    return "; ".join(told) or None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, Unknown)) and not isinstance(value, bool)


def _trigger(value: Any) -> str | None:
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    if given is None or not all(isinstance(one, (str, Unknown)) for one in given.values()):
        return f"given {value!r}; expected text by name"
    return None


def _seconds(value: Any) -> str | None:
    good = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 14 * 86_400
    return None if good else f"given {value!r}; expected whole seconds, at most two weeks"


PROPERTIES = Properties(
    description="What a machine must show before it is used; what depends on it waits.",
    inputs={
        "serverId": SERVER_ID,
        "installId": Input(
            "The machine's `installId`: another installation is tested anew.",
            text(r"[A-Za-z0-9._-]+", "the install id of a Machine"),
            on_change=Change.REPLACE,
        ),
        "tests": Input(
            "What each figure of the machine's report must be, by name.",
            _tests,
            mapping_of(reference(_THRESHOLD_TYPE)),
        ),
        "trigger": Input(
            "Another value has the machine tested anew: firmware versions, a note of what was exchanged.",
            _trigger,
            mapping_of(STRING),
            required=False,
            on_change=Change.REPLACE,
        ),
        "waitSeconds": Input(
            "How long to wait for the report.", _seconds, INTEGER, required=False, default=_WAIT_SECONDS
        ),
    },
    outputs={
        "passed": Output("Whether every test was passed.", BOOLEAN),
        "figures": Output("What the machine has reported, by test.", mapping_of(NUMBER)),
        "reportDigest": Output("Names the report that was judged; empty while there is none."),
    },
    types={
        _THRESHOLD_TYPE: {
            "type": "object",
            "description": "One of the three.",
            "properties": dict.fromkeys(sorted(RULES), NUMBER),
        }
    },
)
_OBSERVED = tuple(PROPERTIES.outputs)


@dataclass(frozen=True)
class _Judged:
    """A report, held against the thresholds."""

    report: AcceptanceReport
    failures: tuple[str, ...]
    unreported: tuple[str, ...]
    """Tests among the failures of which the report has no figure."""

    def outputs(self, inputs: Outputs) -> dict[str, Any]:
        return {
            **inputs,
            "passed": not self.failures,
            "figures": dict(self.report.figures),
            "reportDigest": self.report.digest,
        }


class Acceptances:
    """Waits for reports and judges them."""

    properties = PROPERTIES

    def __init__(self, hall: Callable[[], Hall]) -> None:
        self._hall = hall

    def check(self, news: Mapping[str, Any]) -> tuple[Mapping[str, Any], Sequence[Failure]]:
        """Shapes only."""
        return self.properties.check(news)

    def diff(self, request: ResourceRequest) -> Difference:
        """Thresholds change in place; a machine that has not passed is judged again."""
        changes = self.properties.changes(request)
        if request.olds.get("passed") is True:
            return Difference(changes)
        return Difference(changes | {"passed": Change.UPDATE}, frozenset({"passed"}))

    async def create(self, request: ResourceRequest) -> tuple[str, Outputs]:
        """Wait for the machine's report, and judge it."""
        if request.preview:
            return "", {**request.news, **dict.fromkeys(_OBSERVED, UNKNOWN)}
        return str(request.news["serverId"]), await self._accept(request)

    async def update(self, request: ResourceRequest) -> Outputs:
        """Judge the latest report."""
        if request.preview:
            return {**request.news, **dict.fromkeys(_OBSERVED, UNKNOWN)}
        return await self._accept(request)

    async def read(self, request: ResourceRequest) -> Found:
        """The latest report, judged; what was known stays where the service knows no report any more."""
        if not request.olds:
            raise NotPossibleError(
                "an Acceptance is not imported: declare it, and the machine's report is judged"
            )
        claim = await readable_claim(self._hall(), request)
        olds = request.olds
        if claim is None or claim.install_id != olds.get("installId"):
            return Found()
        async with self._hall().acceptance_reports() as reports:
            report = await _asked(claim, lambda: reports.find(claim.serial))
        outputs = dict(olds)
        if report is not None and report.install_id == claim.install_id:
            outputs = _judge(olds["tests"], report).outputs(olds)
        return Found(request.resource_id, outputs, dict(request.old_inputs))

    async def delete(self, request: ResourceRequest) -> None:
        """Forget."""

    async def _accept(self, request: ResourceRequest) -> Outputs:
        hall, news = self._hall(), request.news
        server_id = str(news["serverId"])
        claim = await hall.own_claim(server_id, request.owner)
        if claim.install_id != news["installId"] or claim.phase is not Phase.RUNNING:
            raise NotPossibleError(
                f"{server_id} carries install {claim.install_id or 'none'} in phase {claim.phase.value}, not"
                f" {news['installId']} that runs; run `pulumi refresh`, then `pulumi up`"
            )
        journal = Journal(hall.store, claim)
        async with hall.acceptance_reports() as reports:
            try:
                judged = await explained(journal, lambda: _Waiting(hall, journal, reports, request).judged())
            except MachineNotReadyError as error:
                nothing = {"passed": False, "figures": dict[str, float](), "reportDigest": ""}
                raise PartialFailureError(server_id, {**news, **nothing}, [str(error)]) from error
        if judged.failures:
            raise PartialFailureError(server_id, judged.outputs(news), [_told(claim, judged)])
        return judged.outputs(news)


class _Waiting:
    """For the report of one machine; when tests are asked for anew, one that was judged does not count."""

    def __init__(
        self, hall: Hall, journal: Journal, reports: AcceptanceReports, request: ResourceRequest
    ) -> None:
        self._hall = hall
        self._journal = journal
        self._reports = reports
        self._news = request.news
        self._leash: Leash = hall.leash(request)
        self._notes = Notes(journal, _NOTES)

    async def judged(self) -> _Judged:
        """The report, judged. Raises MachineNotReadyError if none comes in time."""
        stale = await self._stale()
        limit = max(_SHORTEST_WAIT_SECONDS, self._news["waitSeconds"] / self._hall.reach.time_scale)
        started = self._hall.clock.now()
        while (report := await self._latest()) is None or report.digest == stale:
            if self._hall.clock.now() - started > limit:
                raise MachineNotReadyError(
                    self._journal.claim,
                    f"acceptance: no report of its tests{' since they were asked for anew' if stale else ''}"
                    f" after {limit:.0f} s",
                    "see to it that the installed system runs its tests and posts them (its image, its"
                    " reboot); `pulumi up` goes on waiting",
                )
            await self._leash.pause(self._hall.limits.poll_seconds)
        await self._notes.write(judged=report.digest)
        return _judge(self._news["tests"], report)

    async def _stale(self) -> str | None:
        """Digest of the report that was judged last before the tests were asked for with this trigger."""
        noted, install_id = self._notes.read(), str(self._news["installId"])
        trigger = _digest(self._news.get("trigger") or {})
        if noted.get("installId") != install_id:
            await self._notes.write(installId=install_id, trigger=trigger, stale="", judged="")
        elif noted.get("trigger") != trigger:
            await self._notes.write(trigger=trigger, stale=noted["judged"])
        return self._notes.read()["stale"] or None

    async def _latest(self) -> AcceptanceReport | None:
        claim = self._journal.claim
        report = await _asked(claim, lambda: self._reports.find(claim.serial))
        return report if report is not None and report.install_id == claim.install_id else None


async def _asked(claim: Claim, ask: Callable[[], Any]) -> AcceptanceReport | None:
    try:
        return await ask()
    except AcceptanceUnavailableError as error:
        raise MachineNotReadyError(
            claim, f"acceptance: {error}", "check the hall's provisioning service, then run `pulumi up` again"
        ) from error


def _judge(tests: Mapping[str, Mapping[str, float]], report: AcceptanceReport) -> _Judged:
    thresholds = {name: Threshold(*next(iter(given.items()))) for name, given in tests.items()}
    lacking = unreported(thresholds, report.figures)
    return _Judged(report, tuple(failures(thresholds, report.figures)), lacking)


def _told(claim: Claim, judged: _Judged) -> str:
    steps = [_look_at_the_image(judged.unreported)] if judged.unreported else []
    if len(judged.failures) > len(judged.unreported):
        steps.append(
            f"another server for the slot: argosy metal replace ENV {claim.site}/{claim.slot} --reason TEXT;"
            " or mend it, have it tested again, and run `pulumi up`"
        )
    found = f"acceptance: {'; '.join(judged.failures)}"
    return str(MachineNotReadyError(claim, found, "; ".join(steps)))


def _look_at_the_image(names: Sequence[str]) -> str:
    """A figure that is missing says that no test was run, and nothing against the server."""
    return (
        f"the test program of the image has to post {', '.join(names)}; look at it, or take out of the pool's"
        " `acceptance` what it does not measure, and run `pulumi up`"
    )


def _digest(trigger: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(trigger), sort_keys=True).encode()).hexdigest()[:16]
