package store

import (
	"context"

	"github.com/perennial-billing/perennial/billing/money"
)

// LedgerTransactions counts all ledger transactions.
func (q Queries) LedgerTransactions(ctx context.Context) (n int, err error) {
	err = q.db.QueryRow(ctx, `SELECT COUNT(*) FROM ledger_transaction`).Scan(&n)
	return n, err
}

// LedgerFault is a place where the ledger contradicts itself or the facts. Amounts are minor units.
type LedgerFault struct {
	Rule     string         `db:"rule"`
	Subject  string         `db:"subject"`
	Currency money.Currency `db:"currency"`
	Booked   int64          `db:"booked"`
	Expected int64          `db:"expected"`
}

// LedgerFaults checks double entry transaction by transaction, and that each account that mirrors facts equals them:
// receivables the open invoices, customer balances the wallets, tax the tax entries not yet filed, cash the payments
// less fees, refunds, disputes and payouts, with what else moved at the provider, bank the payouts that arrived less the
// tax paid, revenue the lines, bad debt what was written off, refunds those out of goodwill and those payable, disputes
// what is withdrawn or lost, suspense what nobody has explained, transfers held and deposits what customers sent and nothing used,
// prepayments what is left of what grants cost, breakage and promotional credit what expired and was spent of them.
func (q Queries) LedgerFaults(ctx context.Context) ([]LedgerFault, error) {
	return many[LedgerFault](ctx, q.db, "ledger", ledgerFaults)
}

