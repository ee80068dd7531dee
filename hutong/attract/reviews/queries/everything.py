"""All rows of this app about one person, for the person's own file."""

from typing import Any

from django.db.models import Q

from hutong.attract.reviews.models import (
    AnswerVersion,
    Decision,
    HelpfulVote,
    Report,
    Review,
    ReviewVersion,
)
from hutong.kernel.rows import values
from hutong.town.people.models import Person


def everything_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """What somebody wrote, voted, reported, answered and decided, by model.

    What the other side of a visit said is in it once it can be read, not before.
    """
    read = Q(person=person, state="published")
    return {
        "reviews.Review": values(
            Review.objects.filter(Q(author=person) | read),
            *("public_id", "visit_ref", "side", "store__public_id", "offer_ref", "visited_at", "stars"),
            *("aspects", "text", "language", "display_name", "state", "version", "helpful", "created_at"),
            *("edited_at", "score"),
        ),
        "reviews.ReviewVersion": values(
            ReviewVersion.objects.filter(review__author=person),
            *("review__public_id", "number", "stars", "aspects", "text", "display_name", "photo_refs", "at"),
        ),
        "reviews.AnswerVersion": values(
            AnswerVersion.objects.filter(by=person), "review__public_id", "number", "text", "at"
        ),
        "reviews.HelpfulVote": values(HelpfulVote.objects.filter(person=person), "review__public_id", "at"),
        "reviews.Report": values(
            Report.objects.filter(person=person), "review__public_id", "reason", "note", "state", "at"
        ),
        "reviews.Decision": values(
            Decision.objects.filter(by=person),
            *("public_id", "review__public_id", "from_state", "to_state", "reason", "at", "undone_at"),
        ),
    }
