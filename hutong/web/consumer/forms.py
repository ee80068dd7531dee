"""What shoppers fill in."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hutong.kernel.money import Money
from hutong.pay.pricing.rules import MAX_QUANTITY


class PhoneForm(forms.Form):
    """The first step of signing in."""

    phone = forms.CharField(
        label=_("Phone number"),
        max_length=40,
        help_text=_("A number of another country starts with + and its code."),
        widget=forms.TextInput(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "autofocus": True}
        ),
    )


class CodeForm(forms.Form):
    """The second step of signing in."""

    code = forms.CharField(
        label=_("Code from the message"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
    )


class CheckoutForm(forms.Form):
    """What the shopper agrees to. `shown_hash` names the price on the page, `client_key` the click, and
    `shown_balance` is how much of the price the page takes from gift cards, in minor units. `coupon` is the one to use, ""
    for the best and "none" for none, `shown_points` how many points the page spends. `group` opens a
    group of so many, `join` names one to join."""

    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    shown_quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    shown_hash = forms.CharField(max_length=80)
    client_key = forms.CharField(max_length=40)
    coupon = forms.CharField(max_length=40, required=False)
    shown_coupon = forms.CharField(max_length=40, required=False)
    store = forms.CharField(max_length=40, required=False)
    remember = forms.BooleanField(required=False)
    provider = forms.CharField(max_length=20, required=False)
    group = forms.IntegerField(min_value=2, max_value=999, required=False)
    join = forms.CharField(max_length=40, required=False)
    use_points = forms.BooleanField(required=False)
    shown_points = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    use_balance = forms.BooleanField(required=False)
    shown_balance = forms.IntegerField(min_value=0, max_value=10**15, required=False)
    shown_unit = forms.CharField(max_length=40, required=False)

    def clean(self) -> dict[str, Any]:
        """Adds `from_balance`: what was shown to be taken from gift cards, or None."""
        sent: dict[str, Any] = super().clean() or {}
        shown = sent.get("shown_balance") or 0
        return {**sent, "from_balance": Money(shown, sent["shown_unit"]) if shown else None}

    @property
    def is_as_shown(self) -> bool:
        """Whether the total on the page was for this quantity, coupon and use of the balance."""
        sent = self.cleaned_data
        same_quantity: bool = sent["quantity"] == sent["shown_quantity"]
        same_coupon: bool = sent["coupon"] == sent["shown_coupon"]
        same_points: bool = sent["use_points"] == bool(sent["shown_points"])
        return (
            same_quantity
            and same_coupon
            and same_points
            and sent["use_balance"] == bool(sent["from_balance"])
        )
