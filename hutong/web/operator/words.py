"""Words of one meaning of the operator's own: the list, more of them, taken away and given back; how far the index is."""

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hutong.attract.search.queries.own_words import known_words, own_words
from hutong.attract.search.services import WordsChanged, WordsInvalid
from hutong.flows import own_words as flow
from hutong.kernel import clock
from hutong.kernel.errors import NotFound
from hutong.kernel.text import pick
from hutong.town.merchants import queries as merchants
from hutong.town.people.services import Person
from hutong.web.operator.access import operators
from hutong.web.operator.frame import operator_page

AGAIN_S = 2
MOST_TEXT = 1_000
# As people part words, in English and in Chinese; a word may hold a space, but no line end.
_BETWEEN = re.compile(r"[,;\n，、；]")


class WordsForm(forms.Form):
    """Words of one meaning, and whose they are."""

    category = forms.ChoiceField(label=gettext_lazy("For"), required=False)
    words = forms.CharField(
        label=gettext_lazy("Words"),
        max_length=MOST_TEXT,
        help_text=gettext_lazy("With a comma or a new line between them, in any language."),
        widget=forms.Textarea(attrs={"rows": 3, "autocapitalize": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        choices = [("", _("All shops"))]
        for group in merchants.category_tree():
            for one in (group, *group.children):
                within = pick(group.names, language) + " › " if one is not group else ""
                choices.append((one.slug, within + pick(one.names, language)))
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


@operators
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: HttpRequest, operator: Person) -> HttpResponse:
    """All words of the operator's own, and a form for more."""
    form = WordsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            flow.add(
                words=_BETWEEN.split(form.cleaned_data["words"]),
                category_slug=form.cleaned_data["category"],
                by=operator,
                at=clock.now(),
            )
        except WordsInvalid as error:
            form.add_error("words", str(error))
        else:
            messages.success(request, _("Kept. Shops are found by these words as soon as they are indexed."))
            return redirect("operator_words")
    every = own_words()
    held = [line for line in every if line.holds]
    context = {
        "form": form,
        "held": held,
        "removed": [line for line in every if not line.holds],
        "again_s": 0 if all(line.followed for line in every) else AGAIN_S,
        "known": known_words(),
    }
    status = 422 if form.errors else 200
    return operator_page(
        request, "operator/words.html", context, tab="site", part="operator/_words.html", status=status
    )


@operators
@require_POST
def hold(request: HttpRequest, operator: Person, words_ref: str) -> HttpResponse:
    """Take words away, or give them back."""
    to = request.POST.get("to", "")
    if to not in ("on", "off"):
        raise NotFound
    change = flow.restore if to == "on" else flow.remove
    try:
        change(words_ref=words_ref, by=operator, at=clock.now())
    except (WordsChanged, WordsInvalid) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Given back.") if to == "on" else _("Taken away."))
    return redirect("operator_words")
