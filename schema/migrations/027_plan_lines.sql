-- Lines can also charge committed use in advance, or keep what a plan costs as a whole within its limits: these belong to
-- no charge, raise the invoice or, the cap alone, lower it.
ALTER TABLE invoice_line
    DROP CONSTRAINT invoice_line_kind_check,
    ADD CONSTRAINT invoice_line_kind_check CHECK (kind IN
        ('commitment', 'overage', 'proration_charge', 'proration_credit', 'recurring', 'spend_cap', 'true_up', 'usage')),
    ADD CONSTRAINT plan_lines_have_no_charge CHECK ((kind IN ('overage', 'spend_cap', 'true_up')) = (charge_id = '')),
    ADD CONSTRAINT only_a_cap_lowers_a_plan CHECK (CASE WHEN kind = 'spend_cap' THEN amount <= 0 WHEN charge_id = '' THEN amount >= 0 ELSE TRUE END);
