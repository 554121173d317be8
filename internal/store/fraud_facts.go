package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Attempted is an attempt to pay with the facts about it as they were when it was made, and what became of it since.
type Attempted struct {
	Payment      Payment
	EntityID     string
	BookCurrency money.Currency
	// Facts lack the amount in the seller's currency, which needs rates.
	Facts fraud.Facts
	// Disputed and Warned: a bank took the payment back, or its issuer reported fraud, later.
	Disputed, Warned bool
}

// FactsFilter selects attempts. Either a payment is named, or those of an entity asked for in [Since, Until), by time
// behind a given one (After, with its time as Since).
type FactsFilter struct {
	PaymentID    string
	EntityID     string
	Since, Until time.Time
	After        string
	Limit        int
	// EmailDomain counts what was attempted by all customers of a domain. For the large ones that takes a while: leave it
	// out unless a rule asks.
	EmailDomain bool
}

type attemptRow struct {
	Payment

	EntityID    string         `db:"entity_id"`
	Book        money.Currency `db:"book_currency"`
	CustomerID  string         `db:"customer_id"`
	Country     string         `db:"country"`
	Email       string         `db:"email"`
	Business    bool           `db:"business"`
	TaxIDValid  bool           `db:"tax_id_valid"`
	Since       time.Time      `db:"customer_since"`
	Kind        string         `db:"kind"`
	Fingerprint string         `db:"fingerprint"`
	CardCountry string         `db:"card_country"`
	Funding     string         `db:"funding"`
	Network     string         `db:"network"`
	Paid        int64          `db:"paid"`
	Refunded    int64          `db:"refunded"`
	Disputes    int64          `db:"disputes"`
	RiskLevel   string         `db:"risk_level"`
	RiskScore   *int64         `db:"risk_score"`
	Disputed    bool           `db:"disputed"`
	Warned      bool           `db:"warned"`
	ByCustomer  []int64        `db:"by_customer"`
	ByCard      []int64        `db:"by_card"`
	ByDomain    []int64        `db:"by_domain"`
}

// windowsBack are those of fraud.Windows.
var windowsBack = [4]string{"1 hour", "24 hours", "7 days", "30 days"}

// counted counts what was attempted in the 30 days before p by those that a condition selects, as sixteen numbers: payments,
// declines, cards and customers, each in four windows.
func counted(condition string) string {
	var counts []string
	for _, what := range []string{
		"COUNT(*) FILTER (WHERE %s)", "COUNT(*) FILTER (WHERE o.status = 'failed' AND o.settled_at <= p.asked_at AND %s)",
		"COUNT(DISTINCT od.fingerprint) FILTER (WHERE od.fingerprint <> '' AND %s)", "COUNT(DISTINCT oi.customer_id) FILTER (WHERE %s)",
	} {
		for _, window := range windowsBack {
			counts = append(counts, fmt.Sprintf(what, "o.asked_at > p.asked_at - interval '"+window+"'"))
		}
	}
	return `(SELECT ARRAY[` + strings.Join(counts, ", ") + `]
		FROM payment o JOIN invoice oi ON oi.id = o.invoice_id JOIN customer oc ON oc.id = oi.customer_id
		LEFT JOIN payment_method_detail od ON od.method_id = o.method_id
		WHERE o.id <> p.id AND o.asked_at <= p.asked_at AND o.asked_at > p.asked_at - interval '30 days'
		  AND oi.entity_id = i.entity_id AND ` + condition + `)`
}

const emailDomain = `lower(split_part(%s.email, '@', 2))`

