"""`hutong demo --lan`: the demo for phones in the same network, over HTTPS with a certificate of its own.

Phones give the camera, offline pages and push to secure addresses only. The authority that is made here can sign
for nothing but addresses of private networks: whoever steals its key still cannot pose as a site of the open web.
"""

import io
import ipaddress
import os
import socket
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import segno
import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hutong.cli.screen import console
from hutong.kernel.errors import Invalid

VALID_FOR = timedelta(days=365)
RENEWED_BEFORE = timedelta(days=30)
NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")


class AddressNotPrivate(Invalid):
    """The demo would stand in the open web."""

    code = "address_not_private"
    message = (
        "%(address)s is not an address of a private network, and a demo shows everybody's sign-in codes. "
        "Name one with --address (see `ip address`), such as 192.168.1.20."
    )


class AddressNotHere(Invalid):
    """The address belongs to another machine, or there is no network."""

    code = "address_not_here"
    message = "%(address)s is not an address of this machine. Name one of its own with --address (see `ip address`)."


@dataclass(frozen=True, slots=True)
class Lan:
    """Where a phone reaches the demo, and the files of its certificate. The site listens on `port`, the live
    streams on the next one, and the sandbox's pages on the one after that."""

    address: str
    port: int
    authority: Path
    certificate: Path
    key: Path

    @property
    def url(self) -> str:
        """The site's address for phones."""
        return f"https://{self.address}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The settings under which pages lead to these addresses."""
        return {
            "HUTONG_SITE_URL": self.url,
            "HUTONG_LIVE_URL": f"https://{self.address}:{self.port + 1}/live",
            "HUTONG_SANDBOX_PAGES_URL": f"https://{self.address}:{self.port + 2}",
            "HUTONG_LAN_CERTIFICATE": str(self.authority),
        }

    def tls(self) -> list[str]:
        """The web server's options."""
        files = ["--ssl-certificate", str(self.certificate), "--ssl-keyfile", str(self.key)]
        return [*files, "--ssl-protocol-min", "tls1.2"]

    def door(self, *, live_port: int, sandbox_port: int) -> list[str]:
        """The command of the process that gives the other two an address with TLS."""
        command = [sys.executable, "-m", "hutong.cli.door", "--address", self.address]
        command += ["--certificate", str(self.certificate), "--key", str(self.key)]
        return [*command, f"{self.port + 1}:{live_port}", f"{self.port + 2}:{sandbox_port}"]


def prepare(*, home: Path, address: str, port: int, at: datetime) -> Lan:
    """Find the address, and make what certificates are missing or about to end in `home`/lan.

    Raises `AddressNotPrivate`, `AddressNotHere`.
    """
    chosen = address or _default_address()
    _require_ours(chosen)
    folder = home / "lan"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lan = Lan(chosen, port, folder / "authority.crt", folder / "site.crt", folder / "site.key")
    authority_key = folder / "authority.key"
    if not _good(lan.authority, at) or not authority_key.exists():
        _make_authority(lan.authority, authority_key, at)
        lan.certificate.unlink(missing_ok=True)
    if not _good(lan.certificate, at) or chosen not in addresses_of(lan.certificate):
        _make_certificate(lan, authority_key, at)
    return lan


def agreed(lan: Lan, *, yes: bool) -> bool:
    """Say in plain words what this opens to whom; whether the answer is yes."""
    console.print(
        f"[bold]--lan opens this demo to everybody in the network of {lan.address}[/]: the site, live streams and "
        f"payment pages, on ports {lan.port} to {lan.port + 2}.\n"
        f"They can sign in as anybody, operator and merchants too: the codes stand on {lan.url}/demo/messages/.\n"
        "Do it in a network of your own, not in a café's, and with nothing in the demo that is real."
    )
    return yes or typer.confirm("Open it?", default=False)


def welcome(lan: Lan) -> None:
    """The QR to open on a phone, and how to trust the certificate there."""
    console.print(f"\n[bold]On a phone[/] in the same network: {lan.url}/demo/phone/")
    drawn = io.StringIO()
    segno.make(f"{lan.url}/demo/phone/", error="l").terminal(out=drawn, border=2, compact=True)
    console.out(drawn.getvalue(), highlight=False)
    console.print(
        "Its browser warns at first, because nobody knows this demo's certificate yet. The page says how"
    )
    console.print(
        f"the phone learns to trust it. Compare there: SHA-256 {fingerprint(lan.authority)}", soft_wrap=True
    )


def fingerprint(certificate: Path) -> str:
    """A certificate's SHA-256 as phones show it: pairs of hexadecimal digits."""
    digest = _load(certificate).fingerprint(hashes.SHA256()).hex().upper()
    return " ".join(digest[place : place + 2] for place in range(0, len(digest), 2))


def addresses_of(certificate: Path) -> list[str]:
    """The addresses that a certificate stands for."""
    names = _load(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name) for name in names.get_values_for_type(x509.IPAddress)]


def _default_address() -> str:
    """The address of the interface that leads to the world; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation, which is nobody's
        except OSError as error:
            raise AddressNotHere(address="This machine has no network, so there") from error
        return str(probe.getsockname()[0])


def _require_ours(address: str) -> None:
    try:
        known = ipaddress.IPv4Address(address)
    except ValueError as error:
        raise AddressNotHere(address=address) from error
    if not any(known in ipaddress.IPv4Network(network) for network in NETWORKS):
        raise AddressNotPrivate(address=address)
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            raise AddressNotHere(address=address) from error


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _good(path: Path, at: datetime) -> bool:
    """Whether a certificate is there and will be good for a while."""
    return path.exists() and _load(path).not_valid_after_utc > at + RENEWED_BEFORE


def _make_authority(path: Path, key_path: Path, at: datetime) -> None:
    key = _new_key(key_path)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Hutong demo on {socket.gethostname()}"[:64])])
    allowed: list[x509.GeneralName] = [x509.IPAddress(ipaddress.IPv4Network(network)) for network in NETWORKS]
    # Names are allowed too, but only those that resolve in the same network: without it any name would be.
    allowed.append(x509.DNSName("local"))
    usage = _usage(sign_certificates=True)
    builder = (
        _draft(name, name, key.public_key(), at)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.NameConstraints(permitted_subtrees=allowed, excluded_subtrees=None), critical=True
        )
    )
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _make_certificate(lan: Lan, authority_key: Path, at: datetime) -> None:
    authority = _load(lan.authority)
    signer = serialization.load_pem_private_key(authority_key.read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey), "it was made here"
    key = _new_key(lan.key)
    # Not the address: some take what looks like a host's name for one, and names are not allowed here.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hutong demo, this address alone")])
    builder = (
        _draft(name, authority.subject, key.public_key(), at, until=authority.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address(lan.address))]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    lan.certificate.write_bytes(
        builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )


def _draft(
    name: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
    until: datetime | None = None,
) -> x509.CertificateBuilder:
    ends = at + VALID_FOR
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))  # phones whose clock is a little slow
        .not_valid_after(min(ends, until) if until else ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates, key_cert_sign=sign_certificates, crl_sign=sign_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _new_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A new key, in a file that only its owner may read."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return key
