"""Reads what WeChat Pay tells by itself: a signed message around a sealed one."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hutong.pay.payments.providers.errors import (
    OutcomeUnknown,
    ProviderRefused,
    ProviderUnavailable,
    SignatureInvalid,
    WebhookMalformed,
)
from hutong.pay.payments.providers.wechat import reports, signing
from hutong.pay.payments.providers.wechat.trust import Keyring
from hutong.pay.payments.types import Event

_ID_LIMIT = 100


def parse(
    *,
    keyring: Keyring,
    sealing_key: bytes,
    mchid: str,
    appid: str,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> Event:
    """The event that `body` tells, if WeChat Pay signed it within 300 s of `at`, for this merchant and app."""
    seal = signing.seal_of(headers)
    if seal is None or not seal.is_fresh(at):
        raise SignatureInvalid
    try:
        key = keyring.key(seal.serial, at=at)
    except (ProviderUnavailable, OutcomeUnknown, ProviderRefused) as error:
        # The key cannot be had now. Refused, the message comes again later.
        raise SignatureInvalid from error
    if key is None or not seal.fits(key, body):
        raise SignatureInvalid
    try:
        message: dict[str, Any] = json.loads(body)
        event_id = message["id"]
        if not isinstance(event_id, str) or not 0 < len(event_id) <= _ID_LIMIT:
            raise ValueError("an event without an id")
        resource = message["resource"]
        data = json.loads(signing.unsealed(sealing_key, resource))
        if message["event_type"].startswith("TRANSACTION."):
            payment = reports.payment_report(data, mchid=mchid, appid=appid)
            return Event(event_id, seal.sent_at, payment=payment)
        if message["event_type"].startswith("REFUND."):
            if data["mchid"] != mchid:
                raise reports.NotOurs("another merchant")
            return Event(event_id, seal.sent_at, refund=reports.refund_report(data))
        return Event(event_id, seal.sent_at)
    except reports.NotOurs:
        # A merchant number may serve several apps, and each is told of its own and of the others'.
        return Event(event_id, seal.sent_at)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WebhookMalformed(reason=str(error)[:100]) from error