const ledgerFaults = `
		SELECT 'transaction balances' AS rule, t.natural_key AS subject, p.currency, SUM(p.amount)::bigint AS booked, 0::bigint AS expected
		  FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
		 GROUP BY t.natural_key, p.currency HAVING SUM(p.amount) <> 0
		UNION ALL
		SELECT 'account equals facts', entity_id || ' ' || account, currency, COALESCE(booked, 0)::bigint, COALESCE(expected, 0)::bigint
		  FROM (SELECT t.entity_id, p.account, p.currency, SUM(p.amount) AS booked
		          FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
		         WHERE p.account IN ('AccountsReceivable', 'CustomerBalance', 'TaxPayable', 'Cash', 'ProcessingFees', 'BadDebt', 'NetSales',
		                             'Refunds', 'RefundsPayable', 'DisputedFunds', 'Disputes', 'DisputeFees', 'PayoutsInTransit', 'Bank',
		                             'TransfersHeld', 'CustomerDeposits', 'CustomerPrepayments', 'Breakage', 'PromotionalCredit', 'ReceivedElsewhere',
		                             'CurrencyExchange', 'Suspense', 'OtherIncome', 'OtherExpenses')
		         GROUP BY 1, 2, 3
		        UNION ALL
		        SELECT t.entity_id, 'NetSales', p.currency, SUM(p.amount)
		          FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id
		         WHERE p.account IN ('DeferredRevenue', 'Revenue') GROUP BY 1, 3) ledger
		  FULL JOIN (
		        SELECT entity_id, 'AccountsReceivable' AS account, currency, SUM(amount) AS expected FROM (
		            SELECT entity_id, currency, amount_due - amount_paid - amount_credited AS amount FROM invoice WHERE status = 'open'
		            UNION ALL SELECT entity_id, currency, carried_out - carried_in FROM invoice WHERE carried_in + carried_out > 0
		          ) receivable GROUP BY 1, 3
		        UNION ALL SELECT c.entity_id, 'CustomerBalance', w.currency, -SUM(w.balance)
		          FROM wallet w JOIN customer c ON c.id = w.customer_id GROUP BY 1, 3
		        UNION ALL SELECT e.entity_id, 'TaxPayable', e.currency, -SUM(e.tax)
		          FROM tax_entry e LEFT JOIN tax_return r ON r.id = e.return_id WHERE COALESCE(r.status, '') NOT IN ('filed', 'paid') GROUP BY 1, 3
		        UNION ALL SELECT entity_id, account, currency, SUM(amount) FROM (
		            SELECT i.entity_id, 'Cash' AS account, p.currency, p.amount - p.provider_fee AS amount
		              FROM payment p JOIN invoice i ON i.id = p.invoice_id WHERE p.status = 'succeeded'
		            UNION ALL SELECT i.entity_id, 'Cash', r.currency, -r.amount FROM refund r JOIN payment p ON p.id = r.payment_id
		              JOIN invoice i ON i.id = p.invoice_id WHERE r.status = 'succeeded'
		            UNION ALL SELECT i.entity_id, v.account, d.currency, v.amount
		              FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN invoice i ON i.id = p.invoice_id
		             CROSS JOIN LATERAL (VALUES ('Cash', -d.withdrawn - d.fee), (CASE d.status WHEN 'lost' THEN 'Disputes' ELSE 'DisputedFunds' END, d.withdrawn),
		                                        ('DisputeFees', d.fee)) AS v (account, amount)
		            UNION ALL SELECT e.entity_id, 'Bank', e.currency, -e.tax FROM tax_entry e JOIN tax_return r ON r.id = e.return_id WHERE r.status = 'paid'
		            UNION ALL SELECT i.entity_id, 'ProcessingFees', p.currency, p.provider_fee
		              FROM payment p JOIN invoice i ON i.id = p.invoice_id WHERE p.status = 'succeeded'
		            UNION ALL SELECT s.entity_id, v.account, p.currency, v.amount FROM payout p JOIN payout_share s ON s.payout_id = p.id
		             CROSS JOIN LATERAL (VALUES ('Cash', -s.amount),
		                                        (CASE p.status WHEN 'paid' THEN 'Bank' ELSE 'PayoutsInTransit' END, s.amount)) AS v (account, amount)
		             WHERE p.status NOT IN ('failed', 'canceled')
		            UNION ALL SELECT m.entity_id, v.account, v.currency, v.amount FROM provider_movement m
		             CROSS JOIN LATERAL (VALUES ('Cash', m.currency, m.net), (m.fee_account, m.currency, m.fee),
		                                        (COALESCE(m.explained_as, m.account), m.currency, -m.net - m.fee),
		                                        ('Cash', m.paid_currency, -m.paid), ('CurrencyExchange', m.paid_currency, m.paid)) AS v (account, currency, amount)
		             WHERE v.currency <> ''
		            UNION ALL SELECT h.entity_id, v.account, h.currency, h.amount * v.sign FROM (
		                SELECT c.entity_id, m.currency, m.net AS amount FROM cash_movement m JOIN customer c ON c.id = m.customer_id
		                 WHERE m.kind NOT IN ('applied_to_payment', 'unapplied_from_payment')
		                UNION ALL SELECT i.entity_id, p.currency, -p.amount FROM payment p JOIN invoice i ON i.id = p.invoice_id
		                 WHERE p.status = 'succeeded' AND p.transfer
		              ) h CROSS JOIN (VALUES ('TransfersHeld', 1), ('CustomerDeposits', -1)) AS v (account, sign)
		          ) at_provider GROUP BY 1, 2, 3
		        UNION ALL SELECT i.entity_id, 'Refunds', r.currency, SUM(r.amount) FROM refund r JOIN payment p ON p.id = r.payment_id
		          JOIN invoice i ON i.id = p.invoice_id WHERE r.goodwill AND r.status <> 'failed' GROUP BY 1, 3
		        UNION ALL SELECT i.entity_id, 'RefundsPayable', r.currency, -SUM(r.amount) FROM refund r JOIN payment p ON p.id = r.payment_id
		          JOIN invoice i ON i.id = p.invoice_id WHERE r.status = 'pending' GROUP BY 1, 3
		        UNION ALL SELECT entity_id, 'BadDebt', currency, SUM(amount) FROM (
		            SELECT entity_id, currency, amount_due - amount_paid - amount_credited AS amount FROM invoice WHERE status = 'uncollectible'
		            UNION ALL SELECT c.entity_id, g.currency, m.cost FROM credit_grant_movement m
		              JOIN credit_grant g ON (g.customer_id, g.id) = (m.customer_id, m.grant_id) JOIN customer c ON c.id = g.customer_id WHERE m.kind = 'revoked'
		          ) lost GROUP BY 1, 3
		        UNION ALL SELECT c.entity_id, v.account, g.currency, SUM(v.amount)
		          FROM credit_grant g JOIN customer c ON c.id = g.customer_id
		         CROSS JOIN LATERAL (VALUES ('CustomerPrepayments', -g.cost_left),
		                                    ('ReceivedElsewhere', CASE WHEN g.paid_outside THEN g.cost ELSE 0 END)) AS v (account, amount)
		         GROUP BY 1, 2, 3
		        UNION ALL SELECT c.entity_id, CASE m.kind WHEN 'broken' THEN 'Breakage' ELSE 'PromotionalCredit' END, g.currency,
		                         SUM(CASE m.kind WHEN 'broken' THEN m.cost ELSE m.cost - m.amount END)
		          FROM credit_grant_movement m JOIN credit_grant g ON (g.customer_id, g.id) = (m.customer_id, m.grant_id)
		          JOIN customer c ON c.id = g.customer_id WHERE m.kind IN ('broken', 'spent') GROUP BY 1, 2, 3
		        UNION ALL SELECT i.entity_id, 'NetSales', i.currency, -SUM(l.amount)
		          FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id WHERE i.status <> 'void' AND l.kind <> 'prepaid_credit' GROUP BY 1, 3
		  ) facts USING (entity_id, account, currency)
		 WHERE COALESCE(booked, 0) <> COALESCE(expected, 0)
		UNION ALL
		SELECT 'invoice equals its lines', i.id, i.currency, i.subtotal + i.tax, COALESCE(SUM(l.amount + l.tax), 0)::bigint
		  FROM invoice i LEFT JOIN invoice_line l ON l.invoice_id = i.id
		 GROUP BY i.id HAVING i.subtotal <> COALESCE(SUM(l.amount), 0) OR i.tax <> COALESCE(SUM(l.tax), 0)
		UNION ALL
		SELECT 'invoice was credited by its offsets', i.id, i.currency, i.amount_credited, COALESCE(SUM(o.amount), 0)::bigint
		  FROM invoice i LEFT JOIN invoice_offset o ON o.invoice_id = i.id
		 GROUP BY i.id HAVING i.amount_credited <> COALESCE(SUM(o.amount), 0)
		UNION ALL
		SELECT 'grant equals its movements', g.customer_id || ' ' || g.id, g.currency, g.amount_left, COALESCE(SUM(m.amount), 0)::bigint
		  FROM credit_grant g LEFT JOIN credit_grant_movement m ON (m.customer_id, m.grant_id) = (g.customer_id, g.id)
		 GROUP BY g.customer_id, g.id HAVING g.amount_left <> COALESCE(SUM(m.amount), 0) OR g.cost_left <> COALESCE(SUM(m.cost), 0)
		UNION ALL
		SELECT 'invoice was paid by grants', i.id, i.currency, i.prepaid_applied, COALESCE(-SUM(m.amount), 0)::bigint
		  FROM invoice i LEFT JOIN credit_grant_movement m ON m.invoice_id = i.id
		 GROUP BY i.id HAVING i.prepaid_applied <> COALESCE(-SUM(m.amount), 0)
		UNION ALL
		SELECT 'invoice equals its tax entries', i.id, i.currency, i.tax, COALESCE(SUM(e.tax), 0)::bigint
		  FROM invoice i LEFT JOIN tax_entry e ON e.invoice_id = i.id
		 GROUP BY i.id HAVING i.tax <> COALESCE(SUM(e.tax), 0)`

