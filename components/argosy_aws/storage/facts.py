"""What this provider must know of S3 and of FSx for Lustre. Values and sources: `storage.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from argosy_aws.yaml_facts import read_facts


@dataclass(frozen=True)
class LustreFacts:
    """What FSx takes for a file system on SSDs that persists."""

    version: str
    smallest_gib: int
    step_gib: int
    efa_capacity_gib: Mapping[int, int]
    """MB/s per TiB to the smallest capacity with EFA, of which every other is a multiple."""
    included_metadata_iops: Mapping[int, int]
    """Capacity in GiB from which on so many metadata operations per second are included."""
    scale_from_gib: int
    scale_each_gib: int
    scale_iops: int
    most_metadata_iops: int
    ports: tuple[tuple[int, int], ...]
    """TCP ports between clients and servers, as ranges."""

    def nearest_capacities(self, capacity_gib: int, throughput: int, *, efa: bool) -> tuple[int, ...]:
        """The legal capacities around one, in GiB: itself alone when it is legal."""
        step = self.efa_capacity_gib[throughput] if efa else self.step_gib
        smallest = step if efa else self.smallest_gib
        if capacity_gib == smallest or capacity_gib % step == 0:
            return (capacity_gib,)
        below = capacity_gib // step * step or smallest
        return tuple(sorted({below, -(-capacity_gib // step) * step}))

    def least_metadata_iops(self, capacity_gib: int) -> int:
        """What automatic mode gives, below which nobody may ask; never more than the most that anyone may."""
        if capacity_gib >= self.scale_from_gib:
            scaled = capacity_gib // self.scale_each_gib * self.scale_iops
            return min(scaled, self.most_metadata_iops)
        return max(iops for gib, iops in self.included_metadata_iops.items() if gib <= capacity_gib)


@dataclass(frozen=True)
class PolicySizes:
    """Most characters of policy documents."""

    role: int
    """Of all inline policies of a role together."""
    bucket: int
    key: int


@dataclass(frozen=True)
class StorageFacts:
    """Names of buckets, and file systems."""

    longest_bucket_name: int
    reserved_bucket_names: tuple[str, ...]
    """Beginnings that S3 keeps for itself."""
    only_global_names: frozenset[str]
    """Regions in which an account has no namespace of its own."""
    policy_sizes: PolicySizes
    lustre: LustreFacts


@lru_cache(maxsize=1)
def load_storage_facts() -> StorageFacts:
    """The facts, read once per process."""
    content = read_facts(__file__, "storage.yaml")
    names, lustre = content["bucket_name"], content["lustre"]
    scales = lustre["metadata_scales"]
    return StorageFacts(
        longest_bucket_name=names["longest"],
        reserved_bucket_names=tuple(names["reserved"]),
        only_global_names=frozenset(names["only_global"]),
        policy_sizes=PolicySizes(**content["policy_sizes"]),
        lustre=LustreFacts(
            version=lustre["version"],
            smallest_gib=lustre["smallest_gib"],
            step_gib=lustre["step_gib"],
            efa_capacity_gib=dict(lustre["efa_capacity_gib"]),
            included_metadata_iops=dict(lustre["included_metadata_iops"]),
            scale_from_gib=scales["from_gib"],
            scale_each_gib=scales["each_gib"],
            scale_iops=scales["iops"],
            most_metadata_iops=lustre["most_metadata_iops"],
            ports=tuple((first, last) for first, last in lustre["ports"]),
        ),
    )
