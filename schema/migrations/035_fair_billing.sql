-- How the seats of a subscription follow its members (billing/fairbilling). What was agreed does not change.
CREATE TABLE fair_billing (
    subscription_id TEXT PRIMARY KEY REFERENCES subscription,
    window_days     INT NOT NULL CONSTRAINT window_is_in_range CHECK (window_days BETWEEN 1 AND 366),
    minimum_seats   BIGINT NOT NULL CONSTRAINT minimum_seats_not_negative CHECK (minimum_seats >= 0),
    -- Charged for the first paid period whoever is active; 0 if they are counted.
    first_seats     BIGINT NOT NULL CONSTRAINT first_seats_not_negative CHECK (first_seats >= 0),
    -- The first day that no statement has settled.
    settled_through DATE
);

CREATE FUNCTION refuse_other_fair_billing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.subscription_id, OLD.window_days, OLD.minimum_seats, OLD.first_seats)
       IS DISTINCT FROM (NEW.subscription_id, NEW.window_days, NEW.minimum_seats, NEW.first_seats) OR NEW.settled_through < OLD.settled_through THEN
        RAISE EXCEPTION 'fair billing of % stays as it was agreed, and what is settled stays settled', OLD.subscription_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'fair_billing_is_agreed';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER fair_billing_is_agreed BEFORE UPDATE OR DELETE ON fair_billing FOR EACH ROW EXECUTE FUNCTION refuse_other_fair_billing();

-- Members by the seller's own ids: nothing else is known of them.
CREATE TABLE member (
    subscription_id TEXT NOT NULL REFERENCES fair_billing,
    member_id       TEXT NOT NULL CONSTRAINT member_id_is_short CHECK (length(member_id) BETWEEN 1 AND 100),
    -- The first day, and the first one on which the member is not there any more.
    since           DATE NOT NULL,
    until           DATE CONSTRAINT member_leaves_after_joining CHECK (until >= since),
    PRIMARY KEY (subscription_id, member_id)
);

-- The days on which members did something. By day first: what a period needs lies together, however long the past is.
CREATE TABLE member_activity (
    subscription_id TEXT NOT NULL,
    day             DATE NOT NULL,
    member_id       TEXT NOT NULL,
    PRIMARY KEY (subscription_id, day, member_id),
    CONSTRAINT activity_is_of_a_member FOREIGN KEY (subscription_id, member_id) REFERENCES member (subscription_id, member_id)
);

-- What became of the seats that one line charged in advance. A line is settled once.
CREATE TABLE seat_statement (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id TEXT NOT NULL REFERENCES fair_billing,
    -- The business key of the invoice that it was made for. There is no such invoice if nothing was to be billed.
    invoice_key     TEXT NOT NULL,
    line_invoice    TEXT NOT NULL,
    line_position   INT NOT NULL,
    charge_id       TEXT NOT NULL,
    period_start    TIMESTAMPTZ NOT NULL,
    period_end      TIMESTAMPTZ NOT NULL,
    currency        TEXT NOT NULL,
    charges         BIGINT NOT NULL CONSTRAINT statement_charges_not_negative CHECK (charges >= 0),
    credits         BIGINT NOT NULL CONSTRAINT statement_credits_not_negative CHECK (credits >= 0),
    settled_at      TIMESTAMPTZ NOT NULL,
    CONSTRAINT seats_settled_once UNIQUE (line_invoice, line_position),
    CONSTRAINT statement_is_of_a_line FOREIGN KEY (line_invoice, line_position) REFERENCES invoice_line (invoice_id, position)
);

CREATE INDEX seat_statement_subscription ON seat_statement (subscription_id, settled_at);

CREATE TABLE seat_entry (
    statement_id BIGINT NOT NULL REFERENCES seat_statement,
    seq          INT NOT NULL,
    member_id    TEXT NOT NULL,
    kind         TEXT NOT NULL CONSTRAINT seat_entry_kind_is_known CHECK (kind IN ('started', 'charged', 'took_over', 'credited', 'kept')),
    day          DATE NOT NULL,
    -- So many days of the paid period were left.
    days         INT NOT NULL,
    of_days      INT NOT NULL,
    amount       BIGINT NOT NULL,
    PRIMARY KEY (statement_id, seq),
    CONSTRAINT seat_entry_has_its_sign CHECK (CASE kind WHEN 'credited' THEN amount <= 0 WHEN 'charged' THEN amount >= 0 WHEN 'started' THEN amount >= 0 ELSE amount = 0 END),
    CONSTRAINT seat_entry_days_in_period CHECK (days BETWEEN 0 AND of_days)
);

CREATE TRIGGER seat_statement_is_immutable BEFORE UPDATE OR DELETE ON seat_statement FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seat_entry_is_immutable BEFORE UPDATE OR DELETE ON seat_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What members who were not active have earned: it lowers later charges before tax, and expires with the subscription.
CREATE TABLE plan_credit (
    subscription_id TEXT PRIMARY KEY REFERENCES fair_billing,
    currency        TEXT NOT NULL,
    balance         BIGINT NOT NULL CONSTRAINT plan_credit_never_negative CHECK (balance >= 0)
);

CREATE TABLE plan_credit_entry (
    natural_key     TEXT PRIMARY KEY,
    subscription_id TEXT NOT NULL REFERENCES plan_credit,
    kind            TEXT NOT NULL CONSTRAINT plan_credit_kind_is_known CHECK (kind IN ('earned', 'used', 'given_back', 'expired')),
    amount          BIGINT NOT NULL CONSTRAINT plan_credit_entry_has_its_sign CHECK (CASE WHEN kind IN ('earned', 'given_back') THEN amount > 0 ELSE amount < 0 END),
    -- The invoice that used it or gave it back.
    invoice_id      TEXT REFERENCES invoice,
    -- The statement that earned it.
    statement_id    BIGINT REFERENCES seat_statement,
    reason          TEXT NOT NULL,
    at              TIMESTAMPTZ NOT NULL,
    CONSTRAINT plan_credit_entry_has_its_cause CHECK ((kind = 'earned') = (statement_id IS NOT NULL) AND (kind IN ('used', 'given_back')) = (invoice_id IS NOT NULL))
);

CREATE INDEX plan_credit_entry_subscription ON plan_credit_entry (subscription_id, at);
CREATE TRIGGER plan_credit_entry_is_immutable BEFORE UPDATE OR DELETE ON plan_credit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
