"""Reads of customers: consents, a merchant's list with its marks, one customer's timeline."""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Invalid
from hutong.kernel.money import Money
from hutong.kernel.rows import row, rows, scalar
from hutong.kernel.text import clean, mask_phone
from hutong.know.customers import rules
from hutong.know.customers.types import (
    ConsentLine,
    ConsentView,
    CustomerCounts,
    CustomerList,
    CustomerPage,
    CustomerProblem,
    CustomerRow,
    Segment,
    Sort,
    TimelineEntry,
    VisitKind,
)


class CursorInvalid(Invalid):
    """The cursor was not given out by this list."""

    code = "cursor_invalid"
    message = _("This page of the list does not exist. Please start at the first page.")


# A row needs a live consent here as well, though withdrawing removes it: two locks on the same door.
_FROM = """
FROM customers_customer c
JOIN people_person p ON p.id = c.person_id
JOIN customers_consent k
  ON k.person_id = c.person_id AND k.merchant_id = c.merchant_id AND k.withdrawn_at IS NULL
WHERE c.merchant_id = (SELECT id FROM merchants_merchant WHERE public_id = %(merchant_ref)s)
"""
_CUTS = """
(SELECT percentile_disc(%(fifths)s::float8[]) WITHIN GROUP (ORDER BY spent) FROM customers_customer
 WHERE merchant_id = (SELECT id FROM merchants_merchant WHERE public_id = %(merchant_ref)s) AND visits > 0)
"""
_CUSTOMER = f"""
SELECT c.id, c.public_id, c.first_visit_at, c.last_visit_at, c.visits, c.spent, c.unit, p.name, p.phone,
  k.granted_at, {_CUTS} AS money_cuts,
  (SELECT v.titles FROM customers_visit v WHERE v.customer_id = c.id AND v.kind <> 'undo'
   ORDER BY v.at DESC LIMIT 1) AS last_titles
{_FROM}
"""  # noqa: S608
# width_bucket counts the limits that are reached, as bisect_right does in the rules.
_CELL = """10 * (1 + width_bucket(c.last_visit_at, %(recency_limits)s::timestamptz[]))
  + 1 + width_bucket(c.visits, %(frequency_limits)s::int4[])"""
_COLUMNS = {
    Sort.RECENCY: ("c.last_visit_at", "timestamptz"),
    Sort.FREQUENCY: ("c.visits", "int4"),
    Sort.MONEY: ("c.spent", "int8"),
}


def has_consent(person_ref: str, merchant_ref: str) -> bool:
    """Whether the person lets the merchant remember them now."""
    found = scalar(
        """
        SELECT 1 FROM customers_consent k JOIN people_person p ON p.id = k.person_id
        JOIN merchants_merchant m ON m.id = k.merchant_id
        WHERE p.public_id = %s AND m.public_id = %s AND k.withdrawn_at IS NULL
        """,
        [person_ref, merchant_ref],
    )
    return found is not None


def consents_of(person_ref: str) -> list[ConsentView]:
    """Everything a person ever agreed to, live ones first, then the newest."""
    found = rows(
        """
        SELECT m.public_id, m.names, k.granted_at, k.withdrawn_at, k.source
        FROM customers_consent k JOIN people_person p ON p.id = k.person_id
        JOIN merchants_merchant m ON m.id = k.merchant_id
        WHERE p.public_id = %s ORDER BY k.withdrawn_at IS NOT NULL, k.id DESC
        """,
        [person_ref],
    )
    return [
        ConsentView(
            merchant_ref=entry["public_id"],
            merchant_names=_loaded(entry["names"]),
            granted_at=entry["granted_at"],
            withdrawn_at=entry["withdrawn_at"],
            source=entry["source"],
        )
        for entry in found
    ]


