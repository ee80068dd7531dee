"""Catalog: what can be bought, in which stores, from when until when, and for how much.

Owns: offers, the stores each offer holds in, the history of their moves between states, and sketches: what
somebody has filled in of an offer so far.
Invariants: a price is above nothing and never above the list price; an offer holds in stores of its own
merchant only; an offer moves only along `rules.OFFER_TRANSITIONS`, and each move leaves a decision behind;
what a shopper may buy is what `rules.may_be_bought` says, on every page and at checkout alike.
The terms of a kind (validity, slots, menus) live with the app of `visit` that fulfils it.
An offer that was approved is changed by a published version of its contents alone (`flows/publish`).
Who may write: `services` here, called by the merchant's and the operator's pages and by the demo city.
"""
