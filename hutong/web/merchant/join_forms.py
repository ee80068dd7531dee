"""What owners fill in on their way in."""

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from hutong.kernel.text import pick
from hutong.town.merchants.queries import category_tree, place_of_address
from hutong.town.merchants.rules import DOCUMENT_LIMIT
from hutong.town.merchants.types import ClaimMethod, MerchantView, NewShop
from hutong.town.regions.types import RegionView


def merchant_choices(merchants: list[MerchantView]) -> list[tuple[str, Any]]:
    """A new merchant, or one of one's own that the store joins."""
    language = get_language() or "en"
    own = [(merchant.ref, pick(merchant.names, language)) for merchant in merchants]
    return [("", _("A new shop of its own")), *own]


class ClaimForm(forms.Form):
    """How the shop is proved, and to which merchant it comes."""

    method = forms.ChoiceField(
        choices=[(ClaimMethod.PHONE.value, ""), (ClaimMethod.EMAIL.value, "")], widget=forms.HiddenInput
    )
    email = forms.CharField(
        label=_("E-mail address at the shop's domain"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "inputmode": "email", "autocomplete": "email"}),
    )
    merchant = forms.CharField(max_length=40, required=False)


class ClaimCodeForm(forms.Form):
    """The code that was spoken or mailed to the shop."""

    code = forms.CharField(
        label=_("Verification code"),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "autofocus": True}
        ),
    )


class DocumentForm(forms.Form):
    """A document that shows whose shop it is."""

    document = forms.FileField(
        label=_("Document"),
        help_text=_(
            "A lease, a licence or a bill with the shop's name and address: PDF or photo, at most 10 MB."
        ),
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )
    note = forms.CharField(
        label=_("What should the platform know?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    merchant = forms.CharField(max_length=40, required=False)

    def clean_document(self) -> Any:
        """A file that is too large is told so before it is read into memory."""
        upload = self.cleaned_data["document"]
        if upload.size > DOCUMENT_LIMIT:
            raise forms.ValidationError(_("Send a PDF, a JPEG or a PNG of at most 10 MB."))
        return upload


class SignUpForm(forms.Form):
    """A shop that is not in the list yet."""

    merchant = forms.ChoiceField(label=_("Belongs to"), required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=200, required=False)
    category = forms.ChoiceField(label=_("Category"))
    address = forms.CharField(
        label=_("Street and number"),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    postcode = forms.CharField(label=_("Postcode"), max_length=20, required=False)
    city = forms.CharField(label=_("City"), max_length=100, required=False)
    lat = forms.FloatField(
        label=_("Latitude"),
        min_value=-90,
        max_value=90,
        required=False,
        widget=forms.NumberInput({"step": "any"}),
    )
    lon = forms.FloatField(
        label=_("Longitude"),
        min_value=-180,
        max_value=180,
        required=False,
        widget=forms.NumberInput({"step": "any"}),
    )
    phone = forms.CharField(
        label=_("Phone of the shop"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel"}),
    )
    legal_name = forms.CharField(
        label=_("Name of the company"),
        max_length=200,
        required=False,
        help_text=_("As it is registered. The platform needs it before you can sell."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    business_id = forms.CharField(label=_("Business ID"), max_length=40, required=False)
    email = forms.CharField(
        label=_("E-mail of the company"),
        max_length=254,
        required=False,
        widget=forms.TextInput(attrs={"type": "email", "inputmode": "email", "autocomplete": "email"}),
    )

    def __init__(self, *args: Any, region: RegionView, merchants: list[MerchantView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region = region
        language = get_language() or "en"
        self.fields["merchant"].choices = merchant_choices(merchants)  # type: ignore[attr-defined]
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose …")),
            *(
                (
                    pick(group.names, language),
                    [(child.slug, pick(child.names, language)) for child in group.children],
                )
                for group in category_tree()
            ),
        ]

    def clean(self) -> dict[str, Any]:
        """A name in one language at least, and a position: given, or that of the address."""
        data = super().clean() or {}
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Please give the shop a name in one language at least."))
        if data.get("lat") is None or data.get("lon") is None:
            found = place_of_address(region_id=self.region.region_id, address=data.get("address") or "")
            if found:
                data["lon"], data["lat"] = found
            elif data.get("address"):
                self.add_error(
                    "lat",
                    _(
                        "We do not know this address. Place the pin on the map, or give latitude and longitude."
                    ),
                )
        return data

    def shop(self) -> NewShop:
        """The shop as the service takes it; only of a valid form."""
        data = self.cleaned_data
        return NewShop(
            names={"en": data["name_en"], "zh-Hans": data["name_zh"]},
            category_slug=data["category"],
            address=data["address"],
            postcode=data["postcode"],
            city=data["city"],
            lon=data["lon"],
            lat=data["lat"],
            phone=data["phone"],
        )
