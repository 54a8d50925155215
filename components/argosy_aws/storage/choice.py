"""What storage a site has, as plain data: buckets, who copies and reads them, and file systems.

How the pieces are meant to be used by a training job:

| what | where | why |
|---|---|---|
| scratch, data caches | the node's own NVMe disks, one RAID 0 | fastest, and gone with the instance |
| the newest checkpoint | written to NVMe, then copied on in the background | no GPU waits for a network |
| checkpoints to restart from | Lustre, which writes them back to a bucket, or the bucket | outlive the node |
| checkpoints that outlive the region | the bucket of the same name at another site | `replicate_to` |
| checkpoints that outlive AWS | whoever reads the bucket from another provider | `readers` |
| weights to serve | their bucket, mounted read-only on every node | written by pipelines, never by pods |

Whatever lies only on a node's own disks is lost when the node is: copy it before it counts.

Names and keys follow from the plan alone, so that a site can name the bucket of a peer that another stack
declares, and no run has to look anything up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from argosy_aws.settings import BucketReader, BucketSettings, LustreSettings, settings_of_site
from argosy_aws.storage.facts import load_storage_facts
from argosy_component.contract import PeerPlan, SitePlan

OLD_VERSION_DAYS = {"checkpoints": 7, "data": 90, "weights": 365}
"""Days after which a version that was overwritten or deleted is gone, by what the bucket holds. Checkpoints
are large and soon outdated; a model that served people may have to be looked at a year later."""

WRITTEN_BY_PODS = frozenset({"checkpoints", "data"})
"""What pods may write. Weights are what was reviewed and released, so that no pod can change what others
serve."""

_TIERED = "weights"
TIER_DAYS = 30
"""Days after which objects of a bucket for weights go where S3 finds out how often they are read."""
_DIGEST_LENGTH = 6
_LONGEST_ROLE_NAME = 64


@dataclass(frozen=True)
class ReplicaChoice:
    """Where S3 copies every new object of a bucket to."""

    site: str
    bucket_name: str
    key_alias_arn: str
    region: str
    account: str
    other_account: bool


@dataclass(frozen=True)
class SourceChoice:
    """A site in another account whose copies a bucket takes."""

    site: str
    account: str
    role_arn: str


@dataclass(frozen=True)
class ReaderChoice:
    """Who reads a bucket from outside AWS. Without a subject: machines of a hall, by their certificates."""

    site: str
    google_subject: str | None
    google_audience: str | None
    role_name: str


@dataclass(frozen=True)
class BucketChoice:
    """A bucket of the site."""

    bucket: str
    """What the fleet file calls it."""
    name: str
    """What AWS calls it."""
    own_namespace: bool
    """Whether no other account can ever own the name."""
    holds: str
    old_version_days: int
    expire_days: int | None
    tiered: bool
    """Whether S3 moves what nobody reads to cheaper storage; reading it stays free and immediate."""
    replicas: tuple[ReplicaChoice, ...]
    sources: tuple[SourceChoice, ...]
    readers: tuple[ReaderChoice, ...]
    replication_role: str
    linked: bool
    """Whether a file system imports from it and exports to it."""

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return bucket_arn(self.name)


@dataclass(frozen=True)
class FileSystemChoice:
    """An FSx for Lustre file system: persistent, on SSDs, encrypted, compressed, in one zone."""

    name: str
    zone: str
    capacity_gib: int
    throughput_mbps_per_tib: int
    efa: bool
    """Follows from its own line in the fleet file, never from the pools: it cannot be changed, and a new pool
    must not replace a file system."""
    metadata_iops: int | None
    backup_days: int
    maintenance: str
    bucket: str | None
    """What the fleet file calls the bucket it is linked to."""
    path: str | None
    """The folder in which the bucket's objects appear."""


def bucket_name(fleet: str, site: str, bucket: str, region: str, account: str) -> str:
    """What AWS calls a bucket, e.g. `weights-aws-use1-prod-d47b93-111122223333-us-east-1-an`.

    It ends as AWS demands of a name in the account's own namespace, so that nobody else can take it first or
    after it is deleted. Long words are cut; the digest keeps two buckets two.
    """
    facts = load_storage_facts()
    ending = f"-{account}-{region}" + ("" if region in facts.only_global_names else "-an")
    return _told_apart((bucket, site, fleet), facts.longest_bucket_name - len(ending)) + ending


def bucket_arn(name: str) -> str:
    """The ARN of a bucket by the name that AWS knows."""
    return f"arn:aws:s3:::{name}"


def key_alias(fleet: str, site: str) -> str:
    """The alias of the key that encrypts a site's buckets and file systems."""
    return f"alias/argosy/{fleet}/{site}/storage"


