"""Writes of search: the rows of the projections (`indexing`), the hours that stores share, the vocabulary."""

from hutong.attract.search.services.cells import rebuild_cells, wrong_cells
from hutong.attract.search.services.checking import (
    check_next,
    check_stores,
    count_stores,
    left_over,
    store_ids,
    suspects,
)
from hutong.attract.search.services.feeding import begin as begin_elsewhere
from hutong.attract.search.services.feeding import finish as finish_elsewhere
from hutong.attract.search.services.feeding import keep_offers, strays
from hutong.attract.search.services.hours import prune_hours, renew_hours
from hutong.attract.search.services.indexing import (
    index_for_words,
    index_next,
    index_offer,
    index_offers,
    index_region,
    index_stale,
    index_stores,
    prune,
    set_sold,
)
from hutong.attract.search.services.own_words import (
    WordsChanged,
    WordsInvalid,
    WordsUnknown,
    add_words,
    change_of,
    mark_words,
    remove_words,
    restore_words,
)
from hutong.attract.search.services.terms import recount_terms

__all__ = [
    "WordsChanged",
    "WordsInvalid",
    "WordsUnknown",
    "add_words",
    "begin_elsewhere",
    "change_of",
    "check_next",
    "check_stores",
    "count_stores",
    "finish_elsewhere",
    "index_for_words",
    "index_next",
    "index_offer",
    "index_offers",
    "index_region",
    "index_stale",
    "index_stores",
    "keep_offers",
    "left_over",
    "mark_words",
    "prune",
    "prune_hours",
    "rebuild_cells",
    "recount_terms",
    "remove_words",
    "renew_hours",
    "restore_words",
    "set_sold",
    "store_ids",
    "strays",
    "suspects",
    "wrong_cells",
]
