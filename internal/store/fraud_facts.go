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
		"COUNT(DISTINCT od.fingerprint) FILTER (WHERE od.fingerprint <> '' AND %s)", "COUNT(DISTINCT oi.payer_id) FILTER (WHERE %s)",
	} {
		for _, window := range windowsBack {
			counts = append(counts, fmt.Sprintf(what, "o.asked_at > p.asked_at - interval '"+window+"'"))
		}
	}
	return `(SELECT ARRAY[` + strings.Join(counts, ", ") + `]
		FROM payment o JOIN invoice oi ON oi.id = o.invoice_id JOIN customer oc ON oc.id = oi.payer_id
		LEFT JOIN payment_method_detail od ON od.method_id = o.method_id
		WHERE o.id <> p.id AND o.asked_at <= p.asked_at AND o.asked_at > p.asked_at - interval '30 days'
		  AND oi.entity_id = i.entity_id AND ` + condition + `)`
}

const emailDomain = `lower(split_part(%s.email, '@', 2))`

// velocities count what was attempted before: by the customer, with the card, and, for whoever asks ($2), at the e-mail domain.
// That the fingerprint is not empty has to be said twice, or its index is not used.
func velocities() string {
	return counted(`oi.payer_id = i.payer_id`) + ` AS by_customer,
		CASE WHEN d.fingerprint <> '' THEN ` + counted(`od.fingerprint = d.fingerprint AND od.fingerprint <> ''`) + ` END AS by_card,
		CASE WHEN $2 THEN ` + counted(fmt.Sprintf(emailDomain, "oc")+` = `+fmt.Sprintf(emailDomain, "c")) + ` END AS by_domain`
}

// attempts reads facts. "Before" is when the attempt was asked for: what happened later must not decide about it.
func attempts(velocity string) string {
	const before = `FROM payment o JOIN invoice oi ON oi.id = o.invoice_id WHERE oi.payer_id = i.payer_id AND o.id <> p.id`
	return `SELECT ` + prefixed("p", paymentColumns) + `, i.entity_id, b.book_currency, i.payer_id AS customer_id, c.country, c.email, c.business,
		c.tax_id_valid, c.created_at AS customer_since,
		COALESCE(d.kind, '') AS kind, COALESCE(d.fingerprint, '') AS fingerprint, COALESCE(d.country, '') AS card_country,
		COALESCE(d.funding, '') AS funding, COALESCE(d.network, '') AS network,
		(SELECT COUNT(*) ` + before + ` AND o.status = 'succeeded' AND o.settled_at <= p.asked_at) AS paid,
		(SELECT COUNT(*) FROM refund r WHERE r.asked_at <= p.asked_at AND r.status <> 'failed' AND r.payment_id IN (SELECT o.id ` + before + `)) AS refunded,
		(SELECT COUNT(*) FROM dispute s WHERE s.opened_at <= p.asked_at AND s.payment_id IN (SELECT o.id ` + before + `)) AS disputes,
		COALESCE(e.risk_level, '') AS risk_level, e.risk_score,
		EXISTS (SELECT FROM dispute s WHERE s.payment_id = p.id) AS disputed, EXISTS (SELECT FROM fraud_warning w WHERE w.payment_id = p.id) AS warned,
		` + velocity + `
		FROM payment p JOIN invoice i ON i.id = p.invoice_id JOIN customer c ON c.id = i.payer_id JOIN legal_entity b ON b.id = i.entity_id
		LEFT JOIN payment_method_detail d ON d.method_id = p.method_id
		LEFT JOIN LATERAL (
			SELECT risk_level, risk_score FROM payment_risk k JOIN payment o ON o.id = k.payment_id JOIN invoice oi ON oi.id = o.invoice_id
			 WHERE oi.payer_id = i.payer_id AND o.id <> p.id AND o.asked_at <= p.asked_at ORDER BY o.asked_at DESC, o.id DESC LIMIT 1) e ON TRUE `
}

// Attempt reads the facts of one attempt. With emailDomain it counts what was attempted by all customers of the domain:
// for the large ones that takes a while, so leave it out unless a rule asks.
func (q Queries) Attempt(ctx context.Context, paymentID string, emailDomain bool) (Attempted, error) {
	row, err := one[attemptRow](ctx, q.db, fmt.Sprintf("payment %q", paymentID), attempts(velocities())+`WHERE p.id = $1`, paymentID, emailDomain)
	if err != nil {
		return Attempted{}, err
	}
	return row.attempted(), nil
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

// WithReference adds to the facts of an attempt its amount in the currency of the seller's books, if the rates have one of
// its day. Without one it is a fact that is not known.
func (a Attempted) WithReference(rates tax.FX) Attempted {
	worth, err := presentment.Worth(money.New(a.Payment.Amount, a.Payment.Currency), a.BookCurrency, rates, a.day())
	if err == nil {
		a.Facts.Payment.ReferenceAmount, a.Facts.Payment.ReferenceCurrency = &worth.Minor, string(worth.Currency)
	}
	return a
}

func (a Attempted) day() calendar.Date { return calendar.Zone{}.DateOf(a.Payment.AskedAt) }

// ReferenceRates are what WithReference needs; none for a payment in the currency of the books.
func (q Queries) ReferenceRates(ctx context.Context, a Attempted) (tax.FX, error) {
	if a.Payment.Currency == a.BookCurrency {
		return nil, nil
	}
	return q.RatesBetween(ctx, presentment.NeededCurrencies(a.Payment.Currency, a.BookCurrency), a.day())
}
