"""What is reached over the network: the site as people see it, and other people's machines. Short timeouts."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlparse

import httpx

from hutong.cli.checks import Finding, broken, judged, look, well

TIMEOUT_S = 5.0
CERTIFICATE_LOOK = timedelta(days=21)
CERTIFICATE_BROKEN = timedelta(days=7)
_PROXY = "see deploy/ and docs/start/operator.md"


def senders(production: bool) -> Iterator[Finding]:
    """Somebody takes our text messages and calls. Nothing is sent: the connection is all that is tried."""
    from django.conf import settings

    if not production:
        return
    for name, chosen, url in (
        ("text messages", settings.HUTONG_SMS, settings.HUTONG_SMS_URL),
        ("calls", settings.HUTONG_VOICE, settings.HUTONG_VOICE_URL),
    ):
        if chosen == "tray":
            yield look(
                f"{name} go to the tray", "`hutong tray` says where it is read; a gateway before real use"
            )
        elif chosen == "console":
            yield look(f"{name} go nowhere (console)", "nobody gets a code; set a gateway: HUTONG_SMS=http")
        else:
            said = _connects(url)
            yield judged(not said, f"the gateway of {name} takes connections{said}", f"look at {url}")


def search(_production: bool) -> Iterator[Finding]:
    """OpenSearch answers, where the site names one."""
    from django.conf import settings

    from hutong.attract.search.queries import away

    if settings.HUTONG_SEARCH_URL:
        said = away()
        if said:
            yield look(
                said, "PostgreSQL answers what people look for meanwhile; see docs/howto/opensearch.md"
            )
        else:
            yield well("OpenSearch answers")


def mail(production: bool) -> Iterator[Finding]:
    """The mail server lets us in. Nothing is sent."""
    from django.conf import settings
    from django.core.mail import get_connection

    if not production:
        return
    backend = settings.EMAIL_BACKEND
    if not backend.endswith("smtp.EmailBackend"):
        ours = "the tray" if "Tray" in backend else "the log, without their text"
        yield look(f"e-mails go to {ours}", "set HUTONG_EMAIL_URL=smtp://user:password@host:587")
        return
    connection = get_connection(timeout=TIMEOUT_S)
    said = ""
    try:
        connection.open()
    except Exception as error:  # whatever it is, it is the finding
        said = f": {type(error).__name__}"
    finally:
        with contextlib.suppress(Exception):  # it may never have been open
            connection.close()
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    yield judged(not said, f"the mail server {where} lets us in{said}", "look at HUTONG_EMAIL_URL")


def front(production: bool) -> Iterator[Finding]:
    """The site as people reach it: page, webhook, and that the proxy tells us who asks and how."""
    from django.conf import settings

    if not production:
        return
    url = settings.HUTONG_SITE_URL
    answer, said = _get(f"{url}/healthz")
    fine = answer is not None and answer.status_code == 200
    if answer is not None and not fine:
        said = f": {answer.status_code}"
    yield judged(
        fine,
        f"{url} answers{said}",
        f"is the site started, the name known, the proxy running? {_PROXY}",
    )
    if urlparse(url).scheme == "https":
        yield judged(
            settings.HUTONG_TRUSTED_PROXIES > 0,
            f"trusted proxies: {settings.HUTONG_TRUSTED_PROXIES}",
            "HUTONG_TRUSTED_PROXIES=1 behind one proxy; without it everybody has the proxy's address",
        )
    if answer is None:
        return
    for name in settings.HUTONG_PROVIDERS:
        hook, said = _get(f"{url}/api/v1/webhooks/{name}", method="POST")
        # Without a signature it must be refused, by us and not by something in front of us.
        refused = hook is not None and hook.status_code == 401 and "x-request-id" in hook.headers
        status = f" ({hook.status_code})" if hook is not None else said
        yield judged(
            refused,
            f"the address of {name}'s webhooks is reached{status}",
            f"let POST through to the site; {_PROXY}",
        )


def live(production: bool) -> Iterator[Finding]:
    """A live stream arrives as it is written, not when it ends."""
    from django.conf import settings

    from hutong.kernel import clock
    from hutong.kernel.live import sign_topic

    if not production:
        return
    base = settings.HUTONG_LIVE_URL
    base = base if "://" in base else settings.HUTONG_SITE_URL + base
    token = sign_topic("doctor", at=clock.now(), ttl_s=60)
    mend = f"pass /live/ to the live process without buffering; {_PROXY}"
    first = b""
    said = ""
    try:
        with httpx.stream(
            "GET", f"{base}/{token}", timeout=TIMEOUT_S, verify=_trust(), trust_env=False
        ) as answer:
            said = f" ({answer.status_code})" if answer.status_code != 200 else ""
            first = next(answer.iter_bytes(), b"")
    except (httpx.HTTPError, ssl.SSLError) as error:
        said = f": {type(error).__name__}"
    yield judged(b"event: open" in first, f"live streams arrive at once{said}", mend)


def certificate(production: bool) -> Iterator[Finding]:
    """The certificate is trusted and has some time left."""
    from django.conf import settings

    parts = urlparse(settings.HUTONG_SITE_URL)
    if not production or parts.scheme != "https":
        return
    host, port = parts.hostname or "", parts.port or 443
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_S) as plain:
            with _trust().wrap_socket(plain, server_hostname=host) as secured:
                shown = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        yield broken(
            f"the certificate is not trusted: {error.verify_message}", "let Caddy or certbot fetch one"
        )
        return
    except OSError as error:
        yield broken(f"{host}:{port} takes no connection: {error}", _PROXY)
        return
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    begins = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notBefore"])), UTC)
    left, whole = ends - datetime.now(UTC), ends - begins
    said = f"the certificate is good for {left.days} days, until {ends:%Y-%m-%d %H:%M}"
    mend = "its renewal has stopped: look at the proxy's or certbot's log"
    # Some live for hours and are renewed as often: what counts for them is the share that is left.
    if left >= min(CERTIFICATE_LOOK, whole / 4):
        yield well(said)
    else:
        yield look(said, mend) if left >= min(CERTIFICATE_BROKEN, whole / 10) else broken(said, mend)


def _trust() -> ssl.SSLContext:
    """What the machine trusts; SSL_CERT_FILE names another list, such as that of an authority of one's own."""
    return ssl.create_default_context()


def _get(url: str, *, method: str = "GET") -> tuple[httpx.Response | None, str]:
    """The answer, or None and what went wrong in a word."""
    try:
        return httpx.request(method, url, timeout=TIMEOUT_S, verify=_trust(), trust_env=False), ""
    except (httpx.HTTPError, ssl.SSLError) as error:
        return None, f": {type(error).__name__}"


def _connects(url: str) -> str:
    """Nothing when somebody listens there, else what went wrong in a word."""
    parts = urlparse(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=TIMEOUT_S) as plain:
            if parts.scheme == "https":
                _trust().wrap_socket(plain, server_hostname=parts.hostname).close()
    except OSError as error:
        return f": {type(error).__name__}"
    return ""