// attempts reads facts. "Before" is when the attempt was asked for: what happened later must not decide about it.
func attempts() string {
	const before = `FROM payment o JOIN invoice oi ON oi.id = o.invoice_id WHERE oi.customer_id = i.customer_id AND o.id <> p.id`
	return `SELECT ` + prefixed("p", paymentColumns) + `, i.entity_id, b.book_currency, i.customer_id, c.country, c.email, c.business,
		c.tax_id_valid, c.created_at AS customer_since,
		COALESCE(d.kind, '') AS kind, COALESCE(d.fingerprint, '') AS fingerprint, COALESCE(d.country, '') AS card_country,
		COALESCE(d.funding, '') AS funding, COALESCE(d.network, '') AS network,
		(SELECT COUNT(*) ` + before + ` AND o.status = 'succeeded' AND o.settled_at <= p.asked_at) AS paid,
		(SELECT COUNT(*) FROM refund r WHERE r.asked_at <= p.asked_at AND r.status <> 'failed' AND r.payment_id IN (SELECT o.id ` + before + `)) AS refunded,
		(SELECT COUNT(*) FROM dispute s WHERE s.opened_at <= p.asked_at AND s.payment_id IN (SELECT o.id ` + before + `)) AS disputes,
		COALESCE(e.risk_level, '') AS risk_level, e.risk_score,
		EXISTS (SELECT FROM dispute s WHERE s.payment_id = p.id) AS disputed, EXISTS (SELECT FROM fraud_warning w WHERE w.payment_id = p.id) AS warned,
		` + counted(`oi.customer_id = i.customer_id`) + ` AS by_customer,
		CASE WHEN d.fingerprint <> '' THEN ` + counted(`od.fingerprint = d.fingerprint`) + ` END AS by_card,
		CASE WHEN $6 THEN ` + counted(fmt.Sprintf(emailDomain, "oc")+` = `+fmt.Sprintf(emailDomain, "c")) + ` END AS by_domain
		FROM payment p JOIN invoice i ON i.id = p.invoice_id JOIN customer c ON c.id = i.customer_id JOIN legal_entity b ON b.id = i.entity_id
		LEFT JOIN payment_method_detail d ON d.method_id = p.method_id
		LEFT JOIN LATERAL (
			SELECT risk_level, risk_score FROM payment_risk k JOIN payment o ON o.id = k.payment_id JOIN invoice oi ON oi.id = o.invoice_id
			 WHERE oi.customer_id = i.customer_id AND o.id <> p.id AND o.asked_at <= p.asked_at ORDER BY o.asked_at DESC, o.id DESC LIMIT 1) e ON TRUE `
}

// Attempts lists attempts with their facts, earliest first. Those without a method were not asked of the provider by us and
// are left out, except a payment that is named.
func (q Queries) Attempts(ctx context.Context, f FactsFilter) ([]Attempted, error) {
	rows, err := many[attemptRow](ctx, q.db, "facts of payments", attempts()+`
		WHERE p.id = $1 OR $1 = '' AND i.entity_id = $2 AND p.asked_at >= $3 AND p.asked_at < $4 AND p.method_id IS NOT NULL
		  AND ($5 = '' OR (p.asked_at, p.id) > (SELECT asked_at, id FROM payment WHERE id = $5))
		ORDER BY p.asked_at, p.id LIMIT $7`,
		f.PaymentID, f.EntityID, f.Since, f.Until, f.After, f.EmailDomain, f.Limit)
	list := make([]Attempted, len(rows))
	for i, row := range rows {
		list[i] = row.attempted()
	}
	return list, err
}

// Attempt reads the facts of one attempt.
func (q Queries) Attempt(ctx context.Context, paymentID string, emailDomain bool) (Attempted, error) {
	found, err := q.Attempts(ctx, FactsFilter{PaymentID: paymentID, EmailDomain: emailDomain, Limit: 1})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("payment %q: %w", paymentID, ErrNotFound)
	}
	if err != nil {
		return Attempted{}, err
	}
	return found[0], nil
}

