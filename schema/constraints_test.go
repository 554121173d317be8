package schema_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/schema"
)

// fixture is one row of everything, all of it as it should be.
const fixture = `
INSERT INTO legal_entity (id, name, country, zone, book_currency, invoice_prefix, dunning_policy, created_at)
	VALUES ('acme', 'Acme', 'US', 'America/New_York', 'USD', 'ACM', '{}', '2027-01-01');
INSERT INTO invoice_sequence (entity_id) VALUES ('acme');
INSERT INTO customer (id, entity_id, name, email, country, zone, currency, locale, created_at)
	VALUES ('ada', 'acme', 'Ada', 'ada@example.com', 'US', 'America/New_York', 'USD', 'en-US', '2027-01-01');
INSERT INTO payment_method (id, customer_id, provider_token, provider_id, created_at, changed_at)
	VALUES ('card', 'ada', 'pm_card_visa', 'pm_1', '2027-01-01', '2027-01-01');
INSERT INTO plan_version (entity_id, plan_id, version, definition, created_at) VALUES ('acme', 'pro', 1, '{}', '2027-01-01');
INSERT INTO subscription (id, entity_id, customer_id, currency, zone, status, plan_id, plan_version, seats, billed_by, anchor, cycle,
	period_start, period_end, started_at, next_action_at, created_at)
	VALUES ('sub', 'acme', 'ada', 'USD', 'America/New_York', 'active', 'pro', 1, 1, 'renewal', '2027-01-01', 0, '2027-01-01', '2027-02-01', '2027-01-01', '2027-02-01', '2027-01-01');
INSERT INTO subscription_segment (subscription_id, seq, plan_id, plan_version, seats, from_at) VALUES ('sub', 1, 'pro', 1, 1, '2027-01-01');
INSERT INTO usage_group (customer_id, meter, dimension_values) VALUES ('ada', 'calls', '{"region":"eu"}');
INSERT INTO usage_event (customer_id, meter, event_id, at, quantity, amount, group_id) SELECT 'ada', 'calls', 'e1', '2027-01-01', 10, 4, id FROM usage_group;
INSERT INTO usage_bucket (customer_id, meter, bucket_at, group_id, quantity, events, amount) SELECT 'ada', 'calls', '2027-01-01', id, 10, 1, 4 FROM usage_group;
INSERT INTO invoice (id, business_key, entity_id, customer_id, payer_id, subscription_id, reason, cycle, number, status, currency, subtotal, tax, total,
	credit_granted, credit_applied, amount_due, period_start, period_end, zone, tz_version, issued_at, provider_intent)
	VALUES ('inv', 'invoice:sub:cycle-0', 'acme', 'ada', 'ada', 'sub', 'cycle', 0, 'ACM-000001', 'open', 'USD', 1000, 100, 1100, 0, 100, 1000,
	'2027-01-01', '2027-02-01', 'America/New_York', '2026f', '2027-01-01', 'pi_1');
INSERT INTO invoice_part (invoice_id, subscription_id, owner_id, part_key) VALUES ('inv', 'sub', 'ada', 'invoice:sub:cycle-0');
INSERT INTO invoice_line (invoice_id, subscription_id, position, kind, charge_id, plan_id, plan_version, description, quantity, exact, amount, tax, treatment,
	jurisdiction, scheme, tax_reason, tax_rate, period_start, period_end, explanation)
	VALUES ('inv', 'sub', 1, 'recurring', 'fee', 'pro', 1, 'Pro', 1, 10, 1000, 100, 'standard', 'US', '', '', 0.1, '2027-01-01', '2027-02-01', '{}');
INSERT INTO subscription_cycle (subscription_id, cycle, period_start, period_end, invoice_id, billed_at) VALUES ('sub', 0, '2027-01-01', '2027-02-01', 'inv', '2027-01-01');
INSERT INTO payment (id, invoice_id, attempt, status, amount, currency, idempotency_key, provider_charge, asked_at)
	VALUES ('pay', 'inv', 1, 'pending', 1000, 'USD', 'charge:inv:1', 'ch_1', '2027-01-01');
INSERT INTO dunning (invoice_id, customer_id, status, next_action_at, started_at) VALUES ('inv', 'ada', 'retrying', '2027-01-02', '2027-01-01');
INSERT INTO ledger_transaction (natural_key, entity_id, kind, reference, at) VALUES ('invoice:inv:finalised', 'acme', 'invoice_finalised', 'inv', '2027-01-01');
INSERT INTO ledger_posting (transaction_id, seq, account, currency, amount)
	SELECT id, seq, account, 'USD', amount FROM ledger_transaction, (VALUES (1, 'AccountsReceivable', 1100), (2, 'Revenue', -1100)) AS p (seq, account, amount);
INSERT INTO invoice_offset (credit_id, invoice_id, amount, at) VALUES ('inv', 'inv', 10, '2027-01-01');
INSERT INTO quota (customer_id, subscription_id, feature, window_start, used) VALUES ('ada', 'sub', 'video', '2027-01-01', 1);
INSERT INTO coupon (entity_id, id, terms, created_at) VALUES ('acme', 'ten', '{}', '2027-01-01');
INSERT INTO coupon_code (entity_id, code, coupon_id, max_redemptions, created_at) VALUES ('acme', 'TEN', 'ten', 1, '2027-01-01');
INSERT INTO discount (customer_id, id, entity_id, coupon_id, code, applied_at) VALUES ('ada', 'ten', 'acme', 'ten', 'TEN', '2027-01-01');
INSERT INTO discount_use (customer_id, discount_id, invoice_id, period_start, currency, amount) VALUES ('ada', 'ten', 'inv', '2027-01-01', 'USD', 100);
INSERT INTO credit_grant (customer_id, id, currency, basis, amount, cost, priority, terms, paid_outside, granted_at, usable_from, expires_at)
	VALUES ('ada', 'gr', 'USD', 'paid', 500, 400, 50, '{}', TRUE, '2027-01-01', '2027-01-01', '2028-01-01');
INSERT INTO credit_grant_movement (customer_id, key, grant_id, kind, amount, cost, at) VALUES ('ada', 'grant:gr', 'gr', 'granted', 500, 400, '2027-01-01');
INSERT INTO prepaid_wallet (customer_id, currency) VALUES ('ada', 'USD');
INSERT INTO fair_billing VALUES ('sub', 28, 1, 0, '2027-01-15');
INSERT INTO member VALUES ('sub', 'u1', '2027-01-01', NULL);
INSERT INTO member_activity VALUES ('sub', '2027-01-02', 'u1');
INSERT INTO seat_statement (subscription_id, invoice_key, line_invoice, line_position, charge_id, period_start, period_end, currency, charges, credits, settled_at)
	VALUES ('sub', 'invoice:sub:cycle-1', 'inv', 1, 'fee', '2027-01-01', '2027-02-01', 'USD', 0, 500, '2027-02-01');
INSERT INTO seat_entry SELECT id, 1, 'u1', 'credited', '2027-01-15', 17, 31, -500 FROM seat_statement;
INSERT INTO plan_credit VALUES ('sub', 'USD', 500);
INSERT INTO plan_credit_entry (natural_key, subscription_id, kind, amount, statement_id, reason, at)
	SELECT 'plan-credit:earned:inv:1', 'sub', 'earned', 500, id, '', '2027-02-01' FROM seat_statement;
INSERT INTO wallet (customer_id, currency, balance) VALUES ('ada', 'USD', 100);
INSERT INTO wallet_movement (natural_key, customer_id, currency, amount, at) VALUES ('credit:inv', 'ada', 'USD', 100, '2027-01-01');
INSERT INTO tax_entry (id, entity_id, invoice_id, scheme, jurisdiction, treatment, reason, rate, currency, net, tax, tax_point)
	VALUES ('tax:inv:1', 'acme', 'inv', 'uk_vat', 'GB', 'standard', '', 0.1, 'USD', 1000, 100, '2027-01-01');
INSERT INTO tax_return (id, entity_id, scheme, period, status, file_by, pay_by, currency, frozen_at)
	VALUES ('filing', 'acme', 'uk_vat', '2027-Q1', 'frozen', '2027-05-07', '2027-05-07', 'GBP', '2027-04-01');
INSERT INTO invoice_run (id, entity_id, period, as_of, shards, status, started_at) VALUES ('run', 'acme', '2027-01', '2027-02-01', 1, 'running', '2027-02-01');
INSERT INTO invoice_run_member (run_id, shard, subscription_id) VALUES ('run', 0, 'sub');
INSERT INTO outbox (message_key, template, customer_id, invoice_id, as_of) VALUES ('mail:inv:invoice', 'invoice', 'ada', 'inv', '2027-01-01');
INSERT INTO price_notice VALUES ('migrate:pro:1:2', 'sub', 'mail:inv:invoice', 'pro', 1, 'USD', 1000, 1200, '2027-02-01', '2027-01-01');
INSERT INTO inbound_event (id, provider, type, payload) VALUES ('evt_1', 'stripe', 'charge.failed', '{}');
INSERT INTO price_quote (id, entity_id, plan_id, plan_version, currency, conversion, quoted_at, valid_until)
	VALUES ('quote', 'acme', 'pro', 1, 'EUR', '{}', '2027-01-01', '2027-01-02');
INSERT INTO price_lock (subscription_id, plan_id, plan_version, locked_at, currency, from_currency, rate, rate_date, source, markup_percent, conversion, quote_id)
	VALUES ('sub', 'pro', 1, '2027-01-01', 'EUR', 'USD', 0.9, '2027-01-01', 'ECB', 2, '{}', 'quote');
INSERT INTO item (subscription_id, id, kind, description, quantity, unit_amount, tax_category, added_at) VALUES ('sub', 'fee', 'one_off', 'Fee', 1, 5, 'saas_b2b', '2027-01-01');
INSERT INTO agreed_price (subscription_id, plan_id, plan_version, prices, agreed_at) VALUES ('sub', 'pro', 1, '{"fee": {}}', '2027-01-01');
INSERT INTO agreement VALUES ('sub', '{}');
INSERT INTO mail_suppression (customer_id, email, reason, event_id, at) VALUES ('ada', 'ada@example.com', 'bounce', 'sg_1', '2027-01-01');
INSERT INTO fraud_dry_run (entity_id, kind, expression, since, until, payments, matched, succeeded, disputed, warned, unknown)
	VALUES ('acme', 'block', 'true', '2027-01-01', '2027-01-02', 1, 1, 1, 0, 0, 0);
INSERT INTO fraud_rule (entity_id, name, version, kind, expression, status, added_by, added_why, added_at, dry_run_id, enabled_by, enabled_at)
	SELECT 'acme', 'all', 1, 'block', 'true', 'live', 'ada', 'a test', '2027-01-01', id, 'ada', '2027-01-02' FROM fraud_dry_run;
INSERT INTO fraud_list (entity_id, name, item_type, created_by, created_at) VALUES ('acme', 'bad', 'country', 'ada', '2027-01-01');
INSERT INTO fraud_list_item (entity_id, list, value, source, source_id, added_by, why, added_at) VALUES ('acme', 'bad', 'KP', 'dispute', 'dp_1', 'ada', 'a test', '2027-01-01');
INSERT INTO fraud_screening (payment_id, action, decision, facts, listed, facts_hash, at) VALUES ('pay', 'review', '{}', '{}', '[]', 'h', '2027-01-01');
INSERT INTO fraud_review (payment_id, customer_id, cause, before_charge, status, opened_at, deadline_at) VALUES ('pay', 'ada', 'rule', TRUE, 'open', '2027-01-01', '2027-01-04');
`

