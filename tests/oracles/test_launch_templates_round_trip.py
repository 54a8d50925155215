"""Every launch template goes through the stand-in of EC2 and comes back unchanged."""

import base64
import copy
import email
import email.policy
from collections.abc import Iterator
from typing import Any, cast

import boto3  # pyright: ignore[reportMissingTypeStubs]
import pytest
from botocore.config import Config  # pyright: ignore[reportMissingTypeStubs]
from botocore.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
    ClientError,
    EndpointConnectionError,
)
from moto import mock_aws
from ruamel.yaml import YAML

from argosy_component.mock_engine import RegisteredResource, ResourceGraph

from .api_calls import api_calls
from .plans import CAPACITIES, EVERY_TYPE, FABRICS, POOL_SETTINGS
from .resources import NODE_GROUP, TEMPLATE, made_up_ids

CREATE = "ec2.CreateLaunchTemplate"
ROLE = "arn:aws:iam::111122223333:role/nodes"
NODE_CONFIG = ("node.eks.aws/v1alpha1", "NodeConfig")


def no_network(host: Any, *_: Any, **__: Any) -> Any:
    raise OSError(f"tests reach no network, and so not {host}")


@pytest.fixture(scope="module", autouse=True)
def vendor() -> Iterator[None]:
    """The vendor's stand-in. Whatever it does not know fails, and so does every way to the network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.getaddrinfo", no_network)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "none")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_EC2"):
            patch.delenv(name, raising=False)
        with mock_aws():
            yield


@pytest.fixture(scope="module")
def ec2(vendor: None) -> Any:
    return client("ec2")


def client(service: str, **options: Any) -> Any:
    return cast(Any, boto3).client(service, region_name="us-east-1", **options)


@pytest.fixture(scope="module")
def templates(everything: ResourceGraph, every_type: ResourceGraph) -> dict[str, RegisteredResource]:
    """All launch templates of both graphs, by name of the pool; what follows a dot is no pool's."""
    return {
        template.name.removeprefix("aws-use1-").partition(".")[0]: template
        for graph in (everything, every_type)
        for template in graph.of_type(TEMPLATE)
    }


def sent(template: RegisteredResource) -> dict[str, Any]:
    """The data of a template as EC2 is asked to keep it."""
    return api_calls(template).of(CREATE)["LaunchTemplateData"]


def kept(ec2: Any, data: dict[str, Any]) -> dict[str, Any]:
    """What EC2's stand-in says it keeps of a template's data."""
    ec2.create_launch_template(LaunchTemplateName="pool", LaunchTemplateData=data)
    answer = ec2.describe_launch_template_versions(LaunchTemplateName="pool", Versions=["$Latest"])
    ec2.delete_launch_template(LaunchTemplateName="pool")
    return cast(dict[str, Any], answer["LaunchTemplateVersions"][0]["LaunchTemplateData"])


def differences(sent: Any, kept: Any, path: str = "") -> list[str]:
    """Where two values differ: what was lost, changed or added on the way."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        members, known = cast("dict[str, Any]", sent), cast("dict[str, Any]", kept)
        return [
            difference
            for key in sorted(members.keys() | known.keys())
            for difference in differences(members.get(key), known.get(key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(sent, list) and isinstance(kept, list):
        items, found = cast("list[Any]", sent), cast("list[Any]", kept)
        if len(items) != len(found):
            return [f"{path}: {len(items)} sent, {len(found)} kept"]
        pairs = enumerate(zip(items, found, strict=True))
        return [one for index, (a, b) in pairs for one in differences(a, b, f"{path}[{index}]")]
    return [] if sent == kept else [f"{path}: {sent!r} sent, {kept!r} kept"]


NAMES = [
    name.replace(".", "-")
    for kind, pools in (("c-", CAPACITIES), ("f-", FABRICS), ("s-", POOL_SETTINGS), ("", EVERY_TYPE))
    for name in (f"{kind}{pool}" for pool in pools)
]
NAMES.append("aws-use1")  # The system nodes: they are the site's, and no pool's.


@pytest.mark.parametrize("name", NAMES)
def test_a_template_comes_back_as_it_was_sent_and_its_user_data_can_be_read(
    name: str, templates: dict[str, RegisteredResource], ec2: Any
) -> None:
    data = sent(templates[name])
    answer = kept(ec2, data)

    assert [] == differences(data, answer)
    assert ("userData" in templates[name].inputs) == ("UserData" in answer)
    if "UserData" in answer:
        assert [] == faults_of_user_data(base64.b64decode(answer["UserData"], validate=True).decode("ascii"))


def test_no_template_of_the_graphs_is_left_out(templates: dict[str, RegisteredResource]) -> None:
    assert set(NAMES) == set(templates)


def test_a_field_that_the_vendor_drops_is_a_difference(
    templates: dict[str, RegisteredResource], ec2: Any
) -> None:
    data = sent(templates["c-on-demand"])
    answer = kept(ec2, data)
    del answer["NetworkInterfaces"][16]["NetworkCardIndex"]

    assert ["NetworkInterfaces[16].NetworkCardIndex: 15 sent, None kept"] == differences(data, answer)


def test_a_field_that_the_vendor_changes_is_a_difference(templates: dict[str, RegisteredResource]) -> None:
    data = sent(templates["c-block"])
    answer = copy.deepcopy(data)
    answer["InstanceMarketOptions"]["MarketType"] = "spot"
    answer["NetworkInterfaces"].pop()

    assert [
        "InstanceMarketOptions.MarketType: 'capacity-block' sent, 'spot' kept",
        "NetworkInterfaces: 17 sent, 16 kept",
    ] == differences(data, answer)


def test_a_field_that_the_vendor_adds_is_a_difference(templates: dict[str, RegisteredResource]) -> None:
    data = sent(templates["c-spot"])

    assert ["KeyName: None sent, 'somebody' kept"] == differences(data, {**data, "KeyName": "somebody"})


def test_a_call_that_the_stand_in_does_not_know_fails(ec2: Any) -> None:
    with pytest.raises(NotImplementedError):
        ec2.describe_capacity_block_offerings(CapacityDurationHours=24)


def test_nothing_but_the_stand_in_can_be_reached() -> None:
    once = Config(retries={"total_max_attempts": 1})

    with pytest.raises(EndpointConnectionError):
        client("ec2", endpoint_url="https://vendor.test", config=once).describe_vpcs()


def faults_of_user_data(text: str) -> list[str]:
    """What is wrong with multi-part user data of AL2023. Source: nodeadm, and cloud-init's part types."""
    if len(text) > 16_384:
        return [f"{len(text)} bytes are more than the 16384 that EC2 takes"]
    message = email.message_from_string(text, policy=email.policy.strict)
    if message.get_content_type() != "multipart/mixed":
        return [f"{message.get_content_type()} is no multi-part message"]
    return [
        fault
        for part in cast(list[Any], list(message.iter_parts()))  # type: ignore[attr-defined]
        for fault in _faults_of_part(part.get_content_type(), part.get_payload())
    ]