// ProviderCharge is a payment for which the provider was asked for money. Amounts are ISO minor units.
type ProviderCharge struct {
	Charge    string         `db:"provider_charge"`
	InvoiceID string         `db:"invoice_id"`
	Amount    int64          `db:"amount"`
	Fee       int64          `db:"provider_fee"`
	Currency  money.Currency `db:"currency"`
	Status    string         `db:"status"`
}

// ProviderCharges lists them all.
func (q Queries) ProviderCharges(ctx context.Context) ([]ProviderCharge, error) {
	return many[ProviderCharge](ctx, q.db, "provider charges", `
		SELECT provider_charge, invoice_id, amount, provider_fee, currency, status FROM payment WHERE provider_charge IS NOT NULL ORDER BY provider_charge`)
}

// HeldCash is what a customer, by the provider's id, has sent by bank transfer and pays nothing yet, in minor units.
type HeldCash struct {
	Customer string         `db:"provider_customer_id"`
	Amount   int64          `db:"amount"`
	Currency money.Currency `db:"currency"`
}

// AllHeldCash lists it of all customers.
func (q Queries) AllHeldCash(ctx context.Context) ([]HeldCash, error) {
	return many[HeldCash](ctx, q.db, "cash of customers", `
		SELECT c.provider_customer_id, SUM(m.net)::bigint AS amount, m.currency FROM cash_movement m JOIN customer c ON c.id = m.customer_id
		 GROUP BY c.provider_customer_id, m.currency HAVING SUM(m.net) <> 0`)
}

