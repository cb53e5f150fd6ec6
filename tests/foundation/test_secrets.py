from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import errors
from foundation.secrets import Secret, redact


def test_a_secret_does_not_print() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {[secret]} { ({'k': secret}) }"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@given(
    st.sampled_from(["refresh_token", "access_token", "client_secret", "password", "access_key", "Authorization"]),
    st.from_regex(r"[A-Za-z0-9._~+/-]{8,40}", fullmatch=True),
    st.sampled_from(['{{"{k}": "{v}"}}', "{k}={v}&next=1", "{k}: {v}", "https://host/path?{k}={v}"]),
)
def test_redact_blanks_the_values_of_secret_parameters(name: str, value: str, shape: str) -> None:
    assert value not in redact(shape.format(k=name, v=value))


def test_redact_blanks_bearer_headers_and_keeps_the_rest() -> None:
    text = redact("GET /api HTTP 401 Authorization: Bearer abcdef123456 for division 900101")
    assert "abcdef123456" not in text
    assert "division 900101" in text


def test_every_error_names_subject_cause_and_next_step() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        text = str(kind("the cause").about("dossier 1042"))
        assert text.startswith("dossier 1042: the cause. ")
        assert len(text) > len("dossier 1042: the cause. ") + 10


def test_each_floor_adds_its_subject() -> None:
    error = errors.BadFile("is cut off", subject="demo_act.dbf").about("dossier 1042")
    assert str(error).startswith("dossier 1042, demo_act.dbf: is cut off. ")


def test_only_waiting_is_transient() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert kind.transient == issubclass(kind, errors.Wait)