def consent_history(person_ref: str) -> list[ConsentLine]:
    """Every consent a person gave to a merchant or took back, the newest first. One statement."""
    found = rows(
        """
        SELECT m.public_id, m.names, c.granted, c.source, c.at
        FROM customers_consentchange c JOIN people_person p ON p.id = c.person_id
        JOIN merchants_merchant m ON m.id = c.merchant_id
        WHERE p.public_id = %s ORDER BY c.id DESC
        """,
        [person_ref],
    )
    return [
        ConsentLine(
            merchant_ref=entry["public_id"],
            merchant_names=_loaded(entry["names"]),
            granted=entry["granted"],
            source=entry["source"],
            at=entry["at"],
        )
        for entry in found
    ]


def everything_about(person_ref: str) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model: for the person's own file. Four statements."""
    return {
        model: [
            {
                name: _loaded(value) if name in ("merchant", "titles") else value
                for name, value in entry.items()
            }
            for entry in rows(sql, [person_ref])
        ]
        for model, sql in _EVERYTHING.items()
    }


_OF_PERSON = """
JOIN people_person p ON p.id = c.person_id AND p.public_id = %s
JOIN merchants_merchant m ON m.id = c.merchant_id
"""
_EVERYTHING = {
    "customers.Consent": f"""SELECT m.public_id AS merchant_ref, m.names AS merchant, c.granted_at,
        c.withdrawn_at, c.source FROM customers_consent c {_OF_PERSON} ORDER BY c.id""",  # noqa: S608
    "customers.ConsentChange": f"""SELECT m.public_id AS merchant_ref, m.names AS merchant, c.granted,
        c.source, c.at FROM customers_consentchange c {_OF_PERSON} ORDER BY c.id""",  # noqa: S608
    "customers.Customer": f"""SELECT c.public_id, m.public_id AS merchant_ref, m.names AS merchant,
        c.first_visit_at, c.last_visit_at, c.visits, c.spent AS spent_minor, c.unit
        FROM customers_customer c {_OF_PERSON} ORDER BY c.id""",  # noqa: S608
    "customers.Visit": f"""SELECT m.public_id AS merchant_ref, v.kind, v.ref, v.titles,
        v.amount AS amount_minor, v.unit, v.at
        FROM customers_visit v JOIN customers_customer c ON c.id = v.customer_id {_OF_PERSON}
        ORDER BY v.id""",  # noqa: S608
}


def customer_list(
    merchant_ref: str,
    *,
    at: datetime,
    text: str = "",
    sort: Sort = Sort.RECENCY,
    segment: Segment | None = None,
    cursor: str | None = None,
    limit: int = 25,
) -> CustomerList:
    """One page of the customers who came (of `Segment.BOUGHT`: who did not come yet). One statement.

    `text` finds part of a name, or up to three last digits of a phone: nothing that the list does not show
    anyway, so the list cannot be asked whether a number is in it. Raises `CursorInvalid`.
    """
    column, kind = ("c.id", "int8") if segment is Segment.BOUGHT else _COLUMNS[sort]
    values: dict[str, Any] = {"merchant_ref": merchant_ref, "fifths": list(rules.MONEY_FIFTHS)}
    conditions = ["c.visits = 0" if segment is Segment.BOUGHT else "c.visits > 0"]
    if segment not in (None, Segment.BOUGHT):
        conditions.append(f"{_CELL} = ANY(%(cells)s::int4[])")
        values |= _limits(at)
        values["cells"] = [10 * recency + frequency for recency, frequency in rules.cells_of(segment)]
    _add_search(clean(text, limit=60), conditions, values)
    if cursor:
        value, last_id = _read_cursor(cursor, kind)
        conditions.append(f"({column}, c.id) < (%(value)s::{kind}, %(last_id)s::int8)")
        values |= {"value": value, "last_id": last_id}
    where = "".join(f" AND {condition}" for condition in conditions)
    order = f" ORDER BY {column} DESC, c.id DESC LIMIT %(limit)s::int4"
    values["limit"] = limit + 1
    found = rows(_CUSTOMER + where + order, values)
    page = found[:limit]
    more = len(found) > limit
    return CustomerList(
        rows=tuple(_row(entry, at) for entry in page),
        next_cursor=_write_cursor(page[-1], column.removeprefix("c.")) if more else None,
    )


