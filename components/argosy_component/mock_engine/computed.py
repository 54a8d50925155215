"""What a vendor computes when a resource is created, synthesised from type, name and inputs.

A resource class reads these as outputs; left out, they resolve to None and whatever is made of them
(a subnet's network, a role binding) silently loses its input.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class NewResource:
    """A custom resource about to be created: plain inputs, secrets unwrapped."""

    type: str
    name: str
    urn: str
    inputs: Mapping[str, Any]


ComputedOutputs = Mapping[str, Any] | Callable[[NewResource], Mapping[str, Any]]


def synthetic_id(type_: str, name: str) -> str:
    """A stable id that reads like a vendor's: `vpc-main` for the VPC called `main`."""
    return f"{_noun(type_)}-{name}"


def computed_outputs(resource: NewResource) -> dict[str, Any]:
    """Outputs a vendor would add to `resource`; inputs of the same name win."""
    package = resource.type.partition(":")[0]
    # A provider's own configuration has no outputs: a name made up for it would be sent as config.
    if package == "pulumi":
        return {}
    vendor = _VENDORS.get(package)
    return {"name": resource.name, **(vendor(resource) if vendor else {})}


def _aws(resource: NewResource) -> dict[str, Any]:
    service = _module(resource.type)
    arn = f"arn:aws:{service}::{_ACCOUNT}:{_noun(resource.type)}/{resource.name}"
    outputs: dict[str, Any] = {"arn": arn, "ownerId": _ACCOUNT}
    if resource.type == "aws:eks/cluster:Cluster":
        endpoint = f"https://{resource.name}.eks.test"
        outputs |= {
            "endpoint": endpoint,
            "certificateAuthority": {"data": "bW9jaw=="},
            "identities": [{"oidcs": [{"issuer": endpoint}]}],
        }
    for name, value in _AWS_OUTPUTS.get(resource.type, {}).items():
        outputs[name] = value.format(name=resource.name) if isinstance(value, str) else value
    return outputs


def _gcp(resource: NewResource) -> dict[str, Any]:
    project = resource.inputs.get("project", "mock-project")
    path = f"projects/{project}/{_noun(resource.type)}s/{resource.name}"
    outputs: dict[str, Any] = {"selfLink": f"https://{_module(resource.type)}.googleapis.test/v1/{path}"}
    if resource.type == "gcp:container/cluster:Cluster":
        outputs |= {"endpoint": "192.0.2.1", "masterAuth": {"clusterCaCertificate": "bW9jaw=="}}
    if resource.type == "gcp:serviceaccount/account:Account":
        account = resource.inputs.get("accountId", resource.name)
        outputs["email"] = f"{account}@{project}.iam.gserviceaccount.test"
        outputs["member"] = f"serviceAccount:{outputs['email']}"
    if resource.type == "gcp:projects/serviceIdentity:ServiceIdentity":
        service = resource.inputs.get("service", "").partition(".")[0]
        outputs["email"] = f"service-{_ACCOUNT}@{service}.iam.gserviceaccount.test"
        outputs["member"] = f"serviceAccount:{outputs['email']}"
    return outputs


def _kubernetes(resource: NewResource) -> dict[str, Any]:
    given: Mapping[str, Any] = resource.inputs.get("metadata") or {}
    return {"metadata": {"name": resource.name, **given}}


_AWS_OUTPUTS: Mapping[str, Mapping[str, str | int]] = {
    "aws:ec2/launchTemplate:LaunchTemplate": {"defaultVersion": 1, "latestVersion": 1},
    "aws:eks/nodeGroup:NodeGroup": {"nodeGroupName": "{name}"},
    "aws:kms/key:Key": {"keyId": "key-{name}"},
    "aws:fsx/lustreFileSystem:LustreFileSystem": {"dnsName": "{name}.fsx.test", "mountName": "mount-{name}"},
    "aws:ec2/vpnConnection:VpnConnection": {
        "transitGatewayAttachmentId": "tgw-attach-{name}",
        "tunnel1Address": "192.0.2.1",
        "tunnel2Address": "192.0.2.2",
        "presharedKeyArn": "arn:aws:secretsmanager::000000000000:secret:{name}",
        "tunnel1PresharedKey": "made-up-key-1",
        "tunnel2PresharedKey": "made-up-key-2",
        "customerGatewayConfiguration": "<made-up/>",
    },
    "aws:directconnect/gatewayAssociation:GatewayAssociation": {
        "transitGatewayAttachmentId": "tgw-attach-{name}"
    },
    "aws:directconnect/transitVirtualInterface:TransitVirtualInterface": {"bgpAuthKey": "made-up-key"},
    "aws:ssm/activation:Activation": {"activationCode": "made-up-code"},
}
"""What AWS adds to a resource beyond its ARN; `{name}` stands for the resource's name."""

_VENDORS: dict[str, Callable[[NewResource], dict[str, Any]]] = {
    "aws": _aws,
    "gcp": _gcp,
    "kubernetes": _kubernetes,
}


def _module(type_: str) -> str:
    """`eks` of `aws:eks/cluster:Cluster`."""
    return type_.split(":")[1].partition("/")[0]


def _noun(type_: str) -> str:
    """`cluster` of `aws:eks/cluster:Cluster`."""
    return type_.rpartition(":")[2].lower()