def _faults_of_part(kind: str, text: str) -> list[str]:
    if kind == "application/node.eks.aws":
        documents = list(YAML(typ="safe").load_all(text))  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType, reportUnknownArgumentType]
        found = [(one.get("apiVersion"), one.get("kind")) for one in documents if isinstance(one, dict)]  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return [] if found == [NODE_CONFIG] else [f"{found} is no NodeConfig"]
    if kind == "text/x-shellscript":
        return [] if text.startswith("#!/") else ["a script without an interpreter"]
    return [f"cloud-init knows no part {kind}"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("node.eks.aws/v1alpha1", "node.eks.aws/v1", "is no NodeConfig"),
        ("kind: NodeConfig", "kind: Node", "is no NodeConfig"),
        ("application/node.eks.aws", "application/yaml", "knows no part application/yaml"),
        ("#!/", "# ", "without an interpreter"),
        ("multipart/mixed", "text/plain", "is no multi-part message"),
        ("RAID0", "RAID0" + " " * 16_384, "more than the 16384"),
    ],
)
def test_user_data_that_no_node_would_read_is_a_fault(
    old: str, new: str, fault: str, templates: dict[str, RegisteredResource]
) -> None:
    text = base64.b64decode(sent(templates["c-on-demand"])["UserData"]).decode()

    assert old in text
    assert fault in " ".join(faults_of_user_data(text.replace(old, new)))


@pytest.fixture(scope="module")
def eks(ec2: Any) -> Any:
    """EKS's stand-in with a cluster and, for its node groups, a launch template."""
    eks = client("eks")
    eks.create_cluster(name="prod-aws-use1", roleArn=ROLE, resourcesVpcConfig={})
    ec2.create_launch_template(
        LaunchTemplateName="of-groups", LaunchTemplateData={"InstanceType": "p5en.48xlarge"}
    )
    return eks


def eks_takes(eks: Any, ec2: Any, group: dict[str, Any]) -> None:
    """Hand a node group to EKS's stand-in, with ids that exist there; raises what EKS raises."""
    here = {
        "nodegroupName": "pool",
        "nodeRole": ROLE,
        "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
        "launchTemplate": {"name": "of-groups", "version": "1"},
    }
    eks.create_nodegroup(**{**group, **here})
    eks.delete_nodegroup(clusterName=group["clusterName"], nodegroupName="pool")


@pytest.mark.parametrize("capacity", CAPACITIES)
def test_eks_takes_the_node_group_of_every_capacity_type(
    capacity: str, everything: ResourceGraph, eks: Any, ec2: Any
) -> None:
    group = everything.one(NODE_GROUP, f"aws-use1-c-{capacity}-use1-az4")

    eks_takes(eks, ec2, api_calls(group, made_up_ids(everything)).of("eks.CreateNodegroup"))


@pytest.mark.parametrize("extra", [{"diskSize": 200}, {"remoteAccess": {"ec2SshKey": "key"}}])
def test_eks_takes_no_disk_and_no_login_beside_a_template(
    extra: dict[str, Any], everything: ResourceGraph, eks: Any, ec2: Any
) -> None:
    group = api_calls(everything.of_type(NODE_GROUP)[0]).of("eks.CreateNodegroup")

    with pytest.raises(ClientError, match="launch template"):
        eks_takes(eks, ec2, {**group, **extra})
