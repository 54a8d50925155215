"""The `settings` of an AWS site and of its node pools in the fleet file: what only AWS understands.

Shapes only. What AWS would reject about a value says `argosy_aws.refusals`. Importing this imports no SDK.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from argosy.spec.settings import Shapes
from argosy.spec.values import Moment, Name, SpecModel, Text
from argosy_aws.tag_values import NOT_RESERVED
from argosy_component.contract import NodePoolPlan, SitePlan

ACCOUNT = re.compile(r"[0-9]{12}")
"""An AWS account's id."""


def _refuse_impossible_day(release: str) -> str:
    try:
        dt.date.fromisoformat(release.rpartition("-")[2])
    except ValueError:
        raise PydanticCustomError("release_day", "ends with no day of the calendar") from None
    return release


RoleArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_-]+/)*[A-Za-z0-9+=,.@_-]{1,64}$",
        max_length=600,
    ),
    Field(description="The ARN of an IAM role with its path, e.g. arn:aws:iam::111122223333:role/platform."),
]
AddonName = Literal[
    "aws-ebs-csi-driver",
    "aws-fsx-csi-driver",
    "aws-mountpoint-s3-csi-driver",
    "coredns",
    "eks-node-monitoring-agent",
    "eks-pod-identity-agent",
    "kube-proxy",
    "vpc-cni",
]
AddonVersion = Annotated[
    str,
    StringConstraints(pattern=r"^v[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}-eksbuild\.[0-9]{1,3}$"),
    Field(description="A version of an EKS add-on, e.g. v1.21.1-eksbuild.3."),
]
ImageRelease = Annotated[
    str,
    StringConstraints(pattern=r"^1\.[0-9]{2}\.[0-9]{1,2}-20[0-9]{6}$"),
    AfterValidator(_refuse_impossible_day),
    Field(description="A release of EKS's node images, which ends with its day, e.g. 1.34.2-20260115."),
]
PlacementGroupName = Annotated[
    str,
    # Source: CreatePlacementGroup of EC2's service model: up to 255 ASCII characters.
    StringConstraints(pattern=r"^[!-~]([ -~]{0,253}[!-~])?$"),
    Field(description="The name of a placement group: ASCII letters, digits and signs, at most 255."),
]
ImageId = Annotated[
    str,
    StringConstraints(pattern=r"^ami-[0-9a-f]{8,17}$"),
    Field(description="The id of an image, e.g. ami-0123456789abcdef0."),
]
SnapshotId = Annotated[
    str,
    StringConstraints(pattern=r"^snap-[0-9a-f]{8,17}$"),
    Field(description="The id of a snapshot, e.g. snap-0123456789abcdef0."),
]
MigConfiguration = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]{0,62}$"),
    Field(description="The name of a MIG configuration, e.g. all-1g.18gb."),
]
TopicArn = Annotated[
    str,
    StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$"),
    Field(description="The ARN of an SNS topic, e.g. arn:aws:sns:us-east-1:111122223333:on-call."),
]
GoogleSubject = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{15,30}$"),
    Field(description='The unique id of a Google service account, in quotes, e.g. "112233445566778899001".'),
]
GoogleAudience = Annotated[
    str,
    # Without `$`, `*` and `?`: IAM would read a variable or a pattern, and the check would say nothing.
    StringConstraints(pattern=r"^[A-Za-z0-9._:/@=+~-]{1,255}$"),
    Field(
        description="The audience of a token, e.g. https://storage.example: letters, digits and ._:/@=+~-, "
        "at most 255."
    ),
]
MaintenanceWindow = Annotated[
    str,
    StringConstraints(pattern=r"^[1-7]:([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description='Day (1 is Monday), hour and minute of a week, UTC, in quotes, e.g. "7:05:00".'),
]
Asn = Annotated[int, Field(strict=True, ge=1, le=4_294_967_294)]
Location = Annotated[
    str,
    # What all of AWS takes as a tag's value.
    StringConstraints(pattern=r"^[A-Za-z0-9_.:/=+@-]([A-Za-z0-9_ .:/=+@-]{0,98}[A-Za-z0-9_.:/=+@-])?$"),
    NOT_RESERVED,
    Field(
        description="A place that fails by itself, e.g. a meet-me room: letters (A to Z), digits, spaces and "
        "_.:/=+@-, at most 100, not beginning with aws:."
    ),
]


class VpnEndpoint(SpecModel):
    """A router of a hall that ends a VPN of two tunnels."""

    location: Location
    address: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}$"),
        Field(description="The router's public IPv4 address."),
    ]
    asn: Asn
    """The hall's BGP autonomous system number."""


