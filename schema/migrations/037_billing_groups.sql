-- Subscriptions of one customer that name the same group share an invoice; those without one have invoices of their own. A
-- purchase order keeps them apart, and is on the invoice.
ALTER TABLE subscription
    ADD COLUMN billing_group TEXT NOT NULL DEFAULT '' CONSTRAINT billing_group_is_short CHECK (length(billing_group) <= 100),
    ADD COLUMN po_number TEXT NOT NULL DEFAULT '' CONSTRAINT po_number_is_short CHECK (length(po_number) <= 100);

CREATE INDEX subscription_billing_group ON subscription (customer_id, billing_group) WHERE billing_group <> '';

-- An invoice for several subscriptions is none's alone, and its subscription_id empty: invoice_part has them, and each line says
-- whose it is.
ALTER TABLE invoice
    ADD COLUMN po_number TEXT NOT NULL DEFAULT '',
    DROP CONSTRAINT only_credit_is_sold_alone,
    ADD CONSTRAINT only_credit_is_sold_alone CHECK
        (CASE reason WHEN 'prepaid' THEN subscription_id = '' WHEN 'cycle' THEN TRUE ELSE subscription_id <> '' END);

DROP INDEX invoice_cycle_once;
CREATE UNIQUE INDEX invoice_cycle_once ON invoice (subscription_id, cycle) WHERE reason = 'cycle' AND subscription_id <> '';

ALTER TABLE invoice_line ADD COLUMN subscription_id TEXT;
ALTER TABLE invoice_line DISABLE TRIGGER invoice_line_is_immutable;
UPDATE invoice_line l SET subscription_id = i.subscription_id FROM invoice i WHERE i.id = l.invoice_id;
ALTER TABLE invoice_line ENABLE TRIGGER invoice_line_is_immutable;
ALTER TABLE invoice_line ADD CONSTRAINT line_is_of_a_part FOREIGN KEY (invoice_id, subscription_id) REFERENCES invoice_part (invoice_id, subscription_id);

-- The business identity of what a subscription brought to the invoice: on an invoice of its own it is the invoice's.
ALTER TABLE invoice_part ADD COLUMN part_key TEXT UNIQUE;
ALTER TABLE invoice_part DISABLE TRIGGER invoice_part_is_immutable;
UPDATE invoice_part p SET part_key = i.business_key FROM invoice i WHERE i.id = p.invoice_id;
ALTER TABLE invoice_part ENABLE TRIGGER invoice_part_is_immutable;
ALTER TABLE invoice_part ALTER COLUMN part_key SET NOT NULL;

-- Subscriptions that share the invoice of a renewal come to it one by one, each with the state that its workflow holds; who
-- comes last bills them all. `id` says what they share, and the instant.
CREATE TABLE shared_renewal (
    id     TEXT PRIMARY KEY,
    billed BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE TABLE renewal_member (
    renewal_id      TEXT NOT NULL REFERENCES shared_renewal,
    subscription_id TEXT NOT NULL REFERENCES subscription,
    state           JSONB NOT NULL,
    -- It could not be billed with the others, and has an invoice of its own.
    alone           BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (renewal_id, subscription_id)
);