// PaymentFault is something impossible about an invoice's payments.
type PaymentFault struct {
	InvoiceID string `db:"invoice_id"`
	Problem   string `db:"problem"`
}

// PaymentFaults lists successful payments without a charge, invoices paid more or less than once, and gaps in numbers.
func (q Queries) PaymentFaults(ctx context.Context) ([]PaymentFault, error) {
	return many[PaymentFault](ctx, q.db, "payments", `
		SELECT invoice_id, 'a payment succeeded without a charge' AS problem FROM payment WHERE status = 'succeeded' AND provider_charge IS NULL
		UNION ALL
		SELECT i.id, 'paid ' || COUNT(p.id) || ' times' FROM invoice i LEFT JOIN payment p ON p.invoice_id = i.id AND p.status = 'succeeded'
		 WHERE i.amount_due > 0
		 GROUP BY i.id HAVING COUNT(p.id) <> CASE WHEN i.status = 'paid' AND i.amount_credited < i.amount_due THEN 1 ELSE 0 END
		UNION ALL
		SELECT MAX(id), 'numbers of ' || entity_id || ' have a gap' FROM invoice GROUP BY entity_id
		HAVING COUNT(*) <> MAX(substring(number FROM '[0-9]+$')::bigint)`)
}

// Periods counts the billing periods recorded so far.
func (q Queries) Periods(ctx context.Context) (n int, err error) {
	err = q.db.QueryRow(ctx, `SELECT COUNT(*) FROM subscription_cycle`).Scan(&n)
	return n, err
}

// PeriodFault is a billing period that nobody accounts for.
type PeriodFault struct {
	SubscriptionID string `db:"subscription_id"`
	Cycle          int    `db:"cycle"`
	Problem        string `db:"problem"`
}