class DirectConnectPort(SpecModel):
    """A Direct Connect connection that exists already; it carries a transit virtual interface."""

    location: Location
    connection: Annotated[
        str,
        StringConstraints(pattern=r"^dx(con|lag)-[0-9a-z]{8}$"),
        Field(description="Id of the connection or link aggregation group, e.g. dxcon-fh6ayh1d."),
    ]
    region: Name | None = None
    """The AWS region that the connection belongs to; left out: the site's."""
    vlan: Annotated[int, Field(strict=True, ge=1, le=4094)]
    asn: Asn
    """The hall's BGP autonomous system number."""


class JoinSettings(SpecModel):
    """Makes a hall's machines hybrid nodes of this site's cluster."""

    pods: Text
    """The range of the hall's pods, e.g. 10.65.0.0/16."""
    through: Literal["roles-anywhere", "ssm"] = "roles-anywhere"
    """By what machines prove who they are: IAM Roles Anywhere, with a certificate each, or Systems Manager,
    with one activation for all, whose code is a secret that they share."""
    certificate_authority: Text | None = None
    """Whose certificates are believed: the ARN of a private CA in AWS, or the path of a PEM file below the
    project's root. With `roles-anywhere` only."""
    machines: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    """Most machines that the activation registers. With `ssm` only."""
    expires: Moment | None = None
    """When the activation ends, at most 30 days after it is made. With `ssm` only."""


class HallSettings(SpecModel):
    """How a bare-metal hall reaches this site. Two locations at least, or one failure cuts it off."""

    vpn: tuple[VpnEndpoint, ...] = ()
    direct_connect: tuple[DirectConnectPort, ...] = ()
    joins: JoinSettings | None = None
    """Left out: the hall keeps a control plane of its own, which outlives its uplinks."""


class BucketReader(SpecModel):
    """Who reads a bucket from outside AWS, without a key."""

    google_subject: GoogleSubject | None = None
    """Of the service account that reads. A hall's machines read by their certificates and leave this out."""
    google_audience: GoogleAudience | None = None
    """The audience that its tokens must name, so that a token it showed to someone else opens nothing here.
    Left out for Storage Transfer Service, which shows its tokens to AWS alone."""


class BucketSettings(SpecModel):
    """An S3 bucket: private, encrypted, versioned."""

    holds: Literal["weights", "checkpoints", "data"]
    """Decides how long old versions stay: those of checkpoints a week, those of weights a year, those of data
    90 days. Pods read every bucket, and write all but weights."""
    expire_days: Annotated[int, Field(strict=True, ge=1, le=36_500)] | None = None
    """Days after which objects are deleted; left out: never."""
    replicate_to: tuple[Name, ...] = ()
    """Other AWS sites of the fleet that get a copy of every new object, into their bucket of the same name.
    Deletions are not copied."""
    replicas_from: tuple[Name, ...] = ()
    """AWS sites of the fleet in other accounts whose copies this bucket takes."""
    readers: dict[Name, BucketReader] = Field(default={})
    """Sites of other providers that may read, so that what it holds outlives this one; by site."""


class LustreSettings(SpecModel):
    """An FSx for Lustre file system in the zone of the GPUs that use it."""

    zone: Text
    """The zone id."""
    capacity_gib: Annotated[int, Field(strict=True, ge=1200, le=10_000_000)]
    """Can be raised later, never lowered."""
    throughput_mbps_per_tib: Literal[125, 250, 500, 1000] = 250
    """MB/s for each TiB of capacity. It cannot be changed once it is there."""
    efa: Annotated[bool, Field(strict=True)] = True
    """Whether nodes may read and write over EFA, past their CPUs. It demands large steps of capacity, and
    cannot be changed once it is there."""
    metadata_iops: Literal[1500, 3000, 6000, 12000, 24000, 36000, 48000, 60000, 72000, 84000, 96000, 108000,
                           120000, 132000, 144000, 156000, 168000, 180000, 192000] | None = None  # fmt: skip
    """Operations on files and folders per second; left out: as many as AWS gives with the capacity."""
    bucket: Name | None = None
    """A bucket of this site whose objects appear in the file system, and to which files are written back."""
    backup_days: Annotated[int, Field(strict=True, ge=0, le=90)] = 0
    """Days that daily backups are kept; 0: none are made. Not for one with a bucket, which is its backup."""
    maintenance: MaintenanceWindow = "7:05:00"
    """When AWS may patch it, each week."""


