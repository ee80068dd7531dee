// On the pages of shops and of the operator: rows of choices, typed codes, the nonce of a scan, keys for the queue.
import "./chips.js";
import "./code_field.js";
import "./queue_keys.js";
import "./shop_forms.js";
