// On the pages of shops and of the operator: typed codes, the nonce of a scan, keys for the queue.
import "./code_field.js";
import "./queue_keys.js";
import "./shop_forms.js";
