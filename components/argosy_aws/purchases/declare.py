"""Declares what a purchase file buys, in the purchases project alone.

| kept from being bought twice by | |
|---|---|
| the offering's id is a literal | an id that is looked up is another one in every run |
| `ignore_changes` on all that would replace it | where the file differs later, that is an error |
| `protect` | the engine refuses to replace or delete it |
| `retain_on_delete`, for blocks | what cannot be given back is only forgotten |
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from argosy.errors import ArgosyError
from argosy_aws.purchases.bought import Facts, block_facts, differences, reservation_facts
from argosy_aws.purchases.costs import costs, total_usd
from argosy_aws.purchases.models import CapacityBlock, PurchaseSpec, Reservation
from argosy_aws.purchases.order import shown_moment

PROJECT = "argosy-purchases-aws"
"""The one Pulumi project that may buy. The policy rule CAP-06 knows it by this name."""

_PLATFORM = "Linux/UNIX"
_NEVER_CHANGED = (
    "a purchase is never changed: write what was bought, and give what is to be bought a name of its own"
)
_FIXED_BLOCK = ["capacityBlockOfferingId", "instancePlatform", "region"]
_FIXED_RESERVATION = [
    "availabilityZone",
    "instanceMatchCriteria",
    "instancePlatform",
    "instanceType",
    "placementGroupArn",
    "region",
    "tenancy",
]
# Where AWS has no capacity, the provider asks again until this is over.
_RESERVATION_TIMEOUTS = pulumi.CustomTimeouts(create="15m")
_BLOCK_TIMEOUTS = pulumi.CustomTimeouts(create="60m")


class WrongProjectError(ArgosyError):
    """A program of another project tried to buy. Run the purchases project instead."""


class WrongZoneError(ArgosyError):
    """This account has another name for a zone than the file says. Correct `zones`; nothing was bought."""

    exit_code = 2


@dataclass(frozen=True)
class Ids:
    """What a fleet file needs of the purchases, by name."""

    reservations: Mapping[str, pulumi.Input[str]]
    """The `cr-` id of everything that is bought, now or before."""
    groups: Mapping[str, pulumi.Input[str]]
    """The ARN of every group."""


def declare_purchases(spec: PurchaseSpec) -> Ids:
    """Declare every purchase of a file that `argosy_aws.purchases.load` found sound, and export the ids.

    Raises WrongProjectError in any other project, and WrongZoneError when the account calls a zone
    otherwise, both before anything is declared.
    """
    if pulumi.get_project() != PROJECT:
        msg = (
            f"the project {pulumi.get_project()!r} buys nothing: purchases are declared in {PROJECT!r} alone"
        )
        raise WrongProjectError(msg)
    provider = aws.Provider("account", region=spec.region, allowed_account_ids=[spec.account])
    _refuse_other_zones(spec, provider)
    ids = _Purchases(spec, provider).declare()
    _export(spec, ids)
    return ids


def _refuse_other_zones(spec: PurchaseSpec, provider: aws.Provider) -> None:
    """Ask AWS what it calls the zones. The answer can stop a purchase; it never feeds one."""
    used = {item.zone for item in (*spec.capacity_blocks.values(), *spec.reservations.values())}
    for zone in sorted(used):
        name = spec.zones[zone]
        found = aws.get_availability_zone(
            name=name, all_availability_zones=True, opts=pulumi.InvokeOptions(provider=provider)
        )
        if found.zone_id != zone:
            msg = f"zones.{zone}: {name} is {found.zone_id} in account {spec.account}; nothing was bought"
            raise WrongZoneError(msg)


class _Purchases:
    """The resources of one file."""

    def __init__(self, spec: PurchaseSpec, provider: aws.Provider) -> None:
        self._spec = spec
        self._kept = pulumi.ResourceOptions(provider=provider, protect=True)
        self._placement_groups = {
            name: aws.ec2.PlacementGroup(
                name, name=name, strategy="cluster", tags=self._tags(name), opts=self._kept
            )
            for name in sorted(_placement_groups(spec))
        }

    def declare(self) -> Ids:
        """Declare everything, by name."""
        blocks = {
            name: self._block(name, block) for name, block in sorted(self._spec.capacity_blocks.items())
        }
        reserved = {name: self._reserve(name, one) for name, one in sorted(self._spec.reservations.items())}
        groups = {name: self._group(name, reserved) for name in sorted(self._spec.groups)}
        return Ids({name: one.id for name, one in sorted((blocks | reserved).items())}, groups)

    def _block(self, name: str, block: CapacityBlock) -> _Bought:
        if block.bought is not None:
            return self._bought_before(block.bought)
        resource = aws.ec2.CapacityBlockReservation(
            name,
            capacity_block_offering_id=block.offering,
            instance_platform=_PLATFORM,
            tags=self._tags(name),
            opts=self._options(
                retain_on_delete=True, ignore_changes=_FIXED_BLOCK, custom_timeouts=_BLOCK_TIMEOUTS
            ),
        )
        _hold_against(name, block_facts(block, self._spec.zones[block.zone]), resource)
        return _Bought(resource.id, resource.arn)

    def _reserve(self, name: str, reserved: Reservation) -> _Bought:
        if reserved.bought is not None:
            return self._bought_before(reserved.bought)
        placement_group = self._placement_groups.get(reserved.placement_group or "")
        resource = aws.ec2.CapacityReservation(
            name,
            availability_zone=self._spec.zones[reserved.zone],
            instance_type=reserved.instance_type,
            instance_platform=_PLATFORM,
            instance_count=reserved.instances,
            # Never `open`: any instance of the account that happens to fit would take it.
            instance_match_criteria="targeted",
            end_date=_rfc3339(reserved.ends) if reserved.ends else None,
            end_date_type="limited" if reserved.ends else "unlimited",
            placement_group_arn=placement_group.arn if placement_group else None,
            tags={**self._tags(name), "owner": reserved.owner},
            # Not retained: a reservation that is forgotten goes on costing, one that is deleted does not.
            opts=self._options(ignore_changes=_FIXED_RESERVATION, custom_timeouts=_RESERVATION_TIMEOUTS),
        )
        _hold_against(name, reservation_facts(reserved, self._spec.zones[reserved.zone]), resource)
        return _Bought(resource.id, resource.arn)

    def _group(self, name: str, reserved: Mapping[str, _Bought]) -> pulumi.Output[str]:
        group = aws.resourcegroups.Group(
            name,
            name=name,
            configurations=[
                aws.resourcegroups.GroupConfigurationArgs(type="AWS::EC2::CapacityReservationPool"),
                aws.resourcegroups.GroupConfigurationArgs(
                    type="AWS::ResourceGroups::Generic",
                    parameters=[
                        aws.resourcegroups.GroupConfigurationParameterArgs(
                            name="allowed-resource-types", values=["AWS::EC2::CapacityReservation"]
                        )
                    ],
                ),
            ],
            tags=self._tags(name),
            opts=self._kept,
        )
        for member in self._spec.groups[name].reservations:
            aws.resourcegroups.Resource(
                # With a dot, which no name has: `a-b` with `c` is not `a` with `b-c`.
                f"{name}.{member}",
                group_arn=group.arn,
                resource_arn=reserved[member].arn,
                opts=pulumi.ResourceOptions(provider=self._kept.provider),
            )
        return group.arn

    def _bought_before(self, id_: str) -> _Bought:
        place = f"{self._spec.region}:{self._spec.account}"
        return _Bought(id_, f"arn:aws:ec2:{place}:capacity-reservation/{id_}")

    def _options(self, **options: Any) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(**options))

    def _tags(self, name: str) -> dict[str, str]:
        approved = self._spec.approved
        return {
            "argosy-purchase": name,
            "argosy-stack": pulumi.get_stack(),
            "approved-by": approved.by,
            "ticket": approved.ticket,
        }


@dataclass(frozen=True)
class _Bought:
    """A reservation, whether it is declared here or was bought before."""

    id: pulumi.Input[str]
    arn: pulumi.Input[str]


def _placement_groups(spec: PurchaseSpec) -> set[str]:
    made = (reserved for reserved in spec.reservations.values() if reserved.bought is None)
    return {reserved.placement_group for reserved in made if reserved.placement_group is not None}


def _hold_against(name: str, file: Facts, resource: pulumi.CustomResource) -> None:
    """Fail the run, once AWS has told, where the file says other than what was bought."""

    def refuse(found: dict[str, Any]) -> None:
        if wrong := differences(name, file, found):
            head = f"{found['id']} is not what the file says"
            raise pulumi.RunError("\n".join([head, *wrong, _NEVER_CHANGED]))

    pulumi.Output.all(**{"id": resource.id, **{fact: getattr(resource, fact) for fact in file}}).apply(refuse)


def _rfc3339(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _export(spec: PurchaseSpec, ids: Ids) -> None:
    committed = costs(spec)
    pulumi.export(
        "capacity",
        {
            cost.name: {
                "type": cost.kind,
                "reservation": ids.reservations[cost.name],
                "nodes": cost.item.instances,
                **({"starts": shown_moment(cost.item.starts)} if cost.item.starts else {}),
                **({"ends": shown_moment(cost.item.ends)} if cost.item.ends else {}),
            }
            for cost in committed
        },
    )
    pulumi.export("groups", dict(ids.groups))
    pulumi.export("total_usd", f"{total_usd(committed):.2f}")
    pulumi.export("budget_usd", f"{spec.budget_usd:.2f}")