// PeriodFaults lists periods that a subscription must have gone through and that are not recorded: of one billed by
// renewal, all up to its current cycle, each beginning where the one before ended at the latest; of one billed by the
// run, all months of completed runs in which it was in force. Also invoices that no period names, and subscriptions that
// are on other terms than those in force, and what was due an hour ago or longer and has not happened: a workflow that
// was terminated bills nobody.
func (q Queries) PeriodFaults(ctx context.Context) ([]PeriodFault, error) {
	return many[PeriodFault](ctx, q.db, "billing periods", `
		SELECT s.id AS subscription_id, n.cycle, 'is not recorded' AS problem
		  FROM subscription s CROSS JOIN LATERAL generate_series(0, s.cycle) AS n (cycle)
		  LEFT JOIN subscription_cycle c ON c.subscription_id = s.id AND c.cycle = n.cycle
		 WHERE s.billed_by = 'renewal' AND c.cycle IS NULL
		UNION ALL
		SELECT a.subscription_id, b.cycle, 'overlaps the period before it'
		  FROM subscription_cycle a JOIN subscription_cycle b ON b.subscription_id = a.subscription_id AND b.cycle = a.cycle + 1
		  JOIN subscription s ON s.id = a.subscription_id
		 WHERE b.period_start < a.period_start OR (s.billed_by = 'invoice_run' AND b.period_start <> a.period_end)
		UNION ALL
		SELECT m.subscription_id, 0, 'was due in ' || r.id || ' and has neither an invoice nor a reason'
		  FROM invoice_run r JOIN invoice_run_member m ON m.run_id = r.id
		 WHERE r.status = 'completed' AND m.invoice_id IS NULL AND m.skipped_because IS NULL
		UNION ALL
		SELECT s.id, 0, 'is not in run ' || r.id FROM invoice_run r JOIN subscription s ON s.entity_id = r.entity_id AND s.billed_by = 'invoice_run'
		 WHERE r.status = 'completed' AND s.status <> 'scheduled' AND s.started_at < (r.period || '-28')::timestamptz
		   AND (s.ended_at IS NULL OR s.ended_at > (r.period || '-02')::timestamptz)
		   AND NOT EXISTS (SELECT FROM invoice_run_member m WHERE m.run_id = r.id AND m.subscription_id = s.id)
		   AND (EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id AND g.from_at < (r.period || '-28')::timestamptz
		            AND (g.to_at IS NULL OR g.to_at > (r.period || '-02')::timestamptz))
		        OR NOT EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id AND g.to_at <= (r.period || '-02')::timestamptz))
		UNION ALL
		SELECT s.id, s.cycle, 'is on plan ' || s.plan_id || ' with ' || s.seats || ' seats and add-ons ' || s.add_ons ||
		       ', but plan ' || g.plan_id || ' with ' || g.seats || ' and ' || g.add_ons || ' is in force'
		  FROM subscription s JOIN subscription_segment g ON g.subscription_id = s.id AND g.to_at IS NULL
		 WHERE s.status IN ('active', 'held', 'past_due') AND (s.plan_id, s.plan_version, s.seats, s.add_ons) <> (g.plan_id, g.plan_version, g.seats, g.add_ons)
		UNION ALL
		SELECT s.id, s.cycle, 'is ' || s.status || ', but no terms are in force' FROM subscription s
		 WHERE s.status IN ('active', 'held', 'past_due') AND NOT EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id AND g.to_at IS NULL)
		UNION ALL
		SELECT s.id, s.cycle, 'was to act at ' || s.next_action_at || ' and has not: is workflow subscription/' || s.id || ' running?'
		  FROM subscription s JOIN customer c ON c.id = s.customer_id LEFT JOIN test_clock t ON t.id = c.test_clock_id
		 WHERE s.next_action_at < COALESCE(t.now_at, now()) - interval '1 hour'
		UNION ALL
		SELECT p.subscription_id, i.cycle,
		       'invoice ' || i.id || ' was to be collected at ' || d.next_action_at || ' and was not: is workflow dunning/' || i.id || ' running?'
		  FROM dunning d JOIN invoice i ON i.id = d.invoice_id JOIN invoice_part p ON p.invoice_id = i.id
		  JOIN customer c ON c.id = d.customer_id LEFT JOIN test_clock t ON t.id = c.test_clock_id
		 WHERE d.next_action_at < COALESCE(t.now_at, now()) - interval '1 hour'
		UNION ALL
		SELECT p.subscription_id, i.cycle, 'has invoice ' || i.id || ' that its record does not name'
		  FROM invoice i JOIN invoice_part p ON p.invoice_id = i.id
		  LEFT JOIN subscription_cycle c ON (c.invoice_id, c.subscription_id) = (p.invoice_id, p.subscription_id) WHERE i.reason = 'cycle' AND c.cycle IS NULL`)
}
