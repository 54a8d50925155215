"""The engine's resource monitor, as far as a program can tell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, resource_pb2

from argosy_component.mock_engine.computed import (
    ComputedOutputs,
    NewResource,
    computed_outputs,
    synthetic_id,
)
from argosy_component.mock_engine.errors import DuplicateUrnError, MockEngineError, UnansweredCallError
from argosy_component.mock_engine.graph import RegisteredResource, ResourceGraph
from argosy_component.mock_engine.options import read_options, registration_options
from argosy_component.mock_engine.wire import to_plain, to_struct, wrap_secret

Answer = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]

_Response = TypeVar("_Response", resource_pb2.ResourceInvokeResponse, provider_pb2.CallResponse)

_STACK = "pulumi:pulumi:Stack"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_GET_RESOURCE = "pulumi:pulumi:getResource"

# As the SDK's own MockMonitor announces, so that programs see the same engine. Output values stay out:
# with them, inputs would arrive as Outputs instead of values.
_FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What providers and other stacks say: by token of the call, by resource type, by stack name."""

    calls: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    outputs: Mapping[str, ComputedOutputs] = field(default_factory=dict[str, ComputedOutputs])
    stack_references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


@dataclass(slots=True)
class _Record:
    request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest
    id: str | None
    state: Struct | None = None
    outputs: Struct | None = None


