"""The payment providers and their keys, found out before the first customer does. Nothing is paid and nothing changed."""

from collections.abc import Iterator

from hutong.cli.checks import Finding, broken, look, well
from hutong.kernel.errors import DomainError

_CLOCK = "let this machine keep time (systemd-timesyncd, chrony): signatures count for five minutes"
# Part of what a provider or our client of it says, and what to do; the first that fits counts.
_MENDS = (
    ("may not read webhook endpoints", "give the restricted key Webhook Endpoints read, or look at them in the Dashboard"),
    ("no webhook endpoint", "add it in Stripe's Dashboard, Developers, Webhooks; until then payments are seen later"),
    ("switched off", "switch it on in Stripe's Dashboard: it is switched off after days of failures"),
    ("does not tell of", "add these events to the endpoint in Stripe's Dashboard"),
    ("APIv3 key could not be tried", "buy something for one fen, and look whether the order is paid within seconds"),
    ("secret of the app id is not right", "copy AppSecret anew into HUTONG_WECHAT_APP_SECRET, or set none"),
    ("not in whitelist", "add this machine's address to the list (IP白名单) on the public platform"),
    ("secret of the app id could not be tried", "try again in a minute; shoppers inside WeChat scan a code meanwhile"),
    ("application ends on", "ask for a new one in Alipay's console, and set HUTONG_ALIPAY_APP_CERTIFICATE before"),
    ("application counts from", "ask for a new one in Alipay's console, and set HUTONG_ALIPAY_APP_CERTIFICATE"),
    ("is not that of the private key", "HUTONG_ALIPAY_APP_CERTIFICATE and HUTONG_ALIPAY_PRIVATE_KEY belong together"),
    ("may not pay merchants", "give the restricted key Transfers write, or set HUTONG_STRIPE_CONNECT=0"),
    ("may not send money", "sign for 转账到支付宝账户 in Alipay's console, or pay merchants by files for the bank"),
    ("timestamp", _CLOCK),
    ("of another time", _CLOCK),
    ("clock", _CLOCK),
    ("does not accept the secret key", "copy the secret key anew into HUTONG_STRIPE_SECRET_KEY; keys that were rolled end"),
    ("may not do this", "give the restricted key the rights that docs/howto/pay-with-stripe.md lists"),
    ("no signing secret", "set HUTONG_STRIPE_WEBHOOK_SECRETS to the signing secret of the endpoint (whsec_...)"),
    ("SIGN_ERROR", "merchant number, key and serial number of its certificate belong together, and none may have ended"),
    ("no valid certificate", "the platform certificates have expired: set HUTONG_WECHAT_PUBLIC_KEY and its id"),
    ("RESOURCE_NOT_EXISTS", "this account has no platform certificates: set HUTONG_WECHAT_PUBLIC_KEY and its id"),
    ("not known or has expired", "HUTONG_WECHAT_PUBLIC_KEY_ID is not the key's id; with certificates both are empty"),
    ("certificates cannot be read", "HUTONG_WECHAT_API_V3_KEY is not the APIv3 key of the merchant platform"),
    ("signature is wrong", "HUTONG_WECHAT_PUBLIC_KEY is not the key of HUTONG_WECHAT_PUBLIC_KEY_ID"),
    ("isv.invalid-app-id", "HUTONG_ALIPAY_APP_ID is none of Alipay's, or the application is not online yet"),
    ("isv.invalid-signature", "HUTONG_ALIPAY_PRIVATE_KEY is not the key whose public half the application has at Alipay"),
    ("not signed with the public key of Alipay", "HUTONG_ALIPAY_PUBLIC_KEYS has to be Alipay's own key (支付宝公钥)"),
    ("cannot be read", "the file has to hold the whole key as the provider gave it"),
)  # fmt: skip


def providers(production: bool) -> Iterator[Finding]:
    """Every provider that has keys is asked something that needs them all."""
    from django.conf import settings

    from hutong.pay.payments.providers.registry import has_keys

    offered: list[str] = settings.HUTONG_PROVIDERS
    if production and "sandbox" in offered:
        yield look("payments may go to the sandbox, which moves no money", "docs/howto/payment-provider.md")
    for name in (*offered, *settings.HUTONG_PROVIDER_KEYS):
        if name in offered and not has_keys(name):
            yield broken(f"{name} is offered at checkout and has no keys", f"docs/howto/pay-with-{name}.md")
    known = dict.fromkeys([*offered, *settings.HUTONG_PROVIDER_KEYS])
    for name in known:
        # Keys are tried wherever there are some; a sandbox beside a site that is not open need not run.
        if has_keys(name) and (production or name != "sandbox"):
            yield from _checked(name)


def _checked(name: str) -> Iterator[Finding]:
    from hutong.pay.payments.providers.errors import OutcomeUnknown, ProviderUnavailable
    from hutong.pay.payments.providers.registry import provider

    try:
        doubts = provider(name).check()
    except (ProviderUnavailable, OutcomeUnknown) as error:
        said = str(error.details.get("reason") or type(error.__cause__ or error).__name__)
        mend = _mend(said) or (
            "start it: systemctl start hutong-sandbox, or `hutong up sandbox`"
            if name == "sandbox"
            else "can this machine reach it by https? try again in a minute"
        )
        yield broken(f"{name} does not answer: {said}", mend)
        return
    except DomainError as error:
        said = str(error.details.get("reason") or error)
        yield broken(f"{name} turns us away: {said}", _mend(said) or f"see docs/howto/pay-with-{name}.md")
        return
    yield well(f"{name} answers and takes our keys")
    for doubt in doubts:
        yield look(f"{name}: {doubt}", _mend(doubt) or f"see docs/howto/pay-with-{name}.md")


def _mend(said: str) -> str:
    return next((mend for part, mend in _MENDS if part in said), "")
