"""Facts that no vendor states and that we infer from practice: one place, to be corrected in one place.

Each is (inferred) in the sense of the contract pages: seen in samples, or how accountants name things.
"""

from __future__ import annotations

# A FEC has no journal type. Codes and names by which French packages call the journal of opening balances.
OPENING_JOURNAL_CODES = ("AN", "ANO", "RAN", "OUV", "ANX", "A-NOUVEAUX", "ANOUV")
OPENING_JOURNAL_NAME = r"nouveau|ouverture|\breports?\b"

# Pattern on code or name (accents stripped, lower case) to journal type; the first that matches counts.
FEC_JOURNAL_TYPES = (
    (r"^(ve|vt|vte|ven)\d*$|vente|facturation client", "sales"),
    (r"^(ac|ha|ach|acha)\d*$|achat|fournisseur", "purchase"),
    (r"^(ca|cai|cs)\d*$|caisse", "cash"),
    (r"^(bq|bnp|ban|bnk|bp|ccp|cic|lcl)\d*$|banque|bancaire", "bank"),
    (r"^(od|div|op)\d*$|divers|salaire|paie", "general"),
)

# Account type by first digits where a chart names none: chart country to (prefix, type, statement). None leaves the
# type to the common chart. Belgium: interchange.md part A, refined; France: class of the PCG.
ACCOUNT_PREFIXES = {
    "BE": (
        ("1", None, "balance"),
        ("2", "asset", "balance"),
        ("3", "asset", "balance"),
        ("4", None, "balance"),
        ("5", None, "balance"),
        ("6", "expense", "result"),
        ("69", None, "result"),
        ("7", "income", "result"),
        ("79", None, "result"),
    ),
    "FR": (
        ("1", None, "balance"),
        ("2", "asset", "balance"),
        ("3", "asset", "balance"),
        ("4", None, "balance"),
        ("5", None, "balance"),
        ("6", "expense", "result"),
        ("7", "income", "result"),
        ("8", "memo", None),
    ),
}
ACCOUNT_PREFIXES["LU"] = ACCOUNT_PREFIXES["BE"]

# Account types of SAF-T in our words; others are taken as they are.
SAFT_ACCOUNT_TYPES = {"sale": "income", "expense": "expense", "asset": "asset", "liability": "liability"}

# Control accounts of parties in a FEC, by the start of the account that carries the auxiliary account.
FEC_PARTY_KINDS = (("40", "supplier"), ("41", "customer"))

# The columns of a RIMPORT's section Mvt in their order. Sage tells sections, separator and encodings, and no columns:
# these are those that two public programs write, one of them for Sage 50. The status is B (draft) or V (validated).
RIMPORT_COLUMNS = (
    "entry",
    "journal",
    "date",
    "account",
    "account_name",
    "amount",
    "side",
    "status",
    "description",
    "document",
    "type",
    "due_date",
)
