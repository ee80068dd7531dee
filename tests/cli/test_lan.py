"""`hutong demo --lan`: certificates that can do no harm, and the whole loop over HTTPS as a phone takes it."""

from __future__ import annotations

import ipaddress
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from hutong.cli import lan
from hutong.kernel import database
from tests.cli.saved_site import ROOT, SavedSite, environment_of
from tests.fakes.sandbox import wait_until
from tests.faults.upped import three_free_ports

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_site_has_a_certificate_for_its_address_alone(tmp_path: Path) -> None:
    made = lan.prepare(home=tmp_path, address="127.0.0.1", port=8443, at=AT)
    leaf, authority = load(made.certificate), load(made.authority)
    assert lan.addresses_of(made.certificate) == ["127.0.0.1"]
    assert leaf.issuer == authority.subject != leaf.subject
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    assert AT + timedelta(days=364) < leaf.not_valid_after_utc <= authority.not_valid_after_utc
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=398)  # what phones accept
    basic = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)
    for name in ("authority.key", "site.key"):
        assert (tmp_path / "lan" / name).stat().st_mode & 0o777 == 0o600


def test_certificates_are_kept_until_they_are_about_to_end_or_the_address_changes(tmp_path: Path) -> None:
    def files(at: datetime, address: str = "127.0.0.1") -> tuple[bytes, bytes]:
        made = lan.prepare(home=tmp_path, address=address, port=8443, at=at)
        return made.authority.read_bytes(), made.certificate.read_bytes()

    first = files(AT)
    assert files(AT + timedelta(days=300)) == first
    moved = files(AT, "127.0.0.2")
    assert moved[0] == first[0]
    assert moved[1] != first[1]
    renewed = files(AT + timedelta(days=340))
    assert renewed[0] != first[0]


