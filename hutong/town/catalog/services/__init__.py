"""Writes of the catalog: offers with their moves, and sketches of them.

An offer is its merchant's: who manages the merchant may change it, and the operator. `by` None is the
platform itself, which seeds a demo. What decides about an offer is the operator's alone.
"""

from hutong.town.catalog.services.errors import (
    OfferInvalid,
    OfferMoveRefused,
    OfferStoresWrong,
    OfferUnknown,
    SketchTooLarge,
    SketchUnknown,
    TooManySketches,
)
from hutong.town.catalog.services.offers import (
    apply_contents,
    change_offer,
    check_offer,
    create_offer,
    decide_offer,
    end_offer,
    pause_offer,
    resume_offer,
    submit_offer,
    take_back_decision,
    withdraw_offer,
)
from hutong.town.catalog.services.sketches import (
    SketchTwice,
    drop_sketch,
    finish_sketch,
    restore_sketch,
    save_sketch,
    start_sketch,
)
from hutong.town.contents.services import ReasonMissing, TooLateToTakeBack

__all__ = [
    "OfferInvalid",
    "OfferMoveRefused",
    "OfferStoresWrong",
    "OfferUnknown",
    "ReasonMissing",
    "SketchTooLarge",
    "SketchTwice",
    "SketchUnknown",
    "TooLateToTakeBack",
    "TooManySketches",
    "apply_contents",
    "change_offer",
    "check_offer",
    "create_offer",
    "decide_offer",
    "drop_sketch",
    "end_offer",
    "finish_sketch",
    "pause_offer",
    "restore_sketch",
    "resume_offer",
    "save_sketch",
    "start_sketch",
    "submit_offer",
    "take_back_decision",
    "withdraw_offer",
]
