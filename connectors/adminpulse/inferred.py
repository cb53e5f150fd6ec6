"""What is concluded about AdminPulse and told nowhere. The vendor's collection of calls settles it.

* Consents: grant ``authorization_code``, renewed with ``refresh_token``, the app's id and secret in the form. The
  addresses come with the registration and are settings.
* Names of fields beyond those marked "seen" in ``interface.toml``: those of the vendor's sister product. What has
  another name is kept in ``extra``.
* A relation without a status is active; a date on which it was ended, or a status that says so, makes it inactive.
* The year end is a date of which day and month count, or ``MM-DD``.
* A list may move while its pages are read: there is no parameter that sorts it.
"""

from __future__ import annotations

INACTIVE_WORDS = ("false", "0", "inactive", "inactief", "inactif", "disabled", "archived", "stopped")
"""A status in these words is that of a former client; see normalize.sql."""
