"""What the platform keeps of a sale: rules of commission, and which of them holds.

Owns: `CommissionRule`.

Invariants:
- of the rules that hold at a moment for a deal the most specific one counts: for the deal, for the merchant in a
  category, for the merchant, for a category, for a region, for all; the site's default where there is none;
- of two rules for the very same deals no two hold at the same moment;
- a rule is never changed and never deleted, only ended; a change ends one and begins the next at the same moment;
- what is kept is nothing or more, and together never more than the price.

Written by: this app's services, for operators. What a rule makes of a sale is fixed by `flows.checkout` in the quote
and stored with each unit sold; no rule reaches back to a unit that was sold.
"""
