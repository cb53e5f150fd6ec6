"""Networks and vendors as they are: what can pass is tried again, what cannot is said, nothing is half read."""

from __future__ import annotations

import pytest

from connectors.sandbox.company import company
from connectors.sandbox.vendor import FaultKind
from connectors.yuki.sandbox import Fault, YukiSandbox
from connectors.yuki.sandbox.xml import Fault as Refusal
from foundation.errors import GrandlivreError, ReportABug, SignInAgain, VendorDown
from tests.landed import Clock

from .landed import Dossier, balances, told


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        *((kind, "GetTransactionDetails") for kind in ("500", "503", "html", "truncated", "429_minute", "429_bare")),
        ("cut", "GLAccountBalance"),
        ("500", "Authenticate"),
        ("reset", "Authenticate"),
    ],
)
def test_trouble_that_passes_costs_only_time(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock, kind: FaultKind, operation: str
) -> None:
    sandbox.knobs.faults.append(Fault(kind, path=operation, times=2))
    dossier.read()
    assert clock.slept
    assert balances(dossier) == told(company("BE"))


def test_a_slow_answer_is_waited_for(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.trickle = 0.0
    sandbox.knobs.faults.append(Fault("slow", path="GetGLAccountScheme"))
    dossier.read()
    assert balances(dossier) == told(company("BE"))


@pytest.mark.parametrize("kind", ["500", "html", "truncated", "reset"])
def test_trouble_that_stays_is_told_as_the_vendor_s(dossier: Dossier, sandbox: YukiSandbox, kind: FaultKind) -> None:
    sandbox.knobs.faults.append(Fault(kind, path="GetTransactionDetails", times=-1))
    with pytest.raises(VendorDown, match="Yuki"):
        dossier.read()
    assert dossier.snapshots == []


def test_a_refusal_is_not_repeated(dossier: Dossier, sandbox: YukiSandbox, clock: Clock) -> None:
    answer = sandbox.vendor.services.scoped

    def refuse(operation: str, asked: dict[str, str]) -> str:
        if operation == "GetTransactionDetails":
            raise Refusal("The value for GLAccountCode is not valid")
        return answer(operation, asked)

    sandbox.vendor.services.scoped = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(ReportABug, match=r"GetTransactionDetails.*GLAccountCode is not valid"):
        dossier.read()
    assert (dossier.operations().count("GetTransactionDetails"), clock.slept) == (1, [])


def test_a_session_that_is_never_good_ends_in_signing_in_again(dossier: Dossier, sandbox: YukiSandbox) -> None:
    sandbox.knobs.faults.append(Fault("401", path="GetGLAccountScheme", times=-1))
    with pytest.raises(SignInAgain, match="session"):
        dossier.read()
    assert dossier.operations().count("GetGLAccountScheme") == 2


@pytest.mark.parametrize("shape", ["escaped", "wrapped"])
def test_results_as_escaped_text_or_in_one_more_element_are_read_alike(
    dossier: Dossier, sandbox: YukiSandbox, clock: Clock, shape: str
) -> None:
    setattr(sandbox.knobs, shape, True)
    dossier.read()
    assert balances(dossier) == told(company("BE"))
    clock.pass_by(days=1)
    sandbox.show(company("BE", 1))
    dossier.read()
    assert balances(dossier) == told(company("BE", 1))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"<transactionAmount>", b"<transactionAmount>x"),
        (b"</TransactionInfo>", b"</transactionInfo>"),
        (b"<id>", b"<!ENTITY x 'y'><id>"),
    ],
)
def test_what_is_no_data_is_refused_and_nothing_is_landed(
    dossier: Dossier, sandbox: YukiSandbox, right: bytes, wrong: bytes
) -> None:
    answer = sandbox.vendor.answer

    def spoilt(request):  # type: ignore[no-untyped-def]
        found = answer(request)
        found.body = found.body.replace(right, wrong)
        return found

    sandbox.vendor.answer = spoilt  # type: ignore[method-assign]
    with pytest.raises(GrandlivreError):
        dossier.read()
    assert dossier.snapshots == []


def test_the_key_is_in_no_message_and_the_session_in_no_address(
    dossier: Dossier, sandbox: YukiSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sandbox.knobs.faults.append(Fault("500", times=3))
    dossier.read()
    assert caplog.text
    for secret in (sandbox.secrets["access_key"], *sandbox.vendor.sessions):
        assert secret not in caplog.text
