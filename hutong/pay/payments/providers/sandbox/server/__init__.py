"""The sandbox payment company: a second party with its own process, its own books and its own pages.

No real money moves. It imports nothing of Hutong, as any other company would not:

    python -m hutong.pay.payments.providers.sandbox.server --port 8002 --books sandbox.sqlite3 \
        --webhook-url http://127.0.0.1:8000/api/v1/webhooks/sandbox

with its secret in the environment variable HUTONG_SANDBOX_SECRET. One process, one thread: a request is
worked off without an await between reading and writing the books, so no two requests ever overlap there.
"""