// copyInvoice inserts another invoice like the fixture's, with some columns otherwise.
const copyInvoice = `INSERT INTO invoice (` + invoiceColumns + `) SELECT ` + invoiceColumns + ` FROM (
	SELECT (jsonb_populate_record(i, '{"id": "inv2", "business_key": "k2", "number": "ACM-000002", "cycle": 1, "provider_intent": null, "page_key": "k2"}'::jsonb || $changes$::jsonb)).*
	FROM invoice i WHERE id = 'inv') copied`

// invoiceColumns are those that are written: the others follow from them.
const invoiceColumns = `id, business_key, entity_id, customer_id, payer_id, subscription_id, reason, cycle, number, status, currency, subtotal, tax, total,
	carried_in, carried_out, credit_granted, credit_applied, prepaid_applied, amount_due, amount_paid, amount_credited, period_start, period_end,
	zone, tz_version, issued_at, paid_at, provider_intent, page_key`

// copyCustomer inserts another customer like the fixture's.
const copyCustomer = `INSERT INTO customer SELECT (jsonb_populate_record(c, '{"id": "bob"}')).* FROM customer c; `

func invoiceWith(changes string) string {
	return regexp.MustCompile(`\$changes\$`).ReplaceAllLiteralString(copyInvoice, "'"+changes+"'")
}

// lineWith inserts another line like the fixture's, with some columns otherwise.
func lineWith(changes string) string {
	return `INSERT INTO invoice_line SELECT (jsonb_populate_record(l, '{"position": 2}'::jsonb || '` + changes + `'::jsonb)).* FROM invoice_line l`
}

// itemWith inserts another item like the fixture's, with some columns otherwise.
func itemWith(changes string) string {
	return `INSERT INTO item SELECT (jsonb_populate_record(i, '{"id": "fee2"}'::jsonb || '` + changes + `'::jsonb)).* FROM item i`
}

