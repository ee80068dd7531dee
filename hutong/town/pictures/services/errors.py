"""What may be wrong with a picture, in words that say what to do."""

from django.utils.translation import gettext_lazy as _

from hutong.kernel.errors import Conflict, DomainError, Invalid, Unavailable


class PictureTooHeavy(DomainError):
    """The upload has more bytes than are read."""

    code = "picture_too_heavy"
    status = 413
    message = _("A picture has at most 20 MB. Make it smaller, or take it again with a lower resolution.")


class PictureTooLarge(Invalid):
    """The upload says that it has more pixels than are decoded; it may be a bomb."""

    code = "picture_too_large"
    message = _("A picture has at most 50 million pixels. Make it smaller first.")


class PictureTooSmall(Invalid):
    """The upload is too small or too narrow to be shown."""

    code = "picture_too_small"
    message = _(
        "A picture is at least 200 pixels wide and high, and at most three times as long as the other side."
    )


class PictureUnreadable(Invalid):
    """The upload is no picture, is damaged, or is of a kind that is not taken."""

    code = "picture_unreadable"
    message = _("This is not a picture we can read. Choose a JPEG, PNG or WebP file that is not damaged.")


class DrawingRefused(Invalid):
    """An SVG: it can hold scripts, so it is not taken, whatever its name says."""

    code = "drawing_refused"
    message = _(
        "SVG drawings are not taken, because they can hold programs. Choose a JPEG, PNG or WebP file."
    )


class TooManyPictures(Conflict):
    """The owner has as many pictures as it may have."""

    code = "too_many_pictures"
    message = _("There are 20 pictures already. Take one away first.")


class PicturesBusy(Unavailable):
    """Another large picture is being worked on, and waiting for it took too long."""

    code = "pictures_busy"
    message = _("Another picture is being worked on. Please try again in a moment.")
