"""Payment providers as the settings name them: which there are, which settings each needs, and how keys are read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

NAMES = ("sandbox", "stripe", "wechat", "alipay")
_FILE_LIMIT = 65_536


@dataclass(frozen=True, slots=True)
class Keys:
    """The settings of one provider by what its client calls them; the sandbox has none of its own.

    `needed` have to be there, or nothing can be paid with it; `together` are there all or none. `files` may be
    written as the name of a file. `pages` are the addresses where shoppers pay, as a browser's policy names them.
    """

    settings: Mapping[str, str]
    needed: tuple[str, ...]
    files: tuple[str, ...]
    together: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()


KEYS: Mapping[str, Keys] = {
    "stripe": Keys(
        settings={
            "secret_key": "HUTONG_STRIPE_SECRET_KEY",
            "webhook_secrets": "HUTONG_STRIPE_WEBHOOK_SECRETS",
            "connect": "HUTONG_STRIPE_CONNECT",
            "url": "HUTONG_STRIPE_URL",
        },
        needed=("secret_key", "webhook_secrets"),
        files=("secret_key", "webhook_secrets"),
        pages=("https://checkout.stripe.com",),
    ),
    "wechat": Keys(
        settings={
            "mchid": "HUTONG_WECHAT_MCHID",
            "appid": "HUTONG_WECHAT_APPID",
            "merchant_serial": "HUTONG_WECHAT_MERCHANT_SERIAL",
            "merchant_key": "HUTONG_WECHAT_MERCHANT_KEY",
            "api_v3_key": "HUTONG_WECHAT_API_V3_KEY",
            "public_key": "HUTONG_WECHAT_PUBLIC_KEY",
            "public_key_id": "HUTONG_WECHAT_PUBLIC_KEY_ID",
            "app_secret": "HUTONG_WECHAT_APP_SECRET",
            "way": "HUTONG_WECHAT_WAY",
            "url": "HUTONG_WECHAT_URL",
            "sign_in_url": "HUTONG_WECHAT_SIGN_IN_URL",
        },
        needed=("mchid", "appid", "merchant_serial", "merchant_key", "api_v3_key"),
        files=("merchant_key", "api_v3_key", "public_key", "app_secret"),
        together=("public_key", "public_key_id"),
        # Inside WeChat the way leads through its sign-in first.
        pages=("https://wx.tenpay.com", "https://open.weixin.qq.com"),
    ),
    "alipay": Keys(
        settings={
            "app_id": "HUTONG_ALIPAY_APP_ID",
            "seller_id": "HUTONG_ALIPAY_SELLER_ID",
            "private_key": "HUTONG_ALIPAY_PRIVATE_KEY",
            "public_keys": "HUTONG_ALIPAY_PUBLIC_KEYS",
            "app_certificate": "HUTONG_ALIPAY_APP_CERTIFICATE",
            "root_certificates": "HUTONG_ALIPAY_ROOT_CERTIFICATES",
            "way": "HUTONG_ALIPAY_WAY",
            "url": "HUTONG_ALIPAY_URL",
        },
        needed=("app_id", "seller_id", "private_key", "public_keys"),
        files=("private_key", "public_keys", "app_certificate", "root_certificates"),
        together=("app_certificate", "root_certificates"),
        # The gateway leads on to its cashier, and browsers look at every step of the way.
        pages=("https://*.alipay.com",),
    ),
}
_LISTS = ("webhook_secrets", "public_keys")
# The key tools write PEM or the same without its frame; the clients take what is in the first column as PEM alone.
_FRAMED = {
    "merchant_key": "PRIVATE KEY",
    "public_key": "PUBLIC KEY",
    "app_certificate": "CERTIFICATE",
    "root_certificates": "CERTIFICATE",
}
_PAGE = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d+)?")
_BARE = re.compile(r"[A-Za-z0-9+/=\s]{200,}")


def wrong_names(value: str) -> str:
    """What is wrong with a list of providers, "" where it is well."""
    names = names_in(value)
    if names and set(names) <= set(NAMES) and len(names) == len(set(names)):
        return ""
    return f"is {value!r}; list some of {', '.join(NAMES)}, the usual one first"


def wrong_pages(value: str) -> str:
    """What is wrong with a list of addresses for the browsers' policy, "" where it is well."""
    fits = all(_PAGE.fullmatch(part) for part in names_in(value))
    return "" if fits else f"is {value!r}; list addresses such as https://pay.example.org, without a path"