// payoutWith inserts a payout of nine dollars, shared out as given.
func payoutWith(share string) string {
	return `INSERT INTO payout (id, status, amount, currency, automatic, created_at, arrives_at) VALUES ('po', 'paid', 900, 'USD', TRUE, '2027-01-02', '2027-01-03');
		INSERT INTO payout_share (payout_id, entity_id, amount) VALUES ('po', 'acme', ` + share + `); `
}

// movementWith inserts a movement of the provider's balance.
func movementWith(columns string) string {
	return `INSERT INTO provider_movement (id, entity_id, category, net, currency, at, account, explained_as, explained_why, explained_at) VALUES ('txn', 'acme', 'other', 5, 'USD', '2027-01-02', ` + columns + `)`
}

// cashMovement inserts money that a customer has sent.
const cashMovement = `INSERT INTO cash_movement (id, customer_id, kind, net, currency, at) VALUES ('ccsbtxn', 'ada', 'funded', 5, 'USD', '2027-01-02'); `

func paymentWith(columns string) string {
	return `INSERT INTO payment (id, invoice_id, attempt, amount, currency, asked_at, status, idempotency_key, settled_at) VALUES ('pay2', 'inv', 2, 1000, 'USD', '2027-01-02', ` + columns + `)`
}

// lockWith inserts another price lock like the fixture's, with some columns otherwise.
func lockWith(changes string) string {
	return `INSERT INTO price_lock SELECT (jsonb_populate_record(l, '{"locked_at": "2027-01-02T00:00:00Z"}'::jsonb || '` + changes + `'::jsonb)).* FROM price_lock l`
}

// refundWith inserts a refund of the fixture's payment, after it has succeeded.
func refundWith(columns string) string {
	return paidFixture + `INSERT INTO refund (id, payment_id, currency, goodwill, reason, asked_at, status, amount, idempotency_key, provider_refund, settled_at) VALUES ('r1', 'pay', 'USD', FALSE, '', '2027-01-02', ` + columns + `); `
}

func disputeWith(columns string) string {
	return `INSERT INTO dispute (id, payment_id, currency, reason, fee, opened_at, status, amount, movements, withdrawn, closed_at) VALUES ('dp_1', 'pay', 'USD', 'fraudulent', 0, '2027-01-02', ` + columns + `)`
}

const paidFixture = `UPDATE payment SET status = 'succeeded', settled_at = '2027-01-01'; `

