"""Rows of a browse by columns say what rows one by one say."""

from __future__ import annotations

from decimal import Decimal
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.twinfield import cells
from connectors.twinfield import resources as r
from connectors.twinfield.wire import Browsed, fields, rows
from foundation.errors import Incomplete, ReportABug, VendorDown

FIELDS = [*fields(r.DUES), "fin.trs.head.office"]
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n<&>\"'"), max_size=12
)


def _cell(field: str, text: str) -> str:
    return f'<td field="{field}" hideforuser="false" type="String">{escape(text)}</td>'


def _row(*texts: str, line: str = "1", cell=_cell) -> str:
    told = "".join(cell(field, text) for field, text in zip(FIELDS, texts, strict=True))
    return f"<tr>{told}<key><office>N</office><code>V</code><number>7</number><line>{line}</line></key></tr>"


def _browse(*told: str) -> Browsed:
    head = f'<browse result="1" total="{len(told)}"><th><td label="a" type="String">x</td></th>'
    return Browsed(f"{head}{''.join(told)}</browse>".encode(), len(told))


def _read(browsed: Browsed) -> list[dict[str, object]]:
    return pa.Table.from_batches(list(rows(browsed, r.DUES)), schema=r.DUES).to_pylist()


def _told(*texts: str, line: str = "1") -> dict[str, object]:
    found = {name: text or None for name, text in zip(fields(r.DUES).values(), texts, strict=False)}
    return {**dict.fromkeys(r.DUES.names), **found, "key_line": line}


@given(st.lists(st.lists(TEXT, min_size=len(FIELDS), max_size=len(FIELDS)), min_size=1, max_size=4))
def test_every_text_comes_as_it_was_told(texts: list[list[str]]) -> None:
    browsed = _browse(*(_row(*row, line=str(n)) for n, row in enumerate(texts)))
    assert [*cells.parts(browsed.document, browsed.document.find(b"<tr>"))]  # by columns indeed
    assert _read(browsed) == [_told(*row, line=str(n)) for n, row in enumerate(texts)]


def _reversed(row: str) -> str:
    start, end = row.index("<td"), row.index("<key>")
    return row[:start] + "".join(reversed(row[start:end].replace("</td>", "</td>\0").split("\0"))) + row[end:]


PLAIN = ("V", "1", "2024/01", "normal", "2024-01-31", "N")


@pytest.mark.parametrize(
    "odd",
    [
        _reversed(_row(*PLAIN)),
        _row(*PLAIN).replace("<td", "\n  <td"),
        _row(*PLAIN).replace(">2024/01<", "><![CDATA[2024/01]]><"),
        _row(*PLAIN).replace(">2024/01<", ">2024&#47;01<"),
        _row(*PLAIN).replace("<key>", '<td field="fin.trs.other">9</td><key>'),
        _row(*PLAIN).replace("<tr>", "<!-- a row --><tr>"),
        _row(*PLAIN).replace('type="String"', "type='String'"),
    ],
    ids=["order", "indented", "cdata", "numbered", "more cells", "comment", "quotes"],
)
def test_a_row_that_looks_otherwise_is_read_too(odd: str) -> None:
    expected = _told(*PLAIN)
    assert _read(_browse(_row(*PLAIN), odd, _row(*PLAIN))) == [expected] * 3
    assert _read(_browse(odd, _row(*PLAIN))) == [expected] * 2


def test_an_empty_cell_may_be_one_tag() -> None:
    short = _row(*PLAIN).replace(">normal</td>", "/>")
    browsed = _browse(_row(*PLAIN), short)
    assert [part.rows for part in cells.parts(browsed.document, browsed.document.find(b"<tr>"))] == [2]
    assert _read(browsed) == [_told(*PLAIN), _told("V", "1", "2024/01", "", "2024-01-31")]


def test_parts_follow_one_another_to_the_end() -> None:
    document = _browse(*(_row(*PLAIN, line=str(n)) for n in range(50))).document
    found = [*cells.parts(document, document.find(b"<tr>"), size=1000)]
    assert len(found) > 10
    assert [line for part in found for line in part.texts[cells.LINE].to_pylist()] == [str(n) for n in range(50)]


def test_amounts_are_rounded_half_up_and_nonsense_is_reported() -> None:
    field = "fin.trs.line.basevaluesigned"

    def browse(*amounts: str) -> Browsed:
        return _browse(*(f"<tr>{_cell(field, text)}</tr>" for text in amounts))

    found = pa.Table.from_batches(list(rows(browse("0.00005", "-1234567890123456.7891", ""), r.TOTALS)))
    amounts = found.column("line_basevaluesigned").to_pylist()
    assert amounts == [Decimal("0.0001"), Decimal("-1234567890123456.7891"), None]
    with pytest.raises(ReportABug, match="line_basevaluesigned"):
        list(rows(browse("1,50"), r.TOTALS))


def test_half_a_row_and_missing_rows_are_no_answer() -> None:
    whole = _browse(_row(*PLAIN), _row(*PLAIN))
    torn = Browsed(whole.document.replace(b"</key></tr></browse>", b"</tr></browse>"), 2)
    with pytest.raises(VendorDown):
        _read(torn)
    with pytest.raises(VendorDown):
        _read(Browsed(whole.document.replace(b"2024/01", b"2024\x01", 1), 2))
    with pytest.raises(Incomplete):
        _read(Browsed(whole.document, 3))
