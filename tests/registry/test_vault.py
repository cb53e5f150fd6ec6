from __future__ import annotations

import os
import pickle
import stat
import traceback

import keyring.errors
import pytest
from cryptography.fernet import Fernet

from foundation.errors import WrongInput
from foundation.home import Home
from foundation.secrets import Secret
from registry.keys import KEY_VARIABLE, EnvironmentKeys, FileKeys, key_source
from registry.vault import Vault

SECRET = Secret("sesame-0pen")


class MemoryKeyring:
    """A keyring of the system, in memory."""

    def __init__(self, *, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def environment(*keys: str) -> dict[str, str]:
    return {KEY_VARIABLE: ",".join(keys)}


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_a_sealed_secret_opens_again_and_does_not_show(home: Home) -> None:
    vault = Vault.of(home, environ={})
    vault.create()
    sealed = vault.seal(SECRET)
    assert "sesame" not in sealed
    assert vault.unseal(sealed, "x") == SECRET
    assert vault.unseal_all(vault.seal_all({"a": SECRET}), "x") == {"a": SECRET}


def test_the_key_file_is_made_once_and_for_its_owner_alone(home: Home) -> None:
    vault = Vault.of(home, environ={})
    vault.create()
    first = home.vault_key.read_text()
    vault.create()
    assert home.vault_key.read_text() == first
    assert stat.S_IMODE(home.vault_key.stat().st_mode) == 0o600
    assert list(home.root.glob(".vault-*")) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_that_others_can_reach_is_refused_with_the_command_to_run(home: Home, mode: int) -> None:
    vault = Vault.of(home, environ={})
    vault.create()
    sealed = vault.seal(SECRET)
    home.vault_key.chmod(mode)
    with pytest.raises(WrongInput, match=f"chmod 600 {home.vault_key}"):
        vault.unseal(sealed, "x")
    home.vault_key.chmod(0o600)
    assert vault.unseal(sealed, "x") == SECRET


def test_the_environment_goes_before_the_keyring_and_the_keyring_before_the_file(home: Home) -> None:
    both = environment(new_key()) | {"GRANDLIVRE_VAULT": "keyring"}
    assert "environment variable" in key_source(home, both).name
    assert "keyring" in key_source(home, {"GRANDLIVRE_VAULT": "keyring"}, MemoryKeyring()).name
    assert str(home.vault_key) in key_source(home, {}).name
    with pytest.raises(WrongInput, match="GRANDLIVRE_VAULT is 'bank'"):
        key_source(home, {"GRANDLIVRE_VAULT": "bank"})


def test_the_first_key_of_the_environment_seals_and_all_of_them_open(home: Home) -> None:
    old, new = new_key(), new_key()
    sealed = Vault.of(home, environment(old)).seal(SECRET)
    both = Vault.of(home, environment(new, old))
    assert both.unseal(sealed, "x") == SECRET
    assert Vault.of(home, environment(new)).unseal(both.seal(SECRET), "x") == SECRET
    resealed = both.reseal(sealed, "x")
    assert Vault.of(home, environment(new)).unseal(resealed, "x") == SECRET
    with pytest.raises(WrongInput):
        Vault.of(home, environment(old)).unseal(resealed, "x")


def test_a_wrong_key_names_its_source_and_what_was_sealed(home: Home) -> None:
    sealed = Vault.of(home, environment(new_key())).seal(SECRET)
    with pytest.raises(WrongInput, match=r"connection yuki-vandamme .* environment variable GRANDLIVRE_VAULT_KEY"):
        Vault.of(home, environment(new_key())).unseal(sealed, "connection yuki-vandamme")


def test_what_is_not_a_key_is_refused_without_showing_it(home: Home) -> None:
    vault = Vault.of(home, environment(new_key(), "hunter2-hunter2"))
    with pytest.raises(WrongInput, match="key 2 of 2") as refused:
        vault.seal(SECRET)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_a_missing_key_is_not_replaced_in_silence(home: Home) -> None:
    vault = Vault.of(home, environ={})
    vault.create()
    home.vault_key.unlink()
    for use in (lambda: vault.seal(SECRET), vault.renew):
        with pytest.raises(WrongInput, match="no key"):
            use()
    assert not home.vault_key.exists()


def test_a_renewed_file_key_seals_at_once_in_every_vault_and_old_seals_still_open(home: Home) -> None:
    first, second = Vault.of(home, environ={}), Vault.of(home, environ={})
    first.create()
    before = second.seal(SECRET)
    old_key = home.vault_key.read_text().strip()
    first.renew()
    assert second.unseal(before, "x") == SECRET
    assert stat.S_IMODE(home.vault_key.stat().st_mode) == 0o600
    with pytest.raises(WrongInput):
        Vault(home, EnvironmentKeys(environment(old_key))).unseal(second.seal(SECRET), "x")


def test_the_keyring_keeps_the_keys_as_one_entry(home: Home) -> None:
    system = MemoryKeyring()
    vault = Vault.of(home, {"GRANDLIVRE_VAULT": "keyring"}, system)
    vault.create()
    sealed = vault.seal(SECRET)
    vault.renew()
    assert vault.unseal(sealed, "x") == SECRET
    assert len(system.kept["grandlivre", "vault"].split()) == 2
    assert not home.vault_key.exists()


def test_a_locked_keyring_says_what_to_do(home: Home) -> None:
    vault = Vault.of(home, {"GRANDLIVRE_VAULT": "keyring"}, MemoryKeyring(locked=True))
    with pytest.raises(WrongInput, match="Unlock it"):
        vault.create()


def test_a_key_file_of_somebody_else_or_of_nonsense_is_explained(home: Home) -> None:
    home.create()
    home.vault_key.touch(mode=0o600)
    os.write(os.open(home.vault_key, os.O_WRONLY), b"\xff\xfe not a key \n")
    with pytest.raises(WrongInput, match="is not a vault key"):
        Vault(home, FileKeys(home.vault_key)).seal(SECRET)


def test_neither_a_vault_nor_a_secret_shows_or_travels(home: Home) -> None:
    key = new_key()
    assert key not in repr(Vault.of(home, environment(key)))
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
