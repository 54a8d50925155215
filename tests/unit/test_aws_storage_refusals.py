"""What AWS would reject about a site's storage: each rule, and its absence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from argosy.errors import Fault
from argosy.spec.loader import load_spec
from argosy_aws.storage.refusals import refuse_storage

Refused = Callable[..., list[Fault]]

AUTHORITY = {"pods": "10.65.0.0/16", "certificate_authority": "oslo-ca.pem"}
POOL = {"role": "inference", "nodes": 1}


def aws(region: str, zone: str, cidr: str, account: str = "111122223333") -> dict[str, Any]:
    pool = {**POOL, "instance_type": "p5en.48xlarge", "zone": zone, "capacity": {"type": "on-demand"}}
    return {
        "provider": "aws",
        "region": region,
        "account": account,
        "cidr": cidr,
        "settings": {"buckets": {"data": {"holds": "data"}}},
        "node_pools": {"serve": pool},
    }


HALL = {
    "provider": "metal",
    "cidr": "10.64.0.0/16",
    "inventory": "oslo.yaml",
    "power": {"feeds": [{"name": "a", "rated_kw": 40}]},
    "uplinks": [
        {"name": "fibre", "kind": "fibre", "mbps": 100000, "rtt_ms": 98, "carrier": "one", "conduit": "duct"},
        {"name": "sky", "kind": "leo", "mbps": 200, "rtt_ms": 45, "carrier": "two"},
    ],
    "claims": {"backend": "sqlite", "path": ".argosy/claims.sqlite"},
    "phone_home": "https://provision.oslo.example/phone-home",
    "node_pools": {
        "serve": {
            **POOL,
            "server_type": "dgx-h200",
            "image": {"url": "https://provision.oslo.example/node.iso", "sha256": "0" * 64},
        }
    },
}
INVENTORY = {
    "version": 1,
    "site": "oslo",
    "server_type": "dgx-h200",
    "credentials": {"username": "env:BMC_USERNAME", "password": "env:BMC_PASSWORD"},
    "servers": [{"serial": "OSL0001", "bmc": "https://bmc.oslo.example", "rack": "r1", "feeds": ["a"]}],
}
GOOGLE = {
    "provider": "gcp",
    "region": "europe-west4",
    "account": "example-fleet",
    "cidr": "10.32.0.0/16",
    "node_pools": {
        "serve": {
            **POOL,
            "instance_type": "a3-megagpu-8g",
            "zone": "europe-west4-b",
            "capacity": {"type": "on-demand"},
        }
    },
}


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Faults of the storage of `here`, in a fleet that is sound but for the settings of its two AWS sites."""

    def faults(
        there: dict[str, Any] | None = None, *, there_account: str = "111122223333", **here: Any
    ) -> list[Fault]:
        sites: dict[str, Any] = {
            "here": aws("us-east-1", "use1-az4", "10.16.0.0/16"),
            "there": aws("us-west-2", "usw2-az3", "10.24.0.0/16", there_account),
            "gcp-euw4": GOOGLE,
            "oslo": HALL,
        }
        sites["here"]["settings"].update(here)
        sites["there"]["settings"].update(there or {})
        fleet = {"version": 1, "name": "lab", "sites": sites}
        for name, content in (("lab.yaml", fleet), ("oslo.yaml", INVENTORY)):
            with (tmp_path / name).open("w", encoding="utf-8") as file:
                YAML(typ="safe").dump(content, file)  # pyright: ignore[reportUnknownMemberType]
        return list(refuse_storage("here", load_spec(str(tmp_path / "lab.yaml"))))

    return faults


def bucket(**spec: Any) -> dict[str, Any]:
    return {"data": {"holds": "data", **spec}}


def lustre(**spec: Any) -> dict[str, Any]:
    return {"scratch": {"zone": "use1-az4", "capacity_gib": 19200, **spec}}


def only(faults: list[Fault]) -> Fault:
    assert 1 == len(faults), [str(fault) for fault in faults]
    return faults[0]


def test_sound_storage_is_not_refused(refused: Refused) -> None:
    readers = {"gcp-euw4": {"google_subject": "112233445566778899001"}, "oslo": {}}

    assert [] == refused(
        buckets=bucket(replicate_to=["there"], readers=readers),
        lustre=lustre(bucket="data", metadata_iops=12000),
        halls={"oslo": {"joins": AUTHORITY}},
    )


@pytest.mark.parametrize(
    ("peer", "given"),
    [
        ("nowhere", "'nowhere', no site of the fleet"),
        ("gcp-euw4", "gcp-euw4, a site of gcp"),
        ("oslo", "oslo, a site of metal"),
        ("here", "here, the site itself"),
    ],
)
def test_a_copy_goes_to_another_aws_site(refused: Refused, peer: str, given: str) -> None:
    fault = only(refused(buckets=bucket(replicate_to=[peer])))

    assert "sites.here.settings.buckets.data.replicate_to[0]" == fault.path
    assert given == fault.given
    assert "another AWS site of the fleet: there" == fault.expected


