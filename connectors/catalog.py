"""The one list of the 32 packages. Assets, resources, schedules, pools, command line and pages derive from it.

A package with a ``room`` can be linked today; one without is known, and says that it is not available yet.
``contract`` tells what our knowledge of its interface rests on: ``documented`` by the vendor, ``public code`` that
reads it, or ``reconstructed`` from what users and partners tell.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from difflib import get_close_matches

from connectors.package import AGENT, SOURCE, Deletion, Field, Package
from foundation.allowance import Limit
from foundation.errors import WrongInput


def _setting(name: str, help: str, default: str | None = None, *, required: bool = True) -> Field:
    return Field(name, help, required=required, default=default)


def _secret(name: str, help: str, *, required: bool = True) -> Field:
    return Field(name, help, secret=True, required=required)


def _base(url: str) -> Field:
    return _setting("base_url", "address of the package; a proxy or a sandbox can stand in for it", url)


def _oauth(authorize_url: str = "", token_url: str = "") -> tuple[Field, ...]:
    return (
        _setting(
            "authorize_url",
            "address of the consent page, when it is not the package's own",
            authorize_url,
            required=False,
        ),
        _setting("token_url", "address of the token call, when it is not the package's own", token_url, required=False),
        _setting("redirect_uri", "address that the sign-in returns to, as registered for the app", required=False),
        _setting("client_id", "the app's id at the vendor"),
        _secret("client_secret", "the app's secret at the vendor"),
        _secret("refresh_token", "a consent already given; otherwise sign in by redirect", required=False),
    )


_RESOURCE_MAP = _setting(
    "resource_map", "file (TOML) that puts our map of the package's paths and field names right", required=False
)
_APP = "client_credentials"
_SAGE_SIGN_IN = (
    "https://www.sageone.com/oauth2/auth/central?filter=apiv3.1",
    "https://oauth.accounting.sage.com/token",
)
_XERO_SIGN_IN = ("https://login.xero.com/identity/connect/authorize", "https://identity.xero.com/connect/token")
_QUICKBOOKS_SIGN_IN = (
    "https://appcenter.intuit.com/connect/oauth2",
    "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
)

_SECOND, _MINUTE, _DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
# Limits are those of the vendors' own pages, for an app of the lowest tier; inferred where only others tell them.
_XERO_LIMITS = (
    Limit("minute", 60, _MINUTE),
    Limit("day", 5000, _DAY),
    Limit("appminute", 10_000, _MINUTE, "app"),
)

# An app without a secret is a public one; its consents are protected by PKCE alone.
_XERO_FIELDS = (
    _base("https://api.xero.com"),
    *(field for field in _oauth(*_XERO_SIGN_IN) if field.name != "client_secret"),
    _secret("client_secret", "the app's secret at the vendor; a public (PKCE) app has none", required=False),
    _setting("scope", "what the consent is asked for, when it is not what is usual", required=False),
)

_ROOT = _setting("root", "folder on this server that holds one subfolder per dossier")

_VIEWS = (
    _setting("server", "SQL Server that shows views of the books: host, host:port or host\\instance", required=False),
    _setting("database", "with a server: the database of the views", required=False),
    _setting("odbc", "ODBC connection string of a database that shows such views, without password", required=False),
    _setting("username", "login that may read the views", required=False),
    _setting("view_prefix", "what the names of the views begin with, when not sync_", required=False),
    _secret("password", "password of the login", required=False),
)


def _replaceable(fields: tuple[Field, ...], *others: str) -> tuple[Field, ...]:
    """``fields``, none of which is needed where one of the settings ``others`` is given."""
    return tuple(
        replace(each, required=False, unless=(*each.unless, *others))
        if each.unless or (each.required and not each.default)
        else each
        for each in fields
    )


def _on_premise(*fields: Field) -> tuple[Field, ...]:
    """What a package on a firm's own server takes: ``fields`` where this machine reads it, or who reads it there."""
    return (
        *_replaceable(fields, AGENT),
        _setting(AGENT, "id of the on-premise service that reads it, in place of this machine", required=False),
        _setting(SOURCE, "with an agent: the name of the source in the service's configuration", required=False),
    )