class SystemNodesSettings(SpecModel):
    """Nodes without accelerators, on which the cluster's own software runs. They are bought on demand."""

    instance_type: Literal[
        "m6i.large", "m6i.xlarge", "m6i.2xlarge", "m7i.large", "m7i.xlarge", "m7i.2xlarge"
    ] = "m6i.large"
    nodes: Annotated[int, Field(strict=True, ge=2, le=100)] = 2
    """Two at least, in two zones, or the loss of one takes the cluster's DNS away."""


class AwsSiteSettings(SpecModel):
    """What only AWS understands about a site."""

    image_release: ImageRelease | None = None
    """Release of EKS's node images that every pool runs, until this line changes."""
    administrators: tuple[RoleArn, ...] = ()
    """IAM roles that administer the cluster; nobody else does, not even who made it."""
    viewers: tuple[RoleArn, ...] = ()
    """IAM roles that may look at workloads, their logs and configuration, but at no secrets and no nodes."""
    support: Literal["standard", "extended"] = "standard"
    """What EKS does when the Kubernetes version leaves standard support: upgrade it by itself, or charge
    for extended support."""
    control_plane: Literal["standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"] = "standard"
    """Capacity of the control plane that is always there."""
    service_cidr: Text = "172.20.0.0/16"
    """The range of Kubernetes services, which nothing that pods must reach may lie in. It cannot be changed
    once the cluster is there."""
    addons: dict[AddonName, AddonVersion] = Field(default={})
    """Versions of EKS add-ons. One that is left out gets EKS's default for the Kubernetes version when it is
    made, and keeps it."""
    alarm_topic: TopicArn | None = None
    """The SNS topic that hears when a scheduled start or end of a pool was not carried out. Left out: none
    does, and only the alarm in CloudWatch says so."""
    transit_gateway_asn: Annotated[int, Field(strict=True, ge=64_512, le=4_294_967_294)] = 64_512
    """The private BGP autonomous system number of this site's transit gateway. The next one is its Direct
    Connect gateway's, unless there is none."""
    system_nodes: SystemNodesSettings = SystemNodesSettings()
    halls: dict[Name, HallSettings] = Field(default={})
    """Bare-metal halls of the fleet that reach this site, by their name."""
    buckets: dict[Name, BucketSettings] = Field(default={})
    lustre: dict[Name, LustreSettings] = Field(default={})


class AwsPoolSettings(SpecModel):
    """What only AWS understands about a node pool."""

    image: ImageId | None = None
    """An image of one's own, built on EKS's image for Amazon Linux 2023, in place of EKS's."""
    image_release: ImageRelease | None = None
    """Another release of EKS's node images than the site's: to try one on a pool first."""
    offered_in: tuple[Text, ...] = ()
    """Ids of the pool's zones that offer its type although Argosy's data, which are of one day, know no such
    offer."""
    also: tuple[Text, ...] = ()
    """Further instance types that spot nodes may be: with the same accelerators and network cards."""
    mig: MigConfiguration | None = None
    """The MIG configuration of every GPU, in the words of NVIDIA's MIG manager, e.g. all-1g.18gb."""
    placement_group: PlacementGroupName | None = None
    """Name of the placement group that the reservation was made in."""
    root_volume_gib: Annotated[int, Field(strict=True, ge=50, le=16_384)] = 200
    image_cache: SnapshotId | None = None
    """Snapshot of a volume with container images, from which every node starts; images then lie on that
    volume and not on the local disks. The root of its file system is the `/var/lib/containerd` of a node
    with EKS's image, with the images that came with it."""
    drain_minutes: Annotated[int, Field(strict=True, ge=45, le=1440)] = 60
    """How long before the end of a Capacity Block its nodes are taken down. EKS takes them itself 40 minutes
    before."""


SHAPES = Shapes(AwsSiteSettings, AwsPoolSettings)
"""Registered in the entry-point group `argosy.settings`."""


def settings_of_site(plan: SitePlan) -> AwsSiteSettings:
    """The settings of a planned site; the defaults where the fleet file says nothing."""
    return plan.settings if isinstance(plan.settings, AwsSiteSettings) else AwsSiteSettings()


def settings_of_pool(plan: NodePoolPlan) -> AwsPoolSettings:
    """The settings of a planned pool; the defaults where the fleet file says nothing."""
    return plan.settings if isinstance(plan.settings, AwsPoolSettings) else AwsPoolSettings()
