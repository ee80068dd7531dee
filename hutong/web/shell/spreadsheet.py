"""Tables as files that spreadsheet programs open: CSV in UTF-8, in which no text is run as a formula."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

# A text that begins like this would be run as a formula (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula: a name may begin with any sign."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_file(name: str, heads: Sequence[str], lines: Iterable[Sequence[object]]) -> HttpResponse:
    """A download named `name`. Texts that people wrote have gone through `plain`; amounts may be negative."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write("\ufeff")  # so that spreadsheets read it as UTF-8
    writer = csv.writer(response)
    writer.writerow(heads)
    writer.writerows(lines)
    return response
