-- How much of a limited feature was used in a window of time. Taking is one statement that adds only while the limit
-- holds, so that no two callers can get the same last one.
CREATE TABLE quota (
    customer_id     TEXT NOT NULL REFERENCES customer,
    -- Empty for a limit that all of a customer's subscriptions share.
    subscription_id TEXT NOT NULL,
    feature         TEXT NOT NULL,
    -- 1970-01-01 for a limit of a life.
    window_start    TIMESTAMPTZ NOT NULL,
    used            BIGINT NOT NULL,
    PRIMARY KEY (customer_id, feature, subscription_id, window_start),
    CONSTRAINT quota_not_negative CHECK (used >= 0)
);

-- Each use, under the caller's id: a repeated one answers as the first did.
CREATE TABLE quota_use (
    customer_id     TEXT NOT NULL REFERENCES customer,
    feature         TEXT NOT NULL,
    id              TEXT NOT NULL CHECK (length(id) BETWEEN 1 AND 200),
    subscription_id TEXT NOT NULL REFERENCES subscription,
    -- The row of quota that it counts in.
    quota_of        TEXT NOT NULL,
    window_start    TIMESTAMPTZ NOT NULL,
    quantity        BIGINT NOT NULL,
    at              TIMESTAMPTZ NOT NULL,
    returned_at     TIMESTAMPTZ,
    PRIMARY KEY (customer_id, feature, id),
    CONSTRAINT quota_use_is_of_a_quota FOREIGN KEY (customer_id, feature, quota_of, window_start) REFERENCES quota (customer_id, feature, subscription_id, window_start),
    CONSTRAINT quota_use_counts CHECK (quantity > 0)
);
