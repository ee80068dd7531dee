"""The sandbox's own words, in its two languages."""

from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

LANGUAGES = {"en": "English", "zh-Hans": "简体中文"}

TEXTS = {
    "en": {
        "title": "Pay with Sandbox",
        "brand": "Sandbox Pay",
        "notice": "Sandbox: no real money moves.",
        "pay_to": "Pay to",
        "for": "For",
        "pay": "Pay {amount}",
        "decline": "Decline",
        "later": "Come back later",
        "back": "Back to the shop",
        "until": "Time left to pay: {minutes} min.",
        "other_language": "简体中文",
        "paid": "Paid",
        "paid_more": "The payment is done. You can go back to the shop.",
        "declined": "Declined",
        "declined_more": "Nothing was paid. You can go back to the shop and try again.",
        "closed": "Called off",
        "closed_more": "The shop has called this payment off. Nothing was paid.",
        "expired": "Time is up",
        "expired_more": "This payment page has expired. Nothing was paid.",
        "dispute": "Dispute this payment",
        "dispute_ask": "To try a chargeback: let the cardholder's bank take the payment back.",
        "dispute_needs_response": "The bank took the payment back, and waits for the shop's answer.",
        "dispute_under_review": "The shop has answered. The bank decides:",
        "dispute_won": "The bank decided for the shop.",
        "dispute_lost": "The bank decided for the cardholder.",
        "dispute_win": "For the shop",
        "dispute_lose": "For the cardholder",
        "missing": "There is no such payment",
        "missing_more": "Check the link, or go back to the shop and start again.",
    },
    "zh-Hans": {
        "title": "沙盒支付",
        "brand": "沙盒支付",
        "notice": "沙盒环境：不会产生真实扣款。",
        "pay_to": "付款给",
        "for": "商品",
        "pay": "支付 {amount}",
        "decline": "拒绝支付",
        "later": "稍后再付",
        "back": "返回商家",
        "until": "请在 {minutes} 分钟内完成支付。",
        "other_language": "English",
        "paid": "支付成功",
        "paid_more": "付款已完成，您可以返回商家。",
        "declined": "已拒绝",
        "declined_more": "没有扣款。您可以返回商家重新支付。",
        "closed": "已取消",
        "closed_more": "商家已取消这笔付款，没有扣款。",
        "expired": "已超时",
        "expired_more": "支付页面已过期，没有扣款。",
        "dispute": "对这笔付款提出拒付",
        "dispute_ask": "试用拒付：让持卡人的银行收回这笔付款。",
        "dispute_needs_response": "银行已收回付款，正在等待商家答复。",
        "dispute_under_review": "商家已答复，由银行裁定：",
        "dispute_won": "银行裁定商家胜诉。",
        "dispute_lost": "银行裁定持卡人胜诉。",
        "dispute_win": "支持商家",
        "dispute_lose": "支持持卡人",
        "missing": "没有这笔付款",
        "missing_more": "请检查链接，或返回商家重新下单。",
    },
}


def choose(*, asked: str, accept: str, suggested: str) -> str:
    """The page's language: the switch first, then what the merchant said, then the browser's wish."""
    for wish in (asked, suggested, *(part.split(";")[0].strip() for part in accept.split(","))):
        if wish.lower().startswith("zh"):
            return "zh-Hans"
        if wish.lower().startswith("en"):
            return "en"
    return "en"


def amount_text(minor: int, currency: str, language: str) -> str:
    """An amount of minor units as people of the language write it."""
    locale = "zh_Hans_CN" if language == "zh-Hans" else "en"
    return format_currency(Decimal(minor).scaleb(-get_currency_precision(currency)), currency, locale=locale)
