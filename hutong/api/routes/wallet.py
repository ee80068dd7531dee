"""The shopper's vouchers."""

from __future__ import annotations

from ninja import Router

from hutong.api.actors import person_of
from hutong.api.doors import ApiRequest, Scope, scope
from hutong.api.schemas.base import RefPath
from hutong.api.schemas.visit import VoucherOut
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.visit.vouchers import queries

router = Router(tags=["Vouchers"])


@router.get("/vouchers", auth=scope(Scope.VOUCHERS_READ), response=list[VoucherOut])
def list_vouchers(request: ApiRequest) -> list[VoucherOut]:
    """One's own vouchers, the newest first, at most 200."""
    return [VoucherOut.of(voucher) for voucher in queries.wallet(person_of(request), at=clock.now())]


@router.get("/vouchers/{ref}", auth=scope(Scope.VOUCHERS_READ), response=VoucherOut)
def get_voucher(request: ApiRequest, ref: RefPath) -> VoucherOut:
    """One's own voucher, with the code that is shown in the store."""
    voucher = queries.voucher_view(ref, person_of(request), at=clock.now())
    if voucher is None:
        raise NotFound
    return VoucherOut.of(voucher)
