"""What a server of an inventory takes from the inventory's defaults."""

from argosy.spec.inventory import CredentialsSpec, InventorySpec, ServerSpec

USUAL = CredentialsSpec(username="env:USER", password="env:PASSWORD")
OWN = CredentialsSpec(username="env:OTHER_USER", password="env:OTHER_PASSWORD")


def inventory_of(**own: object) -> tuple[InventorySpec, ServerSpec]:
    server = ServerSpec.model_validate(
        {"serial": "A1", "bmc": "https://a1.example", "rack": "r1", "feeds": ("a",), **own}
    )
    inventory = InventorySpec(
        version=1, site="oslo", server_type="dgx-h200", credentials=USUAL, servers=(server,)
    )
    return inventory, server


def test_a_server_that_says_nothing_takes_the_inventorys_defaults():
    inventory, server = inventory_of()

    assert "dgx-h200" == inventory.server_type_of(server)
    assert USUAL == inventory.credentials_of(server)


def test_what_a_server_says_itself_wins():
    inventory, server = inventory_of(server_type="dgx-b200", credentials=OWN)

    assert "dgx-b200" == inventory.server_type_of(server)
    assert OWN == inventory.credentials_of(server)
