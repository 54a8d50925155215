"""A test that declares a program fails when anything in it failed, awaited or not."""

import asyncio
from typing import Any

import pulumi
import pytest

from argosy_component.mock_engine import LeftoverTaskError, MockEngineError
from argosy_component.testing import Declare


class Widget(pulumi.CustomResource):
    name: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any] | None = None):
        super().__init__("aws:test/widget:Widget", name, {"name": None, **(props or {})})


def refuse(value: object) -> None:
    raise AssertionError(f"{value} is wrong")


def test_an_assertion_in_an_apply_nobody_awaits_fails(declare: Declare):
    with pytest.raises(AssertionError, match="a is wrong"):
        declare(lambda: Widget("a").name.apply(refuse))


def test_an_assertion_in_an_apply_of_an_apply_fails(declare: Declare):
    with pytest.raises(AssertionError, match="a is wrong"):
        declare(lambda: Widget("a").name.apply(lambda name: pulumi.Output.from_input(name).apply(refuse)))


def test_a_mock_that_raises_fails(declare: Declare):
    def broken(resource: object) -> dict[str, Any]:
        raise ValueError("no such widget")

    with pytest.raises(ValueError, match="no such widget"):
        declare(lambda: Widget("a"), outputs={"aws:test/widget:Widget": broken})


def test_an_answer_that_raises_fails(declare: Declare):
    def broken(args: object) -> dict[str, Any]:
        raise ValueError("no zones today")

    with pytest.raises(ValueError, match="no zones today"):
        declare(lambda: pulumi.runtime.invoke_output("a:b:c", {}), calls={"a:b:c": broken})


def test_an_exception_of_the_program_comes_out_as_it_was_raised(declare: Declare):
    def program() -> None:
        Widget("a")
        raise KeyError("pool")

    with pytest.raises(KeyError, match="pool"):
        declare(program)


def test_an_async_programs_exception_comes_out(declare: Declare):
    async def program() -> None:
        await asyncio.sleep(0)
        raise KeyError("pool")

    with pytest.raises(KeyError, match="pool"):
        declare(program)


def test_the_first_failure_names_the_others(declare: Declare):
    def program() -> None:
        Widget("a")
        Widget("a")
        raise KeyError("pool")

    with pytest.raises(KeyError) as caught:
        declare(program)
    (note,) = caught.value.__notes__
    assert note.startswith("Also failed: DuplicateUrnError: duplicate resource URN urn:pulumi:test")


def test_a_task_nobody_awaits_that_fails_fails(declare: Declare):
    async def fail() -> None:
        raise ValueError("lost")

    def program() -> None:
        asyncio.ensure_future(fail())  # noqa: RUF006  # losing it is what is tested

    with pytest.raises(ValueError, match="lost"):
        declare(program)


def test_a_task_left_running_fails_by_name_and_does_not_run_in_the_next_test(declare: Declare):
    turns: list[str] = []

    async def linger() -> None:
        while True:
            turns.append("turn")
            await asyncio.sleep(0)

    def program() -> None:
        program.task = asyncio.ensure_future(linger())  # type: ignore[attr-defined]

    with pytest.raises(LeftoverTaskError, match=r"never awaited: .*linger"):
        declare(program)
    turns_of_its_own_run = len(turns)
    declare(lambda: Widget("a"))
    assert turns_of_its_own_run == len(turns) > 0


def test_a_task_that_was_only_finishing_is_no_fault(declare: Declare):
    async def finish() -> None:
        await asyncio.sleep(0)

    def program() -> None:
        program.task = asyncio.ensure_future(finish())  # type: ignore[attr-defined]

    assert len(declare(program).resources) == 1


def test_a_failure_of_one_run_is_gone_in_the_next(declare: Declare):
    with pytest.raises(AssertionError):
        declare(lambda: Widget("a").name.apply(refuse))

    assert len(declare(lambda: Widget("a")).resources) == 2


def test_declaring_inside_a_running_loop_is_refused_with_the_way_out(declare: Declare):
    async def declare_inside() -> None:
        declare(lambda: None)

    with pytest.raises(MockEngineError, match="from a plain, not an async, test"):
        asyncio.run(declare_inside())


def test_outputs_registered_twice_are_refused(declare: Declare):
    def program() -> None:
        rack = pulumi.ComponentResource("test:index:Rack", "r1")
        rack.register_outputs({"shelves": 1})
        rack.register_outputs({"shelves": 2})

    with pytest.raises(
        MockEngineError, match="registered twice for urn:pulumi:test::argosy::test:index:Rack::r1"
    ):
        declare(program)


def test_outputs_for_a_resource_nobody_declared_are_refused(declare: Declare):
    class Ghost(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Ghost", "g")
            self.__dict__["urn"] = pulumi.Output.from_input("urn:pulumi:elsewhere")
            self.register_outputs({})

    with pytest.raises(MockEngineError, match="urn:pulumi:elsewhere, which was never declared"):
        declare(Ghost)