def people_in(merchant_ref: str, segment: Segment, *, at: datetime) -> list[int]:
    """The keys of the people of a segment who let this merchant remember them, in the order of their keys. One statement."""
    if segment is Segment.BOUGHT:
        condition, values = "c.visits = 0", {}
    else:
        condition, values = f"c.visits > 0 AND {_CELL} = ANY(%(cells)s::int4[])", _limits(at)
        values["cells"] = [10 * recency + frequency for recency, frequency in rules.cells_of(segment)]
    found = rows(
        f"SELECT c.person_id {_FROM} AND {condition} ORDER BY c.person_id",
        {"merchant_ref": merchant_ref, **values},
    )
    return [entry["person_id"] for entry in found]


def segment_of(merchant_ref: str, person_id: int, *, at: datetime) -> Segment | None:
    """Where a person stands with a merchant; None for who is no customer who may be remembered. One statement."""
    found = row(
        f"{_CUSTOMER} AND c.person_id = %(person)s::int8",
        {"merchant_ref": merchant_ref, "person": person_id, "fifths": list(rules.MONEY_FIFTHS)},
    )
    return _row(found, at).segment if found else None


def customer_counts(merchant_ref: str, *, at: datetime) -> CustomerCounts:
    """How a merchant's customers spread over marks and segments. One statement."""
    found = rows(
        f"SELECT CASE WHEN c.visits > 0 THEN {_CELL} END AS cell, count(*) AS number {_FROM} GROUP BY 1",
        {"merchant_ref": merchant_ref, **_limits(at)},
    )
    by_marks = {divmod(entry["cell"], 10): entry["number"] for entry in found if entry["cell"]}
    bought = sum(entry["number"] for entry in found if not entry["cell"])
    return CustomerCounts(
        total=sum(entry["number"] for entry in found),
        by_segment=rules.count_segments(by_marks.items(), bought),
        by_marks=by_marks,
    )


def customer_page(
    merchant_ref: str, customer_ref: str, *, at: datetime, limit: int = 200
) -> CustomerPage | None:
    """One customer of this merchant with the newest lines of the timeline, or None. Two statements."""
    found = row(
        _CUSTOMER + " AND c.public_id = %(customer_ref)s",
        {"merchant_ref": merchant_ref, "customer_ref": customer_ref, "fifths": list(rules.MONEY_FIFTHS)},
    )
    if found is None:
        return None
    lines = rows(
        """
        SELECT v.kind, v.ref, v.titles, s.names AS store_names, v.amount, v.unit, v.at,
          EXISTS (SELECT 1 FROM customers_visit u WHERE u.ref = v.ref AND u.kind = 'undo') AS undone
        FROM customers_visit v LEFT JOIN merchants_store s ON s.id = v.store_id
        WHERE v.customer_id = %s::int8 ORDER BY v.at DESC, v.id DESC LIMIT %s::int4
        """,
        [found["id"], limit],
    )
    return CustomerPage(
        customer=_row(found, at),
        consent_since=found["granted_at"],
        timeline=tuple(
            TimelineEntry(
                kind=VisitKind(line["kind"]),
                ref=line["ref"],
                titles=_loaded(line["titles"]),
                store_names=_loaded(line["store_names"]),
                amount=Money(line["amount"], line["unit"]),
                at=line["at"],
                undone=line["undone"] and line["kind"] == VisitKind.REDEMPTION.value,
            )
            for line in lines
        ),
    )


