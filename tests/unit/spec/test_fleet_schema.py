"""The JSON Schema that editors use."""

import json
from pathlib import Path
from typing import Any

from argosy.spec.schema import DRAFT, fleet_json_schema

COMMITTED = Path(__file__).parents[3] / "docs" / "reference" / "fleet.schema.json"


def definition(name: str) -> dict[str, Any]:
    return fleet_json_schema()["$defs"][name]


def test_the_committed_schema_is_the_one_that_argosy_schema_prints():
    # Mended by: argosy schema > docs/reference/fleet.schema.json
    assert json.dumps(fleet_json_schema(), indent=2, ensure_ascii=False) + "\n" == COMMITTED.read_text()


def test_the_schema_names_its_draft_and_is_closed_to_unknown_keys():
    schema = fleet_json_schema()

    assert schema["$schema"] == DRAFT
    assert schema["additionalProperties"] is False
    assert all(part.get("additionalProperties") is False for part in schema["$defs"].values())


def test_keys_are_explained_in_the_words_of_the_models():
    zone = definition("NodePoolSpec")["properties"]["zone"]

    assert "The one zone of a pool that needs a fabric (AWS: the zone id)." == zone["description"]


def test_an_optional_key_may_be_left_out_but_not_be_empty():
    pool = definition("NodePoolSpec")

    assert "zone" not in pool["required"]
    assert "string" == pool["properties"]["zone"]["type"]


def test_a_share_is_a_number_from_0_to_1_and_no_text():
    share = definition("KeepSpec")["properties"]["training"]

    assert ("number", 0, 1, 0.0) == (share["type"], share["minimum"], share["maximum"], share["default"])


def test_names_of_sites_are_held_to_the_pattern_of_a_name():
    sites = fleet_json_schema()["properties"]["sites"]

    assert sites["additionalProperties"] is False
    assert list(sites["patternProperties"]) == ["^[a-z][a-z0-9]*(-[a-z0-9]+)*$"]
