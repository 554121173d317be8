-- A seller's attempts in the order in which they were made: the facts that rules against fraud are tried on.
CREATE INDEX payment_asked ON payment (asked_at, id);