class RecordingMonitor:
    """Answers the SDK's requests as an engine with obliging providers would, and remembers them all.

    In a preview no id and no computed output is known, as with a real provider.
    """

    def __init__(self, project: str, stack: str, preview: bool, answers: Answers) -> None:
        self._project = project
        self._stack = stack
        self._preview = preview
        self._answers = answers
        self._records: dict[str, _Record] = {}

    def graph(self) -> ResourceGraph:
        """What was declared so far, as plain values."""
        resources = [_resource(urn, record) for urn, record in sorted(self._records.items())]
        exports: dict[str, Any] = {}
        for resource in resources:
            if resource.type == _STACK:
                exports = resource.outputs or {}
        return ResourceGraph(tuple(resources), exports)

    # The names below are those of the gRPC service (pulumi/resource.proto).

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Declare a resource."""
        urn = self._claim_urn(request)
        record = _Record(request, None)
        self._records[urn] = record
        if not request.custom:
            return resource_pb2.RegisterResourceResponse(
                urn=urn, object=self._component_outputs(urn, request)
            )
        if not self._preview:
            record.id = request.importId or synthetic_id(request.type, request.name)
        record.state = self._created(urn, request)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=record.id or "", object=record.state)

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Read a resource that exists already, another stack's outputs included."""
        urn = self._claim_urn(request)
        if request.type == _STACK_REFERENCE:
            state = self._stack_outputs(request.id)
        else:
            state = self._created(urn, request)
        self._records[urn] = _Record(request, request.id, state)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=state)

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Empty:  # noqa: N802
        """Note what a component, or the stack, gives as its outputs."""
        record = self._records.get(request.urn)
        if record is None:
            raise MockEngineError(f"outputs were registered for {request.urn}, which was never declared")
        if record.outputs is not None:
            raise MockEngineError(
                f"outputs were registered twice for {request.urn}; the engine takes them once"
            )
        record.outputs = request.outputs
        return Empty()

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer a provider function."""
        args, _ = to_plain(request.args)
        answer = (
            self._known_resource(args["urn"])
            if request.tok == _GET_RESOURCE
            else self._answer(request.tok, args)
        )
        return _returning(resource_pb2.ResourceInvokeResponse(), answer)

    def Call(self, request: resource_pb2.ResourceCallRequest) -> provider_pb2.CallResponse:  # noqa: N802
        """Answer a method of a resource."""
        args, _ = to_plain(request.args)
        return _returning(provider_pb2.CallResponse(), self._answer(request.tok, args))

    def GetDeploymentInfo(self, request: Empty) -> resource_pb2.DeploymentInfo:  # noqa: N802
        """Say what this engine can do."""
        return resource_pb2.DeploymentInfo(supportedFeatures=_FEATURES)

    def RegisterPackage(  # noqa: N802
        self, request: resource_pb2.RegisterPackageRequest
    ) -> resource_pb2.RegisterPackageResponse:
        """Accept a parameterised provider package."""
        return resource_pb2.RegisterPackageResponse(ref=f"package-{request.name}-{request.version}")

    def SignalAndWaitForShutdown(self, request: Empty) -> Empty:  # noqa: N802
        """Let the program end."""
        return Empty()

    def _claim_urn(
        self, request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest
    ) -> str:
        types = request.type
        parent_types = request.parent.split("::")[2] if request.parent else _STACK
        # As the engine does (sdk/go/common/resource/urn): the whole chain of types, the stack left out.
        if parent_types != _STACK:
            types = f"{parent_types}${request.type}"
        urn = f"urn:pulumi:{self._stack}::{self._project}::{types}::{request.name}"
        if urn in self._records:
            raise DuplicateUrnError(f"duplicate resource URN {urn}; give one of the two another name")
        return urn

    def _created(
        self, urn: str, request: resource_pb2.RegisterResourceRequest | resource_pb2.ReadResourceRequest
    ) -> Struct:
        given = (
            request.object
            if isinstance(request, resource_pb2.RegisterResourceRequest)
            else request.properties
        )
        state = Struct()
        state.CopyFrom(given)
        if not self._preview:
            resource = NewResource(request.type, request.name, urn, to_plain(given)[0])
            computed = {
                key: value for key, value in computed_outputs(resource).items() if key not in given.fields
            }
            state.update(computed | self._told_outputs(resource))
        for key in request.additionalSecretOutputs:
            wrap_secret(state, key)
        return state

    def _component_outputs(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Struct:
        resource = NewResource(request.type, request.name, urn, to_plain(request.object)[0])
        return Struct() if self._preview else to_struct(self._told_outputs(resource))

    def _told_outputs(self, resource: NewResource) -> dict[str, Any]:
        told = self._answers.outputs.get(resource.type, {})
        return dict(told(resource) if callable(told) else told)

    def _stack_outputs(self, stack: str) -> Struct:
        if stack not in self._answers.stack_references:
            raise UnansweredCallError(
                f"the program reads the outputs of stack {stack!r} and no answer was given; "
                f"pass stack_references={{{stack!r}: {{…}}}}"
            )
        outputs = dict(self._answers.stack_references[stack])
        return to_struct({"name": stack, "outputs": outputs, "secretOutputNames": []})

    def _known_resource(self, urn: str) -> Struct:
        record = self._records.get(urn)
        if record is None:
            raise MockEngineError(f"the program looks up {urn}, which was never declared")
        state = to_struct({"urn": urn, "id": record.id or ""})
        state.fields["state"].struct_value.CopyFrom(record.state or Struct())
        return state

    def _answer(self, token: str, args: Mapping[str, Any]) -> Struct:
        if token not in self._answers.calls:
            # Names only: an argument may be a secret.
            raise UnansweredCallError(
                f"the program calls {token} (arguments: {', '.join(sorted(args)) or 'none'}) and no answer "
                f"was given; pass calls={{{token!r}: {{…}}}}"
            )
        answer = self._answers.calls[token]
        return to_struct(answer(args) if callable(answer) else answer)


def _returning(response: _Response, value: Struct) -> _Response:
    # `return` is a keyword of Python, so it can only be named in a string.
    getattr(response, "return").CopyFrom(value)
    return response


def _resource(urn: str, record: _Record) -> RegisteredResource:
    request = record.request
    if isinstance(request, resource_pb2.RegisterResourceRequest):
        inputs, secret_inputs = to_plain(request.object)
        options, custom = registration_options(request), request.custom
    else:
        inputs, secret_inputs = to_plain(request.properties)
        options, custom = read_options(request), True
    outputs, secret_outputs = to_plain(record.outputs or Struct())
    return RegisteredResource(
        type=request.type,
        name=request.name,
        urn=urn,
        parent=request.parent or None,
        custom=custom,
        id=record.id,
        inputs=inputs,
        options=options,
        outputs=None if record.outputs is None else outputs,
        secret_inputs=secret_inputs,
        secret_outputs=secret_outputs,
    )
