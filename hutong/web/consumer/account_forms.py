"""What people fill in on their own pages."""

from django import forms
from django.utils.translation import gettext_lazy as _

from hutong.town.people.rules import ADDRESS_LIMITS
from hutong.town.people.types import AddressText, AddressView, ConsentKind
from hutong.web.consumer.place import read_place
from hutong.web.shell.templatetags.hutong import phone_spaced


class NameForm(forms.Form):
    """What somebody wants to be called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Shops that remember you see it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class NewPhoneForm(forms.Form):
    """The number to change to."""

    phone = forms.CharField(
        label=_("New phone number"),
        max_length=40,
        help_text=_("A number of another country starts with + and its code."),
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )


class EmailForm(forms.Form):
    """The address to prove."""

    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "inputmode": "email", "autocomplete": "email"}),
    )


class ProofForm(forms.Form):
    """A code out of a message. Unlike at signing in it does not take the focus: there is more on the page."""

    code = forms.CharField(
        label=_("Code from the message"),
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )


class AddressForm(forms.Form):
    """An address. Its position is optional: the page offers the visitor's own, where the browser told it."""

    label = forms.CharField(
        label=_("Label"),
        max_length=ADDRESS_LIMITS["label"],
        required=False,
        help_text=_("Home, office, …"),
    )
    name = forms.CharField(
        label=_("Who it is for"),
        max_length=ADDRESS_LIMITS["name"],
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "shipping name"}),
    )
    phone = forms.CharField(
        label=_("Phone number"),
        max_length=ADDRESS_LIMITS["phone"],
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "shipping tel"}),
    )
    street = forms.CharField(
        label=_("Street and number"),
        max_length=ADDRESS_LIMITS["street"],
        widget=forms.TextInput(attrs={"autocomplete": "shipping street-address"}),
    )
    postcode = forms.CharField(
        label=_("Postcode"),
        max_length=ADDRESS_LIMITS["postcode"],
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "shipping postal-code"}),
    )
    city = forms.CharField(
        label=_("City"),
        max_length=ADDRESS_LIMITS["city"],
        widget=forms.TextInput(attrs={"autocomplete": "shipping address-level2"}),
    )
    region = forms.CharField(
        label=_("Province or state"),
        max_length=ADDRESS_LIMITS["region"],
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "shipping address-level1"}),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=ADDRESS_LIMITS["note"],
        required=False,
        help_text=_("Door code, floor, where to ring"),
    )
    lon = forms.FloatField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    lat = forms.FloatField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    position = forms.CharField(required=False, max_length=40)
    default = forms.BooleanField(label=_("My default address"), required=False)

    def text(self) -> AddressText:
        """The valid form as the service takes it. A position of which one half is missing counts as none."""
        filled = {name: self.cleaned_data[name] for name in ADDRESS_LIMITS}
        lon, lat = self.cleaned_data["lon"], self.cleaned_data["lat"]
        here = read_place(self.cleaned_data["position"])
        if here is not None:
            lon, lat = here.lon, here.lat
        whole = lon is not None and lat is not None
        return AddressText(**filled, lon=lon if whole else None, lat=lat if whole else None)


class ConsentForm(forms.Form):
    """One switch: which consent, and whether it is given."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.value) for kind in ConsentKind if kind.withdrawable])
    on = forms.BooleanField(required=False)


class EraseForm(forms.Form):
    """The last step before an account ends."""

    sure = forms.BooleanField(label=_("I want my account to be deleted"))
    give_up = forms.BooleanField(label=_("I give up what I did not use"), required=False)


def address_form(address: AddressView) -> AddressForm:
    """The form filled with an address there is."""
    text = address.text
    filled = {name: getattr(text, name) for name in ADDRESS_LIMITS} | {"phone": phone_spaced(text.phone)}
    return AddressForm(initial={**filled, "lon": text.lon, "lat": text.lat, "default": address.is_default})
