"""Vouchers: the rights that were bought, and the record of every use.

Owns: the terms of voucher offers, vouchers with their uses, redemptions.
Invariants: a use is redeemed or refunded, never both, whoever asks at once; `uses_left` is the number of
ready uses, and a voucher without any is used or refunded; a use has at most one live redemption; a device's
or person's nonce names one redemption for ever; the typed code is stored only as its HMAC.
Who may write: `services` here, called by the flows of fulfilment, redemption, undo and refund.
"""
