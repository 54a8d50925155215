import pytest

from argosy.catalog import load_catalog
from argosy.catalog.models import NetworkCardGroup
from argosy_aws.cards.faults import launch_faults, layout_faults
from argosy_aws.cards.network_cards import captured_types, type_network
from argosy_aws.cards.nics import (
    NetworkInterface,
    choose_max_pods,
    choose_network_interfaces,
    efa_count,
    pods_with_addresses,
)

from ..aws_plans import aws_type


def test_p5en_gets_a_plain_address_on_card_0_and_an_efa_on_each_of_its_16_cards() -> None:
    expected = (
        NetworkInterface(0, 0, "interface"),
        NetworkInterface(0, 1, "efa-only"),
        *(NetworkInterface(card, 0, "efa-only") for card in range(1, 16)),
    )

    assert expected == choose_network_interfaces(aws_type("p5en.48xlarge"))
    assert 16 == efa_count(expected)


def test_p5_gets_32_efas() -> None:
    interfaces = choose_network_interfaces(aws_type("p5.48xlarge"))

    assert 33 == len(interfaces)
    assert 32 == efa_count(interfaces)


def test_card_0_of_p6_b300_takes_no_efa() -> None:
    interfaces = choose_network_interfaces(aws_type("p6-b300.48xlarge"))

    assert [NetworkInterface(0, 0, "interface")] == [nic for nic in interfaces if nic.card == 0]
    assert list(range(1, 17)) == [nic.card for nic in interfaces if nic.efa]


def test_gb200_gets_its_efas_on_the_cards_the_catalogue_names() -> None:
    instance_type = aws_type("p6e-gb200.36xlarge")

    chosen = [nic.card for nic in choose_network_interfaces(instance_type) if nic.efa]

    assert list(instance_type.efa_cards) == chosen


def test_a_type_without_efa_gets_one_plain_interface() -> None:
    without = [
        entry
        for entry in load_catalog().instance_types.values()
        if entry.provider == "aws" and not entry.max_efa_interfaces
    ]

    for instance_type in without:
        assert (NetworkInterface(0, 0, "interface"),) == choose_network_interfaces(instance_type)


def test_every_type_of_ec2s_answer_gets_the_interfaces_that_aws_recommends() -> None:
    """Exactly as many EFAs as the type allows, one per card, none on a card that takes none."""
    networks = [type_network(name) for name in captured_types()]

    assert 1395 == len(networks)
    assert 303 == sum(network.max_efa_interfaces > 0 for network in networks)
    assert {} == {
        network.name: faults
        for network in networks
        if (faults := layout_faults(choose_network_interfaces(network), network))
    }


def test_every_type_of_the_catalogue_gets_the_interfaces_that_aws_recommends() -> None:
    """P6e-GB200 is here and not in EC2's answer."""
    ours = [entry for entry in load_catalog().instance_types.values() if entry.provider == "aws"]

    assert "p6e-gb200.36xlarge" in {entry.name for entry in ours}
    assert {} == {
        entry.name: faults
        for entry in ours
        if (faults := layout_faults(choose_network_interfaces(entry), entry))
    }


@pytest.mark.parametrize("name", ["i7ie.48xlarge", "i7ie.metal-48xl", "i8ge.48xlarge", "i8ge.metal-48xl"])
def test_a_type_that_allows_fewer_efas_than_its_cards_take_gets_the_first(name: str) -> None:
    expected = (NetworkInterface(0, 0, "interface"), NetworkInterface(0, 1, "efa-only"))

    assert expected == choose_network_interfaces(type_network(name))


def test_a_type_without_room_beside_its_first_interface_gets_an_efa_with_an_address() -> None:
    expected = (NetworkInterface(0, 0, "efa"), NetworkInterface(1, 0, "efa-only"))

    assert expected == choose_network_interfaces(type_network("hpc6id.32xlarge"))


def test_cards_beyond_the_limit_get_no_efa() -> None:
    """i7ie.48xlarge: two cards that take an EFA, and a limit of one."""
    limited = aws_type("p4d.24xlarge").model_copy(update={"max_efa_interfaces": 1})

    assert 1 == efa_count(choose_network_interfaces(limited))


def test_a_first_card_with_room_for_one_interface_gets_an_efa_with_an_address() -> None:
    card = NetworkCardGroup(cards=(0,), max_interfaces=1, interface_types=("interface", "efa", "efa-only"))
    cramped = aws_type("p5.4xlarge").model_copy(update={"network_card_groups": (card,)})

    assert (NetworkInterface(0, 0, "efa"),) == choose_network_interfaces(cramped)


