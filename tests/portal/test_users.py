"""``grandlivre user``: people of the portal from the command line."""

from __future__ import annotations

from foundation.home import Home
from registry.store import Registry
from tests.portal.cli import Cli

ADD = ("user", "add", "An@Firm.be", "--firm", "Kantoor Peeters", "--name", "An", "--role", "administrator")


def registry(cli: Cli) -> Registry:
    return Registry.open(Home(cli.home))


def test_a_person_is_made_and_invited(cli: Cli) -> None:
    done = cli(*ADD, "--portal", "https://books.firm.be/")
    assert done.line.startswith("https://books.firm.be/invitation/")
    (row,) = cli("user", "list", "--json").json
    assert row["email"] == "an@firm.be"
    assert (row["firm"], row["role"], row["active"], row["password"]) == (
        "kantoor-peeters",
        "administrator",
        True,
        False,
    )
    with registry(cli) as opened:
        found = opened.key(done.line.rpartition("/")[2], "invitation")
        assert found is not None
        assert found.user.user_id == row["user_id"]
        (deed,) = opened.deeds("kantoor-peeters")
        assert (deed.what, deed.subject, deed.user_id) == ("invited", row["user_id"], None)
    assert "an@firm.be is somebody's address already" in cli(*ADD, ok=False).err


def test_roles_change_and_access_ends_and_comes_back(cli: Cli) -> None:
    cli(*ADD)
    cli("user", "add", "jan@firm.be", "--firm", "Kantoor Peeters")
    assert "last administrator" in cli("user", "role", "an@firm.be", "analyst", ok=False).err
    assert "last administrator" in cli("user", "remove", "an@firm.be", ok=False).err
    cli("user", "role", "jan@firm.be", "administrator")
    cli("user", "remove", "an@firm.be")
    rows = {row["email"]: row for row in cli("user", "list", "--firm", "Kantoor Peeters", "--json").json}
    assert [rows["an@firm.be"]["active"], rows["jan@firm.be"]["role"]] == [False, "administrator"]
    first = cli("user", "invite", "an@firm.be").line
    second = cli("user", "invite", rows["an@firm.be"]["user_id"]).line
    with registry(cli) as opened:
        assert opened.key(first.rpartition("/")[2], "invitation") is None
        assert opened.key(second.rpartition("/")[2], "invitation") is not None
        what = [deed.what for deed in opened.deeds("kantoor-peeters", subject=rows["an@firm.be"]["user_id"])]
    assert what == ["invited_again", "invited_again", "activated", "deactivated", "invited"]


def test_who_is_not_known_is_told(cli: Cli) -> None:
    assert "nobody has the address" in cli("user", "invite", "who@firm.be", ok=False).err
    assert "there is no person" in cli("user", "remove", "who", ok=False).err
    assert "there is no role" in cli(*ADD[:-1], "owner", ok=False).err
    assert cli("user", "list", "--json").json == []
