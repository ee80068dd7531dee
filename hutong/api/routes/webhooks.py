"""Where payment providers tell their news."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Path, Router, Schema

from hutong.api.doors import PUBLIC
from hutong.flows import payment_received
from hutong.kernel import clock

router = Router(tags=["Webhooks"])

ProviderName = Annotated[str, Path(max_length=20, pattern=r"^[a-z0-9_]+$", description="Such as `sandbox`.")]


class Received(Schema):
    """What came of the news, in a word. A copy gets the same answer as the first."""

    outcome: str


@router.post("/{provider}", auth=PUBLIC, response=Received)
def receive_webhook(request: HttpRequest, provider: ProviderName) -> Received:
    """News of a payment or refund, signed by the provider. The signature is the only key to this door."""
    outcome = payment_received.receive(
        provider=provider, headers=request.headers, body=request.body, at=clock.now()
    )
    return Received(outcome=outcome)
