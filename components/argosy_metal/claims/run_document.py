"""The runs of one stack as one object: whose turn it is, who was overtaken, and who is at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from argosy_metal.claims.contract import RunLease
from argosy_metal.claims.documents import Body, Key
from argosy_metal.claims.fencing import FENCED, taken_over
from argosy_metal.claims.heartbeat import LEASE_SECONDS
from argosy_metal.claims.record import DamagedError
from argosy_metal.claims.run import RunIdentity

_PAST_RUNS = 200
"""Overtaken runs that are remembered; an object has a limit of size, and a run that old has long ended."""


def run_key(owner: str) -> Key:
    """Where everything about a stack's runs is kept."""
    return Key("run", owner)


def epoch_in(body: Body | None) -> int:
    """The number of the newest run; 0 if none has written."""
    return 0 if body is None else int(_sound(body)["epoch"])


def taken(body: Body | None, owner: str, run: RunIdentity, process: str, now: float) -> tuple[Body, int]:
    """The object with this run as the newest, and its number. Raises StaleRunError if it was overtaken."""
    new: Body = {"owner": owner, "epoch": 0, "run": "", "past": [], "processes": {}}
    before = new if body is None else _sound(body)
    if run.key in before["past"]:
        raise taken_over(owner)
    if before["run"] == run.key:
        return _beating(before, run, process, now), int(before["epoch"])
    epoch = int(before["epoch"]) + 1
    after: Body = {**before, "epoch": epoch, "run": run.key, "past": _past(before), "processes": {}}
    return _beating(after, run, process, now), epoch


def fenced(body: Body | None) -> Body | None:
    """The object with the next number given to nobody; None if no run has ever written."""
    if body is None:
        return None
    after: Body = {"epoch": epoch_in(body) + 1, "run": FENCED, "past": _past(body), "processes": {}}
    return {**body, **after}


def beaten(body: Body | None, epoch: int, run: RunIdentity, process: str, now: float) -> Body | None:
    """The object with this process at work; None if its run was overtaken."""
    if body is None or epoch_in(body) != epoch:
        return None
    return _beating(body, run, process, now)


def ended(body: Body | None, process: str) -> Body | None:
    """The object without this process; None if it is not in it."""
    if body is None or process not in _sound(body)["processes"]:
        return None
    left = {name: lease for name, lease in body["processes"].items() if name != process}
    return {**body, "processes": left}


def lease_in(body: Body | None, now: float) -> RunLease | None:
    """The lease that lasts longest."""
    if body is None or not _sound(body)["processes"]:
        return None
    last: Any = max(body["processes"].values(), key=lambda lease: lease["ends"])
    return RunLease(body["owner"], body["run"], last["host"], last["ends"] - now)


def _sound(body: Body) -> Body:
    """The object itself. Raises DamagedError if it is none of ours."""
    shapes = {"owner": str, "epoch": int, "run": str, "past": list, "processes": dict}
    wrong = [name for name, kind in shapes.items() if type(body.get(name)) is not kind]
    leases = [] if wrong else list(cast("Mapping[str, object]", body["processes"]).values())
    if wrong or not all(_is_lease(lease) for lease in leases):
        raise DamagedError(f"the object of the runs of stack {body.get('owner')} is damaged")
    return body


def _is_lease(lease: object) -> bool:
    if not isinstance(lease, dict):
        return False
    values = cast("Mapping[str, object]", lease)
    return isinstance(values.get("host"), str) and type(values.get("ends")) in (int, float)


def _beating(body: Body, run: RunIdentity, process: str, now: float) -> Body:
    living = {name: lease for name, lease in body["processes"].items() if lease["ends"] > now}
    return {**body, "processes": {**living, process: {"host": run.host, "ends": now + LEASE_SECONDS}}}


def _past(body: Body) -> list[str]:
    past = [*body["past"], *([] if body["run"] in ("", FENCED) else [body["run"]])]
    return past[-_PAST_RUNS:]
