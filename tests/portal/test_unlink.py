"""A dossier that leaves: synced no more, its figures kept, and back when somebody wants it."""

from __future__ import annotations

from connectors.sandbox.company import company
from connectors.sandbox.stage import Sandbox
from tests.portal.cli import Cli

STATE = "SELECT status, lines FROM ledger.freshness"


def test_an_unlinked_dossier_keeps_figures_that_say_so_and_comes_back_when_linked_again(
    cli: Cli, dossier: str, vendor: Sandbox
) -> None:
    cli("sync", dossier)
    told = cli("unlink", dossier)
    assert f"grandlivre unlink {dossier} --yes" in told.err
    assert [row["dossier_id"] for row in cli("dossiers", "--json").json] == [dossier], "nothing is done without --yes"
    cli("unlink", dossier, "--yes")
    assert cli("dossiers", "--json").json == []
    lines = len(company("BE").lines)
    assert cli("query", STATE, "--format", "json").json == [{"status": "unlinked", "lines": lines}]
    for command in ("sync", "unlink", "reconciliation"):
        refused = cli(command, dossier, ok=False)
        assert refused.status == 1
        assert f"--dossier {dossier}" in refused.err
    assert cli("prune-partitions", "verocount", "--json").json == [{"dossier_id": dossier, "state": "not linked"}]
    (connection,) = cli("connections", "--json").json
    assert cli("link", connection["id"], vendor.external_id, "--dossier", dossier).line == dossier
    cli("sync", dossier)
    assert cli("query", STATE, "--format", "json").json == [{"status": "synced", "lines": lines}]


def test_a_dossier_that_was_never_synced_is_unlinked_too(cli: Cli, dossier: str) -> None:
    cli("unlink", dossier, "--yes")
    assert cli("dossiers", "--json").json == []
