"""Runs whose state is written at their end only, and who may have them.

The engine writes a stack's whole state twice per step unless `PULUMI_SKIP_CHECKPOINTS` is set. A run that is
killed then has left nothing in the state of what it made. That does no harm where everything is found
again by a record of its own, as bare-metal servers are by their claims; a cloud's resources would be lost and
paid for.
"""

from __future__ import annotations

from collections.abc import Mapping

from argosy.errors import ArgosyError

VARIABLE = "PULUMI_SKIP_CHECKPOINTS"
_YES = frozenset({"1", "true"})
"""What Pulumi takes for yes, whatever the case (`sdk/go/common/util/cmdutil`, `IsTruthy`)."""
_ADOPTING = frozenset({"metal"})
"""Providers all of whose resources are taken up again by a new run that does not find them in the state."""


class CheckpointsNeededError(ArgosyError):
    """The run may not do without checkpoints: unset the variable, and run again."""


def assert_checkpoints(provider_of: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Refuse a run without checkpoints that declares any site whose resources could be lost.

    `provider_of` is each site's provider, `environment` the process's own. Raises CheckpointsNeededError.
    """
    if environment.get(VARIABLE, "").strip().lower() not in _YES:
        return
    lost = [
        f"{site} ({provider})" for site, provider in sorted(provider_of.items()) if provider not in _ADOPTING
    ]
    if lost:
        raise CheckpointsNeededError(
            f"{VARIABLE} is set, and a killed run would lose what it made in {', '.join(lost)}: only"
            " bare-metal sites are found again by their claims; unset it, or give halls a stack of their own"
            " (argosy:scope)"
        )
