"""What Odoo's exceptions mean for a person. All three protocols tell the same exceptions, each in its own wrapping."""

from __future__ import annotations

from connectors.http import NotAnAnswer
from foundation.errors import AskForAccess, GrandlivreError, ReportABug, SignInAgain, WrongInput
from foundation.secrets import redact

VENDOR = "Odoo"
_OURS = frozenset({"ValueError", "TypeError", "KeyError", "AttributeError", "UnprocessableEntity"})
_USERS = frozenset({"UserError", "ValidationError", "MissingError", "NotFound", "Warning", "RedirectWarning"})


def meaning(name: str, message: str) -> GrandlivreError | None:
    """The error of our tree for an exception of that class (with or without its module); None where a later call may
    succeed (a lock, a lost database connection, too little memory)."""
    kind, told = name.rpartition(".")[2], " ".join(redact(message).split())[:300]
    if kind in ("AccessDenied", "Unauthorized"):
        return SignInAgain(
            f"{VENDOR} does not accept user and API key",
            next_step="Give a new API key (they live three months at most): grandlivre reconnect CONNECTION.",
        )
    if kind in ("AccessError", "Forbidden"):
        if "compan" in told.lower():
            return AskForAccess(f"{VENDOR} gives the user no access to this company ({told})")
        return AskForAccess(
            f"{VENDOR} refuses to show this to the user ({told})",
            next_step="Give the user the right Accounting: Auditor or Accountant in Odoo.",
        )
    if kind == "OperationalError" and "does not exist" in told and "database" in told:
        return WrongInput(f"{VENDOR} has no such database ({told})", next_step="Correct the setting database.")
    if kind in _USERS:
        return WrongInput(f"{VENDOR} refuses: {told}", next_step="Check the settings database and lang.")
    if kind in _OURS:
        return ReportABug(f"{VENDOR} does not know what was asked: {kind}: {told}")
    return None


def refuse(name: str, message: str) -> None:
    """Raises what the exception means; NotAnAnswer, for the call to be made again, where it may pass."""
    raise meaning(name, message) or NotAnAnswer(f"{name}: {redact(message)[:200]}")
