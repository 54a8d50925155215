"""What only a provider understands: loaded in its shape, and no part of any plan.

More of what is refused, word for word: tests/fixtures/specs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from argosy.catalog import load_catalog
from argosy.errors import ArgosyError, FleetError
from argosy.planner.plan import plan_capacity
from argosy.planner.verify import verify_plan
from argosy.providers import load_providers
from argosy.spec import settings as mechanism
from argosy.spec.loader import LoadedFleet, load_spec
from argosy.spec.plain import as_list, as_mapping
from argosy.spec.schema import fleet_json_schema
from argosy.spec.settings import registered_shapes
from argosy_aws.settings import AwsPoolSettings, AwsSiteSettings

FLEET = """\
version: 1
name: dev
sites:
  aws-use1:
    provider: aws
    region: us-east-1
    settings: SITE
    node_pools:
      serve:
        {instance_type: p5en.48xlarge, zone: use1-az2, role: inference, nodes: 2,
         capacity: {type: on-demand}, settings: POOL}
  aws-use2:
    provider: aws
    region: us-east-2
    node_pools:
      serve:
        {instance_type: p5en.48xlarge, zone: use2-az1, role: inference, nodes: 2,
         capacity: {type: on-demand}}
demand:
  inference: [{name: assistant, accelerator: [H200], nodes: 2}]
