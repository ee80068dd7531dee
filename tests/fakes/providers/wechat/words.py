"""What the simulator answers: trades and refunds in WeChat Pay's shape, and its way to say no."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.providers.books import Back, BackState, Trade, TradeState
from tests.fakes.providers.wechat.keys import Account

CHINA = ZoneInfo("Asia/Shanghai")

# What the books say no with -> status, code and message.
NO = {
    "absent": (404, "ORDER_NOT_EXIST", "订单不存在"),
    "absent_refund": (404, "RESOURCE_NOT_EXISTS", "退款单不存在"),
    "ref_used": (403, "OUT_TRADE_NO_USED", "商户订单号重复"),
    "refund_ref_used": (400, "PARAM_ERROR", "订单金额或退款金额与之前请求不一致，请核实后再试"),
    "paid": (400, "ORDERPAID", "该订单已支付"),
    "closed": (400, "ORDER_CLOSED", "该订单已关闭"),
    "not_paid": (400, "INVALID_REQUEST", "订单未支付成功，不能退款"),
    "too_much": (400, "INVALID_REQUEST", "申请退款金额大于可退金额"),
    "total": (400, "INVALID_REQUEST", "订单金额与实际不符"),
    "payer": (500, "OPENID_MISMATCH", "openid和appid不匹配"),
}


def moment(at: datetime) -> str:
    """A time as WeChat Pay writes it."""
    return at.astimezone(CHINA).isoformat(timespec="seconds")


def trade_state(trade: Trade) -> tuple[str, str]:
    """The state's name, and the sentence beside it."""
    if trade.state is TradeState.PAID:
        gone = any(back.state is not BackState.FAILED for back in trade.backs)
        return ("REFUND", "订单发生过退款") if gone else ("SUCCESS", "支付成功")
    return {
        TradeState.OPEN: ("NOTPAY", "订单未支付"),
        TradeState.CLOSED: ("CLOSED", "订单已关闭"),
        TradeState.FAILED: ("PAYERROR", "支付失败"),
    }[trade.state]


def transaction(trade: Trade, account: Account, *, state: str = "") -> dict[str, Any]:
    """A trade as a query or a notification tells it."""
    name, sentence = trade_state(trade)
    told: dict[str, Any] = {
        "appid": account.appid,
        "mchid": account.mchid,
        "out_trade_no": trade.ref,
        "trade_state": state or name,
        "trade_state_desc": sentence,
        "attach": "",
        "payer": {},
        "promotion_detail": [],
    }
    if trade.state is TradeState.PAID and trade.paid_at is not None:
        told |= {
            "transaction_id": trade.provider_ref,
            "trade_type": str(trade.data["way"]).upper().replace("H5", "MWEB"),
            "bank_type": "OTHERS",
            "success_time": moment(trade.paid_at),
            "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
            "amount": {
                "total": trade.paid,
                "payer_total": trade.paid,
                "currency": trade.paid_unit,
                "payer_currency": trade.paid_unit,
            },
        }
    else:
        told["amount"] = {"total": trade.amount, "currency": trade.unit}
    return told


def back_state(back: Back) -> str:
    """The name of a refund's state; `data["abnormal"]` is a card that takes it no more."""
    if back.data.get("abnormal") and back.state is BackState.PENDING:
        return "ABNORMAL"
    names = {BackState.PENDING: "PROCESSING", BackState.DONE: "SUCCESS", BackState.FAILED: "CLOSED"}
    return names[back.state]


def refund(back: Back, trade: Trade) -> dict[str, Any]:
    """A refund as a call tells it."""
    told = {
        "refund_id": back.provider_ref,
        "out_refund_no": back.ref,
        "transaction_id": trade.provider_ref,
        "out_trade_no": trade.ref,
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": moment(back.created_at),
        "status": back_state(back),
        "funds_account": "AVAILABLE",
        "amount": {
            "total": trade.paid,
            "refund": back.amount,
            "payer_total": trade.paid,
            "payer_refund": back.amount,
            "settlement_refund": back.amount,
            "settlement_total": trade.paid,
            "discount_refund": 0,
            "currency": back.unit,
        },
        "promotion_detail": [],
    }
    if back.state is BackState.DONE and back.ended_at is not None:
        told["success_time"] = moment(back.ended_at)
    return told


def refund_notice(back: Back, trade: Trade, account: Account) -> dict[str, Any]:
    """A refund as a notification tells it: fewer fields, and others' names."""
    told = {
        "mchid": account.mchid,
        "transaction_id": trade.provider_ref,
        "out_trade_no": trade.ref,
        "refund_id": back.provider_ref,
        "out_refund_no": back.ref,
        "refund_status": back_state(back),
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": trade.paid,
            "refund": back.amount,
            "payer_total": trade.paid,
            "payer_refund": back.amount,
        },
    }
    if back.ended_at is not None:
        told["success_time"] = moment(back.ended_at)
    return told
