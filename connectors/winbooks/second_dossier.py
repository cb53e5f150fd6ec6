"""A second, small dossier of the sandbox: eleven book years in quarters, so that the last two are named A and B.

Its file names are in capitals and without the underscore of its folder ``BROU_2``; number ``100`` is a customer and
a supplier; lines of journal MATCHG stand in a journal that the list of journals does not have.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from connectors.winbooks.dbf_writer import Column, Value, write_table

YEARS = range(2014, 2025)
_PARAM = (Column("ID", "C", 30), Column("VALUE", "C", 120), Column("VALUEEXT", "M"))
_ACF = (Column("NUMBER", "C", 8), Column("TYPE", "C", 1), Column("NAME11", "C", 40), Column("CENTRALID", "C", 3))
_CSF = (Column("NUMBER", "C", 10), Column("TYPE", "C", 1), Column("NAME1", "C", 40), Column("COUNTRY", "C", 3))
_DBK = (Column("DBKID", "C", 6), Column("DBKDESC", "C", 40), Column("DBKTYPE", "C", 1), Column("DBKOPT", "C", 20))
_ACT = (
    Column("DOCTYPE", "C", 1),
    Column("DBKCODE", "C", 6),
    Column("DBKTYPE", "C", 1),
    Column("DOCNUMBER", "C", 8),
    Column("DOCORDER", "C", 3),
    Column("ACCOUNTGL", "C", 8),
    Column("ACCOUNTRP", "C", 10),
    Column("BOOKYEAR", "C", 1),
    Column("PERIOD", "C", 2),
    Column("DATE", "D"),
    Column("COMMENT", "C", 40),
    Column("AMOUNTEUR", "N", 15, 3),
)


def write_second_dossier(folder: Path) -> None:
    """Writes the dossier into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    name = folder.name.replace("_", "")
    write_table(folder / f"{name}_PARAM.DBF", _PARAM, _parameters())
    write_table(
        folder / f"{name}_ACF.DBF",
        _ACF,
        [
            ("100000", "3", "Capital", ""),
            ("140000", "3", "Résultat reporté", ""),
            ("400000", "3", "Clients", "C1"),
            ("440000", "3", "Fournisseurs", "S1"),
            ("550000", "3", "Banque", ""),
            ("700000", "3", "Ventes", ""),
        ],
    )
    write_table(
        folder / f"{name}_CSF.DBF",
        _CSF,
        [("100", "1", "Brouwerij Één", "B"), ("100", "2", "Mouterij Twee", "NL"), ("200", "1", "Café Drie", "F")],
    )
    journals = [("VTE", "Ventes", "2", ""), ("CAI", "Caisse", "4", ""), ("OPN", "Ouverture", "5", "")]
    write_table(folder / f"{name}_DBK.DBF", _DBK, journals)
    write_table(folder / f"{name}_ACT.DBF", _ACT, _lines())


def _parameters() -> Iterator[tuple[Value, ...]]:
    yield "Socname", "Brouwerij De Tweede", None
    yield "SocCountry", "B", None
    yield "SocVatno", "0403.170.701", None
    yield "AccountPicture", "LENGEN=6", None
    yield "BOOKYEARCOUNT", str(len(YEARS)), None
    for number, year in enumerate(YEARS, start=1):
        dates = [(1, 1), (1, 1), (1, 4), (1, 7), (1, 10), (31, 12)]
        yield f"BOOKYEAR{number}.SHORTLABEL", f"Ex. {year}", None
        yield f"BOOKYEAR{number}.STATUS", "open" if year == YEARS[-1] else "CLOSED", None
        yield f"BOOKYEAR{number}.PERDATE", " ".join(f"{day:02d}{month:02d}{year}" for day, month in dates), None


def _lines() -> Iterator[tuple[Value, ...]]:
    """A sale of 100.00 on credit every year, paid in cash the same day; each year opens with what was earned so far."""
    for number, year in enumerate(YEARS, start=1):
        code = "0123456789AB"[number]
        earned, day = Decimal(100) * (number - 1), date(year, 5, 2)
        if earned:
            opening = (("550000", earned), ("140000", -earned))
            for order, (account, amount) in enumerate(opening, start=1):
                order_text, first = f"{order:03d}", date(year, 1, 1)
                yield "3", "OPN", "5", "1", order_text, account, "", code, "00", first, "Ouverture", amount
        sale, paid = f"{year}001", f"{year}002"
        yield "1", "VTE", "2", sale, "001", "400000", "100", code, "02", day, "Vente", Decimal(100)
        yield "3", "VTE", "2", sale, "002", "700000", "", code, "02", day, "Vente", Decimal(-100)
        yield "3", "CAI", "4", paid, "001", "550000", "", code, "02", day, "Encaissement", Decimal(100)
        yield "1", "CAI", "4", paid, "002", "400000", "100", code, "02", day, "Encaissement", Decimal(-100)
        yield "1", "MATCHG", "5", paid, "001", "400000", "100", code, "02", day, "Lettrage", Decimal("0.01")
        yield "1", "MATCHG", "5", paid, "002", "400000", "100", code, "02", day, "Lettrage", Decimal("-0.01")
