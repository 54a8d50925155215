"""A NetBox that answers endlessly, not as documented, or with what a terminal would obey: one clear error."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from argosy_metal.netbox.client import NetBox, NetBoxError
from argosy_metal.netbox.items import Device

from ...netbox_api import V2_TOKEN, NetBoxApi
from .netbox_import import refused, run


def device(name: str, number: int = 1) -> dict[str, Any]:
    """As little of a device as will do."""
    return {"id": number, "name": name, "device_type": {"slug": "dgx-h200"}, "status": {"value": "active"}}


@pytest.mark.parametrize(
    ("status", "answer", "told"),
    [
        (200, "<html>sign in</html>", "with no JSON"),
        (200, {"detail": "?"}, "check the address"),
        (404, "", "check the address"),
        (500, {"detail": "database is down"}, "database is down"),
    ],
)
def test_an_answer_that_is_no_list_is_told(netbox: NetBoxApi, status: int, answer: Any, told: str) -> None:
    netbox.answers.append((status, answer))

    assert told in refused(netbox)


def test_a_list_that_changes_while_it_is_read_is_no_inventory(netbox: NetBoxApi) -> None:
    netbox.server("gpu-1", "SN1")
    netbox.count_off_by = 1

    assert "it has changed while it was read; run again" in refused(netbox)


def test_a_page_with_nothing_new_before_the_last_ends_in_an_error(netbox: NetBoxApi) -> None:
    netbox.answers.append((200, {"count": 9, "next": "x", "results": []}))

    assert "a page with nothing new before the last" in refused(netbox)


def test_a_page_that_comes_again_and_again_is_asked_for_twice(netbox: NetBoxApi) -> None:
    page = {"count": 3, "next": "x", "results": [device("gpu-1")]}
    netbox.answers += [(200, page)] * 9

    assert "a page with nothing new before the last; run again" in refused(netbox)
    assert 2 == len(netbox.requests)


def test_a_list_that_goes_on_beyond_its_count_is_not_followed(netbox: NetBoxApi) -> None:
    netbox.answers += [
        (200, {"count": 2, "next": "x", "results": [device("gpu-1", number), device("gpu-2", number + 1)]})
        for number in range(1, 19, 2)
    ]

    assert "it has changed while it was read" in refused(netbox)
    assert 2 == len(netbox.requests)


def test_a_list_longer_than_any_site_s_is_not_read(netbox: NetBoxApi) -> None:
    netbox.answers.append((200, {"count": 500_001, "next": "x", "results": [device("gpu-1")]}))

    assert "500,001 items, of which this command reads at most 500,000; check --site" in refused(netbox)
    assert 1 == len(netbox.requests)


def test_an_import_that_takes_longer_than_half_an_hour_ends(netbox: NetBoxApi) -> None:
    netbox.most = 1
    for number in range(60):
        netbox.server(f"gpu-{number}", f"SN{number}")
    looks = itertools.count(step=10)
    reading = NetBox(netbox.url, V2_TOKEN, clock=lambda: next(looks))

    with pytest.raises(NetBoxError, match="not read after 30 minutes; check NetBox's load"):
        reading.every("/dcim/devices/", Device, site="osl-1")
    reading.close()


def test_items_without_what_netbox_documents_are_told_all_at_once(netbox: NetBoxApi) -> None:
    items: list[Any] = [
        {"name": "x"},
        "abc",
        {**device("gpu-1", 7), "status": None},
        {**device("gpu-2"), "id": "7"},
    ]
    netbox.answers.append((200, {"count": 4, "next": None, "results": items}))

    assert (
        "/dcim/devices/: an item id: field required, an item device_type: field required, an item status: "
        "field required, an item: no object, item 7 status: no object, an item id: input should be a valid "
        "integer; this command reads what NetBox 3.6 and later send"
    ) in refused(netbox)


def test_of_many_such_items_the_first_are_told(netbox: NetBoxApi) -> None:
    items: list[Any] = [{}] * 200
    netbox.answers.append((200, {"count": 200, "next": None, "results": items}))

    assert ", and 590 more; this command" in refused(netbox)


@pytest.mark.parametrize("lacking", ["device", "id"])
def test_ports_and_outlets_without_what_netbox_documents_are_told(netbox: NetBoxApi, lacking: str) -> None:
    netbox.server("gpu-1", "SN1")
    for items in (netbox.outlets, netbox.ports):
        del items[-1][lacking]
        told = refused(netbox)

    assert (
        f"/dcim/power-ports/: {'item 103' if lacking == 'device' else 'an item'} {lacking}: field required"
        in told
    )


@pytest.mark.parametrize("results", [None, 7, {"a": 1}])
def test_a_page_without_a_list_is_told(netbox: NetBoxApi, results: Any) -> None:
    netbox.answers.append((200, {"count": 1, "next": None, "results": results}))

    assert "check the address" in refused(netbox)


def test_what_netbox_sends_reaches_the_terminal_as_text_alone(netbox: NetBoxApi) -> None:
    evil, shown = "\x1b[2J\u202e\x07", r"\x1b[2J\u202e\x07"
    netbox.server(evil, "SN1\x1b", rack=None)
    netbox.server("gpu-2", "SN2", device_type=evil)
    netbox.server("gpu-3", "SN3", status=evil)

    result = run(netbox, "--type", f"{evil}=dgx-b200", bmc="https://{name}.oslo.example")
    left_out = run(netbox)
    netbox.answers.append((400, {"detail": evil}))
    error = refused(netbox)

    told = str(result.exception)
    assert f"device {shown}: given the serial number 'SN1\\x1b'; enter it in NetBox" in told
    assert f"device {shown}: 'https://{shown.lower()}.oslo.example' is no https URL" in told
    assert f"left out: 1 of device type {shown}\n" in left_out.stderr
    assert f"left out: 1 of status {shown}\n" in left_out.stderr
    assert f"HTTP 400 {shown}; " in error
    for text in (told, result.stderr, left_out.stderr, error):
        assert text.replace("\n", "").isprintable()


def test_a_long_name_is_cut(netbox: NetBoxApi) -> None:
    netbox.server("x" * 100_000, "SN1", rack=None)

    assert len(refused(netbox)) < 300
