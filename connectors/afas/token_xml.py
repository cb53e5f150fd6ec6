"""The token of an App Connector as people have it, and as the header wants it."""

from __future__ import annotations

import base64
import binascii
import re

from foundation.errors import WrongInput
from foundation.secrets import Secret

_DATA = re.compile(r"[0-9A-Za-z]{32,128}")


def authorization(token: Secret) -> Secret:
    """The ``Authorization`` header for a token given as XML, as its base64, or as the data in it alone (the last two
    are a convenience of ours). Raises WrongInput for anything else."""
    text = token.reveal().strip().removeprefix("AfasToken ").strip()
    if "<token" not in text:
        text = _decoded(text) or (f"<token><version>1</version><data>{text}</data></token>" if _whole(text) else "")
    if "<data>" not in text or "</token>" not in text:
        raise WrongInput(
            "the token is not one of an App Connector",
            next_step="Give it as AFAS shows it: <token><version>1</version><data>...</data></token>.",
        )
    return Secret("AfasToken " + base64.b64encode(text.encode()).decode())


def _decoded(text: str) -> str:
    """The XML in a base64 text; empty when there is none."""
    try:
        found = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return found.strip() if "<token" in found else ""


def _whole(text: str) -> bool:
    return _DATA.fullmatch(text) is not None