"""


def load(folder: Path, site: str = "{}", pool: str = "{}", text: str = FLEET) -> LoadedFleet:
    (folder / "dev.yaml").write_text(text.replace("SITE", site).replace("POOL", pool))
    return load_spec("./dev.yaml", folder)


def told(folder: Path, site: str = "{}", pool: str = "{}", text: str = FLEET) -> list[str]:
    with pytest.raises(FleetError) as refused:
        load(folder, site, pool, text)
    return [str(fault) for fault in refused.value.faults]


def test_settings_are_loaded_in_the_shape_of_their_provider(tmp_path: Path):
    fleet = load(tmp_path, "{image_release: 1.34.9-20260801}", "{drain_minutes: 90, also: [p5e.48xlarge]}")

    assert "1.34.9-20260801" == fleet.site_settings("aws-use1", AwsSiteSettings).image_release
    pool = fleet.pool_settings("aws-use1", "serve", AwsPoolSettings)
    assert (90, ("p5e.48xlarge",)) == (pool.drain_minutes, pool.also)


def test_what_is_left_out_has_the_defaults_of_the_shape(tmp_path: Path):
    fleet = load(tmp_path)

    assert AwsSiteSettings() == fleet.site_settings("aws-use2", AwsSiteSettings)
    assert AwsPoolSettings() == fleet.pool_settings("aws-use2", "serve", AwsPoolSettings)
    assert ["aws-use1"] == list(fleet.settings.sites)


@pytest.mark.parametrize("shape", sorted(registered_shapes()))
def test_no_settings_are_settings_of_every_registered_shape(shape: str):
    assert registered_shapes()[shape].site()
    assert registered_shapes()[shape].pool()


def test_every_shape_is_registered_under_the_name_of_a_provider():
    assert registered_shapes().keys() <= load_providers().keys()


def test_a_change_of_settings_leaves_every_lock_good(tmp_path: Path):
    before, catalog = load(tmp_path), load_catalog()
    lock = plan_capacity(before, catalog, None)
    after = load(tmp_path, "{control_plane: tier-xl}", "{root_volume_gib: 500}")

    assert before.settings != after.settings
    assert before.sha256 == after.sha256
    verify_plan(after, lock, catalog)


def test_a_change_beside_settings_does_not(tmp_path: Path):
    before = load(tmp_path)

    assert before.sha256 != load(tmp_path, text=FLEET.replace("us-east-2", "us-west-2")).sha256


def test_a_fault_is_at_its_line_and_whole_path_together_with_all_others_of_the_file(tmp_path: Path):
    several = FLEET.replace("region: us-east-2", "region: 5").replace("until", "untl")

    assert [
        "dev.yaml:7:16 sites.aws-use1.settings.control_plan: given the unknown key 'control_plan'",
        "dev.yaml:11:65 sites.aws-use1.node_pools.serve.settings.drain_minutes: given 1",
        "dev.yaml:14:13 sites.aws-use2.region: given 5",
    ] == [
        line.split(";")[0]
        for line in told(tmp_path, "{control_plan: tier-xl}", "{drain_minutes: 1}", several)
    ]


@pytest.mark.parametrize(
    ("pool", "meant"),
    [
        ("{root_volume_gib: 0x50}", "write 80"),
        ("{drain_minutes: 1_0}", "write a number in that range"),
        ("{mig: 1e3}", 'quote it: "1e3"'),
        ("{placement_group: no}", 'quote it: "no"'),
        ("{also: [yes]}", 'quote it: "yes"'),
    ],
)
def test_a_word_that_readers_disagree_about_is_told_once_in_the_words_of_the_shape(
    tmp_path: Path, pool: str, meant: str
):
    [fault] = told(tmp_path, pool=pool)

    assert fault.endswith(f"; {meant}")
    assert "another value" not in fault


def test_such_a_word_beside_settings_is_told_as_ever(tmp_path: Path):
    faults = told(tmp_path, text=FLEET.replace("nodes: 2", "nodes: 0x2", 1))

    assert ["given 0x2, which YAML readers take for hexadecimal or text"] == [
        fault.partition(": ")[2].split(";")[0] for fault in faults
    ]


@pytest.mark.parametrize("secret", ["AKIAIOSFODNN7EXAMPLE", "ghp_0123456789abcdefghijklmnopqrstuvwxyz"])
def test_a_secret_in_settings_is_refused_and_not_shown(tmp_path: Path, secret: str):
    faults = told(tmp_path, f"{{image_release: {secret}, password: {secret}}}", f"{{also: [{secret}]}}")

    assert 3 == sum("(not shown)" in fault for fault in faults)
    assert not [fault for fault in faults if secret in fault]


@pytest.mark.parametrize("provider", ["gcp", ""])
@pytest.mark.parametrize("settings", ["{a: no, b: 0x1}", "[]", "", "text"])
def test_settings_of_no_shape_are_refused_whole(tmp_path: Path, provider: str, settings: str):
    faults = told(tmp_path, settings, "{c: 1}", FLEET.replace("provider: aws", f"provider: {provider}"))

    assert faults
    assert not [fault for fault in faults if "settings." in fault]


def test_settings_of_a_provider_that_nobody_registered_wait_until_it_is(tmp_path: Path):
    fleet = load(tmp_path, "{a: no, b: 0x1}", "{c: 1}", FLEET.replace("provider: aws", "provider: lumen"))

    assert not fleet.settings.sites
    assert not fleet.settings.pools


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nname: x\nsites: [{provider: aws, settings: {a: 1}}]\n",
        "version: 1\nname: x\nsites: {one: [settings]}\n",
        "version: 1\nname: x\nsites: {one: {provider: aws, settings: {}, node_pools: [settings]}}\n",
        "version: 1\nname: x\nsites: {one: {provider: [aws], settings: {a: 1}, node_pools: {p: settings}}}\n",
    ],
)
def test_a_file_of_the_wrong_shape_is_told_so(tmp_path: Path, text: str):
    assert told(tmp_path, text=text)


class Missing:
    """An installation in which a provider's settings cannot be loaded."""

    def __call__(self, group: str) -> Iterator[EntryPoint]:
        yield EntryPoint("aws", "argosy_aws.settings:NOWHERE", group)


def test_a_shape_that_cannot_be_loaded_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    registered_shapes.cache_clear()
    monkeypatch.setattr(mechanism, "entry_points", Missing())
    try:
        with pytest.raises(
            ArgosyError, match=r"'aws' are registered as argosy_aws.settings:NOWHERE but cannot"
        ):
            registered_shapes()
    finally:
        registered_shapes.cache_clear()


