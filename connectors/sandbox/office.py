"""One deterministic office and its clients, told alike by the sandboxes of administrative packages.

Among the clients is the company that the ledgers tell, under its code and number. Numbers are typed in the forms that
people use, one is wrong, and two clients have the same. ``revision`` is the day on which one looks:

* 0: the first look;
* 1: a client moved and has another name, one was deactivated, one is gone, one is new;
* 2: the one that was gone is back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from connectors.sandbox.company import Company

OFFICE = "Kantoor Peeters"


@dataclass(frozen=True)
class Person:
    """An officer with a role, or a shareholder with ``shares``."""

    name: str
    role: str = ""
    since: str = ""
    shares: int = 0


@dataclass(frozen=True)
class Client:
    """A client of the office. ``number`` is as it was typed; ``year_end`` is MM-DD; ``kind`` is legal_person,
    self_employed or private_person."""

    code: str
    name: str
    number: str = ""
    kind: str = "legal_person"
    commercial_name: str = ""
    legal_form: str = "BV"
    street: str = "Molenstraat"
    house_number: str = "4"
    box: str = ""
    postcode: str = "9300"
    city: str = "Aalst"
    country: str = "BE"
    email: str = ""
    phone: str = ""
    language: str = "nl"
    year_end: str = "12-31"
    group: str = ""
    responsible: str = "an@kantoor.example"
    active: bool = True
    officers: tuple[Person, ...] = ()
    shareholders: tuple[Person, ...] = ()


@dataclass(frozen=True)
class Office:
    """The office as it stands at the company's revision; ``more`` further clients make the list long. With ``only``
    these are the clients, whatever the revision."""

    company: Company
    more: int = 0
    only: tuple[Client, ...] = ()

    @cached_property
    def clients(self) -> tuple[Client, ...]:
        """In the order of their codes."""
        if self.only:
            return self.only
        first = _first_look(self.company)
        found = {client.code: client for client in (*first, *(_further(place) for place in range(self.more)))}
        if self.company.revision >= 1:
            moved = found["1017"]
            found["1017"] = replace(moved, name="De Korenbloem & Zonen", street="Stationsplein", house_number="12")
            found["1018"] = replace(found["1018"], active=False)
            found["1055"] = Client("1055", "Nieuwe Start VOF", "0404.616.494", legal_form="VOF")
        if self.company.revision == 1:
            del found["1021"]
        return tuple(sorted(found.values(), key=lambda client: client.code))


def _first_look(company: Company) -> tuple[Client, ...]:
    els, tom = Person("Els Maes", "director", "2020-01-01", 60), Person("Tom Maes", shares=40)
    return (
        Client(
            "1017",
            "De Korenbloem",
            "0712.345.630",
            commercial_name="Bakkerij De Korenbloem",
            box="2",
            email="info@korenbloem.example",
            phone="+32 53 00 00 00",
            group="Horeca",
            officers=(els,),
            shareholders=(els, tom),
        ),
        Client("1018", "Janssens Jan", kind="self_employed", legal_form="", year_end=""),
        Client(
            "1021",
            "Électricité Dupont",
            "BE 0417.497.106",
            legal_form="SRL",
            language="fr",
            city="Liège",
            postcode="4000",
        ),
        Client(company.code, company.name, company.vat_number, legal_form="SRL", language="fr", year_end="12-31"),
        Client("1043", "Zuster van het Atelier", "428759497", year_end="06-30", country=""),
        Client("1044", "Vestiging Noord", "0403.170.701"),
        Client("1045", "Vestiging Zuid", "BE0403170701"),
        Client("1046", "Verkeerd Getypt", "0712.345.631"),
        Client("1047", "Noorderburen", "NL004495445B01", legal_form="", country="NL", city="Sluis", postcode="4524"),
        Client("1050", "Maes Els", kind="private_person", legal_form="", year_end="", responsible=""),
    )


def _further(place: int) -> Client:
    base = 400_000_000 + 7919 * (place + 1)
    body = f"{base:010d}"[:8]
    return Client(f"2{place:04d}", f"Klant {place:04d}", f"{body}{97 - int(body) % 97:02d}", year_end="12-31")