def replication_role_name(fleet: str, site: str, bucket: str) -> str:
    """The role by which S3 copies a bucket's objects; other accounts admit it by this name."""
    return "replicate-" + _told_apart((bucket, site, fleet), _LONGEST_ROLE_NAME - len("replicate-"))


def reader_role_name(fleet: str, site: str, bucket: str, reader: str) -> str:
    """The role by which a site of another provider reads a bucket, which that site's stack can name too."""
    return "read-" + _told_apart((bucket, reader, site, fleet), _LONGEST_ROLE_NAME - len("read-"))


def choose_buckets(plan: SitePlan) -> tuple[BucketChoice, ...]:
    """The buckets of a site, by name; raises ValueError for a plan that lacks a site they are copied to."""
    settings = settings_of_site(plan)
    linked = {system.bucket for system in settings.lustre.values()}
    return tuple(
        _bucket(plan, name, settings.buckets[name], linked=name in linked)
        for name in sorted(settings.buckets)
    )


def choose_file_systems(plan: SitePlan) -> tuple[FileSystemChoice, ...]:
    """The file systems of a site, by name."""
    lustre = settings_of_site(plan).lustre
    return tuple(_file_system(name, lustre[name]) for name in sorted(lustre))


def _bucket(plan: SitePlan, name: str, spec: BucketSettings, *, linked: bool) -> BucketChoice:
    region, account = _whereabouts(plan)
    return BucketChoice(
        bucket=name,
        name=bucket_name(plan.fleet, plan.name, name, region, account),
        own_namespace=region not in load_storage_facts().only_global_names,
        holds=spec.holds,
        old_version_days=OLD_VERSION_DAYS[spec.holds],
        expire_days=spec.expire_days,
        # S3 wants objects to stay longer than until they are moved.
        tiered=spec.holds == _TIERED and (spec.expire_days is None or spec.expire_days > TIER_DAYS),
        replicas=tuple(_replica(plan, name, _peer(plan, site)) for site in sorted(set(spec.replicate_to))),
        sources=tuple(
            source
            for site in sorted(set(spec.replicas_from))
            if (source := _source(plan, name, _peer(plan, site))).account != account
        ),
        readers=tuple(_reader(plan, name, site, reader) for site, reader in sorted(spec.readers.items())),
        replication_role=replication_role_name(plan.fleet, plan.name, name),
        linked=linked,
    )


def _replica(plan: SitePlan, bucket: str, peer: PeerPlan) -> ReplicaChoice:
    region, account = _whereabouts(peer)
    alias = key_alias(plan.fleet, peer.name)
    return ReplicaChoice(
        site=peer.name,
        bucket_name=bucket_name(plan.fleet, peer.name, bucket, region, account),
        # In full: an alias alone would be looked for in the account that copies.
        key_alias_arn=f"arn:aws:kms:{region}:{account}:{alias}",
        region=region,
        account=account,
        other_account=account != plan.account,
    )


def _source(plan: SitePlan, bucket: str, peer: PeerPlan) -> SourceChoice:
    _, account = _whereabouts(peer)
    role = replication_role_name(plan.fleet, peer.name, bucket)
    return SourceChoice(peer.name, account, f"arn:aws:iam::{account}:role/{role}")


def _reader(plan: SitePlan, bucket: str, site: str, spec: BucketReader) -> ReaderChoice:
    role = reader_role_name(plan.fleet, plan.name, bucket, site)
    return ReaderChoice(site, spec.google_subject, spec.google_audience, role)


def _file_system(name: str, spec: LustreSettings) -> FileSystemChoice:
    return FileSystemChoice(
        name=name,
        zone=spec.zone,
        capacity_gib=spec.capacity_gib,
        throughput_mbps_per_tib=spec.throughput_mbps_per_tib,
        efa=spec.efa,
        metadata_iops=spec.metadata_iops,
        backup_days=spec.backup_days,
        maintenance=spec.maintenance,
        bucket=spec.bucket,
        path=None if spec.bucket is None else f"/{spec.bucket}",
    )


def _peer(plan: SitePlan, name: str) -> PeerPlan:
    for peer in plan.peers:
        if peer.name == name:
            return peer
    # `argosy_aws.storage.refusals` says so with the line in the fleet file; this guards hand-made plans.
    raise ValueError(f"{plan.name} copies to or from {name}, which is no other site of the plan")


def _whereabouts(site: SitePlan | PeerPlan) -> tuple[str, str]:
    if site.region is None or site.account is None:
        raise ValueError(f"{site.name} has buckets, and so needs region and account")
    return site.region, site.account


def _told_apart(parts: tuple[str, ...], limit: int) -> str:
    """The parts joined and cut, and a digest by which they differ from all other parts."""
    # With a character that no name contains, so that a-b and c are not a and b-c.
    digest = hashlib.sha256("/".join(parts).encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{'-'.join(parts)[: limit - _DIGEST_LENGTH - 1].rstrip('-')}-{digest}"
