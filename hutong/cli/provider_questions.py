"""What `hutong init` asks about payment providers: which ones, then the keys of each, until nothing is missing."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hutong.cli.question import Answers, Question
from hutong.config import providers

# What a key is called where the provider shows it, and whether it is typed unseen.
_TEXTS = {
    "HUTONG_STRIPE_SECRET_KEY": ("Stripe's secret key (sk_live_...), or its file", True),
    "HUTONG_STRIPE_WEBHOOK_SECRETS": ("Signing secret of the endpoint at Stripe (whsec_...)", True),
    "HUTONG_WECHAT_MCHID": ("Merchant number at WeChat Pay (商户号)", False),
    "HUTONG_WECHAT_APPID": ("App id that is joined to it (wx...)", False),
    "HUTONG_WECHAT_MERCHANT_SERIAL": ("Serial number of the merchant's certificate", False),
    "HUTONG_WECHAT_MERCHANT_KEY": ("File of the merchant's private key (apiclient_key.pem)", False),
    "HUTONG_WECHAT_API_V3_KEY": ("APIv3 key, or its file", True),
    "HUTONG_WECHAT_PUBLIC_KEY": (
        "File of WeChat Pay's public key (empty: the account has certificates)",
        False,
    ),
    "HUTONG_WECHAT_PUBLIC_KEY_ID": ("Id of that public key (PUB_KEY_ID_...)", False),
    "HUTONG_ALIPAY_APP_ID": ("Id of the application at Alipay", False),
    "HUTONG_ALIPAY_SELLER_ID": ("Id of the seller (PID, 2088...)", False),
    "HUTONG_ALIPAY_PRIVATE_KEY": ("File of the application's private key", False),
    "HUTONG_ALIPAY_PUBLIC_KEYS": ("File of Alipay's own public key (支付宝公钥)", False),
}


def questions() -> tuple[Question, ...]:
    """Which providers, the usual one first; and each one's keys, asked where it was named."""
    which = Question(
        "providers",
        "Payment providers, the usual one first (stripe, wechat, alipay; sandbox moves no money)",
        _names,
        lambda _answers: "sandbox",
    )
    return (which, *_of_keys())


def setting_of() -> dict[str, str]:
    """Which setting each of these questions decides."""
    found = {"providers": "HUTONG_PROVIDERS"}
    return found | {each.key: each.setting for each in questions() if each.setting}


def _of_keys() -> Iterator[Question]:
    for name, keys in providers.KEYS.items():
        for key, setting in keys.settings.items():
            if setting not in _TEXTS:
                continue  # has a default that serves
            text, hidden = _TEXTS[setting]
            yield Question(
                f"{name}_{key}",
                text,
                _file_or_text if key in keys.files else _text,
                asked=_is_wanted(name, setting),
                needed=key in keys.needed,
                hidden=hidden,
                setting=setting,
            )


def _is_wanted(name: str, setting: str) -> Callable[[Answers], bool]:
    def asked(answers: Answers) -> bool:
        if setting == "HUTONG_WECHAT_PUBLIC_KEY_ID" and not answers.get("wechat_public_key"):
            return False
        return name in providers.names_in(answers["providers"])

    return asked


def _names(said: str) -> str:
    names = ",".join(providers.names_in(said.lower()))
    if wrong := providers.wrong_names(names):
        raise ValueError(wrong)
    return names


def _text(said: str) -> str:
    if not said or not said.isprintable():
        raise ValueError("write something on one line")
    return said


def _file_or_text(said: str) -> str:
    path = Path(said).expanduser()
    if said.startswith(("/", "~")) and not path.is_file():
        raise ValueError(f"there is no file {path}")
    return str(path) if said.startswith("~") else _text(said)
