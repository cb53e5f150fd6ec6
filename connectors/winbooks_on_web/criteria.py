"""The vendor's query documents: an entity, conditions that all hold, an order, projections, a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

# The vendor's numbers for what one may ask.
EQ, GE, GT, IN, SELECT, COUNT, SUM, GROUPBY = 0, 3, 5, 7, 22, 26, 31, 32

_TYPE = "Winbooks.TORM.OM.Accounting.{}, Winbooks.TORM.OM"


@dataclass(frozen=True)
class Criteria:
    """What is asked of ``entity``. ``where`` are (property, operator, values), ``order`` (property, ascending),
    ``select`` (property, operator): with it rows come as arrays. Members that are empty are left out."""

    entity: str
    where: tuple[tuple[str, int, Sequence[Any]], ...] = ()
    order: tuple[str, bool] | None = None
    select: tuple[tuple[str, int], ...] = ()
    most: int | None = None

    def behind(self, key: str, window: int) -> Criteria:
        """The first ``window`` rows behind the id ``key``, in the order of their ids."""
        after = (("Id", GT, (key,)),) if key else ()
        return replace(self, where=(*self.where, *after), order=("Id", True), most=window)

    def document(self) -> bytes:
        """The document as it is sent. A window is only heeded with a first row."""
        told: dict[str, Any] = {"EntityType": _TYPE.format(self.entity), "Alias": "this"}
        if self.select:
            told["ProjectionsList"] = [{"PropertyName": name, "Operator": operator} for name, operator in self.select]
        if self.where:
            told["Conditions"] = [
                {"Operator": operator, "PropertyName": name, "OtherPropertyName": "", "Values": list(values)}
                for name, operator, values in self.where
            ]
        if self.order:
            name, ascending = self.order
            told["Orders"] = [{"PropertyName": name, "Alias": None, "Projections": None, "Ascending": ascending}]
        if self.most is not None:
            told |= {"FirstResult": 0, "MaxResult": self.most}
        return msgspec.json.encode(told)