def _mapped(*fields: Field) -> tuple[Field, ...]:
    """What a package takes whose interface is told by a resource map, and which may be read from files in its place."""
    return (
        *_replaceable(fields, "root"),
        *_MAP_FIELDS,
        _setting("root", "in place of all others: folder with a subfolder of files per dossier", required=False),
    )


_MAP_FIELDS = (
    _RESOURCE_MAP,
    _setting("journal_types", "what the package does not tell of journals, such as OPN=opening", required=False),
)
_READER = frozenset({"discover", "from_date"})
_FEED = frozenset({"discover", "from_date", "incremental", "deletions"})


def _exact(country: str) -> Package:
    return Package(
        slug=f"exact_online_{country.lower()}",
        name=f"Exact Online {country}",
        level="firm",
        kind="ledger",
        transport="REST (OData 2, JSON) with OAuth 2",
        contract="documented",
        fields=(
            _base(f"https://start.exactonline.{country.lower()}"),
            *_oauth(),
            _setting("division", "a division to start from, when the app may not open the current one", required=False),
        ),
        capabilities=_FEED | {"package_trial_balance", "totals"},
        deletion=Deletion("feed", "sync/Deleted"),
        room="connectors.exact_online",
        country=country,
        limits=(Limit("minute", 60, _MINUTE), Limit("day", 5000, _DAY)),
    )


def _drop(slug: str, name: str, *, country: str = "BE", note: str = "") -> Package:
    return Package(
        slug=slug,
        name=name,
        level="on_premise",
        kind="ledger",
        transport="drop folder (CSV, spreadsheets, FEC, XAF, FAIA), or views of its database",
        contract="reconstructed",
        fields=_on_premise(*_replaceable((_ROOT,), "server", "odbc"), *_VIEWS),
        capabilities=_READER | {"package_trial_balance", "totals"},
        deletion=Deletion("full read", "the year's file replaces the year"),
        room="connectors.drop_folder",
        country=country,
        note=note or "Read through the drop folder; the package's own storage is not public.",
    )


