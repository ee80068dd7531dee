"""Every setting a site reads from its environment, in one table: name, default, meaning, and what is unsafe.

Reading order: what stands in the environment, then the settings file `HUTONG_HOME/hutong.env` (see
`settings_file.py`; `hutong init` writes it), then the default. HUTONG_HOME itself comes from the environment alone.
"""

import base64
import contextlib
import hmac
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from stdnum import iban

from hutong.config import mail, providers

MODES = ("demo", "test", "trial", "production")
LANGUAGES = ("en", "zh-hans")
EMBEDDED = "embedded"  # DATABASE_URL of a site that runs on the embedded server on purpose
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SettingsUnsafe(RuntimeError):
    """A setting cannot be understood, or production was asked for with one that must not meet the open web."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable.

    `wrong` says what is wrong with a value in any mode, `unsafe` what is wrong with it in front of the open web;
    both say nothing where it is well. `trial_may`: a trial may have it although production may not.
    """

    name: str
    default: str
    meaning: str
    unsafe: Callable[[str], str] = lambda _value: ""
    wrong: Callable[[str], str] = lambda _value: ""
    trial_may: bool = False


def _no_default_secret(value: str) -> str:
    return "" if len(value) >= 32 else "set at least 32 random characters"


def _https(value: str) -> str:
    return "" if urlparse(value).scheme == "https" else "must be an https:// address"


def _no_tray(value: str) -> str:
    return "shows everybody's sign-in codes on a page" if value.rstrip(":") == "tray" else ""


def _no_sandbox(value: str) -> str:
    taken = "sandbox" in providers.names_in(value)
    return "the sandbox accepts payments that move no money; name real providers alone" if taken else ""


def _https_or_usual(value: str) -> str:
    return "" if not value else _https(value)


def _address_or_usual(value: str) -> str:
    return "" if not value else _address(value)


def _address(value: str) -> str:
    parts = urlparse(value)
    return "" if parts.scheme in ("http", "https") and parts.hostname else f"is {value!r}, not a web address"


def _database(value: str) -> str:
    if value in ("", EMBEDDED):
        return ""
    # Nothing of it is repeated: it holds a password.
    said = "write postgresql://user:password@host:5432/name"
    try:
        parts = urlparse(value)
        if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/") or parts.port == 0:
            return said
        conninfo_to_dict(value)
    except (ValueError, ProgrammingError):
        return f"{said}, and behind it nothing but options of libpq such as ?sslmode=require"
    return ""


def _search(value: str) -> str:
    if not value:
        return ""
    # Nothing of it is repeated: it holds a password.
    said = "write https://user:password@host:9200 and behind it, if you like, /alias of small letters"
    try:
        parts = urlparse(value)
        well = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return said
    plain = not (parts.query or parts.fragment or parts.params)
    return "" if well and plain and re.fullmatch(r"/?|/[a-z][a-z0-9_-]{0,60}", parts.path) else said


def _encrypted(value: str) -> str:
    parts = urlparse(value)
    here = parts.hostname in _LOOPBACK
    secret = parts.password is not None and parts.scheme == "http" and not here
    return "sends its password without encryption; write https://" if secret else ""


def _iban(value: str) -> str:
    return "" if not value or iban.is_valid(value) else "is no IBAN; compare it sign by sign"


def _required(value: str) -> str:
    return "" if value else "must be set"


def _one_of(*names: str) -> Callable[[str], str]:
    return lambda value: (
        "" if value in names else f"is {value!r}, not one of: {', '.join(filter(None, names))}"
    )


def _number(least: int, most: int) -> Callable[[str], str]:
    def wrong(value: str) -> str:
        fits = value.isascii() and value.isdigit() and least <= int(value) <= most
        return "" if fits else f"is {value!r}, not a number from {least} to {most}"

    return wrong


def _languages(value: str) -> str:
    wanted = value.split(",")
    if wanted and set(wanted) <= set(LANGUAGES) and len(wanted) == len(set(wanted)):
        return ""
    return f"is {value!r}; list some of {', '.join(LANGUAGES)}, the usual one first"


