"""Starts simulators of payment providers by hand: `python -m tests.fakes.providers stripe --port 8090`, or `all`.

It prints the settings of a site that pays with them, and writes them into a file where `--settings` names one; a demo
reads `simulators.env` in its folder. Payments live as long as the program; the shopper's page has one button to pay
and one to decline.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hutong.config import settings_file
from hutong.pay.payments.providers.alipay import certificates
from tests.fakes.providers.alipay import AlipaySimulator, make_keys
from tests.fakes.providers.alipay.keys import certified
from tests.fakes.providers.server import Simulator, running
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.providers.wechat.by_hand import made_by_hand

PAYEES = {
    "alipay": {"shop@example.org": "胡同咖啡", "13800138000": "张三"},
    "stripe": {"acct_1HutongCafe000000": "Hutong Café"},
}
"""The accounts at simulated providers that merchants may be paid to, with the names they are in."""

# From the notify address to a simulator and the settings of a site that pays with it, all but its address.
Made = tuple[Simulator, dict[str, str]]


def _stripe(notify_url: str) -> Made:
    made = StripeSimulator(notify_url=notify_url)
    made.transfers.payees = dict(PAYEES["stripe"])
    return made, {
        "HUTONG_STRIPE_CONNECT": "1",
        "HUTONG_STRIPE_SECRET_KEY": made.secret_key,
        "HUTONG_STRIPE_WEBHOOK_SECRETS": made.webhook_secrets[0],
    }


def _framed(certificate: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"


def _alipay(_notify_url: str) -> Made:
    """Each call of a client brings its own notify address."""
    keys = make_keys()
    made = AlipaySimulator(keys=keys)
    own, root = certified(keys.merchant, "Hutong"), certified(keys.alipay, "Ant Financial Root")
    made.certificates = certificates.numbers(application=_framed(own), roots=_framed(root))
    made.transfers.payees = dict(PAYEES["alipay"])
    return made, {
        "HUTONG_ALIPAY_APP_CERTIFICATE": own,
        "HUTONG_ALIPAY_ROOT_CERTIFICATES": root,
        "HUTONG_ALIPAY_APP_ID": made.app_id,
        "HUTONG_ALIPAY_SELLER_ID": made.seller_id,
        "HUTONG_ALIPAY_PRIVATE_KEY": keys.merchant.private_text,
        "HUTONG_ALIPAY_PUBLIC_KEYS": keys.alipay.public_text,
    }


MAKERS: dict[str, Callable[[str], Made]] = {
    "alipay": _alipay,
    "stripe": _stripe,
    # Each call of a client brings its own notify address here, too.
    "wechat": lambda _notify_url: made_by_hand(),
}
# Behind the address of the simulator.
_PATHS = {"alipay": "/gateway.do"}


def start(stack: ExitStack, name: str, *, port: int = 0, notify_url: str = "") -> Made:
    """The simulator called `name`, running until the stack ends, and all settings of a site that pays with it."""
    simulator, known = MAKERS[name](notify_url)
    stack.enter_context(running(simulator, port=port))
    urls = {f"HUTONG_{name.upper()}_URL": f"{simulator.url}{_PATHS.get(name, '')}"}
    if name == "wechat":
        urls["HUTONG_WECHAT_SIGN_IN_URL"] = simulator.url
    return simulator, known | urls


def main() -> None:
    """Run simulators until they are told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.providers", description="Simulated providers."
    )
    parser.add_argument("name", choices=[*sorted(MAKERS), "all"])
    parser.add_argument("--port", type=int, default=8090, help="`all` takes two more behind it")
    parser.add_argument("--site", default="http://127.0.0.1:8000", help="the site that is told of payments")
    parser.add_argument(
        "--settings", type=Path, help="a file to write the settings into, such as var/simulators.env"
    )
    asked = parser.parse_args()
    names = sorted(MAKERS) if asked.name == "all" else [asked.name]
    # Both signals are waited for here, so that the threads are ended and nothing is printed over the shell.
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with ExitStack() as stack:
        found: dict[str, str] = {}
        for place, name in enumerate(names):
            notify_url = f"{asked.site}/api/v1/webhooks/{name}"
            found |= start(stack, name, port=asked.port + place, notify_url=notify_url)[1]
        for name in names:
            for account, holder in PAYEES.get(name, {}).items():
                print(f"# an account at {name} that takes payouts: {account}, {holder}")
        for setting, value in found.items():
            print(f"{setting}={value}", flush=True)
        if asked.settings:
            settings_file.write(asked.settings, found, replace=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
