"""The document of a claim, to save and look at elsewhere: never a page of this site."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from hutong.flows import review
from hutong.kernel import clock
from hutong.town.people.services import Person
from hutong.web.operator.access import operators


@operators
@require_safe
def claim_document(_request: HttpRequest, operator: Person, ref: str) -> HttpResponse:
    """The document as a file of its own, under a name of ours; the browser may not guess what it is."""
    found = review.read_document(claim_ref=ref, by=operator, at=clock.now())
    if found is None:
        raise Http404
    path, media_type = found
    return HttpResponse(
        path.read_bytes(),
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{ref}{path.suffix}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        },
    )
