"""Reads of flash sales and their lines."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from hutong.kernel.rows import row, rows, values
from hutong.pay.flashsales.models import Ticket
from hutong.pay.flashsales.rules import COUNTED, GATHER, RATED
from hutong.pay.flashsales.types import SaleView, Standing, TicketState, TicketView

_SALES = """
SELECT public_id, offer_ref, starts_at, ends_at, places, minutes FROM flashsales_flashsale
WHERE offer_ref = ANY (%s::text[]) AND closed_at IS NULL
"""

# What everybody in line asks again and again. Each part stops early or reads what is in checkout: at most `COUNTED`
# entries of flashsales_in_line, `places` of flashsales_in_checkout, `RATED` of flashsales_admissions, however long
# the line is.
_STANDING = """
SELECT s.public_id AS sale_ref, s.offer_ref, s.starts_at, s.ends_at, s.places, s.minutes,
  t.public_id, t.number, t.state, t.ahead_at_first, t.arrived_at, t.admitted_until, t.order_ref,
  CASE WHEN t.state = 'waiting' THEN (SELECT count(*) FROM (SELECT 1 FROM flashsales_ticket f
    WHERE f.sale_id = s.id AND f.state = 'waiting' AND f.number < t.number LIMIT %(counted)s::int4) AS front) END
    AS counted,
  (SELECT min(f.number) FROM flashsales_ticket f WHERE f.sale_id = s.id AND f.state = 'waiting') AS first_number,
  (SELECT count(*) FROM flashsales_ticket f WHERE f.sale_id = s.id AND f.state IN ('admitted', 'ordering')
    AND f.admitted_until > %(at)s::timestamptz) AS taken,
  ARRAY(SELECT f.admitted_at FROM flashsales_ticket f WHERE f.sale_id = s.id AND f.admitted_at IS NOT NULL
    ORDER BY f.admitted_at DESC LIMIT %(rated)s::int4) AS admissions
FROM flashsales_flashsale s
LEFT JOIN flashsales_ticket t ON t.sale_id = s.id AND t.person_id = %(person)s::int8
WHERE s.offer_ref = %(offer)s::text AND s.closed_at IS NULL
"""


def sales_of(offer_refs: Collection[str]) -> dict[str, SaleView]:
    """The standing flash sales of these offers, by offer; most have none. One statement."""
    return {found["offer_ref"]: _sale(found) for found in rows(_SALES, [list(offer_refs)])}


def standing(*, offer_ref: str, person_id: int, at: datetime) -> Standing | None:
    """The flash sale of an offer as a person finds it at `at`; None when there is none. One statement."""
    found = row(
        _STANDING,
        {"offer": offer_ref, "person": person_id, "at": at, "counted": COUNTED, "rated": RATED},
    )
    if found is None:
        return None
    sale = _sale({**found, "public_id": found["sale_ref"]})
    return Standing(
        sale=sale,
        ticket=_ticket(found) if found["public_id"] else None,
        free=max(0, (sale.places or 0) - found["taken"]),
        admissions=tuple(found["admissions"]),
    )


def everything_about(person_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows of this app about a person, by model: for the person's own file."""
    return {
        "flashsales.Ticket": values(
            Ticket.objects.filter(person_id=person_id),
            "public_id",
            "sale__offer_ref",
            "number",
            "state",
            "arrived_at",
            "admitted_at",
            "admitted_until",
            "order_ref",
        )
    }


def _sale(found: dict[str, Any]) -> SaleView:
    return SaleView(
        ref=found["public_id"],
        offer_ref=found["offer_ref"],
        starts_at=found["starts_at"],
        ends_at=found["ends_at"],
        gathers_at=found["starts_at"] - GATHER,
        places=found["places"],
        minutes=found["minutes"],
    )


def _ticket(found: dict[str, Any]) -> TicketView:
    counted = found["counted"]
    about = counted is not None and counted >= COUNTED
    return TicketView(
        ref=found["public_id"],
        number=found["number"],
        state=TicketState(found["state"]),
        # Of a long line only its ends are known: whoever left in between still counts.
        ahead=found["number"] - found["first_number"] if about else counted,
        about=about,
        ahead_at_first=found["ahead_at_first"],
        arrived_at=found["arrived_at"],
        admitted_until=found["admitted_until"],
        order_ref=found["order_ref"],
    )
