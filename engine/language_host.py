"""A small Python language host for a Pulumi engine that comes without one.

The engine starts it as `pulumi-language-python ENGINE_ADDRESS`, reads a port from its standard output, and
asks it over gRPC to run programs, policy packs and plugins written in Python. The official CLI brings its own
host; this one stands only beside an engine that engine/ensure.py built. It needs the package `pulumi` only.

The host leads a process group. It and everything it started end when the CLI is gone, however that ended.
"""

# The generated gRPC stubs import modules that no package holds, so that every message is of unknown type.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUntypedBaseClass=false, reportMissingModuleSource=false
# pyright: reportUnknownLambdaType=false

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from children import GRACE_SECONDS, Children
from commands import SetupError, environment, find_python, plugin_arguments, program_arguments

# The program runner ends with this code when it has shown the error itself.
ERROR_WAS_SHOWN = 32
PARENT_POLL_SECONDS = 0.5
# As large as the engine's own limit; a policy pack's or a program's configuration may exceed gRPC's 4 MB.
MAX_MESSAGE_BYTES = 400 * 1024 * 1024

LIST_PACKAGES = """
import importlib.metadata, json
found = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
print(json.dumps(dict(sorted(found.items()))))
"""


class PythonLanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine's calls about Python programs."""

    def __init__(self, engine_address: str, children: Children) -> None:
        self._engine_address = engine_address
        self._children = children

    async def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - named by the protocol
        """Keep the address of the engine that calls."""
        self._engine_address = request.engine_address or self._engine_address
        return messages.LanguageHandshakeResponse()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """No version of its own: it is part of an engine's build."""
        return plugin_pb2.PluginInfo()

    async def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """None ahead of the run: the engine finds each plugin when a resource asks for it."""
        return messages.GetRequiredPackagesResponse()

    async def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Path and version of the Python that would run the program."""
        python, activated = await _python_or_abort(request.info, context)
        version = await self._ask(python, activated, "import platform; print(platform.python_version())")
        return messages.AboutResponse(executable=python, version=version)

    async def GetProgramDependencies(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Every package of the program's environment."""
        python, activated = await _python_or_abort(request.info, context)
        packages: dict[str, str] = json.loads(await self._ask(python, activated, LIST_PACKAGES))
        found = [messages.DependencyInfo(name=name, version=version) for name, version in packages.items()]
        return messages.GetProgramDependenciesResponse(dependencies=found)

    async def InstallDependencies(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Nothing to install: the environment is made before the engine starts, from a lock with hashes."""
        python, _ = await _python_or_abort(request.info, context)
        yield messages.InstallDependenciesResponse(stdout=f"using the packages of {python}\n".encode())

    async def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run a stack's program to its end."""
        python, activated = await _python_or_abort(request.info, context)
        # Configuration goes by environment, since arguments can be read by every user of the machine.
        config = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [python, *program_arguments(request, self._engine_address)]
        async with self._children.started(
            command,
            death_signal=signal.SIGKILL,  # a program holds nothing that would have to be put in order
            cwd=request.pwd or None,
            env=environment(os.environ, activated) | config,
        ) as process:
            return _run_response(await process.wait())

    # gRPC takes a handler that writes by `context` as well as one that yields. This one writes, since a call
    # that is cancelled between two yields would leave its child to the garbage collector.
    async def RunPlugin(  # noqa: N802  # pyright: ignore[reportIncompatibleMethodOverride]
        self, request: Any, context: Any
    ) -> None:
        """Run a policy pack or plugin; its output as it comes, then its exit code."""
        turn = asyncio.Lock()

        async def pump(stream: asyncio.StreamReader | None, response: Callable[[bytes], Any]) -> None:
            while stream and (chunk := await stream.read(65536)):
                async with turn:
                    await context.write(response(chunk))

        python, activated = await _python_or_abort(request.info, context)
        base = dict(entry.split("=", 1) for entry in request.env) or dict(os.environ)
        async with self._children.started(
            [python, *plugin_arguments(request)],
            death_signal=signal.SIGTERM,  # a provider may finish the step in hand
            cwd=request.pwd or None,
            env=environment(base, activated),
            stdout=PIPE,
            stderr=PIPE,
        ) as process:
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(process.stdout, lambda out: messages.RunPluginResponse(stdout=out)))
                group.create_task(pump(process.stderr, lambda err: messages.RunPluginResponse(stderr=err)))
            await context.write(messages.RunPluginResponse(exitcode=await process.wait()))

    async def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Ask what runs to end; each call then answers for its own child."""
        self._children.interrupt()
        return Empty()

    async def _refuse(self, request: Any, context: Any) -> None:
        await context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            "this small Python language host only runs programs, policy packs and plugins; "
            "the official Pulumi CLI does this",
        )

    GetRequiredPlugins = RuntimeOptionsPrompts = Template = Link = Pack = _refuse
    GenerateProgram = GenerateProject = GeneratePackage = _refuse

    async def _ask(self, python: str, activated: Mapping[str, str], code: str) -> str:
        async with self._children.started(
            [python, "-c", code],
            death_signal=signal.SIGKILL,
            env=environment(os.environ, activated),
            stdout=PIPE,
        ) as process:
            answer, _ = await process.communicate()
            return answer.decode().strip()


async def _python_or_abort(info: Any, context: Any) -> tuple[str, dict[str, str]]:
    try:
        return find_python(info)
    except SetupError as error:
        return await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))


def _run_response(code: int) -> Any:
    if code == 0:
        return messages.RunResponse()
    if code == ERROR_WAS_SHOWN:
        return messages.RunResponse(bail=True)
    if code < 0:
        return messages.RunResponse(error=f"the program was ended by signal {-code}")
    return messages.RunResponse(error=f"the program ended with exit code {code}")


async def cli_gone(parent: int) -> None:
    """Return when the CLI that started this host, process `parent`, has ended in whatever way."""
    gone = asyncio.Event()
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        # The CLI holds the other end of our standard input, which also tells of a CLI that was gone before
        # this host first looked at its parent.
        asyncio.get_running_loop().add_reader(0, lambda: os.read(0, 4096) or _stop_reading(gone))
    while os.getppid() == parent and not gone.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), PARENT_POLL_SECONDS)


def _stop_reading(gone: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(0)
    gone.set()


async def serve(engine_address: str, parent: int) -> None:
    """Serve until a signal comes or the CLI is gone, then end every child."""
    children = Children()
    limits = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    server = grpc.aio.server(options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
        PythonLanguageHost(engine_address, children), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stop = asyncio.ensure_future(cli_gone(parent))
    for quiet in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(quiet, stop.cancel)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.wait([stop])
    # The whole group, this host too (which handles the signal): a program may have children of its own.
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(children.ended(), GRACE_SECONDS)
    await server.stop(grace=0.2)


def main() -> None:
    """Lead a process group, serve, and take what is left of the group along."""
    parent = os.getppid()
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    asyncio.run(serve(sys.argv[-1], parent))
    sys.stdout.flush()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
