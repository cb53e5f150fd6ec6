"""The models and fields that the sandbox's Odoo has, by version; asking for any other is an error there as here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """``kind`` is Odoo's type; ``to`` the model that a relation points to."""

    kind: str
    to: str = ""


NUMBERS = frozenset({"integer", "float", "monetary"})


def _fields(told: str) -> dict[str, Field]:
    """``name:kind`` or ``name>model`` (many2one) or ``name*model`` (many2many), separated by blanks."""
    found: dict[str, Field] = {}
    for word in told.split():
        for sign, kind in ((">", "many2one"), ("*", "many2many")):
            name, found_sign, to = word.partition(sign)
            if found_sign:
                found[name] = Field(kind, to)
                break
        else:
            name, _, kind = word.partition(":")
            found[name] = Field(kind or "char")
    return found


def models(version: int, year_records: bool) -> dict[str, dict[str, Field]]:
    """Model to its fields."""
    stamps = " id:integer create_date:datetime write_date:datetime"
    told = {
        "res.company": "name vat company_registry country_code"
        " fiscalyear_last_month:selection fiscalyear_last_day:integer"
        " account_opening_date:date account_opening_move_id>account.move fiscalyear_lock_date:date tax_lock_date:date"
        " currency_id>res.currency country_id>res.country parent_id>res.company partner_id>res.partner"
        + (" root_id>res.company parent_path" if version >= 17 else "")
        + (" hard_lock_date:date sale_lock_date:date purchase_lock_date:date" if version >= 18 else ""),
        "account.account": "code name internal_group:selection currency_id>res.currency reconcile:boolean"
        + (" user_type_id>account.account.type internal_type:selection" if version <= 15 else " account_type:selection")
        + (" company_ids*res.company placeholder_code" if version >= 18 else " company_id>res.company")
        + (" active:boolean" if version >= 19 else " deprecated:boolean"),
        "account.journal": "code name type:selection company_id>res.company active:boolean",
        "account.tax": "name amount:float type_tax_use:selection active:boolean company_id>res.company",
        "account.move.line": "move_id>account.move move_name journal_id>account.journal company_id>res.company"
        " company_currency_id>res.currency date:date account_id>account.account name ref debit:monetary credit:monetary"
        " balance:monetary amount_currency:monetary currency_id>res.currency partner_id>res.partner date_maturity:date"
        " tax_line_id>account.tax tax_ids*account.tax parent_state:selection display_type:selection sequence:integer"
        + (" invoice_date:date" if version >= 16 else ""),
        "res.partner": "name ref vat customer_rank:integer supplier_rank:integer country_id>res.country active:boolean"
        " company_id>res.company is_company:boolean parent_id>res.partner"
        " property_account_receivable_id>account.account property_account_payable_id>account.account",
        "res.currency": "name active:boolean",
        "res.country": "code name",
        "res.users": "login",
    }
    if version <= 15:
        told["account.account.type"] = "name type:selection internal_group:selection include_initial_balance:boolean"
    if year_records:
        told["account.fiscal.year"] = "name date_from:date date_to:date company_id>res.company"
    return {model: _fields(text + stamps) for model, text in told.items()}
