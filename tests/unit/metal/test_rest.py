"""A JSON service that answers too slowly, too much or in odd ways costs neither the run nor a traceback."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from itertools import count
from typing import Any

import pytest

from argosy.errors import ArgosyError
from argosy_metal import rest
from argosy_metal.rest import Rest

from ...json_server import Answer, JsonServer


class Service(JsonServer):
    """Says that all is well, unless a test has put another answer there."""

    def respond(self, method: str, path: str, body: Any) -> Answer:
        return 200, {"is": "well"}


class NoAnswerError(ArgosyError):
    """What the caller of these tests makes of it."""


def unavailable(found: str, next_step: str) -> NoAnswerError:
    return NoAnswerError(f"{found}; {next_step}")


def headers() -> Mapping[str, str]:
    return {}


@pytest.fixture
def service() -> Generator[Service]:
    started = Service()
    yield started
    started.stop()


def told(service: Service, **options: Any) -> str:
    asked = Rest(service.url, unavailable, headers, **options)
    with closing(asked), pytest.raises(NoAnswerError) as refused:
        asked.ask("GET", "/", repeatable=True)
    return str(refused.value)


def test_an_answer_that_comes_byte_by_byte_ends_with_its_time(service: Service) -> None:
    service.trickles = True
    looks = count(step=50)

    assert told(service, clock=lambda: next(looks)).startswith("no answer (it took too long); ")


def test_an_answer_that_is_not_begun_in_time_ends_too(service: Service) -> None:
    looks = count(step=150)

    assert told(service, clock=lambda: next(looks)).startswith("no answer (it took too long); ")


def test_every_answer_has_its_own_time_over_one_connection(service: Service) -> None:
    looks = count(step=20)
    with closing(Rest(service.url, unavailable, headers, clock=lambda: next(looks))) as asked:
        assert [200] * 9 == [asked.ask("GET", "/", repeatable=True).status for _ in range(9)]

    assert 1 == len(service.connections)


def test_an_answer_larger_than_any_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "_MOST_BYTES", 1 << 20)
    largest = f'"{"x" * ((1 << 20) - 2)}"'
    service.answers += [(200, largest), (200, largest + " ")]

    with closing(Rest(service.url, unavailable, headers)) as asked:
        assert 200 == asked.ask("GET", "/", repeatable=True).status
    assert told(service).startswith("an answer of more than 1 MiB; ")


def test_json_that_is_nested_without_end_is_no_json(service: Service) -> None:
    service.answers.append((200, "[" * 200_000))

    assert "HTTP 200 with no JSON; check the address" == told(service)


def test_a_message_within_messages_without_end_is_left_out(service: Service) -> None:
    nested = 900
    service.answers.append((500, '{"detail": ' * nested + '"deep"' + "}" * nested))

    assert told(service).startswith("HTTP 500; ")


@pytest.mark.parametrize(
    ("wanted", "seconds"), [("3", 3), ("0", 0), ("9" * 400, 10), ("\xb2", 1), ("-1", 1), ("soon", 1)]
)
def test_a_busy_service_is_given_the_time_that_it_wants_within_reason(
    service: Service, wanted: str, seconds: float
) -> None:
    service.answers.append((429, "{}"))
    service.retry_after = wanted
    slept: list[float] = []

    with closing(Rest(service.url, unavailable, headers, sleep=slept.append)) as asked:
        assert {"is": "well"} == asked.ask("GET", "/", repeatable=True).body

    assert [seconds] == slept
