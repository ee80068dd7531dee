"""What shoppers fill in."""

from django import forms
from django.utils.translation import gettext_lazy as _

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
    """What the shopper agrees to. `shown_hash` names the price on the page, `client_key` the click."""

    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    shown_quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    shown_hash = forms.CharField(max_length=80)
    client_key = forms.CharField(max_length=40)
    store = forms.CharField(max_length=40, required=False)
    remember = forms.BooleanField(required=False)
    provider = forms.CharField(max_length=20, required=False)
