"""XML audit files: variants that are read, totals that must match, XML that is refused."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.drop_folder.sandbox_xaf import NAMESPACE_3_2, NAMESPACE_4_0
from foundation.errors import BadFile
from tests.drop_folder.folders import Read, fill, read

NAMESPACE_3_2_1 = "http://www.odb.belastingdienst.nl/belastingdienst/BCPP/1.0/structures/XmlAuditfileFinancieel3.2.1"
HEADER = (
    "<header><fiscalYear>2024</fiscalYear><startDate>2024-01-01</startDate><endDate>2024-12-31</endDate>"
    "<curCode>EUR</curCode><dateCreated>2025-01-01</dateCreated></header>"
)
COMPANY = (
    "<companyName>Café NV</companyName><taxRegistrationCountry>NL</taxRegistrationCountry>"
    "<taxRegIdent>NL004495445B01</taxRegIdent>"
)
LISTS = (
    "<customersSuppliers><customerSupplier><custSupID>100</custSupID><custSupName>Janssen</custSupName>"
    "<custSupTp>C</custSupTp><customerSupplierHistory><customerSupplier><custSupID>099</custSupID></customerSupplier>"
    "</customerSupplierHistory></customerSupplier></customersSuppliers>"
    "<generalLedger><ledgerAccount><accID>1300</accID><accDesc>Debiteuren</accDesc><accTp>B</accTp></ledgerAccount>"
    "<ledgerAccount><accID>0500</accID><accDesc>Kapitaal</accDesc><accTp>B</accTp></ledgerAccount><ledgerAccount><accID>8000</accID><accDesc>Omzet</accDesc><accTp>P</accTp></ledgerAccount></generalLedger>"
    "<periods><period><periodNumber>2</periodNumber><startDatePeriod>2024-02-01</startDatePeriod>"
    "<endDatePeriod>2024-02-29</endDatePeriod></period><period><periodNumber>12</periodNumber>"
    "<startDatePeriod>2024-12-01</startDatePeriod><endDatePeriod>2024-12-31</endDatePeriod></period>"
    "<period><periodNumber>13</periodNumber><startDatePeriod>2024-12-31</startDatePeriod>"
    "<endDatePeriod>2024-12-31</endDatePeriod></period></periods>"
)
OPENING = (
    "<openingBalance><opBalDate>2024-01-01</opBalDate><linesCount>2</linesCount><totalDebit>50.00</totalDebit>"
    "<totalCredit>50.00</totalCredit><obLine><nr>1</nr><accID>1300</accID><amnt>50.00</amnt><amntTp>D</amntTp></obLine>"
    "<obLine><nr>2</nr><accID>0500</accID><amnt>50.00</amnt><amntTp>C</amntTp></obLine></openingBalance>"
)


def _line(number: int, account: str, amount: str, side: str, more: str = "") -> str:
    return (
        f"<trLine><nr>{number}</nr><accID>{account}</accID><docRef>D12</docRef><effDate>2024-02-14</effDate>"
        f"<desc>Factuur</desc><amnt>{amount}</amnt><amntTp>{side}</amntTp>{more}</trLine>"
    )


LINES = _line(1, "1300", "121.00", "D", "<custSupID>100</custSupID>") + _line(2, "8000", "121.00", "C")


def xaf(
    *,
    lines: str = LINES,
    header: str = HEADER,
    opening: str = OPENING,
    totals: str = "<linesCount>2</linesCount><totalDebit>121.00</totalDebit><totalCredit>121.00</totalCredit>",
    period: int = 2,
    namespace: str = NAMESPACE_3_2,
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>',
    journals: str = "",
) -> str:
    return (
        f'{prolog}<auditfile xmlns="{namespace}">{header}<company>{COMPANY}{LISTS}{opening}<transactions>{totals}'
        f"<journal><jrnID>70</jrnID><desc>Verkoop</desc><jrnTp>S</jrnTp><transaction><nr>12</nr>"
        f"<periodNumber>{period}</periodNumber><trDt>2024-02-15</trDt>{lines}</transaction></journal>{journals}"
        "</transactions></company></auditfile>"
    )


def _read(folder: Path, content: str | bytes) -> Read:
    return read(fill(folder / "d", {"2024.xaf": content}), "oras")


def _figures(found: Read) -> list[tuple[object, ...]]:
    return found.rows(
        """SELECT journal, entry_key, line_no, date, period, period_kind, document, account, counterparty, debit, credit
        FROM books.journal_lines ORDER BY date, line_key"""
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[object, ...]]:
    return _figures(_read(tmp_path_factory.mktemp("plain"), xaf()))


def test_the_header_the_opening_and_the_lines_are_read(tmp_path: Path) -> None:
    found = _read(tmp_path, xaf())
    zero = Decimal(0)
    assert _figures(found) == [
        ("opening", "2024/opening/opening", 1, date(2024, 1, 1), 0, "opening", None, "1300", None, Decimal(50), zero),
        ("opening", "2024/opening/opening", 2, date(2024, 1, 1), 0, "opening", None, "0500", None, zero, Decimal(50)),
        ("70", "2024/70/12", 1, date(2024, 2, 15), 2, "normal", "D12", "1300", "100", Decimal(121), zero),
        ("70", "2024/70/12", 2, date(2024, 2, 15), 2, "normal", "D12", "8000", None, zero, Decimal(121)),
    ]
    assert found.rows("SELECT number, name, statement, type, package_type FROM books.accounts ORDER BY 1") == [
        ("0500", "Kapitaal", "balance", None, "XAF:B"),
        ("1300", "Debiteuren", "balance", None, "XAF:B"),
        ("8000", "Omzet", "result", None, "XAF:P"),
    ]
    assert found.rows("SELECT name, country, currency, vat_number FROM books.dossier") == [
        ("Café NV", "NL", "EUR", "NL004495445B01")
    ]
    assert found.rows("SELECT code, kind FROM books.counterparties") == [("100", "customer")]
    assert found.rows("SELECT code, type FROM books.journals ORDER BY 1") == [("70", "sales"), ("opening", "opening")]
    assert found.rows("SELECT period, kind FROM books.periods ORDER BY 1") == [
        (2, "normal"),
        (12, "normal"),
        (13, "adjustment"),
    ]
    assert not found.notes


@pytest.mark.parametrize(
    "content",
    [
        xaf(namespace=NAMESPACE_3_2_1),
        xaf(namespace=NAMESPACE_4_0),
        xaf(namespace="").replace(' xmlns=""', ""),
        re.sub(r"(</?)(\w+)", lambda m: m[1] + m[2].upper(), xaf()),
        re.sub(r"(</?)(\w+)", lambda m: m[1] + m[2].lower(), xaf()),
        re.sub(r"(</?)(\w+)", r"\1a:\2", xaf()).replace("xmlns=", "xmlns:a="),
        xaf().replace("><", ">\n  <!-- c --><?x y?><"),
        xaf().encode("utf-8-sig"),
        xaf(prolog='<?xml version="1.0" encoding="windows-1252"?>').encode("windows-1252"),
        xaf(prolog='<?xml version="1.0" encoding="UTF-16"?>').encode("utf-16"),
        xaf(totals=""),
    ],
)
def test_every_variant_tells_the_same_books(
    content: str | bytes, tmp_path: Path, plain: list[tuple[object, ...]]
) -> None:
    found = _read(tmp_path, content)
    assert _figures(found) == plain
    assert found.value("SELECT name FROM books.dossier") == "Café NV"


def test_wrong_bytes_and_control_characters_are_repaired_and_reported(tmp_path: Path) -> None:
    found = _read(tmp_path, xaf().replace("Factuur", "Café\x02").encode("windows-1252"))
    assert found.notes == {"bytes_repaired": 1}
    assert found.value("SELECT DISTINCT description FROM books.journal_lines WHERE period = 2") == "Café"


def test_a_negative_amount_keeps_its_side_and_its_sign(tmp_path: Path) -> None:
    lines = _line(1, "1300", "-121.00", "D") + _line(2, "8000", "-121.00", "C")
    for stated in ("-121.00", "121.00"):
        totals = f"<totalDebit>{stated}</totalDebit><totalCredit>{stated}</totalCredit>"
        found = _read(tmp_path, xaf(lines=lines, totals=totals))
        assert found.rows("SELECT debit, credit FROM books.journal_lines WHERE period = 2 ORDER BY line_no") == [
            (Decimal(-121), Decimal(0)),
            (Decimal(0), Decimal(-121)),
        ]


def test_currency_vat_code_and_due_date_come_with_the_line(tmp_path: Path) -> None:
    more = (
        "<vat><vatID>H</vatID><vatPerc>21</vatPerc><vatAmnt>1.00</vatAmnt><vatAmntTp>C</vatAmntTp></vat>"
        "<currency><curCode>usd</curCode><curAmnt>130.00</curAmnt></currency>"
    )
    due = (
        "<subledgers><subledger><sbType>CS</sbType><sbLine><nr>1</nr><jrnID>70</jrnID><trNr>12</trNr>"
        "<trLineNr>2</trLineNr><invDueDt>2024-03-15</invDueDt></sbLine></subledger></subledgers>"
    )
    found = _read(tmp_path, xaf(lines=LINES.replace("<amntTp>C</amntTp>", f"<amntTp>C</amntTp>{more}"), journals=due))
    assert found.rows(
        "SELECT line_no, currency, amount_currency, vat_code, due_date FROM books.journal_lines WHERE period = 2 "
        "ORDER BY line_no"
    ) == [(1, "EUR", None, None, None), (2, "USD", Decimal(-130), "H", date(2024, 3, 15))]


def test_an_opening_told_twice_counts_once(tmp_path: Path) -> None:
    opening = (
        "<journal><jrnID>90</jrnID><desc>Begin</desc><jrnTp>O</jrnTp><transaction><nr>1</nr><periodNumber>0</periodNumber>"
        "<trDt>2024-01-01</trDt>"
    )
    repeated = opening + _line(1, "1300", "50.00", "D") + _line(2, "0500", "50.00", "C") + "</transaction></journal>"
    found = _read(tmp_path, xaf(totals="", journals=repeated))
    assert found.notes == {"opening_told_twice": 1}
    assert found.value("SELECT sum(debit) FROM books.journal_lines WHERE period_kind = 'opening'") == 50
    other = repeated.replace("50.00", "60.00")
    assert _read(tmp_path / "other", xaf(totals="", journals=other)).notes == {"two_openings": 1}


def test_a_count_of_lines_that_does_not_fit_is_only_noted(tmp_path: Path) -> None:
    totals = "<linesCount>1</linesCount><totalDebit>121.00</totalDebit><totalCredit>121.00</totalCredit>"
    assert _read(tmp_path, xaf(totals=totals)).notes == {"lines_count_differs": 1}


_BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'
_FETCH = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_BOMB + xaf(prolog="").replace("Factuur", "&c;"), "declares a document type"),
        (_FETCH + xaf(prolog="").replace("Factuur", "&x;"), "declares a document type"),
        ('<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">' + xaf(prolog=""), "declares a document type"),
        (xaf().replace("Factuur", "&x;"), "the XML is broken"),
        (xaf().replace(LINES, "<a>" * 3000 + "</a>" * 3000), "the XML is broken"),
        (xaf()[:-40], "the XML is broken"),
        ("", "it holds no XML"),
        ("no xml", "is broken"),
        ("<html/>", "the root of the XML is 'html', not auditfile"),
        (xaf(header=HEADER.replace("2024-12-31", "soon")), "the header's enddate is 'soon', which is no date"),
        (xaf(header=HEADER.replace("2024-12-31", "2023-12-31")), "ends (2023-12-31) before it starts"),
        (xaf(lines=_line(1, "1300", "120.00", "D") + _line(2, "8000", "120.00", "C")), "the debit of the transactions"),
        (
            xaf(opening=OPENING.replace("50.00</amnt>", "5.00</amnt>")),
            "the debit of the opening balance adds up to 5.00",
        ),
        (
            xaf(totals="", lines=LINES + _line(3, "8000", "1.00", "C")),
            "the transactions: debit 121.00 and credit 122.00 differ by -1.00",
        ),
        (xaf(lines=LINES.replace("<amntTp>D", "<amntTp>X")), "journal 70, transaction 12, line 1: it has amntTp 'X'"),
        (xaf(lines=LINES.replace("<accID>1300</accID>", "")), "journal 70, transaction 12, line 1: it has no accID"),
        (xaf(lines=LINES.replace("121.00", "1.21,0")), "column amnt: '1.21,0' is not an amount"),
        (xaf().replace("2024-02-15", "15.2.2024"), "column trDt: '15.2.2024' is not a date"),
    ],
)
def test_a_fault_is_refused_with_its_file(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=re.escape(says)) as caught:
        _read(tmp_path, content)
    assert "2024.xaf" in str(caught.value)


def test_transactions_that_balance_only_together_are_noted(tmp_path: Path) -> None:
    second = "</transaction><transaction><nr>13</nr><periodNumber>2</periodNumber><trDt>2024-02-16</trDt>"
    found = _read(tmp_path, xaf(lines=LINES.replace("<trLine><nr>2", f"{second}<trLine><nr>2")))
    assert found.notes == {"loose_entries": 2}
    assert found.value("SELECT sum(debit) - sum(credit) FROM books.journal_lines") == 0


def test_two_files_of_one_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"2024\.xaf and b\.xaf both hold fiscal year 2024"):
        read(fill(tmp_path / "d", {"2024.xaf": xaf(), "b.xaf": xaf()}))
    other = xaf(header=HEADER.replace("2024-01-01", "2024-02-01"))
    with pytest.raises(BadFile, match=r"b\.xaf: it holds fiscal year 2024 .* does not go with"):
        read(fill(tmp_path / "e", {"2024.xaf": xaf(), "b.xaf": other}))


@pytest.mark.parametrize("version", ["3.1", "3.0"])
def test_older_versions_are_read_too(version: str, tmp_path: Path) -> None:
    found = _read(tmp_path, xaf(namespace=f"http://www.auditfiles.nl/XAF/{version}"))
    assert found.rows("SELECT account, debit, credit FROM books.journal_lines WHERE period = 2 ORDER BY 1") == [
        ("1300", Decimal(121), Decimal(0)),
        ("8000", Decimal(0), Decimal(121)),
    ]
    assert found.value("SELECT sum(debit) FROM books.journal_lines WHERE period_kind = 'opening'") == 50


@given(
    amounts=st.lists(
        st.tuples(st.decimals(-(10**12), 10**12, places=2), st.sampled_from("DC")), min_size=1, max_size=20
    ),
    text=st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=20),
)
@settings(max_examples=10, deadline=None)
def test_any_amounts_and_texts_come_back(
    amounts: list[tuple[Decimal, str]], text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from xml.sax.saxutils import escape

    net = sum((amount if side == "D" else -amount for amount, side in amounts), Decimal(0))
    told = [*amounts, (net, "C")]
    lines = "".join(_line(n, "1300", f"{amount:f}", side) for n, (amount, side) in enumerate(told, start=1))
    content = xaf(lines=lines.replace("Factuur", escape(text)), totals="", opening="")
    found = _read(tmp_path_factory.mktemp("any"), content)
    got = found.rows("SELECT debit, credit, description FROM books.journal_lines ORDER BY line_no")
    zero = Decimal(0)
    assert [row[:2] for row in got] == [(a, zero) if side == "D" else (zero, a) for a, side in told]
    assert {row[2] for row in got} == {text.strip()}
