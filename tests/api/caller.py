"""Calls the API as a program does, through every middleware."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import count
from typing import Any

from django.test import Client

from hutong.api.doors import DEVICE_SCOPES, SCOPES, Scope
from hutong.town.merchants.models import Device, Merchant
from hutong.town.people.models import Person
from hutong.town.people.types import TokenKind
from tests.factories import people

_keys = count(1)


class Answer:
    """A status, headers, and what the JSON says, to what was asked at `path`."""

    def __init__(self, response: Any, path: str) -> None:
        self.path = path
        self.status: int = response.status_code
        self.headers = response.headers
        self.text: str = response.content.decode()
        self.json: Any = json.loads(self.text) if self.text else None

    @property
    def code(self) -> str:
        """The stable code of a refusal, which has to be problem+json."""
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        assert self.json["status"] == self.status
        assert self.json["request_id"] == self.headers["X-Request-Id"]
        assert self.json["detail"]
        return str(self.json["code"])


class Caller:
    """Somebody with a token, or nobody."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.client = Client()

    def send(
        self, method: str, path: str, body: object = None, *, key: str | None = "", **headers: str
    ) -> Answer:
        """One request under /api/v1. A POST gets a new Idempotency-Key, `key`, or none for None."""
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if method == "POST" and key is not None:
            headers["Idempotency-Key"] = key or f"key-of-a-test-{next(_keys)}"
        response = self.client.generic(
            method,
            f"/api/v1{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=headers,
        )
        return Answer(response, path)

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: object = None, *, key: str | None = "", **headers: str) -> Answer:
        """POST."""
        return self.send("POST", path, {} if body is None else body, key=key, **headers)

    def put(self, path: str, body: object) -> Answer:
        """PUT."""
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.send("DELETE", path)


def as_person(person: Person, at: datetime, scopes: Iterable[Scope] | None = None) -> Caller:
    """A person's token, with every scope a person may hold unless told otherwise."""
    held = [one for one in SCOPES if TokenKind.PERSON in SCOPES[one][1]] if scopes is None else scopes
    return Caller(people.token_of(person, scopes=held, at=at))


def as_device(device: Device, at: datetime) -> Caller:
    """A paired device's token."""
    return Caller(
        people.token_of(
            device.paired_by, kind=TokenKind.DEVICE, subject_ref=device.public_id, scopes=DEVICE_SCOPES, at=at
        )
    )


def as_merchant(merchant: Merchant, maker: Person, at: datetime) -> Caller:
    """A merchant's key with every scope a key may hold, given out by `maker`."""
    held = [one for one in SCOPES if TokenKind.MERCHANT in SCOPES[one][1]]
    return Caller(
        people.token_of(maker, kind=TokenKind.MERCHANT, subject_ref=merchant.public_id, scopes=held, at=at)
    )
