-- Double entry. `natural_key` makes a repeated posting impossible; debits are positive, credits negative.
CREATE TABLE ledger_transaction (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    natural_key TEXT NOT NULL UNIQUE,
    entity_id   TEXT NOT NULL REFERENCES legal_entity,
    kind        TEXT NOT NULL,
    reference   TEXT NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX ledger_transaction_entity ON ledger_transaction (entity_id, at);

CREATE TABLE ledger_posting (
    transaction_id BIGINT NOT NULL REFERENCES ledger_transaction,
    seq            INT NOT NULL,
    account        TEXT NOT NULL,
    currency       TEXT NOT NULL,
    amount         BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (transaction_id, seq)
);

CREATE INDEX ledger_posting_account ON ledger_posting (account, currency);

CREATE TRIGGER ledger_transaction_is_immutable BEFORE UPDATE OR DELETE ON ledger_transaction
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_posting_is_immutable BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Checked at commit, when all postings of the transaction are there.
CREATE FUNCTION require_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced RECORD;
BEGIN
    SELECT currency, SUM(amount) AS off INTO unbalanced
      FROM ledger_posting WHERE transaction_id = NEW.transaction_id
     GROUP BY currency HAVING SUM(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger transaction % is off by % %', NEW.transaction_id, unbalanced.off, unbalanced.currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_balance';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER postings_balance AFTER INSERT ON ledger_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_balance();

-- The customer's credit: granted by invoices with a negative total, applied to later ones. Never below zero.
CREATE TABLE wallet (
    customer_id TEXT NOT NULL REFERENCES customer,
    currency    TEXT NOT NULL,
    balance     BIGINT NOT NULL CONSTRAINT wallet_is_never_negative CHECK (balance >= 0),
    PRIMARY KEY (customer_id, currency)
);

CREATE TABLE wallet_movement (
    natural_key TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL,
    currency    TEXT NOT NULL,
    amount      BIGINT NOT NULL CHECK (amount <> 0),
    at          TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (customer_id, currency) REFERENCES wallet
);
