-- Coupons are final: what was promised to a customer does not change behind their back.
CREATE TABLE coupon (
    entity_id  TEXT NOT NULL REFERENCES legal_entity,
    id         TEXT NOT NULL,
    -- As billing/discount writes it.
    terms      JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (entity_id, id)
);

CREATE TRIGGER coupon_is_immutable BEFORE UPDATE OR DELETE ON coupon FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE coupon_code (
    entity_id       TEXT NOT NULL,
    code            TEXT NOT NULL CONSTRAINT code_is_written_one_way CHECK (code ~ '^[A-Z0-9_-]{3,40}$'),
    coupon_id       TEXT NOT NULL,
    customer_id     TEXT REFERENCES customer,
    max_redemptions INT NOT NULL CONSTRAINT code_limit_not_negative CHECK (max_redemptions >= 0),
    expires_at      TIMESTAMPTZ,
    created_at      TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (entity_id, code),
    CONSTRAINT code_is_of_a_coupon FOREIGN KEY (entity_id, coupon_id) REFERENCES coupon (entity_id, id)
);

-- A coupon that a customer has redeemed. Whoever redeems locks the coupon's row, counts and adds: it cannot be oversold.
CREATE TABLE discount (
    customer_id     TEXT NOT NULL REFERENCES customer,
    id              TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 64),
    entity_id       TEXT NOT NULL,
    coupon_id       TEXT NOT NULL,
    code            TEXT,
    -- NULL for all subscriptions of the customer.
    subscription_id TEXT REFERENCES subscription,
    applied_at      TIMESTAMPTZ NOT NULL,
    removed_at      TIMESTAMPTZ,
    PRIMARY KEY (customer_id, id),
    CONSTRAINT discount_is_of_a_coupon FOREIGN KEY (entity_id, coupon_id) REFERENCES coupon (entity_id, id),
    CONSTRAINT discount_code_exists FOREIGN KEY (entity_id, code) REFERENCES coupon_code (entity_id, code),
    CONSTRAINT discount_removed_after_applied CHECK (removed_at >= applied_at)
);

CREATE INDEX discount_coupon ON discount (entity_id, coupon_id);

-- What a discount took off an invoice, less what the invoice gave back of it, in minor units: once per invoice.
CREATE TABLE discount_use (
    customer_id  TEXT NOT NULL,
    discount_id  TEXT NOT NULL,
    invoice_id   TEXT NOT NULL REFERENCES invoice,
    period_start TIMESTAMPTZ NOT NULL,
    currency     TEXT NOT NULL,
    amount       BIGINT NOT NULL,
    PRIMARY KEY (customer_id, discount_id, invoice_id),
    CONSTRAINT use_is_of_a_discount FOREIGN KEY (customer_id, discount_id) REFERENCES discount (customer_id, id)
);

CREATE TRIGGER discount_use_is_immutable BEFORE UPDATE OR DELETE ON discount_use FOR EACH ROW EXECUTE FUNCTION refuse_change();
