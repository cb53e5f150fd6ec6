"""The sandbox company's accounts: one role each, numbered as a Belgian, a French and a Dutch ledger would."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """An account of the company. ``kind`` is the common account type, ``rgs`` its Dutch reference code."""

    role: str
    number: str
    name: str
    kind: str
    rgs: str
    active: bool = True

    @property
    def on_balance_sheet(self) -> bool:
        return self.kind in ("asset", "equity", "liability")


# role, BE (MAR), FR (PCG), NL (own numbering), RGS, kind, name
_ACCOUNTS = (
    ("capital", "100000", "101000", "0500", "BEivGokGea", "equity", "Capital souscrit"),
    ("legal_reserve", "130000", "106100", "0510", "BEivWer", "equity", "Réserve légale"),
    ("result_brought_forward", "140000", "110000", "0520", "BEivOre", "equity", "Résultat reporté"),
    ("bank_loan", "173000", "164000", "0700", "BLasSak", "liability", "Etablissements de crédit"),
    ("equipment", "230000", "215400", "0200", "BMvaMei", "asset", "Installations et machines"),
    ("equipment_depreciation", "230009", "281540", "0210", "BMvaMeiCae", "asset", "Amortissements sur installations"),
    ("stock", "340000", "370000", "3000", "BVrd", "asset", "Marchandises"),
    ("customers", "400000", "411000", "1300", "BVorDeb", "asset", "Clients"),
    ("vat_recoverable", "411000", "445660", "1520", "BVorVbkTvo", "asset", "TVA à récupérer"),
    ("suppliers", "440000", "401000", "1600", "BSchCre", "liability", "Fournisseurs"),
    ("vat_payable", "451000", "445710", "1500", "BSchBepBtw", "liability", "TVA à payer"),
    ("bank", "550000", "512000", "1100", "BLimBan", "asset", "Banque EUR"),
    ("bank_usd", "550100", "512100", "1110", "BLimBan", "asset", "Banque USD"),
    ("purchases", "604000", "607000", "7000", "WKprInh", "expense", "Achats de marchandises"),
    ("fees", "613200", "622600", "4500", "WBedAea", "expense", "Honoraires"),
    ("wages", "620200", "641000", "4000", "WPerLes", "expense", "Rémunérations employés"),
    ("depreciation", "630200", "681100", "4800", "WAfsAmv", "expense", "Dotations aux amortissements"),
    ("interest", "650000", "661000", "4900", "WFbeRls", "expense", "Charges d'intérêts"),
    ("exchange_loss", "654000", "666000", "4910", "WFbeWis", "expense", "Ecarts de conversion"),
    ("sales", "700000", "707000", "8000", "WOmz", "income", "Ventes intérieures"),
    ("sales_export", "700100", "707100", "8010", "WOmz", "income", "Ventes à l'exportation"),
    ("exchange_gain", "754000", "766000", "9000", "WFbePol", "income", "Gains de change"),
    ("old_sales", "700900", "707900", "8090", "WOmz", "income", "Ventes (ancien compte)"),
    ("unused", "613900", "628900", "4590", "WBedAlg", "expense", "Compte sans écriture"),
)
_COUNTRIES = ("BE", "FR", "NL")


def chart(country: str) -> tuple[Account, ...]:
    """The company's chart in a country's numbers (``BE``, ``FR``, ``NL``)."""
    column = 1 + _COUNTRIES.index(country)
    return tuple(
        Account(row[0], row[column], row[6], row[5], row[4], active=row[0] != "old_sales") for row in _ACCOUNTS
    )
