-- Usage that became known after a subscription's end takes the place of what was charged up to the minimum of its plan: such a
-- line can take back of that. What spend beyond a minimum costs more falls when more usage makes all of it cheaper.
ALTER TABLE invoice_line
    DROP CONSTRAINT only_a_cap_lowers_a_plan,
    ADD CONSTRAINT a_cap_lowers_a_plan CHECK (kind <> 'spend_cap' OR amount <= 0);
