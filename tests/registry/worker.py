"""What the tests do in other processes: ``python -m tests.registry.worker ACTION HOME [DATABASE]``.

Each prints ``ready``, waits for a line on its standard input, acts, and prints what came of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from foundation.home import Home
from foundation.secrets import Secret

PROJECT = Path(__file__).parents[2]


Process = subprocess.Popen[str]


def start(action: str, home: Home, count: int = 1) -> list[Process]:
    """``count`` processes, once all are ready to act."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GRANDLIVRE_")}
    command = [sys.executable, "-m", "tests.registry.worker", action, str(home.root)]
    if home.database:
        command.append(home.database.reveal())
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(command, cwd=PROJECT, env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise AssertionError(process.communicate()[1])
    return processes


def go(processes: list[Process]) -> list[str]:
    """Lets them act, all at once, and returns what they printed."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = []
    for process in processes:
        out, trouble = process.communicate(timeout=120)
        assert process.returncode in (0, -signal.SIGKILL), trouble
        answers.append(out.strip())
    return answers


def hold_dossier(home: Home) -> None:
    from registry.locks import Locks

    with Locks(home).dossier("1042-bakkerij"):
        _wait()
        os.kill(os.getpid(), signal.SIGKILL)


def hold_connection(home: Home) -> None:
    from registry.locks import Locks

    with Locks(home).connection("yuki-vandamme", timeout=5):
        _wait()
        os.kill(os.getpid(), signal.SIGKILL)


def register(home: Home) -> None:
    """Opens an installation that may not exist yet, and does a bit of everything."""
    from registry.store import Registry

    _wait()
    with Registry.open(home) as registry:
        connection = registry.add_connection("yuki", "Vandamme", secrets={"access_key": Secret("key-of-vandamme")})
        link = registry.add_link(connection.id, "guid-1", code="1042", name="Bakkerij Janssens")
        for _ in range(10):
            sync_id = registry.start_run(link.dossier_id, link.link_id, "nightly", link.mode)
            registry.finish_run(sync_id, "synced", rows_read=3)
        sys.stdout.write(link.dossier_id)


def renew(home: Home) -> None:
    """Renews the tokens when nobody else did, as a connector would."""
    from registry.store import Registry
    from tests.registry.vendor import TokenEndpoint

    with Registry.open(home) as registry:
        tokens = registry.tokens("xero-vandamme")
        _wait()
        with tokens.exclusive():
            fields = tokens.read()
            if "access_token" not in fields:
                fields = TokenEndpoint(home.root / "vendor.json").renew(fields["refresh_token"])
                tokens.save(fields)
        sys.stdout.write(fields["access_token"])


def renew_and_die_before_saving(home: Home) -> None:
    _renew_and_die(home, save=False)


def renew_and_die_after_saving(home: Home) -> None:
    _renew_and_die(home, save=True)


def _renew_and_die(home: Home, *, save: bool) -> None:
    from registry.store import Registry
    from tests.registry.vendor import TokenEndpoint

    with Registry.open(home) as registry:
        tokens = registry.tokens("xero-vandamme")
        _wait()
        with tokens.exclusive():
            answer = TokenEndpoint(home.root / "vendor.json").renew(tokens.read()["refresh_token"])
            if save:
                tokens.save(answer)
            os.kill(os.getpid(), signal.SIGKILL)


def spend_budget(home: Home) -> None:
    """Reads fiscal years of a dossier until the vendor's budget makes it wait; tells how often it could."""
    from dataclasses import replace

    from foundation.errors import RateLimited
    from resources.house import House

    def no_waiting(seconds: float) -> None:
        raise RateLimited("waits")

    read = 0
    house = replace(House.open(home), sleep=no_waiting)
    with house, house.connector("exact_online_be-vandamme", work=home.scratch) as connector:
        _wait()
        try:
            while True:
                connector.fiscal_years("900101")
                read += 1
        except RateLimited:
            sys.stdout.write(str(read))


def _wait() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    address = Secret(sys.argv[3]) if len(sys.argv) > 3 else None
    globals()[sys.argv[1]](Home(Path(sys.argv[2]), address))
