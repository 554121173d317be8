-- Events of the providers as we keep them: who they are, what became of them, and of their content only what is needed to
-- act on it. No secrets, no card data, no addresses of buyers; `starter event purge` removes the rest when it is old.
ALTER TABLE inbound_event
    ALTER COLUMN payload DROP NOT NULL,
    ADD COLUMN object_id   TEXT NOT NULL DEFAULT '',
    ADD COLUMN source      TEXT NOT NULL DEFAULT 'webhook' CHECK (source IN ('webhook', 'sweep')),
    ADD COLUMN occurred_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ADD COLUMN status      TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'applied', 'ignored', 'given_up')),
    ADD COLUMN note        TEXT NOT NULL DEFAULT '',
    ADD COLUMN tries       INT NOT NULL DEFAULT 0 CHECK (tries >= 0),
    ADD COLUMN next_try_at TIMESTAMPTZ,
    ADD COLUMN give_up_at  TIMESTAMPTZ NOT NULL DEFAULT now() + interval '72 hours';

UPDATE inbound_event SET status = 'applied' WHERE processed_at IS NOT NULL;
UPDATE inbound_event SET next_try_at = now() WHERE processed_at IS NULL;
-- What was kept of applied events before: whole payloads, with what buyers wrote.
UPDATE inbound_event SET payload = NULL WHERE processed_at IS NOT NULL;

ALTER TABLE inbound_event
    ALTER COLUMN next_try_at SET DEFAULT now(),
    ADD CONSTRAINT waits_or_is_over CHECK ((status = 'waiting') = (next_try_at IS NOT NULL) AND (status = 'waiting') = (processed_at IS NULL));

DROP INDEX inbound_event_waiting;
CREATE INDEX inbound_event_due ON inbound_event (next_try_at, id) WHERE status = 'waiting';
CREATE INDEX inbound_event_received ON inbound_event (received_at, id);

-- How far the sweeps have come that look for what no webhook told us.
CREATE TABLE event_sweep (
    provider      TEXT PRIMARY KEY,
    -- Events up to this instant of the provider were listed.
    listed_to     TIMESTAMPTZ NOT NULL,
    -- The invoice whose payment was asked about last: the next sweep goes on behind it, and begins again at the end.
    asked_invoice TEXT NOT NULL DEFAULT '',
    swept_at      TIMESTAMPTZ NOT NULL
);

CREATE INDEX invoice_open_intent ON invoice (id) WHERE status = 'open' AND provider_intent IS NOT NULL;

-- A mail address that is dead, or whose owner does not want our mail: nothing more is sent there.
CREATE TABLE mail_suppression (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customer,
    email       TEXT NOT NULL,
    reason      TEXT NOT NULL CHECK (reason IN ('bounce', 'dropped', 'spam_report')),
    detail      TEXT NOT NULL DEFAULT '',
    event_id    TEXT NOT NULL,
    at          TIMESTAMPTZ NOT NULL,
    lifted_at   TIMESTAMPTZ
);

CREATE UNIQUE INDEX mail_suppression_one_in_force ON mail_suppression (customer_id) WHERE lifted_at IS NULL;
CREATE UNIQUE INDEX mail_suppression_once_per_event ON mail_suppression (event_id, customer_id);

-- What the mail provider said of a message after it took it.
ALTER TABLE outbox
    ADD COLUMN delivery    TEXT NOT NULL DEFAULT '' CHECK (delivery IN ('', 'processed', 'deferred', 'delivered', 'blocked', 'dropped', 'bounced', 'spam_report')),
    ADD COLUMN delivery_at TIMESTAMPTZ,
    DROP CONSTRAINT outbox_status_check,
    ADD CONSTRAINT outbox_status_check CHECK (status IN ('pending', 'sending', 'sent', 'refused', 'uncertain', 'suppressed'));

CREATE INDEX customer_email ON customer (lower(email));
