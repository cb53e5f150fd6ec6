"""dossier.csv: what the dossier is called, and what it fixes about its own files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.drop_folder import spreadsheet
from connectors.drop_folder.headings import SEPARATORS, fold
from connectors.drop_folder.profiles import Profile
from connectors.drop_folder.text import guess_single_byte
from foundation.errors import BadFile


def read_settings(path: Path | None, profile: Profile) -> dict[str, str]:
    """Keys (lower case) to values; empty without a file. A row ``key;value`` may come first.

    Raises BadFile for a file that is not made of keys and values.
    """
    if path is None:
        return {}
    lines = [line for line in _content(path, profile).splitlines() if line.strip()]
    if not lines:
        return {}
    separator = max(SEPARATORS, key=lambda sign: sum(sign in line for line in lines))
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=separator))
    except csv.Error as error:
        raise BadFile(f"it cannot be read as keys and values ({error})", subject=path.name) from error
    found: dict[str, str] = {}
    for number, row in enumerate(rows, start=1):
        if len(row) < 2:
            raise BadFile(f"line {number} is not a key and a value: {lines[number - 1][:60]!r}", subject=path.name)
        key = row[0].strip().lower()
        # The value of ``decimal`` or ``separator`` may be the very sign that separates.
        value = row[1].strip() or (separator if len(row) > 2 and key in ("decimal", "separator") else "")
        if value and not (number == 1 and fold(key) in ("key", "sleutel", "cle")):
            found[key] = value
    return found


def _content(path: Path, profile: Profile) -> str:
    if path.suffix.lower() == spreadsheet.ENDING:
        with TemporaryDirectory() as folder:
            spreadsheet.write_text(path, Path(folder) / path.stem)
            return (Path(folder) / path.stem).read_text("utf-8")
    data = path.read_bytes().replace(b"\0", b"")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        high = Counter(byte for byte in data if byte > 127)
        return data.decode(profile.encoding or guess_single_byte(high, profile.usual_encoding), errors="replace")


def identity(settings: Mapping[str, str]) -> dict[str, str | None]:
    """The columns of resource ``dossier`` that dossier.csv gives."""
    return {key: settings.get(key) for key in ("code", "name", "vat_number", "country", "currency")}
