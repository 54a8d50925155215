"""`settings.acceptance` of a pool: what its machines must show before they are used. Shapes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StringConstraints, model_validator

from argosy.spec.values import SpecModel, Text
from argosy_metal.acceptance.defaults import default_thresholds
from argosy_metal.acceptance.judge import RULES, TEST_NAME, Threshold
from argosy_metal.settings.firmware import FirmwarePoolSettings

if TYPE_CHECKING:
    from argosy.catalog import NodeType

TestName = Annotated[str, StringConstraints(pattern=f"^{TEST_NAME}$")]
Figure = StrictInt | StrictFloat


class ThresholdSettings(SpecModel):
    """What a figure must be: one of the three."""

    least: Figure | None = None
    most: Figure | None = None
    equal: Figure | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [self.least, self.most, self.equal].count(None) != 2:
            raise ValueError("give one of least, most and equal")
        return self


class AcceptancePoolSettings(SpecModel):
    """What every machine of the pool must show; one that does not is reported, and joins nothing."""

    defaults: StrictBool = True
    """Begin with the default tests (`argosy_metal/acceptance/tests.yaml`)."""
    tests: Annotated[dict[TestName, ThresholdSettings], Field(max_length=100)] = Field(default={})
    """Tests beside the default ones, or with other thresholds than theirs."""
    leave_out: tuple[TestName, ...] = ()
    """Default tests that these machines cannot report."""
    within_minutes: Annotated[int, Field(strict=True, ge=1, le=14 * 24 * 60)] = 60
    """How long to wait for the report once the machine runs: a burn-in takes hours."""
    again: Text | None = None
    """Any text; another one has every machine of the pool tested anew, e.g. after a GPU was exchanged."""


def acceptance_tests(settings: AcceptancePoolSettings, node_type: NodeType) -> dict[str, Threshold]:
    """What the pool's machines are held against, by name."""
    tests = default_thresholds(node_type) if settings.defaults else {}
    tests |= {name: _threshold(given) for name, given in settings.tests.items()}
    return {name: tests[name] for name in sorted(tests) if name not in settings.leave_out}


def acceptance_trigger(
    settings: AcceptancePoolSettings, firmware: FirmwarePoolSettings | None
) -> dict[str, str]:
    """What has the machines tested anew when it changes, beside another installation.

    Firmware that waits for a reboot is none: nobody knows when that comes, and tests that run at every boot
    are judged by the next refresh anyway.
    """
    components = firmware.components if firmware is not None and firmware.apply_on == "now" else {}
    trigger = {f"firmware/{name}": image.version for name, image in sorted(components.items())}
    return trigger | ({"again": settings.again} if settings.again else {})


def _threshold(given: ThresholdSettings) -> Threshold:
    (rule,) = (rule for rule in RULES if getattr(given, rule) is not None)
    return Threshold(rule, getattr(given, rule))
