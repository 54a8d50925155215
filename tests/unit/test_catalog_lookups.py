"""Looking things up in the catalogue, and the slice of it that a lock embeds."""

import hashlib
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from argosy.catalog import Catalog, NotInCatalogError, closest_names, facts_for, load_catalog

KEYS = ["metal/dgx-h200", "aws/p5en.48xlarge", "gcp/a3-megagpu-8g"]


@pytest.fixture
def catalog() -> Catalog:
    return load_catalog()


def digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def test_an_unknown_accelerator_names_the_closest_and_the_command_that_lists_all(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalogError) as raised:
        catalog.accelerator("H200X")

    assert raised.value.closest[0] == "H200"
    assert str(raised.value) == (
        "accelerator 'H200X' is not in the catalogue; "
        "closest: 'H200' or 'H100' or 'B200'. List all: argosy catalog accelerators"
    )
    assert raised.value.exit_code == 2


def test_an_instance_type_is_only_sought_at_its_own_provider(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalogError) as raised:
        catalog.instance_type("gcp", "p5en.48xlarge")

    assert raised.value.closest == ()
    assert raised.value.listing == "argosy catalog instance-types --provider gcp"


def test_a_provider_without_instance_types_points_to_the_whole_list(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalogError) as raised:
        catalog.instance_type("azure", "Standard_ND96isr_H100_v5")

    assert raised.value.listing == "argosy catalog instance-types"


def test_a_misspelt_instance_or_server_type_gets_a_suggestion(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalogError, match=r"closest: 'p5en\.48xlarge'"):
        catalog.instance_type("aws", "p5en.48xl")
    with pytest.raises(NotInCatalogError, match="closest: 'dgx-h200'"):
        catalog.server_type("DGX-H200")


def test_suggestions_ignore_case_and_leave_out_what_is_far_off() -> None:
    assert closest_names("h200", ["H200", "Trainium"]) == ("H200",)
    assert closest_names("qqqq", ["H200", "Trainium"]) == ()


def test_a_key_finds_cloud_and_bare_metal_alike(catalog: Catalog) -> None:
    assert [catalog.node_type(key).key for key in KEYS] == KEYS
    assert {"H100", "H200"} == {catalog.node_type(key).accelerator for key in KEYS}


def test_an_entry_is_found_by_name_or_key_and_missed_with_a_suggestion(catalog: Catalog) -> None:
    assert catalog.entry("dgx-h200") is catalog.entry("metal/dgx-h200")
    assert catalog.entry("H200").name == "H200"
    with pytest.raises(NotInCatalogError, match="dgx-h200"):
        catalog.entry("dgx-h20")


def test_the_facts_are_the_same_in_any_order_of_keys_and_with_repeats(catalog: Catalog) -> None:
    forwards = json.dumps(facts_for(catalog, KEYS))

    assert forwards == json.dumps(facts_for(catalog, [*reversed(KEYS), KEYS[0]]))


def test_the_facts_hold_ints_and_decimal_strings_and_survive_json(catalog: Catalog) -> None:
    facts = facts_for(catalog, ["aws/p5en.48xlarge"])

    assert facts == {
        "accelerators": {"H200": {"memory_gb": 141}},
        "node_types": {
            "aws/p5en.48xlarge": {
                "accelerator": "H200",
                "accelerators": 8,
                "arch": "x86_64",
                "capacity_types": ["reserved", "block", "on-demand", "spot"],
                "fabric": "efa",
                "fabric_gbps": 3200,
                "node_power_kw": "10.2",
                "nvlink_domain": 8,
                "price_usd_per_hour": "63.3",
            }
        },
    }
    assert facts == json.loads(json.dumps(facts))


def test_the_facts_of_an_unknown_key_are_refused(catalog: Catalog) -> None:
    with pytest.raises(NotInCatalogError, match="'p9'"):
        facts_for(catalog, ["aws/p9"])


def with_changed_type(catalog: Catalog, **changes: object) -> Catalog:
    key = "aws/p5en.48xlarge"
    changed = catalog.instance_types[key].model_copy(update=changes)
    return replace(catalog, instance_types={**catalog.instance_types, key: changed})


def test_a_changed_planning_value_changes_the_facts(catalog: Catalog) -> None:
    before = digest(facts_for(catalog, KEYS))

    assert before != digest(facts_for(with_changed_type(catalog, accelerators=4), KEYS))
    assert before != digest(facts_for(with_changed_type(catalog, node_power_kw=Decimal("10.3")), KEYS))


def test_what_no_plan_rests_on_leaves_the_facts_alone(catalog: Catalog) -> None:
    before = digest(facts_for(catalog, KEYS))

    assert before == digest(facts_for(with_changed_type(catalog, local_ssd=None, notes=("new",)), KEYS))
    assert before == digest(facts_for(with_changed_type(catalog, node_power_kw=Decimal("10.200")), KEYS))


def test_another_types_price_leaves_the_facts_alone(catalog: Catalog) -> None:
    others = ["gcp/a3-megagpu-8g"]

    assert facts_for(catalog, others) == facts_for(
        with_changed_type(catalog, price_usd_per_hour=Decimal(1)), others
    )