// violations says for each rule of the schema, by the name of its constraint, what it must refuse.
var violations = map[string][]string{
	"coupon_is_immutable":            {`UPDATE coupon SET terms = '[]'`, `DELETE FROM coupon`},
	"code_is_written_one_way":        {`INSERT INTO coupon_code (entity_id, code, coupon_id, max_redemptions, created_at) VALUES ('acme', 'ten', 'ten', 1, '2027-01-01')`},
	"code_limit_not_negative":        {`UPDATE coupon_code SET max_redemptions = -1`},
	"code_is_of_a_coupon":            {`INSERT INTO coupon_code (entity_id, code, coupon_id, max_redemptions, created_at) VALUES ('acme', 'SIX', 'six', 1, '2027-01-01')`},
	"discount_is_of_a_coupon":        {`UPDATE discount SET coupon_id = 'six'`},
	"discount_code_exists":           {`UPDATE discount SET code = 'SIX'`},
	"discount_removed_after_applied": {`UPDATE discount SET removed_at = '2026-12-31'`},
	"use_is_of_a_discount":           {`INSERT INTO discount_use VALUES ('ada', 'six', 'inv', '2027-01-01', 'USD', 1)`},
	"discount_use_is_immutable":      {`UPDATE discount_use SET amount = 1`, `DELETE FROM discount_use`},
	"price_notice_is_immutable":      {`UPDATE price_notice SET new_amount = 1`, `DELETE FROM price_notice`},
	"window_is_in_range":             {`INSERT INTO fair_billing VALUES ('none', 0, 1, 0)`, `INSERT INTO fair_billing VALUES ('none', 367, 1, 0)`},
	"minimum_seats_not_negative":     {`INSERT INTO fair_billing VALUES ('none', 28, -1, 0)`},
	"first_seats_not_negative":       {`INSERT INTO fair_billing VALUES ('none', 28, 1, -1)`},
	"fair_billing_is_agreed": {
		`UPDATE fair_billing SET minimum_seats = 2`, `UPDATE fair_billing SET settled_through = '2027-01-14'`, `DELETE FROM fair_billing`,
	},
	"member_id_is_short":          {`INSERT INTO member VALUES ('sub', '', '2027-01-01')`, `INSERT INTO member VALUES ('sub', repeat('u', 101), '2027-01-01')`},
	"member_leaves_after_joining": {`UPDATE member SET until = '2026-12-31'`},
	"member_activity_pkey":        {`INSERT INTO member_activity VALUES ('sub', '2027-01-02', 'u1')`},
	"activity_is_of_a_member":     {`INSERT INTO member_activity VALUES ('sub', '2027-01-02', 'u2')`},
	"statement_charges_not_negative": {
		statementWith(`"charges": -1`),
	},
	"statement_credits_not_negative":  {statementWith(`"credits": -1`)},
	"seats_settled_once":              {statementWith(`"charges": 1`)},
	"statement_is_of_a_line":          {statementWith(`"line_position": 2`)},
	"seat_statement_is_immutable":     {`UPDATE seat_statement SET credits = 1`, `DELETE FROM seat_statement`},
	"seat_entry_is_immutable":         {`UPDATE seat_entry SET amount = -1`, `DELETE FROM seat_entry`},
	"seat_entry_kind_is_known":        {seatEntryWith(`'gift', 1, 31, 0`)},
	"seat_entry_has_its_sign":         {seatEntryWith(`'credited', 1, 31, 1`), seatEntryWith(`'charged', 1, 31, -1`), seatEntryWith(`'kept', 1, 31, 1`)},
	"seat_entry_days_in_period":       {seatEntryWith(`'kept', 32, 31, 0`), seatEntryWith(`'kept', -1, 31, 0`)},
	"plan_credit_never_negative":      {`UPDATE plan_credit SET balance = balance - 501`},
	"plan_credit_entry_pkey":          {creditEntryWith(`'plan-credit:earned:inv:1', 'sub', 'expired', -1, NULL, NULL`)},
	"plan_credit_kind_is_known":       {creditEntryWith(`'k', 'sub', 'found', -1, NULL, NULL`)},
	"plan_credit_entry_has_its_sign":  {creditEntryWith(`'k', 'sub', 'used', 1, 'inv', NULL`), creditEntryWith(`'k', 'sub', 'given_back', -1, 'inv', NULL`)},
	"plan_credit_entry_has_its_cause": {creditEntryWith(`'k', 'sub', 'used', -1, NULL, NULL`), creditEntryWith(`'k', 'sub', 'earned', 1, NULL, NULL`)},
	"plan_credit_entry_is_immutable":  {`UPDATE plan_credit_entry SET amount = 1`, `DELETE FROM plan_credit_entry`},
	"item_id_is_short":                {itemWith(`{"id": ""}`)},
	"item_kind_is_known":              {itemWith(`{"kind": "usage"}`)},
	"item_quantity_is_positive":       {itemWith(`{"quantity": 0}`)},
	"item_is_on_an_invoice":           {`UPDATE item SET invoice_id = 'nix'`},
	"item_pkey":                       {itemWith(`{"id": "fee"}`)},
	"one_off_never_gives_back":        {itemWith(`{"unit_amount": -1}`)},
	"adjustment_changes_something":    {itemWith(`{"kind": "adjustment", "unit_amount": 0}`)},
	"item_is_billed_or_canceled":      {`UPDATE item SET invoice_id = 'inv', canceled_at = '2027-01-02'`},
	"item_is_final":                   {`DELETE FROM item`, `UPDATE item SET quantity = 2`, `UPDATE item SET canceled_at = '2027-01-02'; UPDATE item SET canceled_at = NULL`},
	"invoice_reason_check":            {invoiceWith(`{"reason": "whim"}`)},
	"items_have_no_plan":              {lineWith(`{"kind": "one_off"}`), lineWith(`{"plan_id": ""}`)},
	"quota_not_negative":              {`UPDATE quota SET used = -1`},
	"quota_use_counts":                {`INSERT INTO quota_use VALUES ('ada', 'video', 'u', 'sub', 'sub', '2027-01-01', 0, '2027-01-01')`},
	"quota_use_is_of_a_quota":         {`INSERT INTO quota_use VALUES ('ada', 'video', 'u', 'sub', '', '2027-01-01', 1, '2027-01-01')`},
	"live_after_dry_run":              {`UPDATE fraud_rule SET dry_run_id = NULL`, `UPDATE fraud_rule SET enabled_at = NULL`},
	"rule_retired_at_some_time":       {`UPDATE fraud_rule SET status = 'retired'`, `UPDATE fraud_rule SET retired_at = now()`},
	"fraud_rule_one_live_version":     {`INSERT INTO fraud_rule SELECT (jsonb_populate_record(r, '{"version": 2}')).* FROM fraud_rule r`},
	"rule_version_is_final": {
		`UPDATE fraud_rule SET expression = 'false'`, `UPDATE fraud_rule SET kind = 'allow'`, `DELETE FROM fraud_rule`,
		`UPDATE fraud_rule SET status = 'retired', retired_at = now(); UPDATE fraud_rule SET status = 'draft', retired_at = NULL`,
	},
	"subscription_add_ons_are_a_list":   {`UPDATE subscription SET add_ons = '"storage"'`},
	"subscription_status_check":         {`UPDATE subscription SET status = 'lost'`},
	"item_expires_later":                {`UPDATE fraud_list_item SET expires_at = added_at`},
	"fraud_list_item_once":              {`INSERT INTO fraud_list_item (entity_id, list, value, source, added_by, why, added_at) VALUES ('acme', 'bad', 'KP', 'operator', 'ada', 'again', '2027-01-02')`},
	"fraud_list_item_once_per_source":   {`UPDATE fraud_list_item SET removed_at = now(); INSERT INTO fraud_list_item (entity_id, list, value, source, source_id, added_by, why, added_at) VALUES ('acme', 'bad', 'KP', 'dispute', 'dp_1', 'ada', 'again', '2027-01-02')`},
	"fraud_screening_is_immutable":      {`UPDATE fraud_screening SET action = 'allow'`, `DELETE FROM fraud_screening`},
	"review_decided_when_over":          {`UPDATE fraud_review SET status = 'approved', decided_by = 'ada', reason = 'known'`, `UPDATE fraud_review SET decided_at = now()`},
	"review_decided_by_somebody":        {`UPDATE fraud_review SET status = 'approved', decided_at = now()`, `UPDATE fraud_review SET status = 'declined', decided_at = now(), decided_by = 'ada'`},
	"provider_reviews_what_it_charged":  {`UPDATE fraud_review SET cause = 'provider'`},
	"registration_ends_after_it_starts": {`INSERT INTO tax_registration VALUES ('acme', 'uk_vat', 'GB', '1', '2027-01-02', '2027-01-02')`},
	"valid_tax_id_is_present":           {`UPDATE customer SET tax_id_valid = TRUE`},
	"customer_provider_customer_id_key": {`UPDATE customer SET provider_customer_id = 'cus_1'; INSERT INTO customer SELECT (jsonb_populate_record(c, '{"id": "bob"}')).* FROM customer c`},
	"legal_entity_invoice_prefix_key":   {`INSERT INTO legal_entity SELECT (jsonb_populate_record(e, '{"id": "other"}')).* FROM legal_entity e`},
	"payment_method_one_per_position":   {`INSERT INTO payment_method (id, customer_id, provider_token, created_at, changed_at) VALUES ('card2', 'ada', 'pm_card_visa', '2027-01-01', '2027-01-01')`},
	"no_digits_of_cards":                {`UPDATE payment_method SET kind = 'card', last4 = '4242'`},
	"unfinished_is_not_charged":         {`UPDATE payment_method SET status = 'pending'`, `UPDATE payment_method SET status = 'dropped'`},
	"payment_method_status_check":       {`UPDATE payment_method SET status = 'lost'`},
	"payment_method_setup_intent_key": {
		`UPDATE payment_method SET setup_intent = 'seti_1'; INSERT INTO payment_method (id, customer_id, provider_token, setup_intent, position, created_at, changed_at) VALUES ('card2', 'ada', 'x', 'seti_1', 2, '2027-01-01', '2027-01-01')`,
	},
	"notice_comes_before_debit": {notice("'2027-01-02'", "'2027-01-02'")},
	"debit_notice_is_immutable": {
		notice("'2027-01-02'", "'2027-01-04'") + `; UPDATE debit_notice SET amount = 1`, notice("'2027-01-02'", "'2027-01-04'") + `; DELETE FROM debit_notice`,
	},
	"debit_notice_pkey":              {notice("'2027-01-02'", "'2027-01-04'") + "; INSERT INTO debit_notice TABLE debit_notice"},
	"payment_method_provider_id_key": {`INSERT INTO payment_method (id, customer_id, provider_token, provider_id, position, created_at, changed_at) VALUES ('card2', 'ada', 'x', 'pm_1', 2, '2027-01-01', '2027-01-01')`},
	"plan_version_is_immutable":      {`UPDATE plan_version SET definition = '{"price": 1}'`, `DELETE FROM plan_version`},
	"plan_version_pkey":              {`INSERT INTO plan_version SELECT * FROM plan_version`},
	"ends_at_period_end":             {`UPDATE subscription SET cancel_at_period_end = TRUE`, `UPDATE subscription SET at_period_end = '{"cancel": true}'`},
	"ended_has_no_next_action":       {`UPDATE subscription SET status = 'canceled'`, `UPDATE subscription SET status = 'canceled', ended_at = '2027-01-02'`},
	"period_has_length":              {`UPDATE subscription SET period_end = period_start`},
	"segment_add_ons_are_a_list":     {`UPDATE subscription_segment SET add_ons = '{}'`},
	"segment_does_not_run_backwards": {`UPDATE subscription_segment SET to_at = from_at - interval '1 second'`},
	"segment_one_open":               {`INSERT INTO subscription_segment (subscription_id, seq, plan_id, plan_version, seats, from_at) VALUES ('sub', 2, 'pro', 1, 2, '2027-01-15')`},
	"one_invoice_or_a_reason": {
		`UPDATE subscription_cycle SET skipped_because = 'nothing'`, `UPDATE subscription_cycle SET invoice_id = NULL`,
	},
	"cycle_has_length":                {`UPDATE subscription_cycle SET period_end = period_start`},
	"subscription_cycle_pkey":         {`INSERT INTO subscription_cycle SELECT * FROM subscription_cycle`},
	"never_claims_more_than_was_used": {`UPDATE usage_bucket SET claimed = 11`, `UPDATE usage_bucket SET claimed = -1`},
	"never_claims_more_events":        {`UPDATE usage_bucket SET claimed_events = 2`, `UPDATE usage_bucket SET claimed_events = -1`},
	"never_claims_more_amount":        {`UPDATE usage_bucket SET claimed_amount = 5`, `UPDATE usage_bucket SET claimed_amount = -1`, `UPDATE usage_bucket SET claimed_amount = 1, amount = NULL`},
	"event_amount_not_negative":       {`UPDATE usage_event SET amount = -1`},
	"usage_group_is_named_once":       {`INSERT INTO usage_group (customer_id, meter, dimension_values) VALUES ('ada', 'calls', '{"region":"eu"}')`},

	"total_is_subtotal_and_tax":       {invoiceWith(`{"tax": 101}`)},
	"due_is_total_less_credit":        {invoiceWith(`{"amount_due": 999}`), invoiceWith(`{"prepaid_applied": 1}`)},
	"credit_only_from_negative_total": {invoiceWith(`{"credit_granted": 100, "amount_due": 1100}`)},
	"never_overpaid":                  {`UPDATE invoice SET amount_paid = 1001`, `UPDATE invoice SET amount_paid = 900, amount_credited = 101`, `UPDATE invoice SET status = 'paid', paid_at = now(), amount_paid = 1001`},
	"paid_in_full":                    {`UPDATE invoice SET status = 'paid', paid_at = now(), amount_paid = 999`, `UPDATE invoice SET status = 'paid', amount_paid = 1000`, `UPDATE invoice SET paid_at = now()`},
	"invoice_cycle_once":              {invoiceWith(`{"cycle": 0}`)},
	"invoice_business_key_key":        {invoiceWith(`{"business_key": "invoice:sub:cycle-0"}`)},
	"invoice_entity_id_number_key":    {invoiceWith(`{"number": "ACM-000001"}`)},
	"invoice_page_key_key":            {`UPDATE invoice SET page_key = 'k2'; ` + invoiceWith(`{}`)},
	"invoice_subscription_id_fkey":    {invoiceWith(`{"subscription_id": "none"}`)},
	"only_credit_is_sold_alone":       {invoiceWith(`{"subscription_id": "", "reason": "change"}`), invoiceWith(`{"reason": "prepaid"}`)},
	"prepaid_only_pays":               {invoiceWith(`{"prepaid_applied": -1, "amount_due": 1001}`)},
	"invoice_provider_intent_key":     {invoiceWith(`{"provider_intent": "pi_1"}`)},
	"invoice_amount_due_check":        {invoiceWith(`{"credit_applied": 1200, "amount_due": -100}`)},
	"invoice_credit_applied_check":    {invoiceWith(`{"credit_applied": -1, "amount_due": 1101}`)},
	"invoice_is_final":                {`UPDATE invoice SET amount_due = 0, credit_applied = 1100`, `UPDATE invoice SET number = 'ACM-000009'`, `UPDATE invoice SET issued_at = now()`, `UPDATE invoice SET customer_id = 'bob'`, `DELETE FROM invoice`},
	"nobody_is_their_own_parent":      {`UPDATE customer SET parent_id = id`},
	"invoiced_to_self_or_parent":      {`UPDATE customer SET invoiced_to = 'uncle'`},
	"paid_by_self_or_parent":          {`UPDATE customer SET paid_by = 'uncle'`},
	"who_looks_up_has_a_parent":       {`UPDATE customer SET invoiced_to = 'parent'`, `UPDATE customer SET paid_by = 'parent'`},
	"invoice_payer_is_final":          {copyCustomer + `UPDATE invoice SET payer_id = 'bob'`},
	"billing_group_is_short":          {`UPDATE subscription SET billing_group = repeat('x', 101)`},
	"po_number_is_short":              {`UPDATE subscription SET po_number = repeat('x', 101)`},
	"line_is_of_a_part":               {lineWith(`{"subscription_id": "other"}`)},
	"invoice_part_part_key_key":       {invoiceWith(`{}`) + `; INSERT INTO invoice_part VALUES ('inv2', 'sub', 'ada', 'invoice:sub:cycle-0')`},
	"invoice_part_is_immutable":       {`UPDATE invoice_part SET owner_id = 'bob'`, `DELETE FROM invoice_part`},
	"invoice_line_is_immutable":       {`UPDATE invoice_line SET amount = 999`, `DELETE FROM invoice_line`},
	"invoice_equals_its_lines":        {`INSERT INTO invoice_line SELECT (jsonb_populate_record(l, '{"position": 2}')).* FROM invoice_line l`},
	"credit_names_its_original":       {`INSERT INTO invoice_line SELECT (jsonb_populate_record(l, '{"position": 2, "kind": "proration_credit"}')).* FROM invoice_line l`},
	"invoice_line_kind_check":         {lineWith(`{"kind": "gift"}`)},
	"plan_lines_have_no_charge":       {lineWith(`{"kind": "true_up"}`), lineWith(`{"charge_id": ""}`), lineWith(`{"kind": "commitment", "charge_id": ""}`)},
	"a_cap_lowers_a_plan": {
		lineWith(`{"kind": "spend_cap", "charge_id": "", "amount": 1}`),
	},
	"payment_one_live_per_invoice":       {paymentWith(`'pending', 'k2', NULL`), paymentWith(`'processing', 'k2', NULL`), paymentWith(`'requires_action', 'k2', NULL`), paymentWith(`'succeeded', 'k2', '2027-01-02'`)},
	"payment_idempotency_key_key":        {paymentWith(`'failed', 'charge:inv:1', '2027-01-02'`)},
	"payment_invoice_id_attempt_key":     {`UPDATE payment SET status = 'failed', settled_at = now(); INSERT INTO payment (id, invoice_id, attempt, status, amount, currency, idempotency_key, asked_at) VALUES ('pay2', 'inv', 1, 'pending', 1000, 'USD', 'k2', '2027-01-02')`},
	"payment_provider_charge_key":        {paymentWith(`'failed', 'k2', '2027-01-02'`) + `; UPDATE payment SET provider_charge = 'ch_1'`},
	"settled_when_over":                  {`UPDATE payment SET status = 'succeeded'`, `UPDATE payment SET settled_at = now()`},
	"over_or_next":                       {`UPDATE dunning SET ended_at = now()`, `UPDATE dunning SET next_action_at = NULL`},
	"ledger_transaction_natural_key_key": {`INSERT INTO ledger_transaction (natural_key, entity_id, kind, reference, at) VALUES ('invoice:inv:finalised', 'acme', 'x', 'inv', now())`},
	"ledger_transaction_is_immutable":    {`UPDATE ledger_transaction SET at = now()`, `DELETE FROM ledger_transaction`},
	"ledger_posting_is_immutable":        {`UPDATE ledger_posting SET amount = amount * 2`, `DELETE FROM ledger_posting`},
	"postings_balance": {
		`INSERT INTO ledger_posting SELECT id, 3, 'Cash', 'USD', 1 FROM ledger_transaction`,
		`INSERT INTO ledger_posting SELECT id, 3, 'Cash', 'USD', 1 FROM ledger_transaction; INSERT INTO ledger_posting SELECT id, 4, 'Cash', 'EUR', -1 FROM ledger_transaction`,
	},
	"legal_entity_one_owner": {
		`UPDATE legal_entity SET owns_provider_account = TRUE; INSERT INTO legal_entity SELECT (jsonb_populate_record(e, '{"id": "other", "invoice_prefix": "OTH"}')).* FROM legal_entity e`,
	},
	"payout_is_shared_whole":     {payoutWith(`899`)},
	"cash_movement_is_immutable": {cashMovement + `UPDATE cash_movement SET net = 1`, cashMovement + `DELETE FROM cash_movement`},
	"payout_share_is_immutable":  {payoutWith(`900`) + `UPDATE payout_share SET amount = 1`, payoutWith(`900`) + `DELETE FROM payout_share`},
	"only_suspense_is_explained": {
		movementWith(`'Bank', 'OtherIncome', 'why', '2027-01-03'`),
	},
	"explained_with_a_reason": {
		movementWith(`'Suspense', 'OtherIncome', '', '2027-01-03'`), movementWith(`'Suspense', 'OtherIncome', 'why', NULL`),
	},
	"settled_with_a_reason": {
		`INSERT INTO reconciliation_difference (kind, subject, detail, status, occurred_at, first_seen, last_seen) VALUES ('fee', 'ch_1', 'x', 'settled', '2027-01-02', '2027-01-02', '2027-01-02')`,
	},
	"refund_is_positive":              {refundWith(`'pending', 0, 'k', NULL, NULL`)},
	"refund_settled_when_over":        {refundWith(`'pending', 1, 'k', NULL, '2027-01-02'`), refundWith(`'failed', 1, 'k', NULL, NULL`)},
	"refund_succeeds_at_the_provider": {refundWith(`'succeeded', 1, 'k', NULL, '2027-01-02'`)},
	"goodwill_has_a_reason":           {paidFixture + `INSERT INTO refund (id, payment_id, currency, goodwill, reason, asked_at, status, amount, idempotency_key) VALUES ('r1', 'pay', 'USD', TRUE, '', '2027-01-02', 'pending', 1, 'k')`},
	"refund_within_payment": {
		refundWith(`'pending', 1001, 'k', NULL, NULL`),
		refundWith(`'pending', 600, 'k', NULL, NULL`) + `INSERT INTO refund SELECT (jsonb_populate_record(r, '{"id": "r2", "amount": 401, "idempotency_key": "k2"}')).* FROM refund r`,
		`INSERT INTO refund (id, payment_id, currency, goodwill, reason, asked_at, status, amount, idempotency_key) VALUES ('r1', 'pay', 'USD', FALSE, '', '2027-01-02', 'pending', 1, 'k')`,
		paidFixture + `INSERT INTO refund (id, payment_id, currency, goodwill, reason, asked_at, status, amount, idempotency_key) VALUES ('r1', 'pay', 'EUR', FALSE, '', '2027-01-02', 'pending', 1, 'k')`,
	},
	"refund_is_what_was_asked": {
		refundWith(`'pending', 600, 'k', NULL, NULL`) + `UPDATE refund SET amount = 1`, refundWith(`'pending', 600, 'k', NULL, NULL`) + `DELETE FROM refund`,
		refundWith(`'failed', 600, 'k', NULL, '2027-01-02'`) + `UPDATE refund SET status = 'pending', settled_at = NULL`,
	},
	"refund_idempotency_key_key": {refundWith(`'pending', 1, 'k', NULL, NULL`) + `INSERT INTO refund SELECT (jsonb_populate_record(r, '{"id": "r2"}')).* FROM refund r`},
	"refund_provider_refund_key": {refundWith(`'pending', 1, 'k', 're_1', NULL`) + `INSERT INTO refund SELECT (jsonb_populate_record(r, '{"id": "r2", "idempotency_key": "k2"}')).* FROM refund r`},
	"dispute_is_positive":        {disputeWith(`'needs_response', 0, 1, 0, NULL`)},
	"dispute_never_gives":        {disputeWith(`'won', 10, 2, -1, '2027-01-02'`)},
	"dispute_closed_when_over": {
		disputeWith(`'won', 10, 2, 0, NULL`), disputeWith(`'lost', 10, 1, 10, NULL`), disputeWith(`'warning_closed', 10, 0, 0, NULL`), disputeWith(`'needs_response', 10, 1, 10, '2027-01-02'`),
	},
	"grant_is_positive":             {grantWith(`{"amount": 0, "cost": 0, "basis": "promotional", "paid_outside": false}`)},
	"grant_priority_in_range":       {grantWith(`{"priority": 101}`), grantWith(`{"priority": -1}`)},
	"grant_cost_fits_basis":         {grantWith(`{"cost": 501}`), grantWith(`{"cost": 0}`), grantWith(`{"basis": "promotional", "paid_outside": false}`)},
	"grant_is_never_overspent":      {spendGrant(`-501, -1, 'inv'`), spendGrant(`-500, -399, 'inv'`), spendGrant(`-1, -401, 'inv'`)},
	"grant_expires_after_it_begins": {grantWith(`{"expires_at": "2027-01-01T00:00:00Z"}`)},
	"grant_waits_for_an_invoice":    {grantWith(`{"usable_from": null}`)},
	"grant_paid_one_way":            {grantWith(`{"basis": "promotional", "cost": 0}`)},
	"movement_is_of_a_grant": {
		`INSERT INTO credit_grant_movement (customer_id, key, grant_id, kind, amount, cost, at) VALUES ('ada', 'k', 'none', 'granted', 1, 1, now())`,
	},
	"movement_goes_one_way":              {spendGrant(`1, 0, 'inv'`), spendGrant(`-1, 1, 'inv'`)},
	"spent_on_an_invoice":                {spendGrant(`-1, -1, NULL`)},
	"credit_grant_movement_pkey":         {spendGrant(`-1, -1, 'inv'`) + `; ` + spendGrant(`-1, -1, 'inv'`)},
	"credit_grant_movement_is_immutable": {`UPDATE credit_grant_movement SET amount = 1`, `DELETE FROM credit_grant_movement`},
	"grant_follows_its_movements":        nil, // refuses nothing: see TestGrantFollowsItsMovements
	"grant_is_final": {
		`UPDATE credit_grant SET amount_left = 1`, `UPDATE credit_grant SET cost_left = 1`, `UPDATE credit_grant SET amount = 501`, `UPDATE credit_grant SET terms = '[]'`,
		`UPDATE credit_grant SET expires_at = NULL`, `DELETE FROM credit_grant`,
	},
	"wallet_is_never_negative":                        {`UPDATE wallet SET balance = balance - 101`},
	"invoice_offset_is_immutable":                     {`UPDATE invoice_offset SET amount = 1`, `DELETE FROM invoice_offset`},
	"invoice_offset_pkey":                             {`INSERT INTO invoice_offset SELECT * FROM invoice_offset`},
	"wallet_movement_pkey":                            {`INSERT INTO wallet_movement SELECT * FROM wallet_movement`},
	"filed_only_when_approved":                        {`UPDATE tax_return SET status = 'approved'`, `UPDATE tax_return SET status = 'filed'`, `UPDATE tax_return SET status = 'paid'`},
	"tax_return_entity_id_scheme_period_revision_key": {`INSERT INTO tax_return SELECT (jsonb_populate_record(r, '{"id": "filing2"}')).* FROM tax_return r`},
	"invoice_run_entity_id_period_key":                {`INSERT INTO invoice_run SELECT (jsonb_populate_record(r, '{"id": "run2"}')).* FROM invoice_run r`},
	"invoice_run_member_pkey":                         {`INSERT INTO invoice_run_member (run_id, shard, subscription_id) VALUES ('run', 1, 'sub')`},
	"not_both":                                        {`UPDATE invoice_run_member SET invoice_id = 'inv', skipped_because = 'nothing'`},
	"outbox_message_key_key":                          {`INSERT INTO outbox (message_key, template, customer_id, as_of) VALUES ('mail:inv:invoice', 'invoice', 'ada', now())`},
	"quote_holds_for_a_time":                          {`INSERT INTO price_quote SELECT (jsonb_populate_record(q, '{"id": "q2", "valid_until": "2027-01-01T00:00:00Z", "quoted_at": "2027-01-01T00:00:00Z"}')).* FROM price_quote q`},
	"price_quote_is_immutable":                        {`UPDATE price_quote SET valid_until = '2028-01-01'`, `DELETE FROM price_quote`},
	"price_lock_is_immutable":                         {`UPDATE price_lock SET rate = 1`, `DELETE FROM price_lock`},
	"price_lock_pkey":                                 {`INSERT INTO price_lock SELECT * FROM price_lock`},
	"price_lock_quote_id_fkey":                        {lockWith(`{"quote_id": "none"}`)},
	"locked_rate_is_positive":                         {lockWith(`{"rate": 0}`), lockWith(`{"markup_percent": -1}`)},
	"locked_in_another_currency":                      {lockWith(`{"from_currency": "EUR"}`)},
	"agreed_prices_are_by_charge": {
		`INSERT INTO agreed_price (subscription_id, plan_id, plan_version, prices, command_id, agreed_at) VALUES ('sub', 'pro', 1, '[]', 'c', '2027-01-01')`,
		`INSERT INTO agreed_price (subscription_id, plan_id, plan_version, prices, command_id, agreed_at) VALUES ('sub', 'pro', 1, '{}', 'c', '2027-01-01')`,
	},
	"agreed_once_with_a_command": {
		`INSERT INTO agreed_price (subscription_id, plan_id, plan_version, prices, agreed_at) VALUES ('sub', 'pro', 1, '{"fee": {}}', '2027-01-02')`,
	},
	"agreed_price_is_immutable": {`UPDATE agreed_price SET prices = '{"seats": {}}'`, `DELETE FROM agreed_price`},
	"agreement_pkey":            {`INSERT INTO agreement VALUES ('sub', '{}')`},
	"agreement_is_a_request":    {`DROP TRIGGER agreement_is_immutable ON agreement; UPDATE agreement SET request = '[]'`},
	"agreement_is_immutable":    {`UPDATE agreement SET request = '{"seats": 1}'`, `DELETE FROM agreement`},
	"inbound_event_pkey":        {`INSERT INTO inbound_event (id, provider, type, payload) VALUES ('evt_1', 'stripe', 'x', '{}')`},
	"waits_or_is_over": {
		`UPDATE inbound_event SET next_try_at = NULL`, `UPDATE inbound_event SET status = 'applied'`, `UPDATE inbound_event SET processed_at = now()`,
		`UPDATE inbound_event SET status = 'given_up', next_try_at = NULL`,
	},
	"mail_suppression_one_in_force":   {`INSERT INTO mail_suppression (customer_id, email, reason, event_id, at) VALUES ('ada', 'a@example.com', 'dropped', 'sg_2', now())`},
	"mail_suppression_once_per_event": {`UPDATE mail_suppression SET lifted_at = now(); INSERT INTO mail_suppression (customer_id, email, reason, event_id, at) VALUES ('ada', 'a@example.com', 'bounce', 'sg_1', now())`},
	"checkout_ended_when_over":        {checkoutWith(`{"status": "complete"}`), checkoutWith(`{"ended_at": "2027-01-02"}`)},
	"checkout_payment_is_of_an_invoice": {
		checkoutWith(`{"purpose": "payment"}`), checkoutWith(`{"invoice_id": "inv"}`), checkoutWith(`{"payment_id": "pay"}`),
	},
	"checkout_expires_after_it_begins": {checkoutWith(`{"expires_at": "2027-01-01"}`)},
	"checkout_session_payment_id_key": {
		checkoutWith(`{"purpose": "payment", "invoice_id": "inv", "payment_id": "pay"}`) +
			checkoutWith(`{"id": "c2", "purpose": "payment", "invoice_id": "inv", "payment_id": "pay"}`),
	},
	"outbox_status_check": {`UPDATE outbox SET status = 'lost'`},
}

