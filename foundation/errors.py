"""One tree of errors, by what a person can do about them.

    GrandlivreError
    ├── SignInAgain          the connection's consent or key no longer works
    ├── AskForAccess         signed in, but without a right to this dossier or feature
    ├── Wait                 nothing to do but wait; a later try may succeed
    │   ├── RateLimited      a budget is used up; carries the moment to resume
    │   ├── VendorDown       the package does not answer, or answers nonsense
    │   │   └── Incomplete   it sent less than it announced
    │   ├── Busy             somebody else holds the file, the dossier or the disk
    │   └── AgentOffline     the service on the server that holds the dossiers is not heard of
    ├── FixTheData           what was read cannot be right; a person must look
    │   ├── BadFile          a file is damaged or not in the promised format
    │   ├── EmptyAnswer      a dossier that had lines yesterday has none today
    │   └── ChecksFailed     the books do not pass the checks that block a load
    ├── WrongInput           what was typed or configured is not known or not allowed
    └── ReportABug           we, or the vendor, broke the contract

Every message names the subject, the cause and the next step. The ``kind`` of the class is what
``sync_runs.error_kind`` keeps; ``transient`` tells whether a later try, without a person, can succeed.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

__all__ = [
    "AgentOffline",
    "AskForAccess",
    "BadFile",
    "Busy",
    "ChecksFailed",
    "EmptyAnswer",
    "FixTheData",
    "GrandlivreError",
    "Incomplete",
    "RateLimited",
    "ReportABug",
    "SignInAgain",
    "VendorDown",
    "Wait",
    "WrongInput",
]


class GrandlivreError(Exception):
    """Base of all errors that a person meets.

    ``cause`` says what went wrong, ``next_step`` what to do about it. ``subject`` (a file, a dossier, a connection)
    is often known only higher up: each floor adds its own with :meth:`about`.
    """

    kind: ClassVar[str] = "error"
    transient: ClassVar[bool] = False
    default_next_step: ClassVar[str] = "Look at the log of this run."

    def __init__(self, cause: str, *, next_step: str | None = None, subject: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.next_step = next_step or self.default_next_step
        self.subject = subject

    def about(self, subject: str) -> GrandlivreError:
        """The same error, told as one of ``subject`` too: "dossier 1042, lines_2025.csv: ..."."""
        self.subject = f"{subject}, {self.subject}" if self.subject else subject
        return self

    def __str__(self) -> str:
        head = f"{self.subject}: {self.cause}" if self.subject else self.cause
        return f"{head.rstrip('.')}. {self.next_step}"


class SignInAgain(GrandlivreError):
    """The vendor no longer accepts the stored consent, key or password."""

    kind = "needs_login"
    default_next_step = "Sign in again with: grandlivre reconnect CONNECTION."


class AskForAccess(GrandlivreError):
    """The sign-in works, the right to this dossier or feature is missing."""

    kind = "no_access"
    default_next_step = "Ask the owner of the dossier to give the connected user access to it."


class Wait(GrandlivreError):
    """Nothing is wrong on our side; a later try may succeed by itself."""

    kind = "wait"
    transient = True
    default_next_step = "Try again later; the nightly run does so by itself."


class RateLimited(Wait):
    """A vendor budget is used up until ``resume_at`` (aware, UTC), or for an unknown time when None."""

    kind = "rate_limited"

    def __init__(
        self, cause: str, *, resume_at: datetime | None = None, next_step: str | None = None, subject: str | None = None
    ) -> None:
        when = f"It may go on at {resume_at:%Y-%m-%d %H:%M:%S} UTC." if resume_at else None
        super().__init__(cause, next_step=next_step or when, subject=subject)
        self.resume_at = resume_at


class VendorDown(Wait):
    """The package does not answer, or answers something that is not an answer."""

    kind = "vendor_down"


class Incomplete(VendorDown):
    """The package sent less than it announced. Nothing of the answer can be relied on."""

    default_next_step = "Nothing was changed; sync again, and report it if it stays so."


class Busy(Wait):
    """A file, a dossier or the disk is in use or full."""

    kind = "busy"


class AgentOffline(Wait):
    """The on-premise service that reads the dossiers was not heard of for too long."""

    kind = "agent_offline"
    default_next_step = (
        "Check that the server is on, that grandlivre-agent runs there and that it reaches the hub; "
        "`grandlivre agents` shows when it was last heard of."
    )


class FixTheData(GrandlivreError):
    """What was read cannot be right. Yesterday's figures stand."""

    kind = "bad_data"
    default_next_step = "Correct it in the package and sync again; the figures of the last good sync stand."


class BadFile(FixTheData):
    """A file is damaged, cut off, or not in the format that it promises."""

    kind = "bad_file"
    default_next_step = "Export the file again and sync again; the figures of the last good sync stand."


class EmptyAnswer(FixTheData):
    """A dossier that held lines now holds none."""

    kind = "empty"
    default_next_step = "If this is right, confirm it with: grandlivre sync DOSSIER --accept-empty."


class ChecksFailed(FixTheData):
    """The books do not pass a check that blocks the load."""

    kind = "checks_failed"


class WrongInput(GrandlivreError):
    """What was typed or configured is not known, not complete or not allowed."""

    kind = "wrong_input"
    default_next_step = "Correct the command and try again."


class ReportABug(GrandlivreError):
    """We, or the vendor, broke the contract that the code was written to."""

    kind = "bug"
    default_next_step = "Please report it, with the sync id; GRANDLIVRE_LOG=DEBUG tells more."


def kinds(*, transient: bool | None = None) -> list[str]:
    """The kind of every error of the tree; with ``transient`` only of those for which a later try can (or cannot)
    succeed without a person."""
    return [each.kind for each in _tree() if transient is None or each.transient is transient]


def of_kind(kind: str, cause: str, next_step: str | None = None) -> GrandlivreError:
    """The error of a ``kind`` that somebody else met and told; one of no known kind is a plain GrandlivreError."""
    found = next((each for each in _tree() if each.kind == kind), GrandlivreError)
    return found(cause, next_step=next_step)


def _tree() -> list[type[GrandlivreError]]:
    def below(kind: type[GrandlivreError]) -> list[type[GrandlivreError]]:
        return [kind, *(each for child in kind.__subclasses__() for each in below(child))]

    return [each for each in below(GrandlivreError) if each.__module__ == __name__]
