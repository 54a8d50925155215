"""What the numbers and regions of one workload must agree on, said when the fleet file is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from argosy.errors import Fault, FleetError
from argosy.spec.loader import load_spec

from .conftest import Project, fleet_text

JOB = "name: pretrain, accelerator: [H200], nodes: 1"
HERE = "serves: [us, ca]"


def faults(root: Path) -> list[Fault]:
    try:
        load_spec("small", root)
    except FleetError as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize("key", ["diurnal_factor", "burst_factor"])
def test_a_peak_below_its_mean_is_refused(project: Project, key: str) -> None:
    [fault] = faults(project(fleet_text(f"nodes: 2, {key}: 0.9")))

    assert f"demand.inference[0].{key}" == fault.path
    assert "0.9, a peak below its own mean" == fault.given
    assert [] == faults(project(fleet_text(f"nodes: 2, {key}: 1")))


@pytest.mark.parametrize("key", ["utilisation", "latency_derate", "availability"])
def test_a_share_of_nothing_is_refused(project: Project, key: str) -> None:
    [fault] = faults(project(fleet_text(f"nodes: 2, {key}: 0")))

    assert f"demand.inference[0].{key}" == fault.path
    assert "a share above 0" == fault.expected
    assert [] == faults(project(fleet_text(f"nodes: 2, {key}: 0.01")))


def test_a_region_that_no_site_serves_is_refused(project: Project) -> None:
    text = fleet_text("nodes: 2, regions: {us: 0.6, cn: 0.4}", sites=HERE)

    [fault] = faults(project(text))
    assert ("demand.inference[0].regions.cn", "one of ca, us") == (fault.path, fault.expected)
    assert [] == faults(project(text.replace(HERE, "")))


def test_a_misspelt_region_is_told_its_name(project: Project) -> None:
    [fault] = faults(project(fleet_text("nodes: 2, regions: {uss: 1}", sites=HERE)))

    assert "did you mean us?" == fault.fix


def test_a_residency_of_a_region_without_requests_is_refused(project: Project) -> None:
    text = fleet_text("nodes: 2, regions: {us: 1}, residency: {usa: [US]}")

    [fault] = faults(project(text))
    assert ("demand.inference[0].residency.usa", "did you mean us?") == (fault.path, fault.fix)
    assert [] == faults(project(text.replace("usa:", "us:")))


def test_a_residency_without_regions_stands_by_itself(project: Project) -> None:
    assert [] == faults(project(fleet_text("nodes: 2, residency: {eu: [US]}")))


def test_a_residency_in_countries_without_a_site_that_serves_is_refused(project: Project) -> None:
    text = fleet_text("nodes: 2, regions: {us: 1}, residency: {us: [NL, DE]}")

    [fault] = faults(project(text))
    assert "NL or DE, where no site that serves us is" == fault.given
    assert "at least one of US" == fault.expected
    assert [] == faults(project(text.replace("NL", "US")))


def test_a_job_in_countries_without_a_site_is_refused(project: Project) -> None:
    text = fleet_text("nodes: 2", training=f"{{{JOB}, residency: [DE]}}")

    [fault] = faults(project(text))
    assert ("demand.training[0].residency", "DE, where no site is") == (fault.path, fault.given)
    assert [] == faults(project(text.replace("[DE]", "[DE, US]")))


def test_residency_among_sites_that_name_no_country_asks_for_it(project: Project) -> None:
    text = fleet_text("nodes: 2", training=f"{{{JOB}, residency: [US]}}").replace("    country: US\n", "")

    [fault] = faults(project(text))
    assert "add `country: …` to the sites" == fault.fix


def test_a_checkpoint_of_a_size_without_an_interval_is_refused(project: Project) -> None:
    text = fleet_text("nodes: 2", training=f"{{{JOB}, checkpoint_gb: 900}}")

    [fault] = faults(project(text))
    assert "demand.training[0].checkpoint_gb" == fault.path
    assert [] == faults(project(text.replace("900", "900, checkpoint_minutes: 20")))