// statementWith adds a statement like the fixture's, with some columns changed.
func statementWith(changes string) string {
	return `INSERT INTO seat_statement (subscription_id, invoice_key, line_invoice, line_position, charge_id, period_start, period_end, currency, charges, credits, settled_at)
		SELECT c.subscription_id, c.invoice_key, c.line_invoice, c.line_position, c.charge_id, c.period_start, c.period_end, c.currency, c.charges, c.credits, c.settled_at
		  FROM seat_statement s CROSS JOIN LATERAL jsonb_populate_record(s, '{` + changes + `}') c`
}

// seatEntryWith adds an entry to the fixture's statement.
func seatEntryWith(values string) string {
	return `INSERT INTO seat_entry SELECT id, 2, 'u1', v.kind, '2027-01-15', v.days, v.of_days, v.amount FROM seat_statement, (VALUES (` + values + `)) AS v (kind, days, of_days, amount)`
}

// creditEntryWith adds a movement of plan credit.
func creditEntryWith(values string) string {
	return `INSERT INTO plan_credit_entry (natural_key, subscription_id, kind, amount, invoice_id, statement_id, reason, at)
		SELECT v.k, v.s, v.kind, v.amount, v.invoice, v.statement::bigint, '', '2027-02-01' FROM (VALUES (` + values + `)) AS v (k, s, kind, amount, invoice, statement)`
}

