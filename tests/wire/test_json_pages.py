"""JSON pages to Arrow: exact to the last decimal, the same by both ways, and sure to end."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.exact_online.wire import _SHAPE as SHAPE
from connectors.json_pages import (
    MONEY,
    PageDecoder,
    PageShape,
    following_pages,
    numbered_pages,
    pages,
    pc,
    peek_next,
    peek_value,
)
from foundation.errors import ReportABug, VendorDown

SCHEMA = pa.schema([("ID", pa.string()), ("Amount", MONEY), ("Number", pa.int64()), ("Flag", pa.bool_())])
DECODER = PageDecoder(SCHEMA, SHAPE)


def body(rows: str, next_page: str = "") -> bytes:
    tail = f',"__next":{json.dumps(next_page)}' if next_page else ""
    return f'{{"d":{{"results":[{rows}]{tail}}}}}'.encode()


def amount(text: str) -> Decimal:
    return DECODER.decode(body(f'{{"Amount":{text}}}')).rows.column("Amount")[0].as_py()


@pytest.mark.parametrize(
    ("wire", "exact"),
    [
        ("100.30000000000001", "100.3000"),
        ("0.1", "0.1000"),
        ("-0.00005", "-0.0001"),
        ("0.00005", "0.0001"),
        ("0.00004999999999", "0.0000"),
        ("5.6843418860808015E-14", "0.0000"),
        ("1E-45", "0.0000"),
        ("1.5e3", "1500.0000"),
        ("-0.0", "0.0000"),
        ("9999999999999999.9999", "9999999999999999.9999"),
        ('"12.34"', "12.3400"),
        ("7", "7.0000"),
    ],
)
def test_amounts_are_exact(wire: str, exact: str) -> None:
    assert amount(wire) == Decimal(exact)


@given(st.decimals(min_value="-999999999999.99", max_value="999999999999.99", places=2))
def test_every_amount_of_cents_survives_its_way_through_a_double(value: Decimal) -> None:
    assert amount(repr(float(value))) == value


@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_every_double_is_rounded_as_its_text_says(value: float) -> None:
    expected = Decimal(repr(value)).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
    assert amount(repr(value)) == expected


_ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "ID": st.none() | st.text(max_size=20),
            "Amount": st.none() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9),
            "Number": st.none() | st.integers(-(2**63), 2**63 - 1),
            "Flag": st.none() | st.booleans(),
            "Other": st.none() | st.lists(st.integers(0, 9), max_size=2),
        },
    ),
    max_size=5,
)


@given(_ROWS)
def test_both_ways_of_decoding_agree(rows: list[dict[str, Any]]) -> None:
    document = json.dumps({"d": {"results": rows, "__next": "n"}}).encode()
    whole, by_value = DECODER.decode(document), DECODER._decode_by_value(document)
    assert whole.rows.equals(by_value.rows)
    assert whole.next == by_value.next == "n"


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        ('{"d":{"results":[{"ID":"a"},{"ID":"b"}]}}', ["a", "b"]),
        ('{"d":[{"ID":"a"}]}', ["a"]),
        ('{"d":[]}', []),
        ('{"d":{"ID":"a","Number":1}}', ["a"]),
        ('{"d":{"results":[]}}', []),
        ('{"d":{"results":null}}', []),
        ('{"d":{"results":[{"ID":12,"Extra":{"a":[1]}}],"__count":"1"}}', ["12"]),
        ('\n{"d":\n{"results":[\n{"ID":"caf\\u00e9"}]}}\n', ["café"]),
        ('{"d":{"results":[{"__metadata":{"uri":"u"},"ID":"a"}]},"more":1}', ["a"]),
    ],
)
def test_every_shape_of_answer_gives_its_rows(document: str, ids: list[str]) -> None:
    assert DECODER.decode(document.encode()).rows.column("ID").to_pylist() == ids


def test_numbers_as_text_and_text_as_numbers_are_understood() -> None:
    rows = DECODER.decode(body('{"Number":"5","Flag":"true","ID":7},{"Number":6.0,"Flag":0,"ID":"8"}')).rows
    assert rows.to_pylist() == [
        {"ID": "7", "Amount": None, "Number": 5, "Flag": True},
        {"ID": "8", "Amount": None, "Number": 6, "Flag": False},
    ]


@pytest.mark.parametrize(
    "document", ["", "<html></html>", '{"d":{"results":[{"ID":', '{"error":{}}', "[]", '{"d":5}', '{"d":[1]}', "null"]
)
def test_what_is_no_page_is_a_value_error(document: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        DECODER.decode(document.encode())


@pytest.mark.parametrize("row", ['{"Amount":"lots"}', '{"Number":"x"}', '{"Amount":1e30}', '{"Number":1e30}'])
def test_a_value_that_cannot_be_is_reported_with_its_field(row: str) -> None:
    with pytest.raises(ReportABug, match=r"Amount|Number"):
        DECODER.decode(body(row))


@given(st.text(), st.text(max_size=30).filter(lambda address: "__next" not in address))
def test_the_next_address_is_found_without_decoding_and_text_does_not_fool_it(text: str, address: str) -> None:
    row = json.dumps({"ID": text + '"__next":"wrong"'})
    assert peek_next(body(row, address), DECODER) == (address or None)


@pytest.mark.parametrize(
    ("tail", "found"),
    [('"count":7', 7), ('"count" : "7"', "7"), ('"counter":7', None), ('"x":"count"', None), ('"count":', None)],
)
def test_what_is_told_behind_the_rows_is_found_without_decoding(tail: str, found: object) -> None:
    text = json.dumps('"count": 1')
    assert peek_value(f'{{"rows":[{{"text":{text}}}],{tail}}}'.encode(), "count") == found


def test_pages_come_in_order_and_the_next_is_asked_for_once() -> None:
    told = {"1": body('{"ID":"a"}', "2"), "2": body('{"ID":"b"}', "3"), "3": body('{"ID":"c"}')}
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return told[url]

    found = [batch.column("ID")[0].as_py() for batch in pages(fetch, "1", DECODER, lambda url: url)]
    assert found == ["a", "b", "c"]
    assert asked == ["1", "2", "3"]


def test_a_page_that_does_not_decode_is_fetched_once_more() -> None:
    answers = [b'{"d":{"results":[{"ID":"a"}', body('{"ID":"a"}')]
    assert [b.num_rows for b in pages(lambda url: answers.pop(0), "1", DECODER, lambda url: url)] == [1]
    with pytest.raises(VendorDown, match="not readable"):
        list(pages(lambda url: b'{"d":', "1", DECODER, lambda url: url))


def test_an_error_while_the_next_page_is_fetched_comes_after_the_rows_before_it() -> None:
    def fetch(url: str) -> bytes:
        if url == "2":
            raise VendorDown("gone")
        return body('{"ID":"a"}', "2")

    found = pages(fetch, "1", DECODER, lambda url: url)
    assert next(found).num_rows == 1
    with pytest.raises(VendorDown):
        next(found)


def test_a_circle_of_pages_ends() -> None:
    with pytest.raises(VendorDown, match="circle"):
        list(pages(lambda url: body("", "1" if url == "2" else "2"), "1", DECODER, lambda url: url))


_NESTED = pa.schema(
    [("Id", pa.string()), ("Lines", pa.list_(pa.struct([("Account", pa.string()), ("Amount", MONEY)])))]
)
_CENTS = st.decimals(min_value="-99999.99", max_value="99999.99", places=2)
_LINES = st.lists(
    st.fixed_dictionaries({}, optional={"Account": st.none() | st.text(max_size=5), "Amount": st.none() | _CENTS}),
    max_size=4,
)


@given(st.lists(st.fixed_dictionaries({"Id": st.text(max_size=3)}, optional={"Lines": st.none() | _LINES}), max_size=5))
def test_lines_inside_rows_arrive_whole_by_both_ways(rows: list[dict[str, Any]]) -> None:
    document = json.dumps({"Items": rows}, default=float).encode()
    decoder = PageDecoder(_NESTED, PageShape("Items"))
    expected = [
        {
            "Id": row["Id"],
            "Lines": None
            if row.get("Lines") is None
            else [{"Account": line.get("Account"), "Amount": line.get("Amount")} for line in row["Lines"]],
        }
        for row in rows
    ]
    assert decoder.decode(document).rows.to_pylist() == expected
    assert decoder._decode_by_value(document).rows.to_pylist() == expected


@pytest.mark.parametrize(
    ("shape", "document", "next_page"),
    [
        (PageShape("value", "@odata.nextLink"), '{"@odata.context":"c","value":[%s],"@odata.nextLink":"n"}', "n"),
        (PageShape("collection", "pagination/nextPage"), '{"collection":[%s],"pagination":{"nextPage":"n"}}', "n"),
        (PageShape("collection", "pagination/nextPage"), '{"collection":[%s],"pagination":{"lastPage":"n"}}', None),
        (PageShape(""), "[%s]", None),
        (PageShape(""), " \n [%s]", None),
    ],
)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_and_next_page_are_found_where_the_vendor_puts_them(
    shape: PageShape, document: str, next_page: str | None, count: int
) -> None:
    decoder = PageDecoder(SCHEMA, shape)
    body = (document % ",".join(f'{{"ID":"{n}","Amount":{n}.5}}' for n in range(count))).encode()
    for page in (decoder.decode(body), decoder._decode_by_value(body)):
        assert page.rows.column("Amount").to_pylist() == [Decimal(f"{n}.5") for n in range(count)]
        assert page.next == next_page
    assert peek_next(body, decoder) == next_page


@pytest.mark.parametrize(
    "broken", ["", "null", "{}", '{"value":null}', '{"value":[1]}', '{"value":[{"ID":"1"}', "<html>"]
)
def test_what_is_no_page_is_refused(broken: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        PageDecoder(SCHEMA, PageShape("value")).decode(broken.encode())
    with pytest.raises(ValueError, match=r".*"):
        PageDecoder(SCHEMA, PageShape("")).decode(broken.encode())


@given(st.integers(0, 25), st.integers(1, 7))
def test_numbered_pages_end_with_the_first_that_is_not_full(rows: int, size: int) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        start = int(url) * size
        return json.dumps([{"Number": n} for n in range(start, min(rows, start + size))]).encode()

    found = numbered_pages(fetch, str, PageDecoder(SCHEMA, PageShape("")), full=size, first=0)
    assert [n for batch in found for n in batch.column("Number").to_pylist()] == list(range(rows))
    assert asked == [str(n) for n in range(rows // size + 1)]


def behind(numbers: list[int], size: int, asked: list[int]) -> list[int]:
    """The numbers that following pages give, of a vendor that has ``numbers`` and sends ``size`` at once."""

    def fetch(url: str) -> bytes:
        after = int(url)
        asked.append(after)
        return body(",".join(f'{{"Number":{each}}}' for each in [n for n in numbers if n > after][:size]))

    found = following_pages(fetch, str, DECODER, lambda rows: pc.max(rows.column("Number")).as_py(), 0)
    return [number for rows in found for number in rows.column("Number").to_pylist()]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 21])
def test_pages_that_follow_a_number_end_with_an_empty_one(count: int) -> None:
    numbers, asked = [3 * n + 1 for n in range(count)], list[int]()
    assert behind(numbers, 10, asked) == numbers
    assert asked == [0, *numbers[9::10], *([numbers[-1]] if count % 10 else [])]


def test_a_vendor_that_sends_the_same_page_again_and_again_is_left() -> None:
    same = body('{"Number":5}')
    with pytest.raises(VendorDown, match="circle"):
        list(following_pages(lambda url: same, str, DECODER, lambda rows: 5, 0))


def test_a_page_that_does_not_decode_is_asked_for_again() -> None:
    answers = [b"<html>", body('{"Number":5}'), b"{}", body("")]
    found = list(following_pages(lambda url: answers.pop(0), str, DECODER, lambda rows: 5, 0))
    assert [rows.column("Number").to_pylist() for rows in found] == [[5]]
