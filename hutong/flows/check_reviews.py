"""What the clock does for reviews: sealed ones open, old hashes go, and every night the stars are counted again."""

import logging
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from hutong.attract.reviews import queries, services
from hutong.flows.alarms import isolated
from hutong.kernel import budget
from hutong.kernel.errors import TooMany
from hutong.town.regions.queries import default_region

EVERY_S = 10 * 60
DAY_S = 24 * 60 * 60
NIGHT_FROM = 4
# What has gone wrong for all is told by a few of each kind.
TOLD = 20


def run(*, at: datetime) -> None:
    """One round of everything that is due; safe in several workers at once."""
    try:
        budget.spend("reviews", limit=1, window_s=EVERY_S, at=at)
    except TooMany:
        return  # another tick did it less than ten minutes ago
    with isolated("reviews.reveal_due", at=at):
        services.reveal_due(at=at)
    with isolated("reviews.forget_origins", at=at):
        services.forget_origins(at=at)
    check_nightly(at=at)


def check_nightly(*, at: datetime) -> tuple[str, ...]:
    """Compare all stars with the reviews once a night, by the site's zone; what differs goes to the log."""
    region = default_region()
    here = at.astimezone(ZoneInfo(region.zone if region else settings.TIME_ZONE))
    if here.hour < NIGHT_FROM:
        return ()
    try:
        budget.spend(f"reviews check of {here:%Y-%m-%d}", limit=1, window_s=DAY_S, at=at)
    except TooMany:
        return ()  # another tick did it today
    found = check(most=TOLD)
    for problem in found:
        logging.getLogger("hutong.reviews").error(problem)
    return found


def check(*, most: int | None = None) -> tuple[str, ...]:
    """Every summary of stars, vote and report that differs from the rows it adds up, in words, at most `most` of each
    kind; reads only."""
    return tuple(f"{one.ref}: {one.what}" for one in queries.problems(most=most))
