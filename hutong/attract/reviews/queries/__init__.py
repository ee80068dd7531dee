"""Reads of reviews: lists, the stars added up, what waits for operators, what a score is made of."""

from hutong.attract.reviews.queries.checks import problems
from hutong.attract.reviews.queries.everything import everything_about
from hutong.attract.reviews.queries.facts import gather
from hutong.attract.reviews.queries.lists import (
    CursorInvalid,
    about,
    guests_reviewed,
    of_author,
    of_guests,
    of_store,
    of_stores,
    own_review,
    read_by,
    review_by_ref,
    sealed_about,
    shown_review,
    unanswered_count,
    written_about,
)
from hutong.attract.reviews.queries.moderation import (
    answers_of,
    decided_lately,
    decisions_of,
    item,
    queue,
    queue_count,
    reports_of,
    versions_of,
)
from hutong.attract.reviews.queries.summaries import merchant_summary, offer_summaries, summaries, summary

__all__ = [
    "CursorInvalid",
    "about",
    "answers_of",
    "decided_lately",
    "decisions_of",
    "everything_about",
    "gather",
    "guests_reviewed",
    "item",
    "merchant_summary",
    "of_author",
    "of_guests",
    "of_store",
    "of_stores",
    "offer_summaries",
    "own_review",
    "problems",
    "queue",
    "queue_count",
    "read_by",
    "reports_of",
    "review_by_ref",
    "sealed_about",
    "shown_review",
    "summaries",
    "summary",
    "unanswered_count",
    "versions_of",
    "written_about",
]