def names_in(value: str) -> list[str]:
    """The providers of a list, in their order."""
    return [name.strip() for name in value.split(",") if name.strip()]


def wrong(values: Mapping[str, str]) -> list[str]:
    """What is missing or cannot be read of the keys of every provider that is offered or has some; a line a setting.

    No line repeats a value: it may be a key.
    """
    return [line for name in KEYS if name in _wanted(values) for line in _wrong_keys(name, values)]


def keys(values: Mapping[str, str]) -> dict[str, dict[str, str | list[str]]]:
    """The keys of every provider that has all it needs, by its client's names, with files read.

    Also of one that is not offered: payments that were made with it are asked about, and refunded.
    """
    found: dict[str, dict[str, str | list[str]]] = {}
    for name in _wanted(values):
        each = KEYS[name]
        texts = {key: _read(each, key, values) for key in each.settings}
        if all(texts[key] for key in each.needed):
            found[name] = {key: _listed(text) if key in _LISTS else text for key, text in texts.items()}
    return found


def pages(values: Mapping[str, str]) -> list[str]:
    """Where the shoppers of the offered providers pay, for the policy of what a form may lead to."""
    found: list[str] = []
    for name in names_in(values["HUTONG_PROVIDERS"]):
        if name == "sandbox":
            found.append((values["HUTONG_SANDBOX_PAGES_URL"] or values["HUTONG_SANDBOX_URL"]).rstrip("/"))
        else:
            # Calls may go another way while shoppers pay where they always do.
            found += [*_own_pages(name, values), *KEYS[name].pages]
    return found + names_in(values["HUTONG_PAYMENT_PAGES"])


def _own_pages(name: str, values: Mapping[str, str]) -> list[str]:
    """The hosts of a site's own choice, which is how a simulator is paid with."""
    settings = KEYS[name].settings
    own = [urlparse(values[settings[key]]) for key in ("url", "sign_in_url") if key in settings]
    return list(dict.fromkeys(f"{each.scheme}://{each.netloc}" for each in own if each.hostname))


def _wanted(values: Mapping[str, str]) -> list[str]:
    offered = names_in(values["HUTONG_PROVIDERS"])
    return [
        name
        for name, each in KEYS.items()
        if name in offered or any(values[each.settings[key]] for key in each.needed)
    ]


def _wrong_keys(name: str, values: Mapping[str, str]) -> list[str]:
    each, lines, texts = KEYS[name], [], dict[str, str]()
    for key, setting in each.settings.items():
        try:
            texts[key] = _read(each, key, values)
        except (OSError, ValueError) as error:
            texts[key] = "?"
            said = error.strerror if isinstance(error, OSError) else str(error)
            lines.append(f"{setting}: the file {values[setting]} cannot be read ({said})")
    lines += [
        f"{each.settings[key]}: must be set for payments with {name}" for key in each.needed if not texts[key]
    ]
    if len({bool(texts[key]) for key in each.together}) > 1:
        both = " and ".join(each.settings[key] for key in each.together)
        lines.append(f"{both}: set both, or none of them")
    return lines


def _read(each: Keys, key: str, values: Mapping[str, str]) -> str:
    """A setting's text, or that of the file it names: `/etc/hutong/key.pem`, or `file:key.pem` in HUTONG_HOME."""
    text = values[each.settings[key]]
    if key not in each.files:
        return text
    if key in _LISTS:
        return ",".join(_text(part.strip(), values) for part in text.split(",") if part.strip())
    text = _text(text, values)
    if key in _FRAMED and _BARE.fullmatch(text):
        return f"-----BEGIN {_FRAMED[key]}-----\n{''.join(text.split())}\n-----END {_FRAMED[key]}-----\n"
    return text


def _text(text: str, values: Mapping[str, str]) -> str:
    if not text.startswith(("/", "file:")):
        return text
    path = Path(values["HUTONG_HOME"]) / text.removeprefix("file:")
    with path.open("rb") as opened:
        read = opened.read(_FILE_LIMIT + 1)
    if len(read) > _FILE_LIMIT:
        raise ValueError("it is too large for a key")
    return read.decode().strip()


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
