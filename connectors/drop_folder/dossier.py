"""Who the dossier in a folder is: what dossier.csv says, else the newest audit file, else the SIREN of a FEC."""

from __future__ import annotations

from connectors.drop_folder.folder import Contents
from connectors.drop_folder.xaf_heading import Heading
from connectors.drop_folder.xaf_rows import Row


def described(
    contents: Contents, identity: Row, newest: Heading | None, siren: str | None, fallback_country: str | None
) -> Row:
    """The one row of resource ``dossier``. ``identity`` are the columns that dossier.csv gives."""
    told = dict(identity)
    if newest:
        company = newest.company
        told["name"] = told["name"] or company.get("companyname")
        told["vat_number"] = told["vat_number"] or company.get("taxregident")
        told["country"] = told["country"] or company.get("taxregistrationcountry") or "NL"
        told["currency"] = told["currency"] or newest.currency
    if contents.fec:
        told["country"] = told["country"] or "FR"
        told["vat_number"] = told["vat_number"] or (french_vat(siren) if siren else None)
    told["country"] = told["country"] or fallback_country
    told["currency"] = (told["currency"] or "EUR").upper()
    told["name"] = told["name"] or contents.folder.name
    told["code"] = told["code"] or contents.folder.name
    formats = {"csv": contents.lines, "xaf": contents.xaf}
    told["format"] = " ".join([*(name for name, files in formats.items() if files), *_forms(contents)])
    return told


def _forms(contents: Contents) -> list[str]:
    return sorted({file.form for file in contents.fec})


def french_vat(siren: str) -> str:
    """The VAT number that belongs to a SIREN: FR, a two-digit key, the SIREN."""
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"
