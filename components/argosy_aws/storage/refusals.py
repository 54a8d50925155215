"""What AWS would reject about a site's storage, said when the fleet file is checked. Each rule yields faults.

Called by `argosy_aws.refusals` for every AWS site. Importing this imports no SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from argosy.catalog import closest_names
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec, HallSpec
from argosy_aws.network.local_zones import load_local_zones
from argosy_aws.settings import AwsSiteSettings, BucketReader, BucketSettings, LustreSettings
from argosy_aws.storage.document_sizes import refuse_long_policies
from argosy_aws.storage.facts import load_storage_facts

_AWS, _GOOGLE = "aws", "gcp"


@dataclass(frozen=True)
class _Site:
    """An AWS site of the fleet file, with what rules look at."""

    fleet: LoadedFleet
    name: str
    settings: AwsSiteSettings

    @property
    def account(self) -> str | None:
        return _account(self.fleet, self.name)

    def fault(self, field: str, *, given: str, expected: str, fix: str) -> Fault:
        path = f"sites.{self.name}.settings.{field}"
        return self.fleet.fault(path, given=given, expected=expected, fix=fix)

    def peer(self, name: str) -> AwsSiteSettings:
        return self.fleet.site_settings(name, AwsSiteSettings)


def refuse_storage(site: str, fleet: LoadedFleet) -> Iterator[Fault]:
    """All faults of the buckets and file systems of an AWS site."""
    found = _Site(fleet, site, fleet.site_settings(site, AwsSiteSettings))
    of_buckets = [
        fault
        for name, bucket in sorted(found.settings.buckets.items())
        for rule in (_reserved_name, _replicas, _sources, _readers)
        for fault in rule(found, name, bucket)
    ]
    # Policies can be written only of buckets that are sound.
    yield from of_buckets or refuse_long_policies(site, fleet)
    for name, system in sorted(found.settings.lustre.items()):
        for check in (_zone, _capacity, _metadata, _linked_bucket, _backups):
            yield from check(found, name, system)


def _reserved_name(site: _Site, name: str, bucket: BucketSettings) -> Iterator[Fault]:
    # S3's other rules about names hold by themselves: `choice.bucket_name` cuts what is too long.
    for reserved in load_storage_facts().reserved_bucket_names:
        if f"{name}-".startswith(reserved):
            yield site.fault(
                f"buckets.{name}",
                given=repr(name),
                expected=f"a name that does not begin with {reserved}, which S3 keeps for itself",
                fix="rename the bucket",
            )


def _replicas(site: _Site, name: str, bucket: BucketSettings) -> Iterator[Fault]:
    for index, peer in enumerate(bucket.replicate_to):
        field = f"buckets.{name}.replicate_to[{index}]"
        others = _others(site)
        if peer not in others:
            yield site.fault(
                field, given=_given(site, peer), expected=_aws_site(others), fix=_near(peer, others)
            )
        elif name not in site.peer(peer).buckets:
            yield site.fault(
                field,
                given=f"{peer}, which has no bucket {name}",
                expected="a site with a bucket of the same name, which takes the copies",
                fix=f"write buckets.{name} under the settings of {peer}, or leave {peer} out",
            )
        elif _foreign(site, peer) and site.name not in site.peer(peer).buckets[name].replicas_from:
            yield site.fault(
                field,
                given=f"{peer}, in another account, whose bucket {name} takes no copies from here",
                expected="a bucket that says whose copies it takes, since it must admit the other account",
                fix=f"write replicas_from: [{site.name}] under buckets.{name} of {peer}",
            )


def _sources(site: _Site, name: str, bucket: BucketSettings) -> Iterator[Fault]:
    copying = [
        other
        for other in _others(site)
        if (found := site.peer(other).buckets.get(name)) is not None and site.name in found.replicate_to
    ]
    for index, source in enumerate(bucket.replicas_from):
        if source not in copying:
            yield site.fault(
                f"buckets.{name}.replicas_from[{index}]",
                given=f"{source}, which copies no bucket {name} here",
                expected=f"a site that does: {', '.join(copying) or 'there is none'}",
                fix=f"leave it out, or write replicate_to: [{site.name}] under buckets.{name} of {source}",
            )


def _readers(site: _Site, name: str, bucket: BucketSettings) -> Iterator[Fault]:
    for reader, spec in sorted(bucket.readers.items()):
        field = f"buckets.{name}.readers.{reader}"
        found = site.fleet.spec.sites.get(reader)
        if isinstance(found, HallSpec):
            yield from _hall_reader(site, field, reader, spec)
        elif found is not None and found.provider == _GOOGLE:
            yield from _google_reader(site, field, reader, spec)
        else:
            able = _able_to_read(site)
            yield site.fault(
                field,
                given=_given(site, reader),
                expected=f"a site of {_GOOGLE} or a hall: {', '.join(able) or 'the fleet has none'}",
                fix="write replicate_to for a site of AWS, and leave out what cannot read",
            )


def _google_reader(site: _Site, field: str, reader: str, spec: BucketReader) -> Iterator[Fault]:
    if spec.google_subject is None:
        yield site.fault(
            field,
            given=f"{reader} without google_subject",
            expected="the unique id of the Google service account that reads, about 21 digits in quotes",
            fix="write the subjectId that Storage Transfer Service shows for the project of the site",
        )


def _hall_reader(site: _Site, field: str, reader: str, spec: BucketReader) -> Iterator[Fault]:
    for key in ("google_audience", "google_subject"):
        if getattr(spec, key) is not None:
            yield site.fault(
                f"{field}.{key}",
                given=f"{key} for {reader}, which is a hall",
                expected="none, since the machines of a hall read by their certificates",
                fix="delete it",
            )
    hall = site.settings.halls.get(reader)
    joins = hall.joins if hall is not None else None
    if joins is None or joins.through != "roles-anywhere" or joins.certificate_authority is None:
        yield site.fault(
            field,
            given=f"{reader}, no certificate of which this site believes",
            expected="a hall whose machines prove who they are by certificates",
            fix=f"write certificate_authority under halls.{reader}.joins, with through: roles-anywhere",
        )


def _zone(site: _Site, name: str, system: LustreSettings) -> Iterator[Fault]:
    pools = site.fleet.spec.sites[site.name].node_pools.values()
    zones = sorted({zone for pool in pools for zone in (pool.zone, *pool.zones) if zone is not None})
    if system.zone not in zones:
        yield site.fault(
            f"lustre.{name}.zone",
            given=repr(system.zone),
            expected=f"a zone in which the site has a pool: {', '.join(zones) or 'there is none'}",
            fix="write the zone of the pool that reads and writes it; a subnet is nowhere else",
        )
    elif system.zone in load_local_zones():
        # Some Local Zones have no persistent file systems, and which do is written nowhere.
        yield site.fault(
            f"lustre.{name}.zone",
            given=f"{system.zone}, a Local Zone",
            expected="a zone of the region, where FSx has persistent file systems",
            fix="write the zone of another pool, or use a bucket",
        )


def _capacity(site: _Site, name: str, system: LustreSettings) -> Iterator[Fault]:
    facts, throughput = load_storage_facts().lustre, system.throughput_mbps_per_tib
    legal = facts.nearest_capacities(system.capacity_gib, throughput, efa=system.efa)
    if system.capacity_gib not in legal:
        step = facts.efa_capacity_gib[throughput]
        with_efa = f"multiples of {step} with EFA at {throughput} MB/s per TiB"
        without = f"{facts.smallest_gib} or multiples of {facts.step_gib}"
        otherwise = "; a smaller one takes efa: false" if system.efa else ""
        yield site.fault(
            f"lustre.{name}.capacity_gib",
            given=f"{system.capacity_gib} GiB",
            expected=with_efa if system.efa else without,
            fix=f"write {' or '.join(str(capacity) for capacity in legal)}{otherwise}",
        )


def _metadata(site: _Site, name: str, system: LustreSettings) -> Iterator[Fault]:
    least = load_storage_facts().lustre.least_metadata_iops(system.capacity_gib)
    if system.metadata_iops is not None and system.metadata_iops < least:
        yield site.fault(
            f"lustre.{name}.metadata_iops",
            given=str(system.metadata_iops),
            expected=f"at least the {least} that come with {system.capacity_gib} GiB",
            fix="leave it out, or write more",
        )


def _linked_bucket(site: _Site, name: str, system: LustreSettings) -> Iterator[Fault]:
    buckets = sorted(site.settings.buckets)
    if system.bucket is not None and system.bucket not in buckets:
        yield site.fault(
            f"lustre.{name}.bucket",
            given=repr(system.bucket),
            expected=f"a bucket of this site: {', '.join(buckets) or 'there is none'}",
            fix=_near(system.bucket, buckets),
        )


def _backups(site: _Site, name: str, system: LustreSettings) -> Iterator[Fault]:
    if system.bucket is not None and system.backup_days:
        yield site.fault(
            f"lustre.{name}.backup_days",
            given=f"{system.backup_days} beside bucket: {system.bucket}",
            expected="none, since FSx backs up nothing that is linked to a bucket",
            fix="delete backup_days: the bucket and its versions are the backup",
        )


def _others(site: _Site) -> list[str]:
    sites = site.fleet.spec.sites.items()
    return sorted(name for name, spec in sites if spec.provider == _AWS and name != site.name)


def _able_to_read(site: _Site) -> list[str]:
    sites = site.fleet.spec.sites.items()
    return sorted(name for name, spec in sites if spec.provider == _GOOGLE or isinstance(spec, HallSpec))


def _foreign(site: _Site, peer: str) -> bool:
    return _account(site.fleet, peer) != site.account


def _account(fleet: LoadedFleet, site: str) -> str | None:
    spec = fleet.spec.sites[site]
    return spec.account if isinstance(spec, CloudSiteSpec) else None


def _given(site: _Site, peer: str) -> str:
    spec = site.fleet.spec.sites.get(peer)
    if peer == site.name:
        return f"{peer}, the site itself"
    return f"{peer!r}, no site of the fleet" if spec is None else f"{peer}, a site of {spec.provider}"


def _aws_site(others: Iterable[str]) -> str:
    return f"another AWS site of the fleet: {', '.join(others) or 'there is none'}"


def _near(name: str, known: Iterable[str]) -> str:
    near = closest_names(name, list(known))
    return f"write {near[0]}" if near else "name one of them, or leave it out"
