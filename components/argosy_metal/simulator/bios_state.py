"""The BIOS settings of one simulated server: in force, and waiting for the next self-test. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AttributeValue = str | int | bool
JobState = Literal["scheduled", "completed"]


@dataclass
class BiosJob:
    """A job that carries pending attributes into the next self-test."""

    id: str
    created: float
    """Simulated seconds."""
    state: JobState = "scheduled"
    ended: float = 0.0


@dataclass
class BiosState:
    """What survives a restart of the simulator. Attributes that nobody has changed are left out."""

    changed: dict[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    """In force, where it is not the default."""
    pending: dict[str, AttributeValue] = field(default_factory=dict[str, AttributeValue])
    reset_pending: bool = False
    """The next self-test begins with the defaults."""
    scheduled: bool = False
    """The next self-test takes the pending attributes over; without it they wait for ever."""
    jobs: list[BiosJob] = field(default_factory=list[BiosJob])
    times_applied: int = 0
    """Self-tests that changed something."""

    def set_pending(self, attributes: Mapping[str, AttributeValue], *, scheduled: bool) -> None:
        """Note attributes for a later self-test; a later write to one of them wins."""
        self.pending |= dict(attributes)
        self.scheduled = self.scheduled or scheduled

    def reset_to_defaults(self) -> None:
        """The next self-test begins with the defaults, and drops what was pending."""
        self.pending.clear()
        self.reset_pending = True

    def start_job(self, now: float) -> BiosJob:
        """Schedule what is pending for the next self-test."""
        job = BiosJob(f"JID_9{len(self.jobs) + 1:011d}", now)
        self.jobs.append(job)
        self.scheduled = True
        return job

    @property
    def waiting_job(self) -> BiosJob | None:
        """The job that the next self-test carries out."""
        return next((job for job in self.jobs if job.state == "scheduled"), None)

    def self_test(self, at: float) -> None:
        """Take over what is scheduled."""
        if not self.reset_pending and not (self.scheduled and self.pending):
            return
        if self.reset_pending:
            self.changed.clear()
            self.reset_pending = False
        if self.scheduled:
            self.changed |= self.pending
            self.pending.clear()
            self.scheduled = False
        self.times_applied += 1
        if (job := self.waiting_job) is not None:
            job.state, job.ended = "completed", at
