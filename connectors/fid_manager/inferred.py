"""What is concluded about Fid-Manager: everything on the wire, for there is no public specification.

Known are the procedure (the firm opens the access for a partner, the keys come by mail) and what the screens show of a
client. To be asked of the vendor: the base address, how calls are signed, the path of the client list, its pages and
their size, the names of its fields, limits, and whether a list can be exported as CSV or Excel. Until then:

* the interface is the one proposed in ``interface.toml``, and can be replaced by a file of the same form;
* a closed access (401 or 403) is a matter of configuration, and is not tried again;
* the file route reads ``clients.csv``, one row per client, with the columns of :data:`HEADINGS`.
"""

from __future__ import annotations

FILE_NAME = "clients.csv"
HEADINGS: dict[str, str] = {
    "code": "code",
    "name": "name",
    "type": "client_type",
    "legal_form": "legal_form",
    "enterprise_number": "enterprise_number",
    "vat_number": "vat_number",
    "street": "street",
    "number": "house_number",
    "box": "box",
    "postal_code": "postcode",
    "city": "city",
    "country": "country",
    "email": "email",
    "phone": "phone",
    "language": "language",
    "fiscal_year_end": "fiscal_year_end",
    "status": "status",
    "responsible": "responsible",
    "assistant": "assistant",
    "partner": "partner",
}
"""Headings of the file to fields of a client; ``code`` and ``name`` must be there."""

INACTIVE_WORDS = ("false", "0", "no", "inactive", "deactivated", "desactive", "désactivé", "inactif", "inactief")
"""A status in these words is that of a deactivated client; see normalize.sql."""
