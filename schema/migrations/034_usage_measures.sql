-- What a meter's prices need of each event besides its quantity: the dimensions that some price divides it by, and whether
-- some price charges the amounts that come with the events. Written with the plans.
ALTER TABLE meter
    ADD COLUMN dimensions   TEXT[]  NOT NULL DEFAULT '{}',
    ADD COLUMN needs_amount BOOLEAN NOT NULL DEFAULT FALSE;

-- One combination of dimension values that a customer's usage of a meter has come with: canonical JSON, names ascending.
-- It is only ever added to, so that usage may refer to it by a number.
CREATE TABLE usage_group (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id      TEXT NOT NULL REFERENCES customer,
    meter            TEXT NOT NULL,
    dimension_values TEXT NOT NULL,
    CONSTRAINT usage_group_is_named_once UNIQUE (customer_id, meter, dimension_values)
);

-- Bills read single events where a price looks at each of them. `after_claims` says how many bills had claimed the event's
-- quarter hour before it was counted, NULL for none: it is how an event that comes late is told from those billed before.
ALTER TABLE usage_event
    ADD COLUMN amount       NUMERIC(38, 12) CONSTRAINT event_amount_not_negative CHECK (amount >= 0),
    ADD COLUMN group_id     BIGINT REFERENCES usage_group,
    ADD COLUMN after_claims INT;

CREATE INDEX usage_event_at ON usage_event (customer_id, meter, at);

-- Each event has its quarter hour, which names the customer: a check for every one of millions of events adds nothing.
ALTER TABLE usage_event DROP CONSTRAINT IF EXISTS usage_event_customer_id_fkey;

-- Quarter hours are summed by group; group 0 is usage without dimension values. The amount is NULL where none was given.
ALTER TABLE usage_bucket
    ADD COLUMN group_id       BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN events         BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN claimed_events BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN amount         NUMERIC(38, 12),
    ADD COLUMN claimed_amount NUMERIC(38, 12),
    ADD COLUMN claims         INT NOT NULL DEFAULT 0,
    DROP CONSTRAINT IF EXISTS usage_bucket_pkey;

-- Of a quarter hour that was billed in part, the latest events that come to what is open are those not billed: every bill
-- took all that was there.
CREATE TEMPORARY TABLE counted_usage ON COMMIT DROP AS
SELECT e.customer_id, e.meter, e.event_id, b.bucket_at, b.claimed > 0 AS claimed_before,
       b.claimed = 0 OR SUM(e.quantity) OVER latest_first <= b.quantity - b.claimed AS open
  FROM usage_event e
  JOIN usage_bucket b ON (b.customer_id, b.meter, b.bucket_at) = (e.customer_id, e.meter, to_timestamp(floor(extract(epoch FROM e.at) / 900) * 900))
WINDOW latest_first AS (PARTITION BY b.customer_id, b.meter, b.bucket_at ORDER BY e.received_at DESC, e.event_id DESC);

UPDATE usage_event e SET after_claims = 1
  FROM counted_usage c
 WHERE (e.customer_id, e.meter, e.event_id) = (c.customer_id, c.meter, c.event_id) AND c.claimed_before AND c.open;

UPDATE usage_bucket b SET events = c.events, claimed_events = c.events - c.open, claims = (b.claimed > 0)::int
  FROM (SELECT customer_id, meter, bucket_at, COUNT(*) AS events, COUNT(*) FILTER (WHERE open) AS open FROM counted_usage GROUP BY 1, 2, 3) c
 WHERE (b.customer_id, b.meter, b.bucket_at) = (c.customer_id, c.meter, c.bucket_at);

DROP INDEX usage_bucket_unclaimed;

ALTER TABLE usage_bucket
    ADD PRIMARY KEY (customer_id, meter, bucket_at, group_id),
    ADD CONSTRAINT never_claims_more_events CHECK (claimed_events BETWEEN 0 AND events),
    ADD CONSTRAINT never_claims_more_amount CHECK (COALESCE(claimed_amount, 0) BETWEEN 0 AND COALESCE(amount, 0));

CREATE INDEX usage_bucket_unclaimed ON usage_bucket (customer_id, meter, bucket_at) WHERE claimed_events < events;

-- What a line of usage was charged for besides its quantity: rating.Detail as JSON. Old lines have none.
ALTER TABLE invoice_line ADD COLUMN measured JSONB;
