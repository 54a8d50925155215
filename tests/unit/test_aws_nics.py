import pytest

from argosy.catalog import InstanceType, load_catalog
from argosy.catalog.models import NetworkCardGroup
from argosy_aws.nics import NetworkInterface, choose_max_pods, choose_network_interfaces, efa_count

EFA_TYPES = sorted(entry.name for entry in load_catalog().instance_types.values() if entry.max_efa_interfaces)


def aws(name: str) -> InstanceType:
    return load_catalog().instance_type("aws", name)


def test_p5en_gets_a_plain_address_on_card_0_and_an_efa_on_each_of_its_16_cards() -> None:
    expected = (
        NetworkInterface(0, 0, "interface"),
        NetworkInterface(0, 1, "efa-only"),
        *(NetworkInterface(card, 0, "efa-only") for card in range(1, 16)),
    )

    assert expected == choose_network_interfaces(aws("p5en.48xlarge"))
    assert 16 == efa_count(expected)


def test_p5_gets_32_efas() -> None:
    interfaces = choose_network_interfaces(aws("p5.48xlarge"))

    assert 33 == len(interfaces)
    assert 32 == efa_count(interfaces)


def test_card_0_of_p6_b300_takes_no_efa() -> None:
    interfaces = choose_network_interfaces(aws("p6-b300.48xlarge"))

    assert [NetworkInterface(0, 0, "interface")] == [nic for nic in interfaces if nic.card == 0]
    assert list(range(1, 17)) == [nic.card for nic in interfaces if nic.efa]


def test_gb200_gets_its_efas_on_the_cards_the_catalogue_names() -> None:
    instance_type = aws("p6e-gb200.36xlarge")

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


@pytest.mark.parametrize("name", EFA_TYPES)
def test_every_type_gets_as_many_efas_as_it_allows_and_one_per_card(name: str) -> None:
    instance_type = aws(name)
    interfaces = choose_network_interfaces(instance_type)
    efa_cards = [nic.card for nic in interfaces if nic.efa]

    assert instance_type.max_efa_interfaces == len(efa_cards)
    assert len(set(efa_cards)) == len(efa_cards)
    assert all(instance_type.network_cards[card].efa for card in efa_cards)


@pytest.mark.parametrize("name", EFA_TYPES)
def test_the_first_interface_always_has_an_address(name: str) -> None:
    first = choose_network_interfaces(aws(name))[0]

    assert (0, 0) == (first.card, first.device)
    assert first.interface_type != "efa-only"


def test_cards_beyond_the_limit_get_no_efa() -> None:
    """i7ie.48xlarge: two cards that take an EFA, and a limit of one."""
    limited = aws("p4d.24xlarge").model_copy(update={"max_efa_interfaces": 1})

    assert 1 == efa_count(choose_network_interfaces(limited))


def test_a_first_card_with_room_for_one_interface_gets_an_efa_with_an_address() -> None:
    card = NetworkCardGroup(cards=(0,), max_interfaces=1, interface_types=("interface", "efa", "efa-only"))
    cramped = aws("p5.4xlarge").model_copy(update={"network_card_groups": (card,)})

    assert (NetworkInterface(0, 0, "efa"),) == choose_network_interfaces(cramped)


@pytest.mark.parametrize(
    ("name", "pods"), [("p5.48xlarge", 51), ("p5en.48xlarge", 149), ("p6-b200.48xlarge", 149)]
)
def test_an_efa_on_card_0_takes_an_interfaces_worth_of_pods_away(name: str, pods: int) -> None:
    assert pods == choose_max_pods(aws(name))


def test_a_card_0_without_efa_leaves_the_number_of_pods_to_eks() -> None:
    assert choose_max_pods(aws("p6-b300.48xlarge")) is None
