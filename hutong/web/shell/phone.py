"""How a phone gets into a demo that is open to the network: its QR, and the certificate it has to trust first."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from hutong.web.shell.access import public
from hutong.web.shell.parts import page


@public
@require_GET
def phone(request: HttpRequest) -> HttpResponse:
    """The steps for iPhone and Android. Only with `hutong demo --lan`."""
    digest = _authority().fingerprint(hashes.SHA256()).hex().upper()
    context = {
        "address": settings.HUTONG_SITE_URL,
        "fingerprint": " ".join(digest[place : place + 2] for place in range(0, len(digest), 2)),
    }
    return page(request, "shell/phone.html", context)


@public
@require_GET
def certificate(_request: HttpRequest) -> HttpResponse:
    """The authority's certificate, which holds no secret, as phones want to be given it."""
    body = _authority().public_bytes(serialization.Encoding.DER)
    response = HttpResponse(body, content_type="application/x-x509-ca-cert")
    response["Content-Disposition"] = 'attachment; filename="hutong-demo.crt"'
    return response


def _authority() -> x509.Certificate:
    path = Path(settings.HUTONG_LAN_CERTIFICATE)
    if not settings.HUTONG_LAN_CERTIFICATE or not path.exists():
        raise Http404
    return x509.load_pem_x509_certificate(path.read_bytes())
