"""Two machines in one: network namespaces with a line between them, and a firewall on the server's end of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

HUB, SERVER = "10.231.77.1", "10.231.77.2"

_RULES = f"""
table inet firewall {{
  chain out {{
    type filter hook output priority 0; policy drop;
    oifname "lo" accept
    ip daddr {HUB} tcp dport 443 accept
  }}
  chain in {{
    type filter hook input priority 0; policy drop;
    iifname "lo" accept
    ip saddr {HUB} tcp sport 443 ct state established accept
  }}
}}
"""
"""The server may call port 443 of the hub, and hears what is answered; nothing else leaves it or reaches it."""


@dataclass(frozen=True)
class Machines:
    """What is put before a command that runs on the hub's machine, and on the server."""

    hub: tuple[str, ...]
    server: tuple[str, ...]


class NotHere(Exception):
    """Why this machine cannot play two."""


@contextmanager
def two_machines() -> Iterator[Machines]:
    """The hub at :data:`HUB`, the server at :data:`SERVER` behind its firewall. Raises NotHere."""
    for tool in ("ip", "nft", "nsenter"):
        if shutil.which(tool) is None:
            raise NotHere(f"{tool} is not installed (Debian: iproute2, nftables, util-linux)")
    if os.geteuid() != 0:
        raise NotHere("network namespaces are made by root alone")
    mark = f"{os.getpid() % 100_000}"
    names = [f"grandlivre-{end}-{mark}" for end in ("hub", "server")]
    within = [("nsenter", f"--net=/run/netns/{name}", "--") for name in names]
    with ExitStack() as stack:
        for name in names:
            _do("ip", "netns", "add", name)
            stack.callback(_do, "ip", "netns", "delete", name)
        lines = [f"gl-h{mark}", f"gl-s{mark}"]
        _do("ip", "link", "add", lines[0], "netns", names[0], "type", "veth", "peer", lines[1], "netns", names[1])
        for enter, line, address in zip(within, lines, (HUB, SERVER), strict=True):
            _do(*enter, "ip", "address", "add", f"{address}/24", "dev", line)
            _do(*enter, "ip", "link", "set", "lo", "up")
            _do(*enter, "ip", "link", "set", line, "up")
        _do(*within[1], "nft", "-f", "-", text=_RULES)
        yield Machines(*within)


def _do(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHere(f"`{' '.join(command[-6:])}` is refused here: {done.stderr.strip()}")
