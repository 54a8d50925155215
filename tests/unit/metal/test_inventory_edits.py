"""One entry more in an inventory, however it is written: just that is said besides, or the text stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from argosy.spec.document import read_document
from argosy.spec.inventory import InventorySpec, OutOfServiceSpec
from argosy_metal.commands import inventory_file
from argosy_metal.commands.inventory_file import InventoryEditError, with_out_of_service, with_servers

ENTRY = OutOfServiceSpec(slot="train/slot-02", reason="fan: {tray} #1 'x'")
SAID = {"slot": "train/slot-02", "reason": "fan: {tray} #1 'x'"}
CONTENT: dict[str, Any] = {
    "version": 1,
    "site": "hall",
    "server_type": "dgx-h200",
    "credentials": {"username": "env:U", "password": "env:P"},
    "servers": [
        {"serial": "SN1", "bmc": "https://bmc-1.hall.test", "rack": "r1", "feeds": ["a"]},
        {"serial": "SN2", "bmc": "https://bmc-2.hall.test", "rack": "r1", "feeds": ["a"]},
    ],
}
BLOCK = """\
version: 1
site: hall
server_type: dgx-h200
credentials: {username: "env:U", password: "env:P"}
servers:
  - {serial: SN1, bmc: "https://bmc-1.hall.test", rack: r1, feeds: [a]}
  - {serial: SN2, bmc: "https://bmc-2.hall.test", rack: r1, feeds: [a]}
