"""The network cards that ship with the package are EC2's own answer, and the catalogue says the same."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from argosy.catalog import NotInCatalogError, load_catalog
from argosy_aws.cards.network_cards import addresses_per_interface, captured_types, type_names, type_network

WRITER = runpy.run_path(str(Path(__file__).parents[1] / "fixtures" / "aws" / "network_cards.py"))
CAPTURE: dict[str, dict[str, Any]] = WRITER["capture"]()


def test_the_file_is_what_its_writer_makes_of_ec2s_answer() -> None:
    file: Path = WRITER["FILE"]

    assert WRITER["render"]() == file.read_text(encoding="utf-8")


def test_every_type_has_the_cards_limits_and_addresses_that_ec2_names() -> None:
    """Read through the package and compared field by field: the writer is not believed."""
    assert set(CAPTURE) == set(captured_types())
    for name, answer in CAPTURE.items():
        info, ours = answer["NetworkInfo"], type_network(name)

        assert info["Ipv4AddressesPerInterface"] == addresses_per_interface(name), name
        assert info.get("EfaInfo", {}).get("MaximumEfaInterfaces", 0) == ours.max_efa_interfaces, name
        assert [
            (card["NetworkCardIndex"], card["MaximumNetworkInterfaces"], tuple(card["InterfaceTypes"]))
            for card in info["NetworkCards"]
        ] == [(card.index, card.max_interfaces, card.interface_types) for card in ours.network_cards], name


def test_no_card_leaves_out_what_it_takes() -> None:
    """EC2's field may be absent; while it never is, no rule has to guess from the number of cards."""
    cards = [card for answer in CAPTURE.values() for card in answer["NetworkInfo"]["NetworkCards"]]

    assert all(card["InterfaceTypes"] for card in cards)
    assert {0} == {answer["NetworkInfo"]["DefaultNetworkCardIndex"] for answer in CAPTURE.values()}


def test_the_catalogue_and_the_file_say_the_same_of_the_types_in_both() -> None:
    ours = [entry for entry in load_catalog().instance_types.values() if entry.provider == "aws"]
    in_both = [entry for entry in ours if entry.name in captured_types()]

    assert 21 == len(in_both)
    for entry in in_both:
        facts = captured_types()[entry.name]

        assert facts["max_efa_interfaces"] == entry.max_efa_interfaces
        assert [
            (group["first"], group["last"], group["max_interfaces"], tuple(group["interface_types"]))
            for group in facts["cards"]
        ] == [
            (group.cards[0], group.cards[-1], group.max_interfaces, group.interface_types)
            for group in entry.network_card_groups
        ], entry.name


def test_a_type_of_the_catalogue_has_the_catalogues_word() -> None:
    gb200 = type_network("p6e-gb200.36xlarge")

    assert (1, 5, 9, 13) == gb200.efa_cards
    assert "estimate" == gb200.provenance.confidence
    assert addresses_per_interface("p6e-gb200.36xlarge") is None


def test_another_type_says_where_its_facts_come_from() -> None:
    origin = type_network("m5.large").provenance

    assert "moto" in origin.source
    assert ("2026-10-27", "verified") == (origin.as_of.isoformat(), origin.confidence)


def test_every_name_is_listed_once() -> None:
    assert 1396 == len(type_names())
    assert sorted({*CAPTURE, "p6e-gb200.36xlarge"}) == list(type_names())


def test_a_mistyped_name_is_answered_with_the_closest() -> None:
    with pytest.raises(NotInCatalogError, match=r"closest: 'p6-b300\.48xlarge'"):
        type_network("p6-b300.48xlarg")
