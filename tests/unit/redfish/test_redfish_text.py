"""Text that a BMC sends moves no terminal, fills no screen and gives no secret away."""

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from argosy_metal.redfish import BmcRefusedError, BmcTaskError, RedfishClient, RedfishError, find_system
from argosy_metal.redfish.drive_erase import EraseTask, look_at_erase
from argosy_metal.redfish.firmware import Firmware
from argosy_metal.redfish.messages import Response, describe, text_at, texts_at
from argosy_metal.redfish.storage import observe_drive
from argosy_metal.redfish.text import LONGEST_TEXT, clean

from .conftest import PASSWORD, ScriptedBmc

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e\ud800\x9b1m"
SYSTEM = "/redfish/v1/Systems/1"


@given(st.text())
def test_clean_text_is_printable_short_and_encodes(text: str) -> None:
    assert clean(text).isprintable()
    assert len(clean(text)) == min(len(text), LONGEST_TEXT)
    assert clean(text) == clean(text).encode().decode()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=LONGEST_TEXT))
def test_text_that_is_clean_stays_as_it_is(text: str) -> None:
    assert text == clean(text)


def test_other_white_space_becomes_a_space_so_that_a_padded_serial_number_is_still_found() -> None:
    assert "SN1" == (text_at({"SerialNumber": "\tSN1\r\n"}, "SerialNumber") or "").strip()
    assert ("a b",) == texts_at({"Values": ["a\nb", 7]}, "Values")


async def test_a_serial_number_with_terminal_escapes_shows_without_them(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    scripted.answers["GET /redfish/v1/Systems"] = [web.json_response({"Members": [{"@odata.id": SYSTEM}]})]
    scripted.answers[f"GET {SYSTEM}"] = [web.json_response({"SerialNumber": ESCAPE + "A" * 100_000})]

    with pytest.raises(RedfishError) as wrong:
        await find_system(scripted_client, "SN1")

    assert str(wrong.value).isprintable()
    assert 2 * LONGEST_TEXT > len(str(wrong.value))


def test_an_error_is_on_one_line_and_bounded_whatever_it_is_made_of() -> None:
    error = RedfishError("bmc-1", f"delete volume {ESCAPE}" * 1000, ESCAPE * 10_000)

    assert str(error).isprintable()
    assert error.found.isprintable()
    assert 6 * LONGEST_TEXT > len(str(error))


async def test_every_text_of_a_drive_is_clean(scripted: ScriptedBmc, scripted_client: RedfishClient) -> None:
    body: dict[str, Any] = {
        "SerialNumber": ESCAPE,
        "Id": ESCAPE,
        "Protocol": ESCAPE,
        "MediaType": ESCAPE,
        "Actions": {"#Drive.SecureErase": {"SanitizationType@Redfish.AllowableValues": [ESCAPE]}},
    }
    scripted.answers["GET /d/1"] = [web.json_response(body)]

    drive = await observe_drive(scripted_client, "/d/1")

    told = (drive.serial, drive.label, drive.name, drive.protocol, drive.media, *drive.erases)
    assert all(text and text.isprintable() for text in told)


@pytest.mark.parametrize(
    "entry",
    [
        {"Message": ESCAPE},
        {"MessageId": ESCAPE},
        {"MessageId": "X", "MessageArgs": [ESCAPE]},
        {"Message": "x", "RelatedProperties": [ESCAPE]},
    ],
    ids=lambda entry: "-".join(entry),
)
async def test_every_part_of_a_message_is_clean(
    scripted: ScriptedBmc, scripted_client: RedfishClient, entry: dict[str, Any]
) -> None:
    scripted.answers["GET /x"] = [
        web.json_response({"error": {"@Message.ExtendedInfo": [entry] * 10_000}}, status=400)
    ]

    with pytest.raises(BmcRefusedError) as refused:
        await scripted_client.get("/x")

    assert str(refused.value).isprintable()
    assert 5 * LONGEST_TEXT > len(str(refused.value))


@pytest.mark.parametrize("before", range(380, 402))
async def test_a_password_that_would_be_cut_is_taken_out_whole(
    scripted: ScriptedBmc, scripted_client: RedfishClient, before: int
) -> None:
    entry = {"Message": "x" * before + PASSWORD, "MessageArgs": ["x" * before + PASSWORD]}
    scripted.answers["GET /x"] = [
        web.json_response({"error": {"@Message.ExtendedInfo": [entry]}}, status=400)
    ]

    with pytest.raises(BmcRefusedError) as refused:
        await scripted_client.get("/x")

    assert PASSWORD[:4] not in str(refused.value)


def test_secrets_are_taken_out_before_white_space_is_folded() -> None:
    body = {"error": {"message": "no account for two  spaces here"}}

    assert "HTTP 400: no account for *** here" == describe(
        Response(400, {}, body), lambda text: text.replace("two  spaces", "***")
    )


async def test_what_tasks_say_is_without_secrets_too(
    scripted: ScriptedBmc, scripted_client: RedfishClient
) -> None:
    said = [{"Message": f"login as {PASSWORD} failed{ESCAPE}"}]
    failed = {"TaskState": "Exception", "Messages": said, "StartTime": "T"}
    scripted.answers["GET /t"] = [web.json_response(failed)]
    scripted.answers["POST /act"] = [web.Response(status=202, headers={"Location": "/t"})]

    with pytest.raises(BmcTaskError) as ended:
        await scripted_client.post("/act", {}, "act")
    erase = await look_at_erase(scripted_client, EraseTask("S1", "BlockErase", "/t", "T"))
    task = await Firmware(scripted_client).task("/t")

    assert task is not None
    for told in (str(ended.value), erase.said, task.said):
        assert "login as *** failed" in told
        assert told.isprintable()