"""
FLOW = """\
{version: 1, site: hall, server_type: dgx-h200, credentials: {username: "env:U", password: "env:P"},
servers: [
  {serial: SN1, bmc: "https://bmc-1.hall.test", rack: r1, feeds: [a]},
  {serial: SN2, bmc: "https://bmc-2.hall.test", rack: r1, feeds: [a]},
],}
"""
LISTED = {**CONTENT, "out_of_service": {"SN2": {"reason": "x"}}}
BLOCK_WITH_LIST = f"{BLOCK}out_of_service:\n  SN2: {{reason: x}}\n"
STYLES = {
    "JSON on one line": json.dumps(CONTENT),
    "JSON with a list": json.dumps(LISTED),
    "JSON with an empty list": json.dumps({**CONTENT, "out_of_service": {}}),
    "JSON with indents": json.dumps(CONTENT, indent=1),
    "JSON with indents and a list": json.dumps(LISTED, indent=2),
    "flow style": FLOW,
    "an end of the document": f"{BLOCK}...\n",
    "a comment behind the end": f"{BLOCK}...\n# That was all.\n",
    "a begin of the document": f"---\n{BLOCK}",
    "everything indented": "".join(f"  {line}\n" for line in BLOCK.splitlines()),
    "no end of the last line": BLOCK.rstrip("\n"),
    "blanks behind the end": f"{BLOCK}   \n\n",
    "ends of lines as Windows has them": BLOCK.replace("\n", "\r\n"),
    "a list, and ends of lines as Windows has them": BLOCK_WITH_LIST.replace("\n", "\r\n"),
    "braces on two lines": f"{BLOCK}out_of_service: {{\n}}\n",
    "a list between braces": f"{BLOCK}out_of_service: {{SN2: {{reason: x}}}}  # by hand\n",
    "a list between braces on lines": f"{BLOCK}out_of_service: {{\n  SN2: {{reason: x}}\n}}\n",
    "a comment before the first entry": f"{BLOCK}out_of_service:\n  # The fan.\n  SN2: {{reason: x}}\n",
    "an entry on lines": f"{BLOCK}out_of_service:\n  SN2:\n    reason: x\n",
    "a key in quotes": f'{BLOCK}"out_of_service":\n  SN2: {{reason: x}}\n',
    "a key behind a question mark": f"{BLOCK}? out_of_service\n: SN2: {{reason: x}}\n",
    "an anchor": f"{BLOCK}out_of_service: &o\n  SN2: {{reason: x}}\n",
    "an anchor on nothing": f"{BLOCK}out_of_service: &o {{}}\n",
    "the list in the middle": BLOCK.replace("servers:", "out_of_service: {}\nservers:"),
    "an entry that gives way": f"{BLOCK}out_of_service: {{SN1: {{reason: z}}}}\n",
    "an entry on lines that gives way": f"{BLOCK}out_of_service:\n  SN1:\n    reason: z\n",
}


def read(text: str) -> Any:
    return read_document(text, "the inventory").value


@pytest.mark.parametrize("style", STYLES)
def test_what_is_said_besides_is_the_entry_alone(style: str) -> None:
    before = STYLES[style]

    after = with_out_of_service(before, "SN1", ENTRY)

    listed = read(before).get("out_of_service", {})
    assert {**read(before), "out_of_service": {**listed, "SN1": SAID}} == read(after)
    assert {"SN1", *listed} == set(InventorySpec.model_validate(read(after)).out_of_service)
    assert before.count("#") + after.count("#1") == after.count("#"), "every comment is still there"
    assert after == with_out_of_service(after, "SN1", ENTRY)


@pytest.mark.parametrize("style", STYLES)
def test_servers_come_in_change_and_go_out_of_service_and_nothing_else_does(style: str) -> None:
    before = STYLES[style]
    changed = {"serial": "SN2", "bmc": "https://bmc-2.hall.test", "rack": "r2", "feeds": ["a", "b"]}
    new = {"serial": "1e3", "bmc": "https://bmc-3.hall.test", "rack": "off", "feeds": ["a"]}
    out = {"1e3": {"reason": "failed in NetBox"}}
    netbox = {**CONTENT, "servers": [changed, new], "out_of_service": out}

    after, _ = with_servers(before, netbox, "the inventory")

    listed = {**read(before).get("out_of_service", {}), **out}
    servers = [CONTENT["servers"][0], changed, new]
    assert {**read(before), "servers": servers, "out_of_service": listed} == read(after)
    assert before.count("#") == after.count("#"), "every comment is still there"
    assert after.count("\r\n") in (0, after.count("\n"))
    assert after == with_servers(after, netbox, "the inventory")[0]


@pytest.mark.parametrize("style", [style for style in STYLES if style.startswith("JSON")])
def test_json_stays_json_in_as_many_lines_or_one_more(style: str) -> None:
    before = STYLES[style]

    after = with_out_of_service(before, "SN1", ENTRY)

    assert SAID == json.loads(after)["out_of_service"]["SN1"]
    assert len(after.splitlines()) - len(before.splitlines()) in (0, 1)


def test_ends_of_lines_stay_as_they_are() -> None:
    after = with_out_of_service(BLOCK.replace("\n", "\r\n"), "SN1", ENTRY)

    assert after.count("\n") == after.count("\r\n") == BLOCK.count("\n") + 2


def test_a_reason_that_readers_disagree_about_is_quoted() -> None:
    after = with_out_of_service(BLOCK, "SN1", OutOfServiceSpec(slot="train/slot-02", reason="off"))

    assert "off" == read(after)["out_of_service"]["SN1"]["reason"]


def test_a_way_of_writing_that_cannot_be_added_to_is_told_with_the_line_to_add() -> None:
    # The list is another entry's too: whoever adds to one adds to both.
    entangled = BLOCK.replace("{username", "&same {username") + "out_of_service: *same\n"

    with pytest.raises(InventoryEditError) as refused:
        with_out_of_service(
            entangled, "SN1", OutOfServiceSpec(slot="train/slot-02", reason="fan"), "oslo.yaml"
        )

    assert (
        "oslo.yaml: is written in a way in which this command cannot add to it; add "
        "`SN1: {slot: train/slot-02, reason: fan}` below `out_of_service` by hand, then run again"
    ) == str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        BLOCK + "out_of_service: {SN1: {slot: train/slot-02, reason: fan",
        BLOCK + "out_of_service: {SN1: {slot: train/slot-02, reason: fan}, SN2: {reason: too}}\n",
        BLOCK.replace("r1", "r2") + "out_of_service: {SN1: {slot: train/slot-02, reason: fan}}\n",
        BLOCK,
    ],
)
def test_an_edit_that_says_anything_else_is_not_taken(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def edit(*_: str) -> str:
        return wrong

    monkeypatch.setattr(inventory_file, "EDITS", (edit,))

    with pytest.raises(InventoryEditError):
        with_out_of_service(BLOCK, "SN1", OutOfServiceSpec(slot="train/slot-02", reason="fan"))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=40).filter(
        lambda reason: reason == reason.strip()
    ),
    st.booleans(),
    st.sampled_from([2, 4, None]),
)
def test_any_reason_is_kept_in_any_layout(reason: str, is_listed: bool, indent: int | None) -> None:
    content = LISTED if is_listed else CONTENT
    entry = OutOfServiceSpec(slot="train/slot-02", reason=reason)
    for text in (json.dumps(content, indent=indent), BLOCK):
        try:
            after = with_out_of_service(text, "SN1", entry)
        except InventoryEditError:
            assert reason != reason.encode("ascii", "ignore").decode()
        else:
            assert reason == read(after)["out_of_service"]["SN1"]["reason"]
            elsewhere: Any = YAML(typ="safe", pure=True).load(after)  # pyright: ignore[reportUnknownMemberType]
            assert reason == elsewhere["out_of_service"]["SN1"]["reason"]