SETTINGS = (
    Setting("HUTONG_MODE", "demo", "`demo`, `test`, `trial` or `production`, which refuses to start with an unsafe setting. `trial` is production whose payments may go to the sandbox and whose messages may go to the tray.", wrong=_one_of(*MODES)),
    Setting("HUTONG_HOME", "var", "Folder of everything a site keeps: settings file, embedded database, basemaps, media, secret key. From the environment only."),
    Setting("DATABASE_URL", "", "`postgresql://user:password@host/name`. Empty: the embedded server in HUTONG_HOME; production wants `embedded` written out for it.", _required, _database),
    Setting("HUTONG_SECRET_KEY", "", "Root of all signatures and keyed hashes. Empty: made once in HUTONG_HOME.", _no_default_secret),
    Setting("HUTONG_SITE_URL", "http://127.0.0.1:8000", "Where people reach the site; its host is the only one allowed, besides this machine's own 127.0.0.1.", _https, _address),
    Setting("HUTONG_LIVE_URL", "http://127.0.0.1:8001/live", "Where browsers reach the live process; `/live` behind a proxy."),
    Setting("HUTONG_SITE_NAME", "Hutong", "The name in titles and headers."),
    Setting("HUTONG_OPERATOR_NAME", "", "Who runs the site, as the imprint names them: a person or a company."),
    Setting("HUTONG_OPERATOR_EMAIL", "", "Where people write to who runs the site."),
    Setting("HUTONG_LANGUAGES", "en,zh-hans", "Languages of the pages, the usual one first.", wrong=_languages),
    Setting("HUTONG_SMS", "tray", "Who sends text messages: `tray` (a page of the demo), `console` (the log, without the text) or `http` (a gateway of yours).", _no_tray, _one_of("tray", "console", "http"), trial_may=True),
    Setting("HUTONG_SMS_URL", "", "The gateway of `http`: takes POSTs of `{\"to\", \"body\", \"from\"}`."),
    Setting("HUTONG_SMS_TOKEN", "", "Bearer token for the gateway."),
    Setting("HUTONG_SMS_FROM", "", "The sender's name or number that the gateway shows."),
    Setting("HUTONG_VOICE", "", "Who speaks codes on the phone: `tray`, `console` or `http`. Empty: as HUTONG_SMS.", _no_tray, _one_of("", "tray", "console", "http"), trial_may=True),
    Setting("HUTONG_VOICE_URL", "", "The voice gateway of `http`: takes POSTs of `{\"to\", \"digits\", \"language\", \"from\"}`."),
    Setting("HUTONG_EMAIL_URL", "tray:", "Who sends e-mail: `smtp://user:password@host:587` (STARTTLS), `smtps://user:password@host:465`, `console:` (the log, without the text) or `tray:` (a page of the demo). Add `?starttls=0` for a relay without it.", _no_tray, mail.wrong, trial_may=True),
    Setting("HUTONG_EMAIL_FROM", "", "Sender of the e-mails. Empty: the site's name, no-reply at its host."),
    Setting("HUTONG_PUSH_HOST", "", "One more host (`host` or `host:port`) that web push may be sent to, besides the push services of the known browsers."),
    Setting("HUTONG_SEARCH_URL", "", "OpenSearch, `https://user:password@host:9200/alias`, where PostgreSQL is not to answer what people look for; filled by `hutong search rebuild`. Empty: PostgreSQL.", _encrypted, _search),
    Setting("HUTONG_PHONE_COUNTRY", "FI", "Country assumed for phone numbers typed without one (ISO 3166)."),
    Setting("HUTONG_PROVIDERS", "sandbox", "The payment providers offered at checkout, with commas, the usual one first: `sandbox` (moves no money), `stripe`, `wechat`, `alipay`.", _no_sandbox, providers.wrong_names, trial_may=True),
    Setting("HUTONG_DISPUTES_BORNE_BY", "merchant", "Who bears what was redeemed of a lost chargeback, unless an operator decides otherwise: `merchant` or `platform`.", wrong=_one_of("merchant", "platform")),
    Setting("HUTONG_PAYMENT_PAGES", "", "More addresses where shoppers pay, with commas, such as a domain of your own at Stripe; browsers let a form lead to no others.", wrong=providers.wrong_pages),
    Setting("HUTONG_STRIPE_SECRET_KEY", "", "Stripe's secret key, or the file it is in: `/path`, or `file:name` in HUTONG_HOME."),
    Setting("HUTONG_STRIPE_WEBHOOK_SECRETS", "", "Signing secrets of the endpoint at Stripe (or their files), with commas."),
    Setting("HUTONG_STRIPE_CONNECT", "0", "`1` where merchants may be paid at Stripe, to accounts that are connected to yours (Stripe Connect).", wrong=_one_of("0", "1")),
    Setting("HUTONG_STRIPE_URL", "", "Where Stripe is called. Empty: Stripe itself; a simulator's address to try.", _https_or_usual, _address_or_usual, trial_may=True),
    Setting("HUTONG_WECHAT_MCHID", "", "Merchant number at WeChat Pay."),
    Setting("HUTONG_WECHAT_APPID", "", "App id that is joined to the merchant number."),
    Setting("HUTONG_WECHAT_MERCHANT_SERIAL", "", "Serial number of the merchant's API certificate."),
    Setting("HUTONG_WECHAT_MERCHANT_KEY", "", "File of the merchant's private key (`apiclient_key.pem`): `/path`, or `file:name` in HUTONG_HOME."),
    Setting("HUTONG_WECHAT_API_V3_KEY", "", "APIv3 key of 32 characters, or its file."),
    Setting("HUTONG_WECHAT_PUBLIC_KEY", "", "File of WeChat Pay's public key. Empty, with its id: platform certificates are fetched."),
    Setting("HUTONG_WECHAT_PUBLIC_KEY_ID", "", "Id of WeChat Pay's public key, `PUB_KEY_ID_...`."),
    Setting("HUTONG_WECHAT_APP_SECRET", "", "Secret of the app id (AppSecret), or its file: shoppers inside WeChat pay on the page there. Empty: they get a code to scan."),
    Setting("HUTONG_WECHAT_WAY", "", "`h5` (opens WeChat on a phone) or `native` (a code to scan). Empty: as the shopper's device wants it.", wrong=_one_of("", "h5", "native")),
    Setting("HUTONG_WECHAT_URL", "", "Where WeChat Pay is called. Empty: WeChat Pay itself.", _https_or_usual, _address_or_usual, trial_may=True),
    Setting("HUTONG_WECHAT_SIGN_IN_URL", "", "Where shoppers inside WeChat sign in with it, and where the secret of the app id is sent. Empty: WeChat itself; a simulator's address to try.", _https_or_usual, _address_or_usual, trial_may=True),
    Setting("HUTONG_ALIPAY_APP_ID", "", "Id of the application at Alipay."),
    Setting("HUTONG_ALIPAY_SELLER_ID", "", "Id of the seller (PID), 2088 and 12 digits."),
    Setting("HUTONG_ALIPAY_PRIVATE_KEY", "", "File of the application's private key, PEM or bare: `/path`, or `file:name` in HUTONG_HOME."),
    Setting("HUTONG_ALIPAY_PUBLIC_KEYS", "", "Files of Alipay's public key, or the bare key; with certificates the file of Alipay's own (`alipayCertPublicKey_RSA2.crt`). Two with a comma while it changes."),
    Setting("HUTONG_ALIPAY_APP_CERTIFICATE", "", "File of the application's certificate (`appCertPublicKey_....crt`): `/path`, or `file:name` in HUTONG_HOME. Needed where merchants are paid at Alipay; empty for an application with keys."),
    Setting("HUTONG_ALIPAY_ROOT_CERTIFICATES", "", "File of Alipay's root certificates (`alipayRootCert.crt`), with the one above."),
    Setting("HUTONG_ALIPAY_WAY", "", "`page`, `wap` or `precreate` (a code to scan). Empty: as the shopper's device wants it, `wap` on phones, `precreate` inside WeChat, else `page`.", wrong=_one_of("", "page", "wap", "precreate")),
    Setting("HUTONG_ALIPAY_URL", "", "Alipay's gateway. Empty: Alipay itself.", _https_or_usual, _address_or_usual, trial_may=True),
    Setting("HUTONG_SANDBOX_URL", "http://127.0.0.1:8002", "Where the sandbox payment provider listens."),
    Setting("HUTONG_SANDBOX_PAGES_URL", "", "Where browsers reach the sandbox's pages, e.g. `https://example.org/sandbox` behind a proxy. Empty: HUTONG_SANDBOX_URL."),
    Setting("HUTONG_SANDBOX_SECRET", "", "Secret shared with the sandbox. Empty: derived from the secret key."),
    Setting("HUTONG_LAN_CERTIFICATE", "", "Set by `hutong demo --lan`: the file of the authority that phones are asked to trust."),
    Setting("HUTONG_COMMISSION_PPM", "100000", "Default commission in millionths of what was paid; 100000 is 10 %.", wrong=_number(0, 1_000_000)),
    Setting("HUTONG_VOUCHER_KEY", "1", "The number of the key that signs the QR codes of vouchers. Raise it by one for a new key; what older ones signed still holds.", wrong=_number(1, 99)),
    Setting("HUTONG_WRITE_OFF_LIMIT", "10000", "What one operator alone may write off of a difference between a provider's bill and the books, or correct of what a merchant is owed, in hundredths of a whole unit of its currency, whichever that is: 10000 is 100.00 EUR, 100 JPY and 100.000 KWD. More takes a second operator.", wrong=_number(0, 1_000_000_000)),
    Setting("HUTONG_HOLDBACK_DAYS", "3", "Days after a redemption before its amount may be paid out, where the merchant has no days of its own.", wrong=_number(0, 180)),
    Setting("HUTONG_PAYOUT_MINIMUM", "0", "The least a merchant is paid at once, in whole units of its currency (euros, yuan).", wrong=_number(0, 1_000_000)),
    Setting("HUTONG_PAYOUT_SECOND_ABOVE", "1000", "Above this total, in whole units of the currency, a batch of payouts is approved by two operators.", wrong=_number(0, 1_000_000_000)),
    Setting("HUTONG_PAYOUT_DRAFTS", "", "When a batch of payouts is drafted by itself, from six in the morning on: `daily`, or `weekly` on Mondays; a day that was missed is made up for. People approve it as ever. Empty: operators make each.", wrong=_one_of("", "daily", "weekly")),
    Setting("HUTONG_PAYOUT_COOLING_DAYS", "3", "Days after a merchant changed its bank account before money is sent there.", wrong=_number(0, 90)),
    Setting("HUTONG_BANK_HOLDER", "", "In whose name the account is from which merchants are paid. Empty: HUTONG_OPERATOR_NAME."),
    Setting("HUTONG_BANK_IBAN", "", "IBAN of the account from which merchants are paid; needed for the XML file for the bank.", wrong=_iban),
    Setting("HUTONG_BANK_BIC", "", "BIC of its bank; many banks do not ask for it."),
    Setting("HUTONG_DEFAULT_REGION", "helsinki", "The region shown before somebody chose one."),
    Setting("HUTONG_TRUSTED_PROXIES", "0", "How many proxies in front may be believed about the client's address.", wrong=_number(0, 9)),
    Setting("HUTONG_ADDRESS_LIMIT", "600", "Requests a minute from one address: those of pages that change something, and all of the API.", wrong=_number(1, 1_000_000)),
    Setting("HUTONG_ACTOR_LIMIT", "240", "The same of one person, device or token.", wrong=_number(1, 1_000_000)),
    Setting("HUTONG_LOG", "", "How log lines look: `json` or `text`. Empty: `json` in trial and production.", wrong=_one_of("", "json", "text")),
    Setting("HUTONG_METRICS_TOKEN", "", "Bearer token for `/metrics`. Empty: for this machine alone."),
    Setting("HUTONG_WORKERS", "2", "Web processes.", wrong=_number(1, 256)),
    Setting("HUTONG_POOL", "6", "Database connections that each process keeps at most.", wrong=_number(1, 1000)),
    Setting("HUTONG_DEBUG", "0", "`1` shows tracebacks in the browser.", lambda v: "shows tracebacks" if v == "1" else "", _one_of("0", "1")),
)  # fmt: skip


