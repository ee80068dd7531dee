"""How a shop makes its deals: begun from a template, filled in, handed in, changed later.

`templates` to begin with; `body` is what a deal says, as one plain map; `contents` brings such a map to an offer
and tells versions apart; `drafting` is what the shop's pages call.
"""
