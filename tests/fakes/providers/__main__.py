"""Starts the simulator of a payment provider by hand: `python -m tests.fakes.providers stripe --port 8090`.

It prints what to enter as the provider's settings. Payments live as long as the program; the shopper's page has
one button to pay and one to decline.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Callable

from tests.fakes.providers.alipay import AlipaySimulator, make_keys
from tests.fakes.providers.server import Simulator, running
from tests.fakes.providers.stripe import StripeSimulator
from tests.fakes.providers.wechat.by_hand import made_by_hand

# From the notify address to a simulator and what a client of it has to know.
Made = tuple[Simulator, dict[str, str]]


def _stripe(notify_url: str) -> Made:
    made = StripeSimulator(notify_url=notify_url)
    return made, {"secret key": made.secret_key, "webhook signing secret": made.webhook_secrets[0]}


def _alipay(_notify_url: str) -> Made:
    """Each call of a client brings its own notify address."""
    keys = make_keys()
    made = AlipaySimulator(keys=keys)
    return made, {
        "gateway": "the address with /gateway.do",
        "application id": made.app_id,
        "seller id": made.seller_id,
        "private key of the application": keys.merchant.private_text,
        "public key of Alipay": keys.alipay.public_text,
    }


MAKERS: dict[str, Callable[[str], Made]] = {
    "alipay": _alipay,
    "stripe": _stripe,
    # Each call of a client brings its own notify address here, too.
    "wechat": lambda _notify_url: made_by_hand(),
}


def main() -> None:
    """Run one simulator until it is told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.providers", description="A simulated provider."
    )
    parser.add_argument("name", choices=sorted(MAKERS))
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--notify-url", default="", help="where the site takes this provider's notifications")
    asked = parser.parse_args()
    notify_url = asked.notify_url or f"http://127.0.0.1:8000/api/v1/webhooks/{asked.name}"
    simulator, known = MAKERS[asked.name](notify_url)
    # Both signals are waited for here, so that the threads are ended and nothing is printed over the shell.
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with running(simulator, port=asked.port):
        for name, value in {"address": simulator.url, "notifies": notify_url, **known}.items():
            print(f"{name}: {value}", flush=True)
        signal.sigwait(stop)


if __name__ == "__main__":
    main()