def test_a_copy_goes_to_a_bucket_of_the_same_name(refused: Refused) -> None:
    fault = only(refused({"buckets": {}}, buckets=bucket(replicate_to=["there"])))

    assert "there, which has no bucket data" == fault.given
    assert "write buckets.data under the settings of there" in fault.fix


def test_a_bucket_of_another_account_must_say_whose_copies_it_takes(refused: Refused) -> None:
    copies = bucket(replicate_to=["there"])
    fault = only(refused(there_account="444455556666", buckets=copies))

    assert "write replicas_from: [here] under buckets.data of there" == fault.fix
    admits = {"buckets": bucket(replicas_from=["here"])}
    assert [] == refused(admits, there_account="444455556666", buckets=copies)


def test_a_bucket_admits_nobody_who_copies_nothing_to_it(refused: Refused) -> None:
    fault = only(refused(buckets=bucket(replicas_from=["there"])))

    assert "there, which copies no bucket data here" == fault.given
    assert [] == refused({"buckets": bucket(replicate_to=["here"])}, buckets=bucket(replicas_from=["there"]))


@pytest.mark.parametrize("reader", ["nowhere", "there", "here"])
def test_a_reader_is_a_site_of_another_provider(refused: Refused, reader: str) -> None:
    fault = only(refused(buckets=bucket(readers={reader: {}})))

    assert f"sites.here.settings.buckets.data.readers.{reader}" == fault.path
    assert "a site of gcp or a hall: gcp-euw4, oslo" == fault.expected


def test_a_google_reader_has_a_subject(refused: Refused) -> None:
    assert "gcp-euw4 without google_subject" == only(refused(buckets=bucket(readers={"gcp-euw4": {}}))).given


@pytest.mark.parametrize("key", ["google_audience", "google_subject"])
def test_a_hall_has_nothing_of_google(refused: Refused, key: str) -> None:
    readers = {"oslo": {key: "112233445566778899001"}}
    fault = only(refused(buckets=bucket(readers=readers), halls={"oslo": {"joins": AUTHORITY}}))

    assert f"sites.here.settings.buckets.data.readers.oslo.{key}" == fault.path


@pytest.mark.parametrize(
    "halls",
    [
        {},
        {"oslo": {}},
        {"oslo": {"joins": {"pods": "10.65.0.0/16"}}},
        {"oslo": {"joins": {**AUTHORITY, "through": "ssm"}}},
    ],
)
def test_a_hall_reads_by_certificates_that_the_site_believes(refused: Refused, halls: dict[str, Any]) -> None:
    fault = only(refused(buckets=bucket(readers={"oslo": {}}), halls=halls))

    assert "write certificate_authority under halls.oslo.joins" in fault.fix


@pytest.mark.parametrize("name", ["sthree", "sthree-x", "amzn-s3-demo"])
def test_a_bucket_does_not_begin_like_those_of_s3_itself(refused: Refused, name: str) -> None:
    assert f"sites.here.settings.buckets.{name}" == only(refused(buckets={name: {"holds": "data"}})).path


def test_a_bucket_may_begin_almost_like_those_of_s3(refused: Refused) -> None:
    assert [] == refused(buckets={"sthreen": {"holds": "data"}})


def test_a_file_system_stands_where_the_site_has_nodes(refused: Refused) -> None:
    fault = only(refused(lustre=lustre(zone="use1-az6")))

    assert "sites.here.settings.lustre.scratch.zone" == fault.path
    assert "a zone in which the site has a pool: use1-az4" == fault.expected


def test_capacity_with_efa_comes_in_the_steps_of_its_throughput(refused: Refused) -> None:
    fault = only(refused(lustre=lustre(capacity_gib=9600)))

    assert "multiples of 19200 with EFA at 250 MB/s per TiB" == fault.expected
    assert "write 19200; a smaller one takes efa: false" == fault.fix
    assert [] == refused(lustre=lustre(capacity_gib=9600, throughput_mbps_per_tib=500))


def test_capacity_without_efa_comes_in_steps_too(refused: Refused) -> None:
    assert "write 2400 or 4800" == only(refused(lustre=lustre(capacity_gib=3600, efa=False))).fix
    assert [] == refused(lustre=lustre(capacity_gib=1200, efa=False))


def test_metadata_operations_are_not_fewer_than_come_with_the_capacity(refused: Refused) -> None:
    fault = only(refused(lustre=lustre(metadata_iops=6000)))

    assert "at least the 12000 that come with 19200 GiB" == fault.expected


def test_a_file_system_is_linked_to_a_bucket_of_its_own_site(refused: Refused) -> None:
    fault = only(refused(lustre=lustre(bucket="date")))

    assert ("a bucket of this site: data", "write data") == (fault.expected, fault.fix)


def test_what_is_linked_to_a_bucket_has_no_backups(refused: Refused) -> None:
    fault = only(refused(lustre=lustre(bucket="data", backup_days=7)))

    assert "sites.here.settings.lustre.scratch.backup_days" == fault.path
    assert [] == refused(lustre=lustre(backup_days=7))


def test_every_fault_is_said_at_once(refused: Refused) -> None:
    assert 3 == len(
        refused(buckets=bucket(replicate_to=["here"]), lustre=lustre(zone="use1-az6", bucket="other"))
    )