@pytest.mark.parametrize(
    ("name", "pods"), [("p5.48xlarge", 51), ("p5en.48xlarge", 149), ("p6-b200.48xlarge", 149)]
)
def test_an_efa_on_card_0_takes_an_interfaces_worth_of_pods_away(name: str, pods: int) -> None:
    assert pods == choose_max_pods(aws_type(name))


def test_a_card_0_without_efa_leaves_the_number_of_pods_to_eks() -> None:
    assert choose_max_pods(aws_type("p6-b300.48xlarge")) is None


def test_an_efa_with_an_address_on_card_0_costs_no_pods() -> None:
    older = (NetworkInterface(0, 0, "efa"), *(efa_only(card, 1) for card in range(1, 32)))

    assert 100 == pods_with_addresses(type_network("p5.48xlarge"), older)


def test_no_node_is_told_to_hold_more_pods_than_kubelets_are_tested_with() -> None:
    assert 250 == choose_max_pods(type_network("i7ie.48xlarge"))


def test_the_number_of_pods_is_left_alone_where_the_addresses_are_not_known() -> None:
    assert choose_max_pods(aws_type("p6e-gb200.36xlarge")) is None
    assert pods_with_addresses(aws_type("p6e-gb200.36xlarge"), ()) is None


PLAIN = NetworkInterface(0, 0, "interface")


def efa_only(card: int, device: int = 0) -> NetworkInterface:
    return NetworkInterface(card, device, "efa-only")


# What went wrong, to a type, its interfaces, and what is said of them.
REFUSED = {
    "the rule of card 0 dropped": (
        "p6-b300.48xlarge",
        (PLAIN, efa_only(0, 1), *map(efa_only, range(1, 16))),
        "efa-only on card 0, which takes only interface",
    ),
    "the limit dropped": (
        "i7ie.48xlarge",
        (PLAIN, efa_only(0, 1), efa_only(1)),
        "2 EFAs; the type allows 1",
    ),
    "cards counted, not read": (
        "p6e-gb200.36xlarge",
        (PLAIN, *map(efa_only, range(1, 5))),
        "efa-only on card 2, which takes only interface or efa",
    ),
    "a first interface without an address": (
        "p5.4xlarge",
        (efa_only(0),),
        "the first interface is efa-only, which has no address",
    ),
    "no first interface": (
        "p5.4xlarge",
        (efa_only(0, 1),),
        "no interface on card 0, device 0, which every instance needs",
    ),
    "a card that is not there": (
        "m5.large",
        (PLAIN, NetworkInterface(1, 0, "interface")),
        "interface on card 1, which the type does not have",
    ),
    "two EFAs on a card": (
        "p6-b200.48xlarge",
        (PLAIN, efa_only(0, 1), efa_only(0, 2)),
        "2 EFAs on card 0, where one may be",
    ),
    "a card too full": (
        "hpc6id.32xlarge",
        (PLAIN, efa_only(0, 1)),
        "2 interfaces on card 0, which has room for 1",
    ),
    "a device twice": ("p5.4xlarge", (PLAIN, PLAIN), "2 interfaces on card 0, device 0"),
}
WASTED = {
    "too few EFAs": ("g6e.48xlarge", (PLAIN,), "0 of the 4 EFAs that the type allows"),
    "not the cards that the catalogue names": (
        "p6e-gb200.36xlarge",
        (PLAIN, *map(efa_only, (1, 3, 5, 9))),
        "EFA on card 3, instead of cards 1, 5, 9, 13",
    ),
    "the older layout": (
        "p5.4xlarge",
        (NetworkInterface(0, 0, "efa"),),
        "the first interface is an EFA, where a plain one and an efa-only beside it have room",
    ),
    "an address too many": (
        "g6e.24xlarge",
        (PLAIN, efa_only(0, 1), NetworkInterface(1, 0, "efa")),
        "efa on card 1 takes an address that nothing uses",
    ),
    "a device beyond the card's room": (
        "hpc6id.32xlarge",
        (NetworkInterface(0, 0, "efa"), efa_only(1, 1)),
        "device 1 on card 1, which has room for 1",
    ),
}


@pytest.mark.parametrize(("name", "layout", "fault"), REFUSED.values(), ids=REFUSED)
def test_the_oracle_finds_what_ec2_refuses(
    name: str, layout: tuple[NetworkInterface, ...], fault: str
) -> None:
    assert fault in launch_faults(layout, type_network(name))


@pytest.mark.parametrize(("name", "layout", "fault"), WASTED.values(), ids=WASTED)
def test_the_oracle_finds_what_launches_and_wastes(
    name: str, layout: tuple[NetworkInterface, ...], fault: str
) -> None:
    assert [fault] == layout_faults(layout, type_network(name))
    assert [] == launch_faults(layout, type_network(name))
