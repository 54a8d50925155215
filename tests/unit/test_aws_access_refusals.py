"""Who may not enter a site's cluster, and which clusters EKS would not make: each rule, and its absence."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet, load_spec
from argosy_aws.cluster.access_refusals import refuse_access
from argosy_aws.cluster.refusals import refuse_cluster

FLEET = """
version: 1
name: lab
sites:
  use1:
    provider: aws
    region: us-east-1
    {account}
    cidr: 10.16.0.0/16
    {settings}
    node_pools:
      train:
        {{instance_type: p5en.48xlarge, zone: use1-az4, role: training, nodes: 8,
          capacity: {{type: on-demand}}}}
  ew4:
    provider: gcp
    region: europe-west4
    account: example-fleet
    cidr: 10.32.0.0/16
    node_pools:
      serve:
        {{instance_type: a3-megagpu-8g, zone: europe-west4-b, role: inference, nodes: 8,
          capacity: {{type: on-demand}}}}
"""
ROLE = "arn:aws:iam::111122223333:role"
SOUND = f"settings: {{administrators: [{ROLE}/platform], viewers: [{ROLE}/teams/research]}}"
Load = Callable[..., LoadedFleet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The fleet with these settings of its AWS site."""

    def fleet(settings: str = SOUND, account: str = 'account: "111122223333"') -> LoadedFleet:
        file = tmp_path / "lab.yaml"
        file.write_text(FLEET.format(settings=settings, account=account), encoding="utf-8")
        return load_spec(str(file))

    return fleet


def access(fleet: LoadedFleet) -> list[Fault]:
    return list(refuse_access("use1", fleet))


def cluster(fleet: LoadedFleet) -> list[Fault]:
    return list(refuse_cluster("use1", fleet))


def only(faults: list[Fault]) -> Fault:
    assert 1 == len(faults), [str(fault) for fault in faults]
    return faults[0]


def test_sound_settings_are_not_refused(load: Load) -> None:
    assert [] == access(load()) == cluster(load())


@pytest.mark.parametrize("settings", ["", "settings: {}", f"settings: {{viewers: [{ROLE}/platform]}}"])
def test_a_cluster_that_nobody_administers_is_refused(load: Load, settings: str) -> None:
    fault = only(access(load(settings)))

    assert "sites.use1.settings.administrators" == fault.path
    assert "no administrators" == fault.given
    assert fault.line > 0


@pytest.mark.parametrize(
    "role",
    [
        "arn:aws:iam::444455556666:role/platform",
        "arn:aws-us-gov:iam::111122223333:role/platform",
    ],
)
def test_a_role_of_another_account_is_refused(load: Load, role: str) -> None:
    fault = only(access(load(f"settings: {{administrators: [{ROLE}/platform2, {role}]}}")))

    assert "sites.use1.settings.administrators[1]" == fault.path
    assert "arn:aws:iam::111122223333:role/" in fault.expected
    assert "make a role in 111122223333" in fault.fix


def test_a_viewer_of_another_account_is_refused_too(load: Load) -> None:
    other = "arn:aws:iam::444455556666:role/research"
    fault = only(access(load(f"settings: {{administrators: [{ROLE}/platform], viewers: [{other}]}}")))

    assert "sites.use1.settings.viewers[0]" == fault.path


def test_a_site_without_an_account_is_another_rule_s_to_refuse(load: Load) -> None:
    assert [] == access(load(account="country: US"))


def test_a_service_linked_role_is_refused(load: Load) -> None:
    role = f"{ROLE}/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    fault = only(access(load(f"settings: {{administrators: [{role}]}}")))

    assert "service-linked" in fault.expected


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (f"settings: {{administrators: [{ROLE}/platform, {ROLE}/platform]}}", "administrators[1]"),
        (f"settings: {{administrators: [{ROLE}/platform], viewers: [{ROLE}/platform]}}", "viewers[0]"),
        # A role's name is unique in its account, whatever its path and its case.
        (f"settings: {{administrators: [{ROLE}/platform], viewers: [{ROLE}/x/Platform]}}", "viewers[0]"),
    ],
)
def test_a_role_that_stands_twice_is_refused(load: Load, settings: str, path: str) -> None:
    fault = only(access(load(settings)))

    assert f"sites.use1.settings.{path}" == fault.path
    assert "sites.use1.settings.administrators[0]" in fault.given


def test_all_faults_are_said_at_once(load: Load) -> None:
    other = "arn:aws:iam::444455556666:role/research"

    assert 4 == len(access(load(f"settings: {{viewers: [{other}, {other}]}}")))


@pytest.mark.parametrize(
    "cidr", ["100.64.0.0/16", "172.20.0.0/25", "10.0.0.0/8", "172.20.1.0/16", "172.20.0.0/99", "services"]
)
def test_a_service_range_that_eks_does_not_take_is_refused(load: Load, cidr: str) -> None:
    fault = only(cluster(load(f"settings: {{service_cidr: {cidr}}}")))

    assert "sites.use1.settings.service_cidr" == fault.path
    assert "from /12 to /24" in fault.expected


@pytest.mark.parametrize(("cidr", "whose"), [("10.16.128.0/20", "the site itself"), ("10.32.0.0/20", "ew4")])
def test_a_service_range_in_which_something_else_lies_is_refused(load: Load, cidr: str, whose: str) -> None:
    fault = only(cluster(load(f"settings: {{service_cidr: {cidr}}}")))

    assert whose in fault.given


def test_a_service_range_in_which_a_hall_s_pods_lie_is_refused(load: Load) -> None:
    fault = only(cluster(load("settings: {halls: {oslo: {joins: {pods: 172.20.0.0/17}}}}")))

    assert "what oslo gives its pods" in fault.given


def test_a_hall_s_pods_without_a_range_are_another_rule_s_to_refuse(load: Load) -> None:
    assert [] == cluster(load("settings: {halls: {oslo: {joins: {pods: everywhere}}}}"))


@pytest.mark.parametrize(
    ("addon", "version", "refused"),
    [
        ("vpc-cni", "v1.18.4-eksbuild.9", True),
        ("vpc-cni", "v1.9.0-eksbuild.1", True),
        ("vpc-cni", "v1.18.5-eksbuild.1", False),
        ("vpc-cni", "v1.21.1-eksbuild.3", False),
        ("kube-proxy", "v1.0.0-eksbuild.1", False),
    ],
)
def test_an_add_on_too_old_for_these_nodes_is_refused(
    load: Load, addon: str, version: str, refused: bool
) -> None:
    faults = cluster(load(f"settings: {{addons: {{{addon}: {version}}}}}"))

    assert refused == bool(faults)
    for fault in faults:
        assert f"sites.use1.settings.addons.{addon}" == fault.path
        assert version == fault.given


def test_refusing_imports_no_sdk() -> None:
    code = (
        "import sys, argosy_aws.cluster.access_refusals, argosy_aws.cluster.refusals; "
        "import argosy_aws.cluster.choice; "
        "sys.exit(any(name.startswith('pulumi') for name in sys.modules))"
    )

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
