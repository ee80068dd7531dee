"""Where payment providers tell their news."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router, Schema

from hutong.api.doors import PUBLIC
from hutong.flows import payment_received
from hutong.kernel import clock
from hutong.pay.payments import services as payments

router = Router(tags=["Webhooks"])

ProviderName = Annotated[str, Path(max_length=20, pattern=r"^[a-z0-9_]+$", description="Such as `sandbox`.")]


class Received(Schema):
    """What came of the news, in a word. A copy gets the same answer as the first."""

    outcome: str


@router.post("/{provider}", auth=PUBLIC, response=Received)
def receive_webhook(request: HttpRequest, provider: ProviderName) -> Received | HttpResponse:
    """News of a payment or refund, signed by the provider. The signature is the only key to this door.

    A provider that repeats its news until it hears a word of its own (Alipay: `success`; WeChat Pay: nothing, with
    204) is answered so.
    """
    outcome = payment_received.receive(
        provider=provider, headers=request.headers, body=request.body, at=clock.now()
    )
    wanted = payments.acknowledgement(provider=provider)
    if wanted is None:
        return Received(outcome=outcome)
    return HttpResponse(wanted, content_type="text/plain", status=200 if wanted else 204)
