package activities_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// rule puts a rule in force.
func (b *bundle) rule(name string, kind fraud.Kind, expression string) {
	b.t.Helper()
	at := day0
	require.NoError(b.t, b.Tx(b.ctx, func(tx store.Tx) error {
		added, err := tx.AddRule(b.ctx, store.FraudRule{
			EntityID: "acme", Name: name, Kind: kind, Expression: expression, AddedBy: "ada", AddedWhy: "a test", AddedAt: at,
		})
		if err != nil {
			return err
		}
		added.NoDryRunBecause, added.EnabledBy, added.EnabledAt = "a test", "ada", &at
		return tx.EnableRule(b.ctx, added)
	}))
}

// exec changes rows in a way that nothing of ours does.
func (b *bundle) exec(sql string) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(b.ctx, sql)
	require.NoError(b.t, err)
}

// last is the latest attempt to collect an invoice.
func (b *bundle) last(invoice string) store.Payment {
	b.t.Helper()
	payments, err := b.Payments(b.ctx, invoice)
	require.NoError(b.t, err)
	require.NotEmpty(b.t, payments)
	return payments[len(payments)-1]
}

func (b *bundle) screening(payment string) (store.Screening, fraud.Decision) {
	b.t.Helper()
	row, err := b.Screening(b.ctx, payment)
	require.NoError(b.t, err)
	var decision fraud.Decision
	require.NoError(b.t, json.Unmarshal(row.Decision, &decision))
	return row, decision
}

func TestBlockedByRule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("prepaid", fraud.Block, `payment.method == "card" && payment.funding == "prepaid"`)
	invoice := b.billed("ada", "EUR", "pm_card_mastercard_prepaid")
	for range 2 { // a repetition gives the same decision
		got, err := b.charge(invoice.InvoiceID, 1)
		require.NoError(t, err)
		require.Equal(t, message.Declined, got.Status)
		require.Equal(t, "blocked_by_rule", got.DeclineCode)
	}
	require.Empty(t, b.books().Charges, "the provider was not asked")
	row, decision := b.screening(b.last(invoice.InvoiceID).ID)
	require.Equal(t, []fraud.Ref{{Rule: "prepaid", Version: 1, Kind: fraud.Block}}, decision.Matched)
	require.NotContains(t, string(row.Facts), "ada@")
	require.NotContains(t, string(row.Facts), "fingerprint")
	require.NotEmpty(t, row.FactsHash)
	b.sound()

	other := b.billed("bob", "EUR", "pm_card_visa")
	got, err := b.charge(other.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	_, decision = b.screening(b.last(other.InvoiceID).ID)
	require.Equal(t, fraud.NoAction, decision.Action)
}

// What was decided stays decided, even if the rules change before the attempt goes on.
func TestADecisionIsMadeOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("all", fraud.Block, `payment.amount > 0`)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	_, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	first := b.last(invoice.InvoiceID)
	at := day0
	require.NoError(t, b.RetireRule(b.ctx, store.FraudRule{EntityID: "acme", Name: "all", Version: 1, RetiredBy: "ada", RetiredWhy: "too strict", RetiredAt: &at}))
	again, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, "blocked_by_rule", again.DeclineCode)
	second, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, second.Status, "another attempt is another decision")
	kept, _ := b.screening(first.ID)
	require.EqualValues(t, fraud.Block, kept.Action)
}

func TestRequest3DS(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("first", fraud.Request3DS, `payment.first`)
	b.rule("first-block", fraud.Block, `payment.first`)
	invoice := b.billed("ada", "EUR", "pm_card_visa")
	got, err := b.charge(invoice.InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Declined, got.Status)
	require.Equal(t, "authentication_required", got.DeclineCode, "as the provider says it")
	require.Empty(t, b.books().Charges)
	row, err := b.Invoice(b.ctx, invoice.InvoiceID)
	require.NoError(t, err)
	intent, err := b.payments.Stripe.PaymentIntents.Get(*row.ProviderIntent, nil)
	require.NoError(t, err)
	require.EqualValues(t, "any", intent.PaymentMethodOptions.Card.RequestThreeDSecure, "the customer will be asked")
}

