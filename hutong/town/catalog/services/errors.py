"""What may be wrong with an offer, or with what is asked of it; each with a code and a sentence."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, Invalid, NotFound, TooMany


class OfferUnknown(NotFound):
    """There is no such offer, or it is another merchant's."""

    code = "offer_unknown"
    message = _("There is no such offer.")


class OfferMoveRefused(Conflict):
    """The offer is in a state from which this move does not lead on; `state` says which."""

    code = "offer_move_refused"
    message = _("This offer has changed meanwhile. Please look at it again.")


class OfferInvalid(Invalid):
    """The draft of an offer cannot be stored; `faults` are the codes of `rules.faults`."""

    code = "offer_invalid"
    message = _("The offer is not complete yet. Please check the marked fields.")


class OfferStoresWrong(Invalid):
    """The offer names no store, too many, or one that is not the merchant's."""

    code = "offer_stores_wrong"
    message = _("Choose at least one store of your own.")


class SketchUnknown(NotFound):
    """There is no such draft, it is another merchant's, or it was handed in or deleted."""

    code = "sketch_unknown"
    message = _("This draft was handed in or deleted. Look at your list of deals.")


class SketchTooLarge(Invalid):
    """More was sent than a draft of an offer can hold."""

    code = "sketch_too_large"
    message = _("This is too long. Please shorten the texts.")


class TooManySketches(TooMany):
    """The merchant has as many unfinished drafts as it may have; `most` says how many."""

    code = "too_many_sketches"
    message = _("You have %(most)s unfinished drafts. Delete one of them first.")
