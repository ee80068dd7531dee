"""Writes of reviews."""

from hutong.attract.reviews.services.deciding import decide, take_back
from hutong.attract.reviews.services.errors import (
    AlreadyReviewed,
    AnswerEmpty,
    GuestReadFirst,
    GuestWindowClosed,
    NotVisited,
    OwnReview,
    ReasonMissing,
    ReviewChanged,
    ReviewRevealed,
    StarsInvalid,
    TooLateToTakeBack,
    TooManyPhotos,
    WindowClosed,
)
from hutong.attract.reviews.services.reacting import answer, remove_answer, report, vote
from hutong.attract.reviews.services.revealing import reveal_due
from hutong.attract.reviews.services.standing import forget_origins, forget_person, visit_changed
from hutong.attract.reviews.services.writing import edit, new_review_ref, withdraw, write

__all__ = [
    "AlreadyReviewed",
    "AnswerEmpty",
    "GuestReadFirst",
    "GuestWindowClosed",
    "NotVisited",
    "OwnReview",
    "ReasonMissing",
    "ReviewChanged",
    "ReviewRevealed",
    "StarsInvalid",
    "TooLateToTakeBack",
    "TooManyPhotos",
    "WindowClosed",
    "answer",
    "decide",
    "edit",
    "forget_origins",
    "forget_person",
    "new_review_ref",
    "remove_answer",
    "report",
    "reveal_due",
    "take_back",
    "visit_changed",
    "vote",
    "withdraw",
    "write",
]
