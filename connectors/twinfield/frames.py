"""What is asked of Twinfield: the XML of requests, and the SOAP frames around it. Text is escaped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

TWINFIELD = "http://www.twinfield.com/"
_CONTRACTS = "http://schemas.datacontract.org/2004/07/Twinfield.WebServices."
_SHARED = _CONTRACTS + "Shared"
_ENVELOPE = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><soap:Header>{header}</soap:Header>'
    "<soap:Body>{body}</soap:Body></soap:Envelope>"
)


@dataclass(frozen=True)
class Question:
    """A call but for its proof. ``subject`` says in words what is asked for; ``cost`` is in credits.

    ``shared``: the header is that of the newer services.
    """

    subject: str
    place: str
    action: str
    body: str
    shared: bool = False
    cost: int = 1

    def framed(self, token: str, office: str) -> bytes:
        """The envelope, with the access token and the office (none when empty) in its header."""
        space = f' xmlns="{_SHARED}"' if self.shared else ""
        proof = f"<AccessToken{space}>{escape(token)}</AccessToken>"
        proof += f"<CompanyCode{space}>{escape(office)}</CompanyCode>" if office else ""
        name = "Authentication" if self.shared else "Header"
        header = f'<{name} xmlns="{TWINFIELD}">{proof}</{name}>'
        return _ENVELOPE.format(header=header, body=self.body).encode()


def process(subject: str, xml: str) -> Question:
    """A ProcessXml request."""
    body = f'<ProcessXmlString xmlns="{TWINFIELD}"><xmlRequest>{escape(xml)}</xmlRequest></ProcessXmlString>'
    return Question(subject, "processxml.asmx", TWINFIELD + "ProcessXmlString", body)


def query(subject: str, service: str, kind: str, given: Mapping[str, str] | None = None) -> Question:
    """A query of a newer service."""
    fields = "".join(f"<b:{name}>{escape(value)}</b:{name}>" for name, value in (given or {}).items())
    body = f'<Query xmlns="{TWINFIELD}" xmlns:b="{_CONTRACTS}{service}" i:type="b:{kind}">{fields}</Query>'
    return Question(subject, f"{service}.svc", f"{TWINFIELD}{service}/Query", body, shared=True)


def search(subject: str, kind: str, first: int, rows: int, cost: int) -> Question:
    """A finder search for everything of a type, ``rows`` from the ``first`` on (1 is the first)."""
    asked = {"type": kind, "pattern": "*", "field": "0", "firstRow": str(first), "maxRows": str(rows)}
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in asked.items())
    body = f'<Search xmlns="{TWINFIELD}">{fields}<options></options></Search>'
    return Question(subject, "finder.asmx", TWINFIELD + "Search", body, cost=cost)


def list_offices() -> Question:
    return process("the list of offices", "<list><type>offices</type></list>")


def read_office(office: str) -> Question:
    code = escape(office)
    return process("the office", f"<read><type>office</type><office>{code}</office><code>{code}</code></read>")


def read_dimensions(office: str, kind: str) -> Question:
    """All dimensions of a type: BAS, PNL, DEB, CRD."""
    xml = f"<read><type>dimensions</type><office>{escape(office)}</office><dimtype>{kind}</dimtype></read>"
    return process(f"dimensions of type {kind}", xml)


def browse(code: str, visible: Collection[str], filters: Mapping[str, tuple[str, ...]]) -> Question:
    """A browse that shows fields, and is cut by these or others: one value for equal, two for between."""
    shown = set(visible)
    columns = dict.fromkeys((*filters, *visible))
    xml = "".join(_column(field, field in shown, filters.get(field, ())) for field in columns)
    return process(f"browse {code}", f'<columns code="{code}" optimize="true">{xml}</columns>')


def _column(field: str, shown: bool, values: tuple[str, ...]) -> str:
    operator = ("none", "equal", "between")[len(values)]
    low, high = (*values, "", "")[:2]
    return (
        f"<column><field>{field}</field><label></label><visible>{'true' if shown else 'false'}</visible>"
        f"<ask>{'true' if values else 'false'}</ask><operator>{operator}</operator>"
        f"<from>{escape(low)}</from><to>{escape(high)}</to><finderparam></finderparam></column>"
    )