// checkoutWith adds a checkout that saves a method, with some columns changed.
func checkoutWith(changes string) string {
	return `INSERT INTO checkout_session SELECT (jsonb_populate_record(NULL::checkout_session, '{"id": "c1", "customer_id": "ada", "purpose": "setup",
		"save_method": true, "position": 1, "success_url": "", "cancel_url": "", "status": "open", "created_at": "2027-01-01", "expires_at": "2027-01-02"}' ||
		'` + changes + `'::jsonb)).*;`
}

// grantWith adds a grant like the fixture's, with some columns changed and nothing left of it.
func grantWith(changes string) string {
	return `INSERT INTO credit_grant SELECT (jsonb_populate_record(g, '{"id": "gr2", "amount_left": 0, "cost_left": 0}'::jsonb || '` + changes + `'::jsonb)).* FROM credit_grant g`
}

// spendGrant takes an amount and a cost out of the fixture's grant, for an invoice.
func spendGrant(values string) string {
	return `INSERT INTO credit_grant_movement (customer_id, key, grant_id, kind, at, amount, cost, invoice_id) VALUES ('ada', 'spent', 'gr', 'spent', '2027-01-02', ` + values + `)`
}

// What is left of a grant is what its movements leave.
func TestGrantFollowsItsMovements(t *testing.T) {
	t.Parallel()
	conn := connect(t, "grants")
	_, _, err := schema.Migrate(t.Context(), conn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; "+fixture+"COMMIT; "+spendGrant(`-120, -96, 'inv'`))
	require.NoError(t, err)
	var amount, cost int64
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT amount_left, cost_left FROM credit_grant`).Scan(&amount, &cost))
	require.Equal(t, [2]int64{380, 304}, [2]int64{amount, cost})
}

// Every rule that is a constraint really refuses what it is there to refuse.
func TestConstraints(t *testing.T) {
	t.Parallel()
	conn := connect(t, "constraints")
	_, _, err := schema.Migrate(t.Context(), conn)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "BEGIN; "+fixture+"COMMIT")
	require.NoError(t, err, "the fixture breaks no rule")
	for constraint, statements := range violations {
		for _, statement := range statements {
			refused := attempt(t, conn, statement)
			require.NotNil(t, refused, "%s accepts: %s", constraint, statement)
			require.Equal(t, constraint, refused.ConstraintName, "%s\n%s", statement, refused.Message)
		}
	}
	require.Nil(t, attempt(t, conn, invoiceWith(`{}`)), "what breaks no rule is accepted")
	require.Nil(t, attempt(t, conn, `UPDATE invoice SET status = 'paid', amount_paid = 1000, paid_at = now()`))
	require.Nil(t, attempt(t, conn, `UPDATE payment SET status = 'failed', settled_at = now(); `+paymentWith(`'pending', 'k2', NULL`)))
}

// attempt runs statements up to the moment of their commit, takes them back, and returns how they were refused.
func attempt(t *testing.T, conn *pgx.Conn, statements string) *pgconn.PgError {
	t.Helper()
	_, err := conn.Exec(t.Context(), "BEGIN; "+statements+"; SET CONSTRAINTS ALL IMMEDIATE")
	_, rollback := conn.Exec(context.Background(), "ROLLBACK")
	require.NoError(t, rollback)
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused, statements)
	return refused
}

var named = regexp.MustCompile(`(?:CONSTRAINT|CREATE UNIQUE INDEX|CREATE TRIGGER|CREATE CONSTRAINT TRIGGER) ([a-z_]+)`)

// dropped is how a rule goes: one that does not come back has nothing to refuse.
var dropped = regexp.MustCompile(`DROP CONSTRAINT (?:IF EXISTS )?([a-z_]+)`)

// A rule without a violation in the table above is a rule that nobody has seen at work.
func TestEveryNamedConstraintIsTested(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	rules := map[string]string{}
	for _, file := range files { // in the order of their numbers
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, gone := range dropped.FindAllStringSubmatch(string(text), -1) {
			delete(rules, gone[1])
		}
		for _, found := range named.FindAllStringSubmatch(dropped.ReplaceAllString(string(text), ""), -1) {
			rules[found[1]] = file
		}
	}
	for rule, file := range rules {
		require.Contains(t, violations, rule, file)
	}
}

// notice tells of the invoice's debit.
func notice(told, on string) string {
	return `INSERT INTO debit_notice (invoice_id, method_id, message_key, amount, currency, told_at, debit_on)
	SELECT 'inv', id, 'mail:inv:invoice', 1000, 'USD', ` + told + `, ` + on + ` FROM payment_method LIMIT 1`
}
