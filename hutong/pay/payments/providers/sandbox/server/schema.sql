-- The sandbox's own books. Amounts are whole minor units; moments are ISO 8601 in UTC.
CREATE TABLE IF NOT EXISTS payment (
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL UNIQUE,
  token TEXT NOT NULL UNIQUE,              -- unguessable: names the payment's page
  reference TEXT NOT NULL UNIQUE,          -- the merchant's own id
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  payee TEXT NOT NULL,
  description TEXT NOT NULL,
  return_url TEXT NOT NULL,
  language TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'paid', 'declined', 'closed', 'expired')),
  captured INTEGER NOT NULL DEFAULT 0 CHECK ((status = 'paid') = (captured > 0)),
  captured_currency TEXT,
  refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND captured),
  expires_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_open ON payment (expires_at) WHERE status = 'open';

CREATE TABLE IF NOT EXISTS refund (
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL UNIQUE,
  payment_id INTEGER NOT NULL REFERENCES payment (id),
  reference TEXT NOT NULL UNIQUE,
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'done', 'failed')),
  failure TEXT NOT NULL DEFAULT '',
  due_at TEXT,                             -- when a pending refund is done
  created_at TEXT NOT NULL
);

-- The bill: money that came, and money that went back when it left. Only added to.
CREATE TABLE IF NOT EXISTS bill (
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL,                       -- of the payment or the refund
  payment_reference TEXT NOT NULL,
  refund_reference TEXT NOT NULL DEFAULT '',
  amount INTEGER NOT NULL CHECK (amount > 0),
  currency TEXT NOT NULL,
  at TEXT NOT NULL
);

-- Books that are older than the bill: what moved then is on it by its last moment that is known.
INSERT INTO bill (ref, payment_reference, amount, currency, at)
  SELECT ref, reference, captured, captured_currency, changed_at FROM payment
  WHERE status = 'paid' AND NOT EXISTS (SELECT 1 FROM bill);
INSERT INTO bill (ref, payment_reference, refund_reference, amount, currency, at)
  SELECT refund.ref, payment.reference, refund.reference, refund.amount, refund.currency, refund.created_at
  FROM refund JOIN payment ON payment.id = refund.payment_id
  WHERE refund.status = 'done' AND NOT EXISTS (SELECT 1 FROM bill WHERE refund_reference <> '');

-- Payments that a cardholder's bank took back.
CREATE TABLE IF NOT EXISTS dispute (
  id INTEGER PRIMARY KEY,
  ref TEXT NOT NULL UNIQUE,
  payment_id INTEGER NOT NULL REFERENCES payment (id),
  amount INTEGER NOT NULL CHECK (amount > 0),
  fee INTEGER NOT NULL CHECK (fee >= 0),
  currency TEXT NOT NULL,
  reason TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'needs_response'
    CHECK (status IN ('needs_response', 'under_review', 'won', 'lost')),
  evidence TEXT NOT NULL DEFAULT '',
  files INTEGER NOT NULL DEFAULT 0,
  due_at TEXT NOT NULL,
  created_at TEXT NOT NULL
);

-- What was answered under an Idempotency-Key; the same key with another request is refused.
CREATE TABLE IF NOT EXISTS answer (
  key TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  body BLOB NOT NULL
);

-- Webhooks to send. A row stays after its delivery.
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY,
  event_id TEXT NOT NULL,
  body TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  next_try_at REAL,                        -- seconds since 1970; NULL when delivered or given up
  outcome TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS message_due ON message (next_try_at) WHERE next_try_at IS NOT NULL;

-- Faults that tests ask for; each counts down and is gone.
CREATE TABLE IF NOT EXISTS fault (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  call TEXT NOT NULL,                      -- start, close, refund, query, books; '' for any
  reference TEXT NOT NULL,                 -- the merchant's id of a payment or refund; '' for any
  value TEXT NOT NULL,
  times_left INTEGER NOT NULL CHECK (times_left > 0)
);
