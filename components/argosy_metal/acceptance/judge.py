"""Figures against thresholds. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

TEST_NAME = r"[a-z][a-z0-9_]{0,63}"
RULES = ("least", "most", "equal")
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Threshold:
    """What a figure must be."""

    rule: str
    """`least`, `most` or `equal`."""
    value: float

    def keeps(self, figure: float) -> bool:
        """Whether a figure will do."""
        match self.rule:
            case "least":
                return figure >= self.value
            case "most":
                return figure <= self.value
            case _:
                return figure == self.value

    def __str__(self) -> str:
        """As a message says it: `at least 75`."""
        words = {"least": "at least ", "most": "at most ", "equal": ""}
        return f"{words[self.rule]}{self.value:g}"

    def wire(self) -> dict[str, float]:
        """As the provider takes it."""
        return {self.rule: self.value}


def failures(tests: Mapping[str, Threshold], figures: Figures) -> Iterator[str]:
    """Every test that is not passed: its name, what was reported, what was expected."""
    for name, threshold in sorted(tests.items()):
        if name not in figures:
            yield f"{name}: not reported; expected {threshold}"
        elif not threshold.keeps(figures[name]):
            yield f"{name}: given {figures[name]:g}; expected {threshold}"


def unreported(tests: Mapping[str, Threshold], figures: Figures) -> tuple[str, ...]:
    """The tests whose figures a report lacks, by name: what is missing says nothing of the machine."""
    return tuple(name for name in sorted(tests) if name not in figures)


def report_digest(install_id: str, run: str, figures: Figures) -> str:
    """Names a report: another run of the tests is another report, even with the same figures."""
    text = json.dumps([install_id, run, dict(sorted(figures.items()))], sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
