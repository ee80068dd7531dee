"""Pure decisions of flash sales: what a window may be, how long a wait will be, how often to ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from hutong.pay.flashsales.types import Standing, TicketState, Wait

GATHER = timedelta(minutes=30)
"""So long before the start people may come into the line."""
LONGEST = timedelta(days=7)
MOST_PLACES = 1_000
MINUTES = (1, 15)
USUAL_PLACES, USUAL_MINUTES = 20, 5
COUNTED = 100
"""So many in front are counted one by one; of more people are told the most it can be."""
RATED = 20
"""So many last admissions are looked at to tell how fast the line moves."""
FEWEST_RATED = 3

# What one person, and one address, may ask for.
TAKES_A_MINUTE = 10
TAKES_PER_ADDRESS, TAKES_WINDOW_S = 600, 600
ASKS_PER_ADDRESS, ASKS_WINDOW_S = 3_000, 60
ASK_EVERY_S = 1.0


def estimate(ahead: int, admissions: Sequence[datetime], at: datetime) -> timedelta | None:
    """How long until somebody with `ahead` in front is admitted, at the rate of the last `admissions`.

    The admissions of the very first of these moments are left out: at the start a sale fills its places at once, which
    says nothing about how fast they become free. None while fewer than `FEWEST_RATED` are left.
    """
    if not admissions:
        return None
    first = min(admissions)
    later = sum(moment > first for moment in admissions)
    elapsed = at - first
    if later < FEWEST_RATED or elapsed <= timedelta(0):
        return None
    return elapsed * (ahead + 1) / later


def ask_again_s(standing: Standing, at: datetime) -> int:
    """In how many seconds it is worth asking again: soon for who is next, seldom for who is far away."""
    starts_in = (standing.sale.starts_at - at).total_seconds()
    ticket = standing.ticket
    if starts_in > 0:
        # Nothing happens before; whoever waits asks once more when it opens.
        return max(2, min(30, int(starts_in) + 1))
    if ticket is None or ticket.state is not TicketState.WAITING or ticket.ahead is None:
        return 5
    return 2 if ticket.ahead < 2 * (standing.sale.places or 1) else 5 if ticket.ahead < COUNTED else 10


def wait(standing: Standing, at: datetime) -> Wait:
    """How long somebody still waits, and when to ask again."""
    ahead = standing.ticket.ahead if standing.ticket else None
    rated = None if ahead is None else estimate(ahead, standing.admissions, at)
    return Wait(rated, ask_again_s(standing, at))


def faults(*, starts_at: datetime, ends_at: datetime, at: datetime) -> list[str]:
    """What is wrong with a window, by name; none when it is well."""
    found = []
    if ends_at <= starts_at:
        found.append("empty_window")
    elif ends_at - starts_at > LONGEST:
        found.append("long_window")
    if ends_at <= at:
        found.append("past_window")
    return found
