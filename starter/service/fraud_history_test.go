package service_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

// past is what a seller's customers attempted in the 89 days until now. Six in ten have their address at one large domain;
// some share a card, one attempt in twelve is declined, and one in sixty comes back days later.
type past struct {
	customers, payments int
	// together are made at one instant.
	together int
}

// happened makes a seller with a past and returns its id.
func (p past) happened(t testing.TB) string {
	t.Helper()
	id := running.NewID()
	require.NoError(t, running.AddSeller(t.Context(), id))
	numbers := strings.NewReplacer("$", id, "{customers}", strconv.Itoa(p.customers), "{together}", strconv.Itoa(p.together),
		"{instants}", strconv.Itoa(p.payments/p.together))
	insert := func(into, columns string, count int, values string) string { // n counts, k is the customer
		return numbers.Replace(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generate_series(0, %d) n", into, columns, values, count-1) + `, LATERAL (
			SELECT n % {customers} AS k, date_trunc('second', now()) - interval '89 days' + (n / {together}) * (interval '88 days' / {instants}) AS at) AS v`)
	}
	running.Exec(t,
		insert("customer", "id, entity_id, name, email, country, zone, currency, locale, created_at", p.customers,
			`'$-' || k, '$', 'C', 'c' || k || '@' || CASE WHEN k % 10 < 6 THEN 'large.example' ELSE 'd' || k % 50 || '.example' END,
			'US', 'UTC', 'USD', 'en', now() - interval '200 days'`),
		insert("payment_method", "id, customer_id, provider_token, kind, created_at, changed_at", p.customers, `'$-m' || k, '$-' || k, 'pm', 'card', now(), now()`),
		insert("payment_method_detail", "method_id, kind, fingerprint, country", p.customers, `'$-m' || k, 'card', '$-f' || k % ({customers} * 9 / 10), 'US'`),
		insert("subscription", `id, entity_id, customer_id, currency, zone, status, plan_id, plan_version, seats, billed_by, anchor, cycle, started_at, created_at`,
			p.customers, `'$-s' || k, '$', '$-' || k, 'USD', 'UTC', 'active', '$-pro', 1, 1, 'renewal', now(), 0, now(), now()`),
		insert("invoice", `id, business_key, entity_id, customer_id, payer_id, subscription_id, reason, cycle, number, status, currency, subtotal, tax, total,
			credit_granted, credit_applied, amount_due, period_start, period_end, zone, tz_version, issued_at`, p.payments,
			`'$-i' || n, '$-i' || n, '$', '$-' || k, '$-' || k, '$-s' || k, 'change', n, '$' || n, 'open', 'USD', 1000 + n, 0, 1000 + n, 0, 0, 1000 + n,
			at, now(), 'UTC', 'x', at`),
		insert("payment", `id, invoice_id, attempt, status, amount, currency, idempotency_key, method_id, asked_at, settled_at`, p.payments,
			`'$-p' || n, '$-i' || n, 1, CASE WHEN n % 12 = 0 OR n % 60 = 1 THEN 'failed' ELSE 'succeeded' END, 1000 + n, 'USD', '$-k' || n, '$-m' || k,
			at, at + CASE WHEN n % 60 = 1 THEN interval '3 days' ELSE interval '0' END`),
		`ANALYZE customer, payment_method_detail, invoice, payment`,
	)
	return id
}

// The facts that a rule is tried on are those that it would have been asked with, though they are counted in another way.
func TestADryRunHasTheFactsOfThen(t *testing.T) {
	t.Parallel()
	entity := past{customers: 40, payments: 480, together: 3}.happened(t)
	all := store.HistoryFilter{EntityID: entity, Until: time.Now(), Limit: 1000}
	tried, err := running.Store.Tried(t.Context(), all)
	require.NoError(t, err)
	attempts, err := running.Store.Attempts(t.Context(), all)
	require.NoError(t, err)
	require.Len(t, tried, 480)
	require.Len(t, attempts, 480)
	var tally fraud.Tally
	for _, attempt := range attempts {
		for ; len(tried) > 0 && !tried[0].At.After(attempt.Payment.AskedAt); tried = tried[1:] {
			tally.Add(tried[0])
		}
		velocity, found := tally.Before(attempt.Payment.ID)
		require.True(t, found)
		attempt.Facts.Velocity = velocity
		asked, err := running.Store.Attempt(t.Context(), attempt.Payment.ID, true)
		require.NoError(t, err)
		require.Equal(t, asked, attempt)
	}
}

// A history is tried in parts, and counted from before it begins.
func TestADryRunOfALongHistory(t *testing.T) {
	t.Parallel()
	entity := past{customers: 500, payments: 2500, together: 7}.happened(t)
	test := func(expression string, days int) store.DryRun {
		ran, err := running.Service.TestRule(t.Context(), service.RuleTest{Entity: entity, Kind: "block", Expression: expression, SinceDays: days})
		require.NoError(t, err)
		return ran
	}
	require.EqualValues(t, 2500, test("payment.amount > 0", 90).Payments)
	require.EqualValues(t, 1500, test("payment.amount >= 2000", 90).Matched)
	recent := test("velocity.email_domain.payments_7d > 50 || velocity.customer.payments_30d > 0", 10)
	require.Less(t, recent.Payments, int64(400))
	require.Equal(t, recent.Payments, recent.Matched, "each customer has paid within the 30 days before")
	_, err := running.Service.CreateList(t.Context(), service.NewList{By: "ada", Entity: entity, Name: "farms", Type: "email_domain"})
	require.NoError(t, err)
	_, err = running.Service.AddListItem(t.Context(), entity, "farms", service.NewListItem{Explained: because, Value: "large.example"})
	require.NoError(t, err)
	require.Zero(t, test(`listed("farms", customer.email_domain)`, 90).Matched, "it was not on the list then")
}

// BenchmarkRuleTest tries rules on 50,000 payments and compares with the floor: reading what the facts are made of, in one
// statement. BenchmarkFacts is what one payment costs while it is being made.
func BenchmarkRuleTest(b *testing.B) {
	const payments = 50_000
	entity := past{customers: 12_500, payments: payments, together: 1}.happened(b)
	began := time.Now()
	require.Equal(b, payments, running.Read(b, `
		SELECT p.id, p.invoice_id, p.attempt, p.status, p.amount, p.currency, p.method_id, p.asked_at, p.settled_at, i.customer_id, c.email,
			c.country, c.business, c.tax_id_valid, c.created_at, d.kind, d.fingerprint, d.country, d.funding, d.network
		  FROM payment p JOIN invoice i ON i.id = p.invoice_id JOIN customer c ON c.id = i.customer_id
		  LEFT JOIN payment_method_detail d ON d.method_id = p.method_id WHERE i.entity_id = $1 ORDER BY p.asked_at, p.id`, entity))
	floor := time.Since(began)
	for name, expression := range map[string]string{
		"amount":                    `payment.first && payment.amount > 50000`,
		"velocity-of-cards":         `velocity.card.customers_24h > 2`,
		"velocity-at-a-mail-domain": `velocity.email_domain.cards_24h > 100`,
		"lists":                     `listed("blocked_emails", customer.email) || listed("blocked_cards", payment.fingerprint)`,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ran, err := running.Service.TestRule(b.Context(), service.RuleTest{Entity: entity, Kind: "block", Expression: expression, SinceDays: 90})
				require.NoError(b, err)
				require.EqualValues(b, payments, ran.Payments)
			}
			each := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(payments/each.Seconds(), "payments/s")
			b.ReportMetric(floor.Seconds()/each.Seconds(), "of_reading")
		})
	}
}

func BenchmarkFacts(b *testing.B) {
	entity := past{customers: 12_500, payments: 50_000, together: 1}.happened(b)
	for name, emailDomain := range map[string]bool{"without-the-mail-domain": false, "of-a-mail-domain-with-10000-attempts-in-30-days": true} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				// Customers whose number ends in 0 are at the large domain.
				_, err := running.Store.Attempt(b.Context(), fmt.Sprintf("%s-p%d", entity, 49_000+i%50*10), emailDomain)
				require.NoError(b, err)
			}
		})
	}
}
