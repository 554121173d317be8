-- A page of the provider's on which a customer pays an invoice, or saves a payment method. Its link is a secret of the
-- customer's and is not kept: while the session is open, the provider tells it to whoever may know it.
CREATE TABLE checkout_session (
    id               TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 100),
    customer_id      TEXT NOT NULL REFERENCES customer,
    purpose          TEXT NOT NULL CHECK (purpose IN ('payment', 'setup')),
    invoice_id       TEXT REFERENCES invoice,
    -- The attempt to collect the invoice that the session is: while it is open, no other can be live.
    payment_id       TEXT UNIQUE REFERENCES payment,
    -- The subscription that ends if the session does and nobody paid. It is written here before it is recorded.
    subscription_id  TEXT UNIQUE,
    -- The method that was used becomes the customer's, in this place.
    save_method      BOOLEAN NOT NULL,
    position         INT NOT NULL CHECK (position >= 1),
    success_url      TEXT NOT NULL,
    cancel_url       TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
    provider_session TEXT UNIQUE,
    method_id        TEXT REFERENCES payment_method,
    created_at       TIMESTAMPTZ NOT NULL,
    expires_at       TIMESTAMPTZ NOT NULL,
    ended_at         TIMESTAMPTZ,
    CONSTRAINT checkout_ended_when_over CHECK ((status = 'open') = (ended_at IS NULL)),
    CONSTRAINT checkout_payment_is_of_an_invoice CHECK ((purpose = 'payment') = (invoice_id IS NOT NULL) AND (payment_id IS NULL OR invoice_id IS NOT NULL)),
    CONSTRAINT checkout_expires_after_it_begins CHECK (expires_at > created_at)
);

CREATE INDEX checkout_session_customer ON checkout_session (customer_id, created_at);
CREATE INDEX checkout_session_invoice ON checkout_session (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX checkout_session_open ON checkout_session (expires_at, id) WHERE status = 'open';

-- Where our pages are, for an attempt that the customer makes on one of them; empty: the customer is not there.
ALTER TABLE payment ADD COLUMN pages TEXT NOT NULL DEFAULT '';

-- The default payment method that the provider last told us of: only another one is a choice of the customer's.
ALTER TABLE customer ADD COLUMN provider_default TEXT NOT NULL DEFAULT '';

CREATE OR REPLACE VIEW agenda AS
    SELECT 'subscription/' || s.id AS workflow_id, s.customer_id, c.test_clock_id, s.next_action_at
      FROM subscription s JOIN customer c ON c.id = s.customer_id WHERE s.next_action_at IS NOT NULL
    UNION ALL
    SELECT 'dunning/' || d.invoice_id, d.customer_id, c.test_clock_id, d.next_action_at
      FROM dunning d JOIN customer c ON c.id = d.customer_id WHERE d.ended_at IS NULL
    UNION ALL
    SELECT 'checkout/' || k.id, k.customer_id, c.test_clock_id, k.expires_at
      FROM checkout_session k JOIN customer c ON c.id = k.customer_id WHERE k.status = 'open' AND k.provider_session IS NOT NULL;