class TestTheSchemaOfEditors:
    """The JSON Schema of a fleet file knows the shapes."""

    def rule(self, provider: str) -> dict[str, Any]:
        [rule] = [
            rule
            for rule in fleet_json_schema()["$defs"]["CloudSiteSpec"]["allOf"]
            if rule["if"]["properties"]["provider"]["const"] == provider
        ]
        return rule

    def test_a_shape_holds_for_the_sites_of_its_provider_alone(self):
        rule = self.rule("aws")

        assert ["provider"] == rule["if"]["required"]
        assert {"$ref": "#/$defs/AwsSiteSettings"} == rule["then"]["properties"]["settings"]
        pools = rule["then"]["properties"]["node_pools"]["additionalProperties"]
        assert {"$ref": "#/$defs/AwsPoolSettings"} == pools["properties"]["settings"]

    def test_there_is_one_rule_for_every_shape(self):
        assert len(registered_shapes()) == len(fleet_json_schema()["$defs"]["CloudSiteSpec"]["allOf"])

    def test_shapes_are_closed_to_unknown_keys_and_their_keys_explained(self):
        pool = fleet_json_schema()["$defs"]["AwsPoolSettings"]

        assert pool["additionalProperties"] is False
        assert AwsPoolSettings.model_fields.keys() == pool["properties"].keys()
        assert pool["properties"]["image"]["description"].startswith("An image of one's own")

    def test_every_definition_that_is_pointed_at_is_there(self):
        schema = fleet_json_schema()

        assert set(references(schema)) <= {f"#/$defs/{name}" for name in schema["$defs"]}

    def test_of_a_site_of_another_provider_any_mapping_is_taken(self):
        site = fleet_json_schema()["$defs"]["CloudSiteSpec"]

        assert "object" == site["properties"]["settings"]["type"]
        assert site["properties"]["settings"].get("additionalProperties", True) is True


def references(node: Any) -> Iterator[str]:
    if (mapping := as_mapping(node)) is not None:
        if isinstance(mapping.get("$ref"), str):
            yield mapping["$ref"]
        for value in mapping.values():
            yield from references(value)
    for value in as_list(node) or ():
        yield from references(value)


class TestWhenCapacityBegins:
    """`starts`, `since` and `until` in their order. What is refused: capacity-that-starts-out-of-order."""

    @pytest.mark.parametrize(
        ("capacity", "since"),
        [
            ("{type: block, reservation: cr-1, ends: 2027-03-02T00:00Z}", ""),
            ("{type: reserved, reservation: cr-1, starts: 2027-03-01T00:00Z}", "2027-03-01T00:00Z"),
            ("{type: reserved, reservation: cr-1, starts: 2027-03-01T01:00+01:00}", "2027-03-01T00:00Z"),
            ("{type: on-demand}", "2027-03-01T00:00Z"),
        ],
    )
    def test_what_has_begun_by_then_is_accepted(self, tmp_path: Path, capacity: str, since: str):
        text = FLEET.replace("capacity: {type: on-demand}", f"capacity: {capacity}", 1)
        fleet = load(tmp_path, text=f"{text}since: {since}\n" if since else text)

        assert isinstance(fleet.spec.since, dt.datetime) is bool(since)

    def test_what_has_not_begun_is_counted_by_no_plan_that_may_hold_before(self, tmp_path: Path):
        capacity = "{type: reserved, reservation: cr-1, starts: 2027-03-01T00:00Z}"
        [fault] = told(
            tmp_path, text=FLEET.replace("capacity: {type: on-demand}", f"capacity: {capacity}", 1)
        )

        assert "write since: 2027-03-01T00:00Z, or delete `starts`" in fault

    @pytest.mark.parametrize("moment", ["2027-03-01T00:00Z", "2027-03-01T01:00+01:00"])
    def test_what_begins_when_it_ends_is_refused(self, tmp_path: Path, moment: str):
        block = f"{{type: block, reservation: cr-1, starts: {moment}, ends: 2027-03-01T00:00Z}}"
        [fault] = told(tmp_path, text=FLEET.replace("capacity: {type: on-demand}", f"capacity: {block}", 1))

        assert "expected a start before the end" in fault

    def test_a_plan_that_must_hold_from_its_end_on_is_refused(self, tmp_path: Path):
        [fault] = told(tmp_path, text=f"{FLEET}since: 2027-03-01T00:00Z\nuntil: 2027-03-01T01:00+01:00\n")

        assert "expected a time before `until`" in fault
        assert load(tmp_path, text=f"{FLEET}since: 2027-03-01T00:00Z\nuntil: 2027-03-01T00:01Z\n")

    def test_a_change_of_the_beginning_is_a_change_of_the_plan(self, tmp_path: Path):
        capacity = "{type: reserved, reservation: cr-1, starts: 2027-03-01T00:00Z}"
        text = FLEET.replace("capacity: {type: on-demand}", f"capacity: {capacity}", 1)
        text += "since: 2027-03-05T00:00Z\n"

        assert load(tmp_path, text=text).sha256 != load(tmp_path, text=text.replace("03-01", "03-02")).sha256
