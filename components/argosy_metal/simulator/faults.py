"""Which request or connection is spoilt, and how, by rules that may be added and ended at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from argosy_metal.simulator.fault_rules import CONNECTION_KINDS, FaultKind, FaultRule

Spoilt = Mapping[FaultKind, FaultRule]
"""The rules that spoil one request, by kind; of several of one kind, the last."""


@dataclass
class _Active:
    rule: FaultRule
    seen: int = 0

    def spoils(self, host: str, method: str, path: str, number: int, now: float) -> bool:
        rule = self.rule
        if not (rule.at or 0) <= now < (float("inf") if rule.until is None else rule.until):
            return False
        if rule.request not in (None, number):
            return False
        patterns = ((host, rule.host), (method, rule.method), (path, rule.path))
        if not all(fnmatchcase(value, pattern) for value, pattern in patterns):
            return False
        self.seen += 1
        spoilt = self.seen - rule.skip
        return spoilt > 0 and (rule.times is None or spoilt <= rule.times)


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self, rules: Iterable[FaultRule]) -> None:
        self.requests = 0
        """Requests to any BMC or hall service so far."""
        self._active = [_Active(rule) for rule in rules]

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Put more rules into force."""
        self._active += [_Active(rule) for rule in rules]

    def clear(self) -> None:
        """End all of them."""
        self._active.clear()

    def match(self, host: str, method: str, path: str, now: float) -> Spoilt:
        """The rules that spoil this request, which is counted."""
        self.requests += 1
        return {
            active.rule.kind: active.rule
            for active in self._active
            if active.rule.kind not in CONNECTION_KINDS
            and active.spoils(host, method, path, self.requests, now)
        }

    def match_connection(self, host: str, now: float) -> Spoilt:
        """The rules that spoil a new connection to `host`; what they say of requests does not count."""
        found: dict[FaultKind, FaultRule] = {}
        for active in self._active:
            rule = active.rule
            if rule.kind in CONNECTION_KINDS and active.spoils(host, rule.method, rule.path, 0, now):
                found[rule.kind] = rule
        return found

    def slowness(self, host: str, now: float) -> FaultRule | None:
        """The slow link that a new connection to `host` goes over; asking counts nothing."""
        for active in self._active:
            rule = active.rule
            in_time = (rule.at or 0) <= now < (float("inf") if rule.until is None else rule.until)
            if rule.kind == "slow-link" and in_time and fnmatchcase(host, rule.host):
                return rule
        return None

    def shown(self) -> list[dict[str, Any]]:
        """Rules and how many requests each has matched."""
        return [asdict(active.rule) | {"matched": active.seen} for active in self._active]
