"""Documents that prove a claim: kept in the site's private folder, never in a place the web server reads.

Pictures are drawn anew, so that nothing of the upload is kept but what it shows. A PDF is kept as it is and
is only ever handed to an operator as a file to save. None outlives the decision by more than `DOCUMENT_KEPT`.
"""

from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from hutong.kernel import audit
from hutong.kernel.errors import Invalid
from hutong.town.merchants.models import Claim
from hutong.town.merchants.rules import DOCUMENT_KEPT, DOCUMENT_LIMIT
from hutong.town.pictures.services.rendering import render

PDF, JPEG = "application/pdf", "image/jpeg"
_ENDINGS = {PDF: ".pdf", JPEG: ".jpg"}
# What one run deletes at most; the next comes within the hour.
_AT_ONCE = 500


class DocumentInvalid(Invalid):
    """What was uploaded is neither a PDF nor a photo, whatever its name says."""

    code = "document_invalid"
    message = _("Send a PDF, a JPEG or a PNG of at most 10 MB.")


def document_path(claim_ref: str, media_type: str) -> Path:
    """Where the document of a claim lies."""
    folder: Path = settings.HUTONG_HOME / "private" / "claims"
    return folder / f"{claim_ref}{_ENDINGS[media_type]}"


def claim_document(claim_ref: str) -> tuple[Path, str] | None:
    """Where a claim's document lies and its media type, for the operator to save; None without one.

    Never show it in a page: send it as a file of its own (`Content-Disposition: attachment`).
    """
    claim = Claim.objects.filter(public_id=claim_ref).exclude(media_type="").first()
    if claim is None:
        return None
    path = document_path(claim_ref, claim.media_type)
    return (path, claim.media_type) if path.is_file() else None


def checked(data: bytes) -> tuple[str, bytes]:
    """The media type of an upload by its first bytes, and what is kept of it.

    Raises `DocumentInvalid`, and what `pictures` raises for pictures that are too large or damaged.
    """
    if not data or len(data) > DOCUMENT_LIMIT:
        raise DocumentInvalid
    if data.startswith(b"%PDF-"):
        return PDF, data
    if data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return JPEG, render(data).sizes[-1].jpeg
    raise DocumentInvalid


def keep(claim_ref: str, media_type: str, data: bytes) -> None:
    """Write the document of a claim, in place of an earlier one; readable by the site alone."""
    path = document_path(claim_ref, media_type)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(data)
    unfinished.replace(path)
    for other in _ENDINGS.keys() - {media_type}:
        document_path(claim_ref, other).unlink(missing_ok=True)


def forget(claim_ref: str) -> None:
    """Delete the document of a claim, where there is one."""
    for media_type in _ENDINGS:
        document_path(claim_ref, media_type).unlink(missing_ok=True)


def forget_old(*, at: datetime) -> int:
    """Delete the documents of claims that were decided `DOCUMENT_KEPT` ago or earlier; how many.

    The file goes first, so that a run that is cut off is made good by the next one. The claim, what was decided
    and why stay.
    """
    old = Claim.objects.filter(decided_at__lte=at - DOCUMENT_KEPT).exclude(media_type="")
    done = 0
    for claim in old.select_related("merchant").order_by("pk")[:_AT_ONCE]:
        forget(claim.public_id)
        with transaction.atomic():
            # Of two workers at one moment one writes it down.
            if not Claim.objects.filter(pk=claim.pk).exclude(media_type="").update(media_type=""):
                continue
            audit.record(
                action="claim.document_deleted",
                subject=claim.public_id,
                by="platform",
                at=at,
                merchant=claim.merchant.public_id if claim.merchant else "",
            )
        done += 1
    return done
