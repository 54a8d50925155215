"""One run of a program under the mock engine: its own loop, its own settings, nothing left behind."""

import asyncio
import contextvars
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings, configure, reset_options
from pulumi.runtime.stack import ResourceRegistrationFailed, run_in_stack

from argosy_component.mock_engine.computed import ComputedOutputs
from argosy_component.mock_engine.errors import LeftoverTaskError, MockEngineError
from argosy_component.mock_engine.graph import ResourceGraph
from argosy_component.mock_engine.monitor import Answer, Answers, RecordingMonitor

# A task that is only finishing needs a few turns of the loop; one that waits for something needs for ever.
_TURNS_TO_SETTLE = 100


def run_program(
    program: Callable[[], object],
    *,
    project: str = "argosy",
    stack: str = "test",
    preview: bool = False,
    config: Mapping[str, Any] | None = None,
    secrets: Iterable[str] = (),
    calls: Mapping[str, Answer] | None = None,
    outputs: Mapping[str, ComputedOutputs] | None = None,
    stack_references: Mapping[str, Mapping[str, Any]] | None = None,
) -> ResourceGraph:
    """Run `program` (a function, plain or async) to its very end and return what it declared.

    `config` keys without a namespace belong to `project`; values that are not text become JSON, and keys
    in `secrets` are secret, as in a stack's configuration. `calls` answers provider functions by token
    with a mapping, or with a function of the arguments; `outputs` adds to what a resource type computes;
    `stack_references` holds other stacks' outputs by stack name. In a `preview` ids and computed outputs
    are unknown, as before a first `up`.

    Raises whatever failed first, in the program, in an `apply` nobody awaited, or in an answer; what
    failed besides stands in its notes. Raises MockEngineError for what an engine would refuse, and for
    tasks still running at the end. Call it from synchronous code: it runs a loop of its own.
    """
    _refuse_running_loop()
    monitor = RecordingMonitor(
        project, stack, preview, Answers(calls or {}, outputs or {}, stack_references or {})
    )
    failures = _Failures()

    async def run() -> None:
        # Set inside the run's own context, so neither settings nor configuration reach the next run.
        reset_options()
        configure(Settings(project=project, stack=stack, monitor=monitor, dry_run=preview))
        set_all_config(
            {_full_key(project, key): _config_text(value) for key, value in (config or {}).items()},
            [_full_key(project, key) for key in secrets],
        )
        await _run_to_the_end(program, failures)

    with asyncio.Runner(loop_factory=_InlineLoop) as runner:
        runner.get_loop().set_exception_handler(failures.take_unhandled)
        runner.run(run(), context=contextvars.copy_context())
    failures.raise_if_any()
    return monitor.graph()


class _InlineLoop(asyncio.SelectorEventLoop):
    """An event loop that runs what the SDK would hand to threads at once, in place.

    The SDK sends each request from a worker thread since gRPC blocks. The monitor here answers in
    microseconds, so threads would only cost time and make the order of registrations vary.
    """

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as failure:  # noqa: BLE001  # the future carries it to whoever awaits
            future.set_exception(failure)
        return future


class _Failures:
    """Everything that failed in one run, each failure once, first one first."""

    def __init__(self) -> None:
        self._failures: list[BaseException] = []

    def __bool__(self) -> bool:
        return bool(self._failures)

    def add(self, failure: BaseException) -> None:
        if all(failure is not known for known in self._failures):
            self._failures.append(failure)

    def take_unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failure = context.get("exception") or MockEngineError(str(context["message"]))
        # As the SDK does at a program's end: a resource that failed in the engine is the engine's to tell.
        if not isinstance(failure, ResourceRegistrationFailed):
            self.add(failure)

    def raise_if_any(self) -> None:
        if not self._failures:
            return
        first, *others = self._failures
        for other in others:
            first.add_note(f"Also failed: {type(other).__name__}: {other}")
        raise first


async def _run_to_the_end(program: Callable[[], object], failures: _Failures) -> None:
    async def call() -> None:
        # The SDK waits for outstanding requests next, and a failure there would hide the program's own.
        try:
            result = program()
            if isinstance(result, Awaitable):
                await result
        except Exception as failure:
            failures.add(failure)
            raise

    try:
        await run_in_stack(call)
    except Exception as failure:  # noqa: BLE001  # collected, and raised when the loop is closed
        failures.add(failure)
    await _settle(failures)


async def _settle(failures: _Failures) -> None:
    this = asyncio.current_task()
    for _ in range(_TURNS_TO_SETTLE):
        if asyncio.all_tasks() == {this}:
            return
        await asyncio.sleep(0)
    # After a failure, tasks that wait for what never came are its consequence, not news.
    if not failures:
        names = sorted(
            str(getattr(task.get_coro(), "__qualname__", task)) for task in asyncio.all_tasks() - {this}
        )
        failures.add(
            LeftoverTaskError(f"still running when the program ended, so never awaited: {', '.join(names)}")
        )


def _refuse_running_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise MockEngineError(
        "an event loop is already running; declare programs from a plain, not an async, test"
    )


def _full_key(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _config_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
