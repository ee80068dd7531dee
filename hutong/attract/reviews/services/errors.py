"""What may stand against writing, answering or deciding, in words that say what to do."""

from django.utils.translation import gettext_lazy as _

from hutong.attract.reviews.rules import MAX_PHOTOS
from hutong.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class AlreadyReviewed(Conflict):
    """There is a review of this visit from this side already."""

    code = "already_reviewed"
    message = _("You have reviewed this visit already. You can change your review.")


class NotVisited(NotFound):
    """Who writes was not served there, or the visit does not stand any more."""

    code = "not_visited"
    message = _("Only those who were served here can write a review. Use your voucher first.")


class WindowClosed(Conflict):
    """The visit is too long ago."""

    code = "review_window_closed"
    message = _("A visit can be reviewed for 60 days, and a review be changed as long.")


class GuestWindowClosed(Conflict):
    """Shops do not review customers here, or the visit is too long ago for it."""

    code = "guest_review_window_closed"
    message = _("A customer can be reviewed for 14 days after the visit.")


class GuestReadFirst(Conflict):
    """The shop has read what the customer said, so its own word would be an answer."""

    code = "guest_read_first"
    message = _("You have read this customer's review already. Answer it instead.")


class StarsInvalid(Invalid):
    """Stars are missing, are not 1 to 5, or are given for something else."""

    code = "stars_invalid"
    message = _("Choose one to five stars.")


class TooManyPhotos(Invalid):
    """More photos than a review holds."""

    code = "too_many_photos"
    message = _("A review has at most %(most)s photos.")

    def __init__(self) -> None:
        super().__init__(most=MAX_PHOTOS)


class ReviewChanged(Conflict):
    """It was edited, decided or deleted meanwhile."""

    code = "review_changed"
    message = _("This review was changed meanwhile. Load the page again.")


class ReviewRevealed(Conflict):
    """Both sides have read each other; what was said stays."""

    code = "review_revealed"
    message = _("Both sides can read each other now, so this review can no longer be changed.")


class OwnReview(Forbidden):
    """Nobody votes for or reports their own review."""

    code = "own_review"
    message = _("This is your own review.")


class AnswerEmpty(Invalid):
    """An answer without words."""

    code = "answer_empty"
    message = _("Write what you want to answer.")


class ReasonMissing(Invalid):
    """A review is not hidden without saying why."""

    code = "review_reason_missing"
    message = _("Please say why, so that its author understands.")


class TooLateToTakeBack(Conflict):
    """The decision is older than five minutes, or something happened after it."""

    code = "review_decision_stands"
    message = _("This can no longer be taken back. Decide anew instead.")
