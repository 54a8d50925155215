"""How long each step may take. Hall operators' figures; a simulator's clock divides them."""

from __future__ import annotations

from dataclasses import dataclass

_SHORTEST_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """Bounds in seconds, generous: users of MAAS and Ironic complain about limits that are too short."""

    power_seconds: float = 120.0
    """Until a power change shows."""
    media_seconds: float = 60.0
    """Until an inserted or ejected image, or a boot override, shows."""
    install_seconds: float = 90 * 60.0
    """From power-on to the installed system's report: 15 min self-test, 45 min install, 30 min first boot."""
    silence_seconds: float = 300.0
    """How long a BMC may be silent while its server installs."""
    self_test_seconds: float = 30 * 60.0
    """From a reset until what waited for it shows: 15 min self-test, once more where settings changed."""
    drives_quiet_seconds: float = 15 * 60.0
    """How long a server's list of drives stays the same before it counts, where its BMC does not tell of the
    self-test: as long as one takes."""
    flash_seconds: float = 60 * 60.0
    """One component's flash, download included."""
    flash_silence_seconds: float = 15 * 60.0
    """How long a BMC may be silent while it is flashed and restarts."""
    poll_seconds: float = 10.0
    """Between two questions for the report, which the hall's service answers at once."""
    polls_per_look: int = 3
    """So many such questions for one look at a server that installs: a BMC takes seconds for its answers."""
    attempts: int = 5
    """Attempts per image before a server is quarantined. As Metal3 does (baremetal-operator PR 3468)."""

    def scaled(self, time_scale: float) -> Limits:
        """The limits where `time_scale` seconds of the hall pass in one of ours.

        What our own computer takes part in keeps a floor: its time does not shrink, and it may be busy.
        """
        if time_scale == 1:
            return self
        return Limits(
            power_seconds=max(30.0, self.power_seconds / time_scale),
            media_seconds=max(30.0, self.media_seconds / time_scale),
            install_seconds=max(60.0, self.install_seconds / time_scale),
            silence_seconds=max(15.0, self.silence_seconds / time_scale),
            self_test_seconds=max(60.0, self.self_test_seconds / time_scale),
            drives_quiet_seconds=max(30.0, self.drives_quiet_seconds / time_scale),
            flash_seconds=max(60.0, self.flash_seconds / time_scale),
            flash_silence_seconds=max(30.0, self.flash_silence_seconds / time_scale),
            poll_seconds=max(_SHORTEST_POLL_SECONDS, self.poll_seconds / time_scale),
            polls_per_look=self.polls_per_look,
            attempts=self.attempts,
        )
