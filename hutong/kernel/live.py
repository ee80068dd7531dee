"""Hints that something changed, for pages that are open right now.

A hint carries a topic and nothing else; whoever listens reads again with its own rights. Hints are sent after
commit, and a lost one is repaired by the next read.
"""

import json
import time
from datetime import datetime

from django.core import signing
from django.db import connection, transaction

from hutong.kernel.errors import Forbidden

CHANNEL = "hutong_live"
_SALT = "hutong.live"


def hint(topic: str) -> None:
    """Tell open pages that `topic` (such as `vch_01...`) changed, once this transaction has committed."""
    transaction.on_commit(lambda: _notify(topic), robust=True)


def _notify(topic: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])


def sign_topic(topic: str, *, at: datetime, ttl_s: int = 3600) -> str:
    """A token that opens the stream of one topic until `at` + `ttl_s`; the live process needs no session."""
    expires = int(at.timestamp()) + ttl_s
    return signing.Signer(salt=_SALT).sign_object([topic, expires], compress=False)


def read_topic(token: str, *, at: float | None = None) -> str:
    """The topic of a token that is genuine and still good; raises `Forbidden` otherwise."""
    try:
        topic, expires = signing.Signer(salt=_SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, json.JSONDecodeError) as error:
        raise Forbidden from error
    if expires < (time.time() if at is None else at):
        raise Forbidden
    return str(topic)
