-- The provider's account is one. What moves on its balance and is nobody's, its fees and what nothing explains, is of the
-- legal entity that owns the account.
ALTER TABLE legal_entity ADD COLUMN owns_provider_account BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX legal_entity_one_owner ON legal_entity (owns_provider_account) WHERE owns_provider_account;

-- Cash is what the provider holds: taxes are paid from the bank account.
WITH paid AS (
    SELECT id, entity_id, reference, at FROM ledger_transaction WHERE kind = 'tax_return_paid'
), corrected AS (
    INSERT INTO ledger_transaction (natural_key, entity_id, kind, reference, at)
    SELECT 'tax-return:' || reference || ':paid-from-bank', entity_id, 'tax_return_paid', reference, at FROM paid
    RETURNING id, reference
)
INSERT INTO ledger_posting (transaction_id, seq, account, currency, amount)
SELECT c.id, row_number() OVER (PARTITION BY c.id ORDER BY p.seq, side.account), side.account, p.currency, side.amount
  FROM corrected c JOIN paid USING (reference) JOIN ledger_posting p ON p.transaction_id = paid.id AND p.account = 'Cash'
 CROSS JOIN LATERAL (VALUES ('Bank', p.amount), ('Cash', -p.amount)) AS side (account, amount);

-- Money that the provider sends to our bank account, as it told us last.
CREATE TABLE payout (
    id           TEXT PRIMARY KEY,
    status       TEXT NOT NULL CHECK (status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
    -- Below zero, it is taken from the bank account.
    amount       BIGINT NOT NULL CHECK (amount <> 0),
    currency     TEXT NOT NULL,
    automatic    BOOLEAN NOT NULL,
    failure      TEXT NOT NULL DEFAULT '',
    created_at   TIMESTAMPTZ NOT NULL,
    arrives_at   TIMESTAMPTZ NOT NULL
);

CREATE INDEX payout_created ON payout (created_at, id);

-- Whose money it is: a payout is split by what it consists of, once, when it is recorded.
CREATE TABLE payout_share (
    payout_id TEXT NOT NULL REFERENCES payout,
    entity_id TEXT NOT NULL REFERENCES legal_entity,
    amount    BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (payout_id, entity_id)
);

CREATE TRIGGER payout_share_is_immutable BEFORE UPDATE OR DELETE ON payout_share
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE FUNCTION require_whole_payout() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole RECORD;
BEGIN
    SELECT p.amount, COALESCE(SUM(s.amount), 0) AS shared INTO whole
      FROM payout p LEFT JOIN payout_share s ON s.payout_id = p.id WHERE p.id = NEW.id GROUP BY p.id;
    IF whole.amount <> whole.shared THEN
        RAISE EXCEPTION 'payout % of % is shared out as %', NEW.id, whole.amount, whole.shared
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_is_shared_whole';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER payout_is_shared_whole AFTER INSERT OR UPDATE ON payout
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_whole_payout();

-- What else moved on the provider's balance, by its balance transaction.
CREATE TABLE provider_movement (
    id            TEXT PRIMARY KEY,
    entity_id     TEXT NOT NULL REFERENCES legal_entity,
    -- The account it was booked against; CurrencyExchange when money of ours was settled in another currency.
    account       TEXT NOT NULL CHECK (account IN ('ProcessingFees', 'Bank', 'Suspense', 'CurrencyExchange')),
    category      TEXT NOT NULL,
    source        TEXT NOT NULL DEFAULT '',
    net           BIGINT NOT NULL,
    fee           BIGINT NOT NULL DEFAULT 0,
    fee_account   TEXT NOT NULL DEFAULT 'ProcessingFees' CHECK (fee_account IN ('ProcessingFees', 'DisputeFees')),
    currency      TEXT NOT NULL,
    -- Of an exchange: what it was in the customer's currency.
    paid          BIGINT NOT NULL DEFAULT 0,
    paid_currency TEXT NOT NULL DEFAULT '',
    at            TIMESTAMPTZ NOT NULL,
    -- What a person explained a movement in Suspense with.
    explained_as  TEXT CHECK (explained_as IN ('ProcessingFees', 'Bank', 'OtherIncome', 'OtherExpenses')),
    explained_by  TEXT NOT NULL DEFAULT '',
    explained_why TEXT NOT NULL DEFAULT '',
    explained_at  TIMESTAMPTZ,
    CONSTRAINT only_suspense_is_explained CHECK (explained_as IS NULL OR account = 'Suspense'),
    CONSTRAINT explained_with_a_reason CHECK ((explained_as IS NULL) = (explained_at IS NULL) AND (explained_as IS NULL OR explained_why <> ''))
);

-- Where our books and the provider's differ, until they do not or a person has settled it.
CREATE TABLE reconciliation_difference (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        TEXT NOT NULL,
    subject     TEXT NOT NULL,
    entity_id   TEXT REFERENCES legal_entity,
    invoice_id  TEXT NOT NULL DEFAULT '',
    detail      TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('open', 'healed', 'gone', 'settled')),
    occurred_at TIMESTAMPTZ NOT NULL,
    first_seen  TIMESTAMPTZ NOT NULL,
    last_seen   TIMESTAMPTZ NOT NULL,
    settled_by  TEXT NOT NULL DEFAULT '',
    settled_why TEXT NOT NULL DEFAULT '',
    UNIQUE (kind, subject),
    CONSTRAINT settled_with_a_reason CHECK (status <> 'settled' OR settled_why <> '')
);

CREATE INDEX reconciliation_difference_open ON reconciliation_difference (id) WHERE status = 'open';
