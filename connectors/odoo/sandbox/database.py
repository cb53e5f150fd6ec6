"""The methods of the sandbox's models, as a user with some companies may call them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from . import orm
from .books import HIDDEN, Books
from .knobs import Knobs
from .models import NUMBERS, Field, models
from .orm import Fault, Record

LINE = "account.move.line"
_NOISE = Decimal("0.00000000000001")
_PARAMETERS = {
    "search_read": {"domain", "fields", "offset", "limit", "order"},
    "search": {"domain", "offset", "limit", "order"},
    "search_count": {"domain", "limit"},
    "fields_get": {"allfields", "attributes"},
    "read_group": {"domain", "fields", "groupby", "offset", "limit", "orderby", "lazy"},
    "formatted_read_group": {"domain", "groupby", "aggregates", "having", "offset", "limit", "order"},
    "context_get": set(),
}


class Database:
    """Answers method calls with plain values; raises :class:`orm.Fault` as Odoo does."""

    def __init__(self, books: Books, knobs: Knobs) -> None:
        self.books = books
        self.knobs = knobs
        self._kept: dict[tuple[Any, ...], list[Record]] = {}
        self._kept_version = -1

    def call(self, model: str, method: str, parameters: Mapping[str, Any]) -> Any:
        """``parameters`` by name, the context among them."""
        known = models(self.knobs.version, self.knobs.year_records)
        if model not in known:
            raise Fault("odoo.exceptions.UserError", f"Object {model} doesn't exist")
        too_new = method == "formatted_read_group" and self.knobs.version < 19
        if method not in _PARAMETERS or too_new:
            raise Fault("builtins.AttributeError", f"The method '{model}.{method}' does not exist")
        given = dict(parameters)
        context = given.pop("context", {})
        if surplus := set(given) - _PARAMETERS[method]:
            raise Fault("builtins.TypeError", f"{method}() got an unexpected keyword argument {min(surplus)!r}")
        if method == "context_get":
            return {"lang": "fr_BE", "tz": "Europe/Brussels", "uid": 2}
        return _Call(self, model, known[model], context).answer(method, given)

    def found(self, call: _Call, domain: Sequence[Any]) -> list[Record]:
        """Records that meet a domain, by id. A condition ``id > n`` is looked up, the rest is kept until the books
        change."""
        after = [leaf for leaf in domain if isinstance(leaf, (list, tuple)) and list(leaf[:2]) == ["id", ">"]]
        rest = [leaf for leaf in domain if leaf not in after]
        if self._kept_version != self.books.version:
            self._kept, self._kept_version = {}, self.books.version
        key = (call.model, repr(rest), tuple(call.allowed), call.archived_too, call.translated)
        if key not in self._kept:
            test = orm.condition(rest, call.fields, self._ancestors)
            self._kept[key] = sorted((r for r in call.visible() if test(r)), key=lambda r: r["id"])
        records = self._kept[key]
        return records[bisect_right(records, after[0][2], key=lambda r: r["id"]) :] if after else records

    def _ancestors(self, company: int) -> set[int]:
        parents = {r["id"]: r.get("parent_id") for r in self.books.tables["res.company"]}
        found: set[int] = set()
        each: int | None = company
        while each:
            found.add(each)
            each = parents.get(each)
        return found


class _Call:
    """One call on one model in one context."""

    def __init__(self, database: Database, model: str, fields: Mapping[str, Field], context: Mapping[str, Any]) -> None:
        self.database, self.model, self.fields = database, model, fields
        self.books, self.knobs = database.books, database.knobs
        self.allowed: list[int] = list(context.get("allowed_company_ids") or [1])
        self.archived_too = context.get("active_test") is False
        self.translated = context.get("lang", "en_US") != "en_US"
        unknown = {r["id"] for r in self.books.tables["res.company"]} - {HIDDEN}
        if not set(self.allowed) <= unknown:
            raise Fault("odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.")
        if model.startswith("account.") and not self.knobs.accounting_rights:
            raise Fault("odoo.exceptions.AccessError", f"You are not allowed to access '{model}' records.")

    def answer(self, method: str, given: Mapping[str, Any]) -> Any:
        if method == "fields_get":
            wanted = given.get("allfields") or list(self.fields)
            return {name: {"type": self.fields[name].kind} for name in wanted if name in self.fields}
        found = self.database.found(self, given.get("domain") or [])
        if method == "search_count":
            return len(found)
        if method in ("read_group", "formatted_read_group"):
            return self._groups(found, method, given)
        order = given.get("order") or "id"
        found = found if order == "id" else orm.ordered(found, order, self.fields)
        start = given.get("offset") or 0
        found = found[start : start + given["limit"]] if given.get("limit") else found[start:]
        if method == "search":
            return [record["id"] for record in found]
        return self._rows(found, given.get("fields") or list(self.fields))

    def visible(self) -> list[Record]:
        """What the record rules show to the user in the companies of the context."""
        if self.model == LINE:
            return [r for r in self.books.lines.values() if r["company_id"] in self.allowed]
        records = self.books.tables.get(self.model, [])
        if self.model == "res.company":
            return [r for r in records if r["id"] != HIDDEN]
        if not self.archived_too and "active" in self.fields:
            records = [r for r in records if r.get("active", True)]
        if self.model == "account.account":
            return [self._account(record) for record in records]
        if self.model == "account.account.type" and self.translated:
            return [record | {"name": f"Type {record['id']}"} for record in records]
        return records

    def _account(self, record: Record) -> Record:
        """An account with the code that it has in the first company of the context, from 18 on; else in its own."""
        company = self.allowed[0] if self.knobs.version >= 18 else record["company_id"]
        return record | {"code": record["code_store"].get(company)}

    def _rows(self, found: Sequence[Record], names: Sequence[str]) -> list[Record]:
        for name in names:
            if name not in self.fields:
                raise Fault("builtins.ValueError", f"Invalid field {name!r} on model {self.model!r}")
        paged = self.model == LINE and len(names) > 2
        if paged and self.knobs.hidden_lines:
            found = found[: -self.knobs.hidden_lines]
        wanted = [(name, self.fields[name]) for name in dict.fromkeys(["id", *names])]
        rows = [{name: self._told(record.get(name), field) for name, field in wanted} for record in found]
        if self.knobs.while_paging:
            self.knobs.while_paging(self.model, len(rows))
        return rows

    def _told(self, value: Any, field: Field) -> Any:
        if field.kind == "monetary" and self.knobs.float_noise and value:
            return value + _NOISE
        return orm.told(value, field, self._label)

    def _label(self, model: str, key: int) -> str:
        if model == "account.move":
            return f"MOVE/{key}"
        record = next((r for r in self.books.tables[model] if r["id"] == key), {}) if key else {}
        if model == "account.account" and self.knobs.version < 19:
            return f"{record['code_store'].get(self.allowed[0])} {record['name']}"
        return str(record.get("name"))

    def _groups(self, found: Sequence[Record], method: str, given: Mapping[str, Any]) -> list[Record]:
        keys = list(given["groupby"])
        for key in keys:
            if key.partition(":")[0] not in self.fields:
                raise Fault("builtins.ValueError", f"Invalid field {key!r}")
        if method == "formatted_read_group":
            told = {name: name.removesuffix(":sum") for name in given.get("aggregates") or []}
        else:
            told = {name: name for name in given["fields"] if name not in keys}
        for name in told.values():
            if self.fields.get(name, Field("")).kind not in NUMBERS:
                raise Fault("builtins.ValueError", f"Invalid aggregate {name!r}")
        rows = []
        groups = orm.grouped(found, keys, list(told.values()))
        for values, (count, *sums) in sorted(groups.items(), key=repr):
            row: Record = dict(zip(told, (self._told(each, Field("monetary")) for each in sums), strict=True))
            row["__count" if method == "read_group" else "__extra_domain"] = count if method == "read_group" else []
            for key, value in zip(keys, values, strict=True):
                name, _, grain = key.partition(":")
                row[key] = orm.told(value, self.fields[name], self._label)
                if grain:
                    row |= self._dated(key, grain, value, method)
            rows.append(row)
        return rows

    def _dated(self, key: str, grain: str, value: str, method: str) -> Record:
        """The bounds of a group of dates, in the method's own way."""
        first, following = orm.month_of(value) if grain == "month" else (value, value)
        if method == "formatted_read_group":
            return {key: [str(first), f"label of {first}"]}
        return {key: f"label of {first}", "__range": {key: {"from": str(first), "to": str(following)}}}
