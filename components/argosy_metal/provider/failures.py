"""What an RPC may answer instead of a result, and how it is told to the engine.

The engine takes the codes UNKNOWN, INTERNAL and DATA_LOSS for "the resource's state is not known", so every
expected failure has a code of its own, and a message without a traceback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2, status_pb2

from argosy.errors import ArgosyError
from argosy_metal.claims import ClaimsUnavailableError, ForeignClaimError, LostClaimError, StaleRunError
from argosy_metal.lifecycle import MachineError
from argosy_metal.provider.values import wire_map


class RefusedInputError(ArgosyError):
    """An input cannot be used; the message says which, and what would do."""


class NotPossibleError(ArgosyError):
    """The world is not in the state that the operation needs; the message says what would change it."""


class PartialFailureError(ArgosyError):
    """The resource exists, and is not finished: the engine records it, and the next `up` goes on with it."""

    def __init__(self, resource_id: str, outputs: Mapping[str, Any], reasons: Sequence[str]) -> None:
        self.resource_id = resource_id
        self.outputs = outputs
        self.reasons = tuple(reasons)
        super().__init__("; ".join(self.reasons))

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        """What the engine decodes (pulumi, sdk/go/common/resource/plugin/provider_plugin.go)."""
        detail = provider_pb2.ErrorResourceInitFailed(
            id=self.resource_id,
            properties=wire_map(self.outputs),
            reasons=self.reasons,
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(self))
        status.details.add().Pack(detail)
        return (("grpc-status-details-bin", status.SerializeToString()),)


_CODES: tuple[tuple[type[Exception], grpc.StatusCode], ...] = (
    (RefusedInputError, grpc.StatusCode.INVALID_ARGUMENT),
    (NotPossibleError, grpc.StatusCode.FAILED_PRECONDITION),
    (ForeignClaimError, grpc.StatusCode.FAILED_PRECONDITION),
    (LostClaimError, grpc.StatusCode.ABORTED),
    (StaleRunError, grpc.StatusCode.ABORTED),
    (ClaimsUnavailableError, grpc.StatusCode.UNAVAILABLE),
    (MachineError, grpc.StatusCode.UNAVAILABLE),
    (NotImplementedError, grpc.StatusCode.UNIMPLEMENTED),
)


def status_of(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Code and message of a failure. What nobody foresaw is INTERNAL, told by its class and message alone."""
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, str(error)
    if isinstance(error, ArgosyError):
        return grpc.StatusCode.FAILED_PRECONDITION, str(error)
    return grpc.StatusCode.INTERNAL, f"the bare-metal provider failed: {type(error).__name__}: {error}"