def test_the_authority_cannot_vouch_for_a_site_of_the_open_web(tmp_path: Path) -> None:
    made = lan.prepare(home=tmp_path, address="127.0.0.1", port=8443, at=AT)
    authority = load(made.authority)
    key = serialization.load_pem_private_key((tmp_path / "lan" / "authority.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    store = Store([authority])

    def verify(certificate: x509.Certificate, subject: x509.GeneralName) -> None:
        PolicyBuilder().store(store).time(AT).build_server_verifier(subject).verify(certificate, [])  # type: ignore[arg-type]

    verify(load(made.certificate), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    for stolen in (x509.DNSName("example.org"), x509.IPAddress(ipaddress.ip_address("93.184.215.14"))):
        leaf_key = ec.generate_private_key(ec.SECP256R1())
        draft = lan._draft(x509.Name([]), authority.subject, leaf_key.public_key(), AT)
        forged = (
            draft.add_extension(x509.SubjectAlternativeName([stolen]), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        with pytest.raises(VerificationError):
            verify(forged, stolen)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "172.32.0.1"])
def test_a_demo_never_stands_in_the_open_web(tmp_path: Path, address: str) -> None:
    with pytest.raises(lan.AddressNotPrivate):
        lan.prepare(home=tmp_path, address=address, port=8443, at=AT)
    assert not (tmp_path / "lan" / "site.crt").exists()


@pytest.mark.parametrize("address", ["10.255.255.254", "somewhere", "::1"])
def test_only_an_address_of_this_machine(tmp_path: Path, address: str) -> None:
    with pytest.raises(lan.AddressNotHere):
        lan.prepare(home=tmp_path, address=address, port=8443, at=AT)


def test_without_a_yes_nothing_is_opened(tmp_path: Path) -> None:
    environment = {**environment_of(tmp_path, "never_made"), "COLUMNS": "300"}
    done = subprocess.run(
        [sys.executable, "-m", "hutong", "demo", "--lan", "--address", "127.0.0.1"],
        env=environment, cwd=ROOT, input="n\n", capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "opens this demo to everybody in the network" in done.stdout
    assert "sign in as anybody" in done.stdout
    assert "never_made" not in done.stderr
    assert "Demo accounts" not in done.stdout


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ssl.SSLContext, str]]:
    """A demo open on 127.0.0.1; its address, what a phone that trusts it trusts, and what its terminal said."""
    home = tmp_path_factory.mktemp("lan")
    site = SavedSite(home, f"lan_{os.getpid()}", {})
    port = three_free_ports()
    while not all_free(port + 443):
        port = three_free_ports()
    log = home / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hutong", "demo", "--lan", "--address", "127.0.0.1", "--yes", "--port", str(port)],
            env=environment_of(home, site.database), cwd=ROOT, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(
            lambda: "Compare there: SHA-256" in log.read_text() or process.poll() is not None, timeout_s=240
        )
        assert process.poll() is None, log.read_text()
        trusting = ssl.create_default_context(cafile=str(home / "lan" / "authority.crt"))
        yield f"https://127.0.0.1:{port + 443}", trusting, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        database.drop_database(site.settings)


def all_free(port: int) -> bool:
    try:
        for number in (port, port + 1, port + 2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", number))
    except (OSError, OverflowError):
        return False
    return True


@pytest.mark.xdist_group("backup")
def test_the_loop_over_https(demo: tuple[str, ssl.SSLContext, str]) -> None:
    url, trusting, said = demo
    port = int(url.rpartition(":")[2])
    live, sandbox = f"https://127.0.0.1:{port + 1}", f"https://127.0.0.1:{port + 2}"
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(url, trust_env=False)
    with httpx.Client(base_url=url, verify=trusting, trust_env=False, timeout=30) as phone:
        require_phone_page(phone, said)
        policy = phone.get("/").headers["content-security-policy"]
        assert live in policy
        assert f"form-action 'self' {sandbox}" in policy
        assert phone.get("/sw.js").status_code == 200
        sign_in(phone, "040 765 4321")
        deal = re.search(r"/deal/(off_[0-9a-z]+)/", phone.get("/").text)
        assert deal
        at_provider = buy(phone, f"/deal/{deal[1]}/buy/")
        assert at_provider.startswith(f"{sandbox}/")
        paid = phone.post(at_provider, data={"action": "pay"}, headers={"origin": sandbox})
        assert paid.status_code == 303
        assert paid.headers["location"].startswith(f"{url}/pay/ord_")
        wait_until(lambda: "/voucher/" in phone.get("/wallet/").text, timeout_s=60)
        voucher = re.search(r"/voucher/vch_[0-9a-z]+/", phone.get("/wallet/").text)
        assert voucher
        stream = re.search(r'data-live="([^"]+)"', phone.get(voucher[0]).text)
        assert stream
        assert stream[1].startswith(f"{live}/live/")
        with phone.stream("GET", stream[1], headers={"accept": "text/event-stream"}) as opened:
            assert opened.headers["content-type"] == "text/event-stream"
            assert opened.headers["access-control-allow-origin"] == url
            assert next(opened.iter_text()).startswith("retry: 2000")


def require_phone_page(phone: httpx.Client, said: str) -> None:
    """The page with the QR, the certificate to download, and its fingerprint as the terminal shows it."""
    page = phone.get("/demo/phone/")
    assert page.status_code == 200
    assert "<svg" in page.text
    certificate = phone.get("/demo/phone/hutong-demo.crt")
    assert certificate.headers["content-type"] == "application/x-x509-ca-cert"
    digest = x509.load_der_x509_certificate(certificate.content).fingerprint(hashes.SHA256()).hex().upper()
    shown = " ".join(digest[place : place + 2] for place in range(0, len(digest), 2))
    assert shown in page.text
    assert shown in said
    assert "/demo/phone/" in phone.get("/demo/messages/").text


def form(phone: httpx.Client, path: str) -> dict[str, str]:
    """The hidden fields of a page's forms, as its browser would send them back."""
    page = phone.get(path)
    assert page.status_code == 200, (path, page.status_code)
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page.text))


def send(phone: httpx.Client, path: str, fields: dict[str, str]) -> str:
    """Send a form as browsers do over HTTPS, with its origin; where it leads."""
    origin = str(phone.base_url).rstrip("/")
    answer = phone.post(path, data=fields, headers={"origin": origin, "referer": f"{origin}{path}"})
    assert answer.status_code == 302, (path, answer.status_code, answer.text[:2000])
    return answer.headers["location"]


def sign_in(phone: httpx.Client, number: str) -> None:
    """As people do: the number, then the code from the page of messages."""
    send(phone, "/sign-in/", {**form(phone, "/sign-in/"), "phone": number})
    code = re.search(r"\b\d{6}\b", re.sub(r"<[^>]+>", " ", phone.get("/demo/messages/").text))
    assert code
    send(phone, "/sign-in/code/", {**form(phone, "/sign-in/code/"), "code": code[0]})


def buy(phone: httpx.Client, path: str) -> str:
    """Order one; the address of the payment page."""
    fields = form(phone, path)
    return send(phone, path, {**fields, "quantity": fields["shown_quantity"]})
