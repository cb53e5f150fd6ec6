"""``grandlivre``: the command line. Exit status 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import logging
import os
import sys

import typer

from foundation.errors import GrandlivreError, ReportABug
from foundation.secrets import redact
from portal import (
    agents,
    ask,
    budgets,
    connecting,
    demo,
    linking,
    mapping,
    migrating,
    pruning,
    syncing,
    trust,
    ui,
    unlinking,
    users,
)
from portal.output import tell

app = typer.Typer(
    name="grandlivre",
    help="Brings the ledgers of an accounting firm's dossiers together, from 32 packages.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for room in (
    connecting,
    linking,
    unlinking,
    mapping,
    syncing,
    trust,
    budgets,
    agents,
    users,
    pruning,
    migrating,
    ask,
    demo,
    ui,
):
    room.add_commands(app)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line. An error is told as what, why and what to do next; never as a traceback."""
    logging.basicConfig(level=os.environ.get("GRANDLIVRE_LOG", "WARNING"), stream=sys.stderr)
    try:
        app(args=arguments)
    except GrandlivreError as error:
        error.cause = redact(error.cause)  # vendors' words are in the cause; the next step is ours, as it must be typed
        tell(f"Error: {error}")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        tell("Stopped.")
        raise SystemExit(1) from None
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not our failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        logging.getLogger("grandlivre").debug("unexpected", exc_info=True)
        tell(f"Error: {redact(str(ReportABug(f'{type(error).__name__}: {error}')))}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
