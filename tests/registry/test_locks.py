from __future__ import annotations

import threading

import pytest

from foundation.errors import Busy, WrongInput
from foundation.home import Home
from registry.locks import Locks
from tests.registry import worker


def test_a_second_sync_of_a_dossier_is_refused_at_once(home: Home) -> None:
    with Locks(home).dossier("1042-bakkerij"):
        with pytest.raises(Busy, match="another sync of this dossier is running"), Locks(home).dossier("1042-bakkerij"):
            pass
        with Locks(home).dossier("1043-slagerij"):
            pass
    with Locks(home).dossier("1042-bakkerij"):
        pass


def test_threads_of_one_process_exclude_each_other(home: Home) -> None:
    inside, most = 0, 0
    refused: list[Busy] = []

    def sync() -> None:
        nonlocal inside, most
        try:
            with Locks(home).connection("yuki-vandamme", timeout=30):
                inside += 1
                most = max(most, inside)
                threading.Event().wait(0.01)
                inside -= 1
        except Busy as error:
            refused.append(error)

    threads = [threading.Thread(target=sync) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert refused == []


def test_a_dossier_held_by_another_process_is_busy_and_free_once_that_process_is_killed(home: Home) -> None:
    holder = worker.start("hold_dossier", home)
    with pytest.raises(Busy), Locks(home).dossier("1042-bakkerij"):
        pass
    worker.go(holder)
    with Locks(home).dossier("1042-bakkerij"):
        pass


def test_a_connection_held_by_another_process_is_waited_for_and_free_once_that_process_is_killed(home: Home) -> None:
    holder = worker.start("hold_connection", home)
    with pytest.raises(Busy, match="renewing the sign-in"), Locks(home).connection("yuki-vandamme", timeout=0.1):
        pass
    worker.go(holder)
    with Locks(home).connection("yuki-vandamme", timeout=5):
        pass


def test_a_lock_is_only_taken_for_what_can_be_an_id(home: Home) -> None:
    with pytest.raises(WrongInput), Locks(home).dossier("../../etc/passwd"):
        pass


def test_a_lock_is_freed_when_the_sync_raises(home: Home) -> None:
    with pytest.raises(ZeroDivisionError), Locks(home).dossier("1042-bakkerij"):
        raise ZeroDivisionError
    with Locks(home).dossier("1042-bakkerij"):
        pass
