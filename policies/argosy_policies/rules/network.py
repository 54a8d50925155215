"""Network: that a hall stays reachable, and can be reinstalled, whichever uplink is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from pulumi_policy import Severity
from pydantic import Field

from argosy.site_facts.uplinks import excesses, has_two_apart, oob_apart_from_data
from argosy_policies.rule import Outcome, Parameters, StackRule
from argosy_policies.rules.halls import (
    FLEET_TYPE,
    Hall,
    judge_halls,
    known_map,
    known_number,
    links_of,
    number_or_none,
)
from argosy_policies.values import Resource


class StatedUsage(Parameters):
    """Whether silence passes."""

    must_be_stated: bool = Field(
        default=False, description="Whether a hall whose uplinks all leave `usage` out breaks the rule."
    )


class Deadline(Parameters):
    """How long a reinstallation may take."""

    max_minutes: int = Field(
        default=0, ge=0, description="Minutes that reinstalling a hall may take; 0: what it states itself."
    )


def _check_oob(fleets: Sequence[Resource], wanted: StatedUsage) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        links = links_of(hall)
        if not any(link.usage for link in links):
            if wanted.must_be_stated:
                yield hall.broken("no uplink says what it is used for")
        elif not oob_apart_from_data(links):
            yield hall.broken("no out-of-band uplink is left once every data uplink is lost")

    return judge_halls(fleets, judge)


def _check_worst(fleets: Sequence[Resource], _: Parameters) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        traffic = known_map(hall.numbers["traffic"])
        control, oob = (Fraction(known_number(traffic[key])) for key in ("controlMbps", "oobMbps"))
        links = links_of(hall)
        if not has_two_apart(links):
            # RED-05 says so; nothing is left to be measured.
            return
        for excess in excesses(links, control, oob):
            yield hall.broken(f"one loss leaves too little for {excess.traffic}")

    return judge_halls(fleets, judge)


def _check_install(fleets: Sequence[Resource], wanted: Deadline) -> Iterator[Outcome]:
    def judge(hall: Hall) -> Iterator[Outcome]:
        install = known_map(hall.numbers["install"])
        stated = number_or_none(install["withinMinutes"])
        most = wanted.max_minutes or stated
        if not most:
            return
        size, seconds = number_or_none(install["sizeGib"]), number_or_none(install["seconds"])
        if size is None:
            yield hall.broken("no image has a size, so that nobody knows how long installing takes")
        elif seconds is None:
            yield hall.broken("no uplink may carry images at the worst, and there is no image cache")
        elif seconds > most * 60:
            yield hall.broken("machines take longer to read their image than they may")

    return judge_halls(fleets, judge)


RULES = (
    StackRule(
        id="NET-12",
        title="Out-of-band traffic survives the loss of every data uplink",
        reason=(
            "When the links that carry the work are gone, the BMCs are what a hall is mended through. Out of "
            "band that shares a data link, its carrier, duct or entry goes with it."
        ),
        source="Argosy",
        severity=Severity.HIGH,
        remedy="give one uplink of another carrier, conduit and entry `usage: [control, oob]`",
        resource_types=(FLEET_TYPE,),
        parameters=StatedUsage,
        check=_check_oob,
    ),
    StackRule(
        id="NET-13",
        title="Control plane and out-of-band fit the uplinks that are left at the worst",
        reason=(
            "A hall that is cut down to its satellite must still be steered: nodes report, BMCs answer. What "
            "does not fit is lost when it is needed most."
        ),
        source="Argosy",
        severity=Severity.HIGH,
        remedy="widen the uplink that is left, or let another carry `control` and `oob`",
        resource_types=(FLEET_TYPE,),
        check=_check_worst,
    ),
    StackRule(
        id="NET-14",
        title="A hall can be reinstalled in the time that it states",
        reason=(
            "Image size times machines over bandwidth: 30 GB for 64 nodes take 21 hours at 200 Mbit/s. A "
            "copy of the images in the hall takes that off the uplinks."
        ),
        source="Argosy",
        severity=Severity.MEDIUM,
        remedy="add `image_cache: {mbps: …}` to the hall and `size_gib` to its images, or allow more time",
        resource_types=(FLEET_TYPE,),
        parameters=Deadline,
        check=_check_install,
    ),
)