func TestAllowSkipsBlockAndReview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("known", fraud.Allow, `customer.country == "US"`)
	b.rule("all", fraud.Block, `true`)
	b.rule("all-reviewed", fraud.Review, `true`)
	got, err := b.charge(b.billed("ada", "EUR", "pm_card_visa").InvoiceID, 1)
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	require.Empty(t, got.Review)
}

func TestListsAndVelocity(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("shared", fraud.Block, `velocity.card.customers_24h >= 2`)
	b.rule("listed", fraud.Block, `listed("blocked_emails", customer.email)`)
	require.NoError(t, b.AddFraudList(b.ctx, store.FraudList{EntityID: "acme", Name: "blocked_emails", ItemType: fraud.Email, CreatedBy: "ada", CreatedAt: day0}))
	expires := day0.Add(time.Minute)
	item := store.FraudListItem{
		EntityID: "acme", List: "blocked_emails", Value: "ada@example.com", Source: store.FromOperator, AddedBy: "ada", Why: "abuse", AddedAt: day0.Add(-time.Hour), ExpiresAt: &expires,
	}
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error { _, err := tx.AddFraudListItem(b.ctx, item); return err }))
	for i, want := range []struct {
		customer string
		at       time.Time
		status   message.PaymentStatus
	}{
		{"ada", day0, message.Declined},                      // on the list
		{"bob", day0.Add(2 * time.Minute), message.Paid},     // the second customer with this card: one before
		{"cyd", day0.Add(3 * time.Minute), message.Declined}, // two before
		{"dan", day0.Add(30 * time.Hour), message.Paid},      // they are too long ago
	} {
		invoice := b.billed(want.customer, "EUR", "pm_card_visa")
		got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 1, At: want.at})
		require.NoError(t, err)
		require.Equal(t, want.status, got.Status, "attempt %d", i)
	}
	late, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: b.invoices()[0].ID, Attempt: 2, At: day0.Add(60 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, late.Status, "the item has expired")
}

func TestTheOutcomeOfABlockedChargeIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_riskLevelHighest")
	require.Equal(t, "fraudulent", b.persist(invoice.InvoiceID, 1).DeclineCode)
	risk, err := b.Risk(b.ctx, b.last(invoice.InvoiceID).ID)
	require.NoError(t, err)
	require.Equal(t, "highest", risk.RiskLevel)
	require.Equal(t, "blocked", risk.Type)
	b.rule("risky", fraud.Block, `outcome.risk_level == "highest"`)
	b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
	got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, "blocked_by_rule", got.DeclineCode, "what the provider said earlier is a fact")
}

func TestWarningsAndDisputesFeedTheLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	warnedPayment := b.paid("ada", "pm_card_createIssuerFraudRecord")
	list := b.payments.Stripe.RadarEarlyFraudWarnings.List(nil)
	require.True(t, list.Next())
	warning := list.RadarEarlyFraudWarning()
	for range 2 {
		warned, err := b.payments.RecordWarning(b.ctx, message.WarningInput{WarningID: warning.ID, At: day0})
		require.NoError(t, err)
		require.Equal(t, warnedPayment.ID, warned.PaymentID)
	}
	_, dispute := b.disputed("bob", "pm_card_createDispute")
	b.record(dispute, day0)
	b.record(dispute, day0.Add(time.Hour))
	for list, values := range map[string]map[string]string{
		fraud.BlockedEmails: {"ada@example.com": store.FromWarning, "bob@example.com": store.FromDispute},
	} {
		items, err := b.FraudListItems(b.ctx, "acme", list, day0, 0, 10)
		require.NoError(t, err)
		require.Len(t, items, 2)
		for _, item := range items {
			require.Equal(t, values[item.Value], item.Source)
		}
	}
	cards, err := b.FraudListItems(b.ctx, "acme", fraud.BlockedCards, day0, 0, 10)
	require.NoError(t, err)
	require.Len(t, cards, 2)

	// Somebody clears ada: the same warning does not bring her back.
	require.NoError(t, b.RemoveFraudListItem(b.ctx, "acme", fraud.BlockedEmails, "ada@example.com", "grace", "was her", day0))
	_, err = b.payments.RecordWarning(b.ctx, message.WarningInput{WarningID: warning.ID, At: day0})
	require.NoError(t, err)
	items, err := b.FraudListItems(b.ctx, "acme", fraud.BlockedEmails, day0, 0, 10)
	require.NoError(t, err)
	require.Len(t, items, 1)
}
