"""What AWS would reject about a site, said when the fleet file is checked. Each rule yields faults."""

from __future__ import annotations

from collections.abc import Iterator

from argosy.catalog import Catalog, closest_names
from argosy.errors import Fault
from argosy.spec.loader import LoadedFleet
from argosy.spec.models import CloudSiteSpec
from argosy_aws.cluster.access_refusals import refuse_access
from argosy_aws.cluster.refusals import refuse_cluster
from argosy_aws.facts import load_facts
from argosy_aws.halls.refusals import refuse_halls
from argosy_aws.name_refusals import refuse_names_alike
from argosy_aws.network.refusals import refuse_narrow_range
from argosy_aws.network.subnets import NARROWEST_PREFIX, WIDEST_PREFIX
from argosy_aws.pools import capacity_rules, image_rules, mixing_rules, place_rules
from argosy_aws.pools.node_group import NODE_GROUP_PREFIX_LIMIT, name_prefix
from argosy_aws.settings import ACCOUNT, AwsSiteSettings
from argosy_aws.storage.refusals import refuse_storage
from argosy_component.cloud_pools import (
    CloudPool,
    cloud_pools,
    fleeting_protected_training,
    too_long,
    unfit_range,
)


def refuse(site: str, fleet: LoadedFleet, catalog: Catalog) -> list[Fault]:
    """All faults of an AWS site. What holds for every provider is `argosy.resolve`'s to say."""
    spec = fleet.spec.sites[site]
    if not isinstance(spec, CloudSiteSpec):
        return []
    pools = cloud_pools(site, spec, fleet, catalog)
    return [
        *_region(fleet, site, spec),
        *_account(fleet, site, spec),
        *unfit_range(fleet, site, spec, widest=WIDEST_PREFIX, narrowest=NARROWEST_PREFIX),
        *_alarm_topic(fleet, site, spec),
        *refuse_narrow_range(site, fleet, spec, pools),
        *image_rules.site_release(fleet, site, spec, pools),
        *refuse_access(site, fleet),
        *refuse_cluster(site, fleet),
        *refuse_halls(site, fleet),
        *refuse_storage(site, fleet),
        *refuse_names_alike(site, fleet),
        *capacity_rules.shared_reservations(site, fleet),
        *(fault for pool in pools for rule in _POOL_RULES for fault in rule(pool)),
    ]


def _region(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    regions = load_facts().zones
    if spec.region not in regions:
        near = closest_names(spec.region, regions)
        yield fleet.fault(
            f"sites.{site}.region",
            given=repr(spec.region),
            expected=f"an AWS region: {', '.join(regions)}",
            fix=f"write {near[0]}" if near else "name one of them",
        )


def _account(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    if spec.account is None or not ACCOUNT.fullmatch(spec.account):
        yield fleet.fault(
            f"sites.{site}.account",
            given="no account" if spec.account is None else repr(spec.account),
            expected="the AWS account id, 12 digits in quotes",
            fix='write account: "111122223333" with your own number; no other account is touched',
        )


def _alarm_topic(fleet: LoadedFleet, site: str, spec: CloudSiteSpec) -> Iterator[Fault]:
    topic = fleet.site_settings(site, AwsSiteSettings).alarm_topic
    # CloudWatch user guide, alarm actions.
    if topic is not None and topic.split(":")[3] != spec.region:
        yield fleet.fault(
            f"sites.{site}.settings.alarm_topic",
            given=topic,
            expected=f"a topic of {spec.region}, since an alarm tells topics of its own region only",
            fix="make one there, and let cloudwatch.amazonaws.com publish to it",
        )


def _name(pool: CloudPool) -> Iterator[Fault]:
    if pool.zones:
        longest = max(pool.zones, key=len)
        yield from too_long(pool, name_prefix(pool.name, longest), limit=NODE_GROUP_PREFIX_LIMIT)


_POOL_RULES = (
    place_rules.unknown_zones,
    place_rules.not_offered,
    place_rules.idle_offers,
    capacity_rules.unfit_reservation,
    capacity_rules.several_zones,
    capacity_rules.misplaced_group,
    capacity_rules.unfit_drain,
    capacity_rules.never_runs,
    capacity_rules.broken_rack,
    fleeting_protected_training,
    image_rules.pool_release,
    image_rules.stock_image,
    image_rules.rack_scale,
    image_rules.unfit_mig,
    mixing_rules.unfit_mix,
    _name,
)