# The counts of customers, added again from their visits. `services` stores what this finds for one customer.
RECOUNT = """
SELECT c.id, count(DISTINCT (v.at AT TIME ZONE g.zone)::date)::int4 AS visits,
  coalesce(sum(v.amount), 0)::int8 AS spent, min(v.at) AS first_visit_at, max(v.at) AS last_visit_at
FROM customers_customer c
JOIN merchants_merchant m ON m.id = c.merchant_id
JOIN regions_region g ON g.id = m.region_id
LEFT JOIN customers_visit v ON v.customer_id = c.id AND v.kind = 'redemption'
  AND NOT EXISTS (SELECT 1 FROM customers_visit u WHERE u.ref = v.ref AND u.kind = 'undo')
"""


def problems() -> list[CustomerProblem]:
    """Counts that differ from the visits, and customers nobody consented to. Empty when all is well."""
    recount = rows(
        f"""
        SELECT c.public_id FROM customers_customer c JOIN ({RECOUNT} GROUP BY c.id) t USING (id)
        WHERE (c.visits, c.spent) <> (t.visits, t.spent)
          OR c.first_visit_at IS DISTINCT FROM t.first_visit_at
          OR c.last_visit_at IS DISTINCT FROM t.last_visit_at
        """  # noqa: S608
    )
    unasked = rows(
        """
        SELECT c.public_id FROM customers_customer c WHERE NOT EXISTS (SELECT 1 FROM customers_consent k
          WHERE k.person_id = c.person_id AND k.merchant_id = c.merchant_id AND k.withdrawn_at IS NULL)
        """
    )
    return [
        *(CustomerProblem(entry["public_id"], "the counts are not those of the visits") for entry in recount),
        *(CustomerProblem(entry["public_id"], "remembered without a live consent") for entry in unasked),
    ]


def _limits(at: datetime) -> dict[str, Any]:
    return {
        "recency_limits": rules.recency_limits(at),
        "frequency_limits": list(rules.FREQUENCY_VISITS),
    }


def _add_search(text: str, conditions: list[str], values: dict[str, Any]) -> None:
    if not text:
        return
    pattern = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    values["name_pattern"] = f"%{pattern}%"
    condition = "lower(p.name) LIKE %(name_pattern)s"
    if text.isdecimal() and len(text) <= 3:
        values["phone_end"] = f"%{text}"
        condition += " OR p.phone LIKE %(phone_end)s"
    conditions.append(f"({condition})")


def _write_cursor(entry: dict[str, Any], column: str) -> str:
    value = entry[column]
    text = json.dumps([value.isoformat() if isinstance(value, datetime) else value, entry["id"]])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(cursor: str, kind: str) -> tuple[Any, int]:
    try:
        value, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        parsed = datetime.fromisoformat(value) if kind == "timestamptz" else int(value)
        number = int(last_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise CursorInvalid from error
    if isinstance(parsed, datetime) and parsed.tzinfo is None:
        raise CursorInvalid
    if abs(number) >= 2**63 or (
        isinstance(parsed, int) and abs(parsed) >= 2 ** (31 if kind == "int4" else 63)
    ):
        raise CursorInvalid
    return parsed, number


def _row(entry: dict[str, Any], at: datetime) -> CustomerRow:
    marks = None
    if entry["last_visit_at"]:
        marks = rules.rfm_marks(
            last_visit_at=entry["last_visit_at"],
            visits=entry["visits"],
            spent_minor=entry["spent"],
            money_cuts=entry["money_cuts"] or [],
            at=at,
        )
    return CustomerRow(
        ref=entry["public_id"],
        name=entry["name"],
        phone_masked=mask_phone(entry["phone"] or ""),
        first_visit_at=entry["first_visit_at"],
        last_visit_at=entry["last_visit_at"],
        visits=entry["visits"],
        spent=Money(entry["spent"], entry["unit"]),
        marks=marks,
        segment=rules.segment_of(marks),
        last_titles=_loaded(entry["last_titles"]),
    )


def _loaded(value: Any) -> Any:
    """A JSON column as Python values: a raw cursor of Django hands out its text."""
    return json.loads(value) if isinstance(value, str) else value