_ROWS = (
    _exact("BE"),
    _exact("NL"),
    _exact("FR"),
    Package(
        "yuki",
        "Yuki",
        "firm",
        "ledger",
        "SOAP",
        "documented",
        (
            _base("https://api.yukiworks.be"),
            _setting("calls_per_day", "calls that Yuki allows a domain a day, where it is not 1000", required=False),
            _secret("access_key", "web service access key of the portal, a domain or an administration"),
        ),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("change digest", "it names deleted lines, and months in which lines changed are read again"),
        room="connectors.yuki",
        # Per domain, shared with the firm's other tools; no reply tells what is left.
        limits=(Limit("day", 1000, _DAY),),
    ),
    Package(
        "sage_business_cloud_accounting",
        "Sage Business Cloud Accounting",
        "firm",
        "ledger",
        "REST with OAuth 2",
        "documented",
        (
            _base("https://api.accounting.sage.com/v3.1"),
            *_oauth(*_SAGE_SIGN_IN),
            _setting("country", "country of the consent page, such as gb, ie or fr; any, without it", required=False),
            _setting("calls_per_minute", "calls that Sage allows a business a minute, where not 100", required=False),
            _setting("calls_per_day", "calls that Sage allows a business a day, where not 2500", required=False),
        ),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("status", "a deleted entry stays in the list, flagged"),
        room="connectors.sage_accounting",
        limits=(
            Limit("minute", 100, _MINUTE, inferred=True),
            Limit("day", 2500, _DAY, inferred=True),
            Limit("appday", 1_296_000, _DAY, "app", inferred=True),
        ),
    ),
    Package(
        "twinfield",
        "Twinfield",
        "firm",
        "ledger",
        "SOAP (ProcessXml) with OpenID Connect",
        "documented",
        (_base("https://login.twinfield.com"), *_oauth()),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("feed", "deleted transactions list"),
        room="connectors.twinfield",
        country="NL",
        # In credits of an uncertified app: a query costs 1, anything else 3.
        limits=(Limit("appminute", 50, _MINUTE, "app"), Limit("minute", 25, _MINUTE, "connection")),
    ),
    Package(
        "adminpulse",
        "AdminPulse",
        "firm",
        "administrative",
        "REST with an API key or OAuth 2",
        "documented",
        (
            _base("https://api.adminpulse.be"),
            _setting("sign_in", "who signs in: api_key (the office's key) or oauth (a person)", "api_key"),
            _secret("api_key", "API key of the office, with the scope to read relations", required=False),
            *(replace(each, required=False) for each in _oauth()),
            _setting("scope", "what the consent is asked for, when the vendor names it", required=False),
            _RESOURCE_MAP,
        ),
        frozenset({"discover"}),
        Deletion("full read", "the client list replaces the client list; who is not in it stays, as removed"),
        room="connectors.adminpulse",
        consent_when=("sign_in", "oauth"),
        note="The client list; names of fields beyond the public ones are inferred.",
        limits=(Limit("minute", 480, _MINUTE, "connection"),),
    ),
    Package(
        "odoo",
        "Odoo",
        "firm",
        "ledger",
        "XML-RPC, JSON-RPC or JSON-2",
        "documented",
        (
            _setting("base_url", "address of the Odoo server"),
            _setting("database", "name of the database"),
            _setting("username", "e-mail of the user"),
            _setting("protocol", "json-2, json-rpc or xml-rpc, when not by the server's version", "auto"),
            _setting("lang", "language of names, such as nl_BE, when not the user's own", required=False),
            _setting("api_key_expires", "day on which the API key lapses, to be warned ahead", required=False),
            _secret("api_key", "API key of the user"),
        ),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("id sweep", "of the years that are not locked"),
        room="connectors.odoo",
    ),
    Package(
        "horus",
        "Horus",
        "firm",
        "ledger",
        "REST with OAuth 2; or files (CSV, spreadsheets)",
        "reconstructed",
        _mapped(_setting("base_url", "the firm's own database address"), *_oauth()),
        _READER,
        Deletion("full read", "the year is read again"),
        room="connectors.declared",
        country="BE",
        note="Paths and fields of the interface are a proposal, kept as data; compare the figures with the package.",
    ),
    Package(
        "bocount",
        "BoCount",
        "firm",
        "ledger",
        "Business Central API v2.0 and OData V4, with OAuth 2",
        "documented",
        (
            _base("https://api.businesscentral.dynamics.com"),
            _setting("tenant_id", "directory id of the firm"),
            _setting("environment", "environment name", "production"),
            _setting("grant_type", "who signs in: client_credentials (the app) or authorization_code (a person)", _APP),
            _setting(
                "entries_service",
                "published OData V4 web service over the ledger entries (page 20): tells journals and counterparties",
                required=False,
            ),
            *_oauth(),
        ),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("never deleted"),
        room="connectors.bocount",
        consent_when=("grant_type", "authorization_code"),
        country="BE",
        limits=(Limit("five_minutes", 6000, 5 * _MINUTE, "connection"),),
    ),
    Package(
        "cegid",
        "Cegid",
        "firm",
        "ledger",
        "drop folder (FEC); or Loop: REST and pushed events",
        "documented",
        _mapped(
            _base("https://api.cegid.com/loop-api-publiques"),
            _setting("client_id", "Loop: first part of the API key that the firm made"),
            _secret("client_secret", "Loop: second part of the API key"),
            _secret("subscription_key", "Loop: our subscription to Cegid's API (Ocp-Apim-Subscription-Key)"),
            _setting("sink", "Loop: folder on this server with a subfolder of pushed events per dossier"),
        ),
        _READER,
        Deletion("full read", "the year's file replaces the year; events are replayed whole"),
        room="connectors.declared",
        country="FR",
        note="FEC files are documented; of Loop the fields of pushed entries are reconstructed, and kept as data.",
    ),
    Package(
        "xero",
        "Xero",
        "dossier",
        "ledger",
        "REST with OAuth 2",
        "documented",
        _XERO_FIELDS,
        _READER | {"incremental", "package_trial_balance", "totals"},
        Deletion("never deleted", "journals are reversed by others"),
        room="connectors.xero",
        limits=_XERO_LIMITS,
    ),
    Package(
        "xero_tb",
        "Xero TB",
        "dossier",
        "totals",
        "REST with OAuth 2",
        "documented",
        _XERO_FIELDS,
        frozenset({"discover", "incremental", "totals", "package_trial_balance"}),
        Deletion("change digest", "a year is read again when a balance at its ends moved"),
        room="connectors.xero",
        note="Totals only: the trial balance at the end of every month.",
        limits=_XERO_LIMITS,
    ),
    Package(
        "quickbooks",
        "QuickBooks Online",
        "dossier",
        "ledger",
        "REST with OAuth 2",
        "documented",
        (
            _base("https://quickbooks.api.intuit.com"),
            *_oauth(*_QUICKBOOKS_SIGN_IN),
            _setting("realm_id", "company id of the consent; the sign-in tells it", required=False),
        ),
        _FEED | {"package_trial_balance"},
        Deletion("feed", "change data capture; half-years whose balances moved are read again"),
        room="connectors.quickbooks",
        limits=(Limit("minute", 500, _MINUTE), Limit("second", 10, _SECOND)),
    ),
    Package(
        "e_conomic",
        "e-conomic",
        "dossier",
        "ledger",
        "REST with two tokens",
        "documented",
        (
            _base("https://restapi.e-conomic.com"),
            _secret("app_secret_token", "the app's secret token (X-AppSecretToken)"),
            _secret("agreement_grant_token", "the agreement's grant token (X-AgreementGrantToken)"),
        ),
        _READER | {"incremental", "package_trial_balance"},
        Deletion("never deleted"),
        room="connectors.e_conomic",
        limits=(Limit("day", 50_000, _DAY, "connection", inferred=True),),  # an older text; today calls have a cost
    ),
    Package(
        "octopus",
        "Octopus",
        "support",
        "ledger",
        "REST with tokens in three layers",
        "documented",
        (
            _base("https://service.inaras.be/octopus-rest-api/v1"),
            _setting("software_house_uuid", "id of our software house at Octopus"),
            _setting("user", "login"),
            _secret("password", "password of the login"),
            _setting("locale_id", "language of names and messages: 0 Dutch, 1 French", "0"),
        ),
        _FEED | {"package_trial_balance"},
        Deletion("feed", "deleted bookings list"),
        room="connectors.octopus",
        country="BE",
        # Of each list of changes by itself; whether per dossier, user or software house is not told.
        limits=(Limit("day", 48, _DAY),),
    ),
    Package(
        "winbooks_on_web",
        "WinBooks on Web",
        "support",
        "ledger",
        "REST with an exchange token",
        "documented",
        (
            _base("https://rapi.winbooksonweb.be"),
            _setting("email", "e-mail that the token was made for, under External applications"),
            _setting("folders", "folders to list, for no call does: CODE=NAME; CODE=NAME; ...", required=False),
            _setting("country", "country of the folders, which is not told: BE or LU", "BE", required=False),
            _setting("currency", "currency of the folders, which is not told", "EUR", required=False),
            _setting("account_name", "property of GLAccount that names it, when it is not found", required=False),
            _setting("gltrans", "name of the list of ledger lines in addresses", "GLTranss", required=False),
            _secret("exchange_token", "exchange token of the external application"),
        ),
        _FEED | {"package_trial_balance"},
        Deletion("id sweep", "of every book year in which a line was changed or a count moved"),
        room="connectors.winbooks_on_web",
        country="BE",
    ),
    Package(
        "wingsonline",
        "WingsOnline",
        "support",
        "ledger",
        "Wings Web Service; or files (CSV, spreadsheets)",
        "reconstructed",
        _mapped(
            _setting("base_url", "address of the Wings Web Service, as Wings told it"),
            _setting("username", "name issued by Wings for calls, such as WINGSCLOUD\\wings0999"),
            _setting("root_path", "root path issued by Wings, such as \\\\SERVER\\wingsdata\\NAME"),
            _secret("password", "password issued by Wings"),
        ),
        _READER,
        Deletion("full read", "the year replaces the year"),
        room="connectors.declared",
        country="BE",
        note="Read files today: nothing of the Web Service is public, and what is asked of it is a place kept free.",
    ),
    Package(
        "afas",
        "AFAS",
        "support",
        "ledger",
        "REST (GetConnectors; or the interface of SB)",
        "documented",
        (
            _setting(
                "base_url",
                "address of the environment: https://12345.rest.afas.online, or of SB https://FIRM.afasfocus.nl/NAME",
            ),
            _setting("edition", "which AFAS it is: profit or sb", "profit"),
            _secret("token", "token of the App Connector; of SB that of the app, from the App Center"),
            _setting(
                "connectors",
                "GetConnectors of your own in place of the standard ones: ROLE=CONNECTOR, ROLE.FIELD=FIELD, ...",
                required=False,
            ),
            _setting("integration_id", "IntegrationId that AFAS gave a certified partner", required=False),
            _setting("country", "country of the administrations, which AFAS does not tell", "NL", required=False),
            _setting("currency", "currency of the administrations, which AFAS does not tell", "EUR", required=False),
        ),
        _FEED | {"package_trial_balance", "totals"},
        Deletion("change digest", "changed booking days, of SB years whose totals moved, are read again"),
        room="connectors.afas",
        country="NL",
        note="AFAS Profit, or with the setting edition AFAS SB; what is inferred of either stands in its page.",
    ),
    Package(
        "fid_manager",
        "Fid-Manager",
        "support",
        "administrative",
        "partner interface (REST), or a file",
        "reconstructed",
        (
            _setting("base_url", "address of the partner interface, given by the vendor", required=False),
            _setting("key_id", "key id mailed by the vendor", required=False),
            _secret("secret", "secret code mailed by the vendor", required=False),
            _setting("root", "folder with clients.csv, in place of the partner interface", required=False),
            _RESOURCE_MAP,
        ),
        frozenset({"discover"}),
        Deletion("full read", "the client list replaces the client list; who is not in it stays, as removed"),
        room="connectors.fid_manager",
        country="BE",
        note="The interface is not public: ask the vendor for address, paths, field names and the way of signing, and "
        "name a map of it in the setting resource_map; or put clients.csv into a folder (see the page of Fid-Manager).",
    ),
    _drop("expertm", "ExpertM"),
    _drop("wings", "Wings"),
    Package(
        "winbooks",
        "WinBooks",
        "on_premise",
        "ledger",
        "DBF files in a data folder",
        "public code",
        _on_premise(
            _ROOT,
            _setting("language", "which of the two names of an account is read: 1 or 2", "1"),
            _setting(
                "path_map",
                "where paths inside the data lead, such as Z:\\WB=/srv/wb; several with ';'",
                required=False,
            ),
            _setting("simulations", "read simulation journals too: yes or no", "no"),
        ),
        _READER,
        Deletion("full read", "the book year is read again when its file changes"),
        room="connectors.winbooks",
        country="BE",
    ),
    Package(
        "venice",
        "Venice",
        "on_premise",
        "ledger",
        "WebConnect REST and OData",
        "documented",
        _on_premise(
            *_replaceable(
                (
                    _setting("base_url", "address of the WebConnect gateway, such as https://ponte.venice.be"),
                    _setting("username", "Venice user for WebConnect"),
                    _secret("password", "the user's password"),
                ),
                "root",
            ),
            _setting(
                "dossiers",
                "dossiers to list, for no call does, and their DossierId where it is another than the directory: "
                "DIRECTORY=DOSSIERID; DIRECTORY; ...",
                required=False,
            ),
            _setting("language", "language of account names: nld or fra", "nld", required=False),
            _setting("root", "in place of the gateway: folder with a subfolder of dumped files each", required=False),
        ),
        _READER | {"package_trial_balance"},
        Deletion("full read", "all entries are read each time, and those that are not there any more are gone"),
        room="connectors.venice",
        country="BE",
        note="Through WebConnect, or files dumped on its server; names of OData fields are inferred.",
    ),
    _drop("verocount", "VeroCount"),
    Package(
        "sage_bob",
        "Sage BOB",
        "on_premise",
        "ledger",
        "Advantage ADT files in a data folder, the same tables as CSV, or a Firebird server",
        "public code",
        _on_premise(
            *_replaceable((_ROOT,), "firebird_databases"),
            _setting(
                "firebird_server",
                "Firebird server of the Firebird edition: host, host/port or host:port; its databases lie in root",
                required=False,
            ),
            _setting(
                "firebird_databases",
                "with a server, in place of root: its databases by alias, or NAME=PATH as it sees them; ';' between",
                required=False,
            ),
            _setting("username", "with a server: user that may read the tables", required=False),
            _secret("password", "with a server: the user's password", required=False),
            _setting("language", "which of the two names of accounts and journals is read: 1 or 2", "1"),
            _setting("currency", "currency of the dossiers, which no table tells", "EUR"),
            _setting("country", "country of the dossiers, which no table tells: BE or LU", "BE"),
            _setting("temporary", "read lines that are not centralised yet: yes or no", "yes"),
        ),
        _READER,
        Deletion("full read", "the tables are read again when one of them changes"),
        room="connectors.sage_bob",
        country="BE",
        note="Of the Firebird edition no table is public: it is taken to have those of the Advantage edition.",
    ),
    Package(
        "sage50",
        "Sage 50",
        "on_premise",
        "ledger",
        "audit trail CSV, tables as CSV or by ODBC (UK); FEC, XIMPORT or RIMPORT (FR)",
        "documented",
        _on_premise(
            _ROOT,
            _setting("odbc_driver", "Sage's own ODBC driver, such as Sage Line 50 v29; Windows only", required=False),
            _setting("username", "user of Sage 50 that the driver signs in with", required=False),
            _secret("password", "its password", required=False),
        ),
        _READER | {"package_trial_balance"},
        Deletion("full read", "the ledger is read again when its files change; through ODBC at every sync"),
        room="connectors.sage50",
        note="UK and Irish Sage 50 Accounts, and the French product by FEC, XIMPORT or RIMPORT. The ODBC route is "
        "unproven on Windows.",
    ),
    _drop("topaccount", "TopAccount"),
    _drop("adsolut", "Adsolut"),
    _drop("oras", "ORAS"),
    _drop("briljant", "Briljant"),
    _drop("popsy", "Popsy"),
)

PACKAGES: dict[str, Package] = {package.slug: package for package in _ROWS}


def package(slug: str) -> Package:
    """The package of ``slug``. Raises WrongInput that names near misses."""
    found = PACKAGES.get(slug)
    if found is None:
        near = [known for known in PACKAGES if known.startswith(slug)] or get_close_matches(slug, PACKAGES, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "See `grandlivre software` for all of them."
        raise WrongInput(f"there is no package {slug!r}", next_step=hint)
    return found


def available_packages() -> tuple[Package, ...]:
    """The packages that can be linked today, in catalog order."""
    return tuple(row for row in _ROWS if row.available)
