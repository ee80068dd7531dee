"""The line of a flash sale: come in, ask where one stands, leave."""

from __future__ import annotations

from ninja import Router, Status

from hutong.api.actors import person_of
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.line import LineOut
from hutong.flows import flash_sale
from hutong.kernel import clock
from hutong.kernel.http import client_address
from hutong.pay.flashsales import services

router = Router(tags=["Buying"])


@router.post("/deals/{ref}/line", auth=scope(Scope.ORDERS_WRITE), response=LineOut)
def take_place(request: ApiRequest, ref: RefPath) -> LineOut:
    """Come into the line of a flash sale. One place a person: again is the same place."""
    found = flash_sale.take(
        offer_ref=ref, person=person_of(request), address=client_address(request), at=clock.now()
    )
    return LineOut.of(found)


@router.get("/deals/{ref}/line", auth=scope(Scope.ORDERS_READ), response=LineOut)
def get_place(request: ApiRequest, ref: RefPath) -> LineOut:
    """Where one stands in line, and when to ask again. Sooner than a second is refused with `Retry-After`."""
    person, at = person_of(request), clock.now()
    flash_sale.count_look(person=person, address=client_address(request), at=at)
    return LineOut.of(flash_sale.look(offer_ref=ref, person=person, at=at))


@router.delete("/deals/{ref}/line", auth=scope(Scope.ORDERS_WRITE), response={204: None})
def leave_line(request: ApiRequest, ref: RefPath) -> Status[None]:
    """Give the place up, or the admission. An order that was placed stays."""
    services.leave(offer_ref=ref, person=person_of(request))
    return Status(204, None)
