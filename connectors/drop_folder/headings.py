"""Column headings in French, Dutch and English, and the row of a list in which they stand."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SEPARATORS = (";", ",", "\t", "|")
TOP_ROWS = 15
SEPARATOR_NAMES = {"\t": "TAB", ";": "';'", ",": "','", "|": "'|'"}


@dataclass(frozen=True)
class Kind:
    """A kind of file of the contract: what its columns may be called and which of them it must have."""

    name: str
    headings: Mapping[str, str]
    required: tuple[str, ...]

    @property
    def enough(self) -> int:
        """How many recognised headings make a row the header row."""
        return min(3, len(self.required))


def fold(heading: str) -> str:
    """``N° pièce`` and ``n_piece`` as ``n piece``: case, accents and signs do not count."""
    plain = unicodedata.normalize("NFKD", heading.replace("°", " ")).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain.lower()).split())


def _kind(name: str, required: str, /, **columns: str) -> Kind:
    """``columns`` maps a column to its other headings, separated by commas."""
    headings = {}
    for column, others in columns.items():
        for heading in (column, *others.split(",")):
            headings.setdefault(fold(heading), column)
    return Kind(name, headings, tuple(required.split()))


_ACCOUNT = "account number,rekening,rekeningnummer,rek.nr,compte,n compte,numéro de compte,number"
LINES = _kind(
    "lines",
    "journal document date account",
    journal="dagboek,dgb",
    document="stuk,stuknummer,documentnummer,pièce,n pièce",
    line_no="line,lijn,lijnnummer,regel,ligne,n ligne",
    date="datum,boekdatum,boekingsdatum,date comptable",
    period="periode",
    account=_ACCOUNT,
    account_name="account name,rekeningnaam,naam rekening,libellé compte,intitulé",
    description="omschrijving,commentaar,libellé,commentaire",
    debit="debet",
    credit="crédit",
    amount="value,bedrag,waarde,montant,valeur",
    side="d/c,dc,sens",
    currency="munt,valuta,devise",
    amount_currency="bedrag vreemde munt,bedrag valuta,montant devise",
    counterparty="party,relation,relatie,klant,leverancier,tiers,client,fournisseur",
    due_date="due date,vervaldatum,vervaldag,échéance",
    vat_code="vat code,btw-code,code tva",
    modified_at="modified,gewijzigd,modifié",
    finalised="definitief,définitif",
    dossier="internal number,intern nummer,dossiernummer,numéro interne",
)
ACCOUNTS = _kind(
    "accounts",
    "number name",
    number=f"{_ACCOUNT},account",
    name="naam,nom,account name,rekeningnaam,naam rekening,libellé,libellé compte,intitulé,omschrijving",
    name_2="name 2,naam 2,nom 2",
    type="soort",
    currency="munt,valuta,devise",
    active="actief,actif",
)
FISCAL_YEARS = _kind(
    "fiscal_years",
    "label start_date end_date",
    label="boekjaar,exercice,year",
    start_date="begindatum,date début,start",
    end_date="einddatum,date fin,end",
    closed="afgesloten,clôturé",
    periods="perioden,périodes",
)
JOURNALS = _kind("journals", "code", code="dagboek,journal", name="naam,nom,libellé,omschrijving", type="soort")
PARTIES = _kind(
    "parties",
    "code kind name",
    code="relation,relatie,tiers,number,nummer,numéro",
    kind="soort,type",
    name="naam,nom",
    vat_number="btw-nummer,n tva,numéro tva",
    country="land,pays",
    control_account="centralisatierekening,compte collectif",
)
BALANCES = _kind(
    "trial balance",
    "account debit credit closing",
    account=_ACCOUNT,
    name="naam,nom,account name,rekeningnaam,libellé compte,libellé,intitulé,omschrijving",
    opening="beginsaldo,solde initial",
    debit="debet",
    credit="crédit",
    closing="eindsaldo,saldo,solde final,solde",
)
DOSSIER = _kind("dossier", "key value", key="sleutel,clé", value="waarde,valeur")


@dataclass(frozen=True)
class Header:
    """The header row: its place (1 = first line of the file), its separator and its cells, column by column."""

    line: int
    separator: str
    cells: tuple[str, ...]
    columns: Mapping[str, int]


def find_header(top: Sequence[str], kind: Kind, *, separator: str | None, also: Mapping[str, str]) -> Header | None:
    """The first of the ``top`` lines with enough recognised headings, under the separator that recognises most.

    ``also`` maps further headings to columns. Of two headings for one column the first counts. None: no such row.
    """
    known = dict(kind.headings) | {fold(heading): column for heading, column in also.items()}
    for number, line in enumerate(top[:TOP_ROWS], start=1):
        best: Header | None = None
        for sign in (separator,) if separator else SEPARATORS:
            cells = split(line, sign)
            columns: dict[str, int] = {}
            for place, cell in enumerate(cells):
                if column := known.get(fold(cell)):
                    columns.setdefault(column, place)
            if len(columns) >= kind.enough and (best is None or len(columns) > len(best.columns)):
                best = Header(number, sign, cells, columns)
        if best:
            return best
    return None


def split(line: str, separator: str) -> tuple[str, ...]:
    """The cells of one line, quotes per RFC 4180. A line with a cell that is too long for any file stays whole."""
    try:
        return tuple(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:
        return (line,)
