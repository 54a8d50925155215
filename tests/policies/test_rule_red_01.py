"""RED-01: serving spans more than one provider or hall."""

from collections.abc import Mapping
from typing import Any

import pytest

from argosy_policies.testing import UNKNOWN_VALUE, Declared, Diagnostic, Pack, secret

SERVES = {"role": "inference", "nodes": 4}
TRAINS = {"role": "training", "nodes": 4}


def site(provider: object, **pools: object) -> dict[str, object]:
    return {"provider": provider, "country": "NO", "uplinks": [], "pools": pools}


def judge(sites: object, **parameters: object) -> list[Diagnostic]:
    config = {"redundancy": parameters} if parameters else None
    found = Pack(config).analyze_stack(Declared("argosy:index:Fleet", "lab", {"sites": sites}))
    return [one for one in found if "RED-01 " in one.message]


def only(found: list[Diagnostic]) -> Diagnostic:
    assert 1 == len(found), found
    return found[0]


@pytest.mark.parametrize(
    "sites",
    [
        pytest.param({"a": site("aws", serve=SERVES), "b": site("gcp", serve=SERVES)}, id="two-clouds"),
        pytest.param({"a": site("metal", serve=SERVES), "b": site("metal", serve=SERVES)}, id="two-halls"),
        pytest.param({"a": site("aws", serve=SERVES), "b": site("metal", serve=SERVES)}, id="cloud-and-hall"),
        pytest.param({"a": site("aws", train=TRAINS), "b": site("aws")}, id="nothing-serves"),
    ],
)
def test_serving_in_two_providers_or_halls_passes(sites: object):
    assert [] == judge(sites)


@pytest.mark.parametrize(
    ("sites", "named"),
    [
        pytest.param(
            {"a": site("metal", serve=SERVES), "b": site("metal", train=TRAINS)}, "a", id="one-hall"
        ),
        pytest.param({"a": site("aws", s=SERVES), "b": site("aws", s=SERVES)}, "a, b", id="one-cloud-twice"),
        pytest.param(
            {"a": site("aws", s=SERVES), "b": site("gcp", s={"role": "inference", "nodes": 0})},
            "a",
            id="no-nodes",
        ),
    ],
)
def test_serving_in_one_provider_or_hall_fails(sites: object, named: str):
    found = only(judge(sites))

    assert found.mandatory
    assert "urn:pulumi:test::argosy::argosy:index:Fleet::lab" == found.urn
    assert "RED-01 Serving spans more than one provider or hall" in found.message
    assert "resource: lab (argosy:index:Fleet)" in found.message
    assert f"found: serving stands in 1 of the 2 providers or halls needed: site {named}\n" in found.message
    assert "remedy: in the fleet file, give another provider" in found.message


def test_a_stack_without_a_fleet_fails():
    found = only(Pack().analyze_stack(Declared("aws:s3/bucket:Bucket", "state", {})))

    assert found.mandatory
    assert "resource: the stack as a whole" in found.message
    assert "no argosy:index:Fleet component" in found.message


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        (None, "sites is not set, not a map of sites"),
        ({"a": {"pools": {"s": SERVES}}}, "sites.a.provider is not set, not text"),
        ({"a": {"provider": "aws"}}, "sites.a.pools is not set, not a map"),
        ({"a": site("aws", s={"nodes": 4})}, "sites.a.pools.s.role is not set, not text"),
        ({"a": site("aws", s={"role": "inference"})}, "sites.a.pools.s.nodes is not set, not a number"),
    ],
)
def test_an_absent_number_fails_since_nothing_was_proven(sites: object, expected: str):
    assert expected in only(judge(sites)).message


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        (["aws", "gcp"], "sites is a list, not a map of sites"),
        ({"a": site(7, s=SERVES)}, "sites.a.provider is a number, not text"),
        ({"a": {"provider": "aws", "pools": [SERVES]}}, "sites.a.pools is a list, not a map"),
        ({"a": site("aws", s={"role": True, "nodes": 4})}, "sites.a.pools.s.role is a truth value, not text"),
        (
            {"a": site("aws", s={"role": "inference", "nodes": "4"})},
            "sites.a.pools.s.nodes is text, not a number",
        ),
    ],
)
def test_a_number_of_the_wrong_type_fails(sites: object, expected: str):
    assert expected in only(judge(sites)).message


@pytest.mark.parametrize(
    ("second", "path"),
    [
        (UNKNOWN_VALUE, "sites.b"),
        (site(UNKNOWN_VALUE, s=SERVES), "sites.b.provider"),
        ({"provider": "gcp", "pools": UNKNOWN_VALUE}, "sites.b.pools"),
        (site("gcp", s=UNKNOWN_VALUE), "sites.b.pools.s"),
        (site("gcp", s={"role": UNKNOWN_VALUE, "nodes": 4}), "sites.b.pools.s.role"),
        (site("gcp", s={"role": "inference", "nodes": UNKNOWN_VALUE}), "sites.b.pools.s.nodes"),
    ],
)
def test_what_is_unknown_and_could_still_make_it_good_is_deferred(second: object, path: str):
    found = only(judge({"a": site("aws", s=SERVES), "b": second}))

    assert not found.mandatory
    assert f"found: {path} is not known yet; deferred to update" in found.message


def test_unknown_sites_altogether_are_deferred():
    found = only(judge(UNKNOWN_VALUE))

    assert not found.mandatory
    assert "sites is not known yet" in found.message


def test_unknown_fails_where_the_configuration_says_so():
    found = only(judge(UNKNOWN_VALUE, on_unknown="fail"))

    assert found.mandatory
    assert "sites is not known yet" in found.message


@pytest.mark.parametrize(
    "third",
    [
        site("aws", s={"role": "inference", "nodes": UNKNOWN_VALUE}),
        site("gcp", s={"role": "training", "nodes": UNKNOWN_VALUE}),
        site("gcp", s={"role": UNKNOWN_VALUE, "nodes": 0}),
    ],
)
def test_what_is_unknown_and_cannot_make_it_good_does_not_delay_the_violation(third: object):
    assert only(judge({"a": site("aws", s=SERVES), "c": third})).mandatory


def test_what_is_unknown_is_not_waited_for_when_enough_serves_already():
    assert [] == judge({"a": site("aws", s=SERVES), "b": site("gcp", s=SERVES), "c": UNKNOWN_VALUE})


def test_secret_numbers_are_judged_and_not_printed():
    sites: Mapping[str, Any] = {"a": site(secret("canary-4711"), s=secret(SERVES))}

    found = only(judge(secret(sites)))

    assert found.mandatory
    assert "canary" not in found.message


def test_the_number_of_domains_is_a_parameter():
    sites = {"a": site("aws", s=SERVES), "b": site("gcp", s=SERVES)}

    assert "in 2 of the 3 providers" in only(judge(sites, **{"RED-01": {"min_domains": 3}})).message