func (r attemptRow) attempted() Attempted {
	mailbox, _ := fraud.Mailbox(r.Email)
	domain := fraud.DomainOf(r.Email)
	facts := fraud.Facts{
		Payment: fraud.Payment{
			Amount: r.Amount, Currency: string(r.Currency), First: r.Paid == 0, Attempt: int64(r.Attempt), Initiator: fraud.InitiatedByMerchant,
			Method: r.Kind, CardCountry: r.CardCountry, Funding: r.Funding, Network: r.Network, Fingerprint: r.Fingerprint,
		},
		Customer: fraud.Customer{
			ID: r.CustomerID, Country: r.Country, Email: mailbox, EmailDomain: domain, EmailDisposable: fraud.Disposable(domain),
			AgeDays: max(int64(r.AskedAt.Sub(r.Since)/(24*time.Hour)), 0), Business: r.Business, TaxIDValid: r.TaxIDValid,
			Payments: r.Paid, Refunds: r.Refunded, Disputes: r.Disputes,
		},
		Velocity: fraud.Velocity{Card: countsOf(r.ByCard), EmailDomain: countsOf(r.ByDomain)},
	}
	if counts := countsOf(r.ByCustomer); counts != nil {
		facts.Velocity.Customer = *counts
	}
	if r.MethodID == nil {
		facts.Payment.Initiator = fraud.InitiatedByCustomer
	}
	if r.RiskLevel != "" || r.RiskScore != nil {
		facts.Outcome = &fraud.Outcome{RiskLevel: r.RiskLevel, RiskScore: r.RiskScore}
	}
	return Attempted{Payment: r.Payment, EntityID: r.EntityID, BookCurrency: r.Book, Facts: facts, Disputed: r.Disputed, Warned: r.Warned}
}

// countsOf reads what counted counts; nil for nothing.
func countsOf(numbers []int64) *fraud.Counts {
	if len(numbers) != 4*len(windowsBack) {
		return nil
	}
	var counts fraud.Counts
	for i, windows := range []*fraud.Windows{&counts.Payments, &counts.Declines, &counts.Cards, &counts.Customers} {
		copy(windows[:], numbers[i*len(windowsBack):])
	}
	return &counts
}

// MethodDetail is what the provider says a payment method is.
type MethodDetail struct {
	MethodID    string `db:"method_id"`
	Kind        string `db:"kind"`
	Fingerprint string `db:"fingerprint"`
	Country     string `db:"country"`
	Funding     string `db:"funding"`
	Network     string `db:"network"`
}

// MethodDetail reads what is known of a method; ErrNotFound when nothing is.
func (q Queries) MethodDetail(ctx context.Context, methodID string) (MethodDetail, error) {
	return one[MethodDetail](ctx, q.db, "details of payment method "+methodID,
		`SELECT method_id, kind, fingerprint, country, funding, network FROM payment_method_detail WHERE method_id = $1`, methodID)
}

// SaveMethodDetail records what the provider says of a method now.
func (q Queries) SaveMethodDetail(ctx context.Context, d MethodDetail) error {
	_, err := q.exec(ctx, "record details of payment method "+d.MethodID, `
		INSERT INTO payment_method_detail (method_id, kind, fingerprint, country, funding, network) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (method_id) DO UPDATE SET kind = EXCLUDED.kind, fingerprint = EXCLUDED.fingerprint, country = EXCLUDED.country,
			funding = EXCLUDED.funding, network = EXCLUDED.network`,
		d.MethodID, d.Kind, d.Fingerprint, d.Country, d.Funding, d.Network)
	return err
}

// WithReference adds to the facts of an attempt its amount in the currency of the seller's books, if a rate of its day is
// known. Without one it is a fact that is not known.
func (q Queries) WithReference(ctx context.Context, found Attempted) (Attempted, error) {
	amount, day := money.New(found.Payment.Amount, found.Payment.Currency), calendar.Zone{}.DateOf(found.Payment.AskedAt)
	var rates tax.FX
	if amount.Currency != found.BookCurrency {
		var err error
		if rates, err = q.RatesBetween(ctx, presentment.NeededCurrencies(amount.Currency, found.BookCurrency), day); err != nil {
			return found, err
		}
	}
	if worth, err := presentment.Worth(amount, found.BookCurrency, rates, day); err == nil {
		found.Facts.Payment.ReferenceAmount, found.Facts.Payment.ReferenceCurrency = &worth.Minor, string(worth.Currency)
	}
	return found, nil
}
