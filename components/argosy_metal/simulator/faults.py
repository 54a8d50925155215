"""Which request is spoilt, and how. Rules come from the configuration and from the control service."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from argosy_metal.simulator.world import FaultRule


@dataclass
class _Active:
    rule: FaultRule
    seen: int = 0

    def spoils(self, host: str, method: str, path: str) -> bool:
        rule = self.rule
        patterns = ((host, rule.host), (method, rule.method), (path, rule.path))
        if not all(fnmatchcase(value, pattern) for value, pattern in patterns):
            return False
        self.seen += 1
        spoilt = self.seen - rule.skip
        return spoilt > 0 and (rule.times is None or spoilt <= rule.times)


class Faults:
    """The rules in force, in the order in which they were added."""

    def __init__(self, rules: Iterable[FaultRule]) -> None:
        self._active = [_Active(rule) for rule in rules]

    def add(self, rules: Iterable[FaultRule]) -> None:
        """Put more rules into force."""
        self._active += [_Active(rule) for rule in rules]

    def clear(self) -> None:
        """End all of them."""
        self._active.clear()

    def match(self, host: str, method: str, path: str) -> tuple[FaultRule, ...]:
        """The rules that spoil this request. Asking counts as a request."""
        return tuple(active.rule for active in self._active if active.spoils(host, method, path))

    def shown(self) -> list[dict[str, Any]]:
        """Rules and how many requests each has matched."""
        return [asdict(active.rule) | {"matched": active.seen} for active in self._active]
