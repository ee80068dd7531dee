"""Starts the sandbox's server."""

import argparse
import os
import sys

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from hutong.pay.payments.providers.sandbox.server.options import Options

BACKOFF = "1,5,15,60,300,1800,7200,21600"


def main() -> None:
    """Read the options, then serve until told to stop by SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(
        prog="sandbox", description="A payment company that moves no real money."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--books", default="sandbox.sqlite3", help="file of its books (SQLite)")
    parser.add_argument("--webhook-url", default="", help="where the merchant wants its webhooks")
    parser.add_argument("--public-url", default="", help="where browsers reach it, when not where the API is")
    parser.add_argument("--backoff", default=BACKOFF, help="seconds before each next try of a webhook")
    parser.add_argument(
        "--secret",
        default=os.environ.get("HUTONG_SANDBOX_SECRET", ""),
        help="shared with the merchant; better in HUTONG_SANDBOX_SECRET, where no process list shows it",
    )
    given = parser.parse_args()
    if len(given.secret) < 16:
        sys.exit("sandbox: a secret of at least 16 characters is needed: HUTONG_SANDBOX_SECRET or --secret")
    # The worker process reads its options from the environment.
    Options(
        secret=given.secret,
        books=given.books,
        webhook_url=given.webhook_url,
        public_url=given.public_url.rstrip("/"),
        backoff_s=[float(step) for step in given.backoff.split(",")],
    ).to_environment()
    Granian(
        "hutong.pay.payments.providers.sandbox.server.app:make_app",
        address=given.host,
        port=given.port,
        interface=Interfaces.ASGI,
        workers=1,
        websockets=False,
        factory=True,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