def read(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The value of every setting by name. Raises `SettingsUnsafe` naming each one that the mode refuses.

    DATABASE_URL is empty for the embedded server, however that was said.
    """
    values = given(environ)
    problems = wrong(values)
    if problems:
        raise SettingsUnsafe("the settings cannot be understood:\n- " + "\n- ".join(problems))
    mode = values["HUTONG_MODE"]
    if mode in ("trial", "production"):
        problems = unsafe(values)
        if problems:
            raise SettingsUnsafe(f"{mode} refuses to start:\n- " + "\n- ".join(problems))
    if values["DATABASE_URL"] == EMBEDDED:
        values["DATABASE_URL"] = ""
    return values


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Each setting as it stands in `environ`, or its default; nothing is judged."""
    return {setting.name: environ.get(setting.name, setting.default).strip() for setting in SETTINGS}


def wrong(values: Mapping[str, str]) -> list[str]:
    """What no mode can work with: one line a setting, naming it and saying what to do."""
    lines = [
        f"{setting.name}: {said}" for setting in SETTINGS if (said := setting.wrong(values[setting.name]))
    ]
    for name, url in (("HUTONG_SMS", "HUTONG_SMS_URL"), ("HUTONG_VOICE", "HUTONG_VOICE_URL")):
        chosen = values[name] or values["HUTONG_SMS"]
        # Without a name of its own the voice goes as the text messages do, but not where it has no gateway.
        if values[name] == "http" or (chosen == "http" and values[url]):
            if said := _gateway(values[url]):
                lines.append(f"{url}: {said}")
    return (
        lines
        if any(line.startswith("HUTONG_PROVIDERS:") for line in lines)
        else lines + providers.wrong(values)
    )


def unsafe(values: Mapping[str, str]) -> list[str]:
    """What the mode would refuse in front of the open web: one line a setting, naming it and saying what to do."""
    trial = values["HUTONG_MODE"] == "trial"
    return [
        f"{setting.name}: {said}"
        for setting in SETTINGS
        if not (trial and setting.trial_may) and (said := setting.unsafe(values[setting.name]))
    ]


def voice_of(values: Mapping[str, str]) -> str:
    """Who speaks codes on the phone: as said, else as text messages go; `console` where there is no gateway."""
    if values["HUTONG_VOICE"]:
        return values["HUTONG_VOICE"]
    if values["HUTONG_SMS"] == "http" and not values["HUTONG_VOICE_URL"]:
        return "console"
    return values["HUTONG_SMS"]


def _gateway(url: str) -> str:
    parts = urlparse(url)
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return ""
    return (
        "must be an https:// address (http:// on this machine alone), since codes and phone numbers go there"
    )


def secret_key(values: Mapping[str, str]) -> str:
    """The root secret: as set, or made once and kept in HUTONG_HOME for this machine alone."""
    if values["HUTONG_SECRET_KEY"]:
        return values["HUTONG_SECRET_KEY"]
    if values["HUTONG_MODE"] == "test":
        return "a fixed key, so that parallel test processes agree"
    path = Path(values["HUTONG_HOME"]) / "secret-key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # made with mode 0600
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A hard link fails where the name is taken: of two processes, both end with the same whole key.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text().strip()


def as_table() -> str:
    """The settings as a Markdown table: what docs/reference/settings.md holds."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{s.name}` | {f'`{s.default}`' if s.default else '(empty)'} | {s.meaning} |" for s in SETTINGS
    ]
    return "\n".join(lines) + "\n"


def derived_secret(root: str, purpose: str) -> str:
    """A secret of its own for `purpose`, from the root secret; base64, as standardwebhooks expects."""
    return base64.b64encode(hmac.digest(root.encode(), purpose.encode(), "sha256")).decode()
