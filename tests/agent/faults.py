"""What a line or a hub may do to a call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Fault:
    """Strikes calls whose method and path match, ``times`` times. ``kind``: ``down`` (no answer, nothing done), ``cut``
    (the line breaks in the middle of the body), ``lost`` (done, and the answer lost), ``proxy`` (done, and answered by
    something that refuses it), ``html``, ``redirect``, ``slow``, or a status."""

    kind: str
    where: str = ""
    times: int = 1
    retry_after: str = ""
    seconds: float = 0.0
