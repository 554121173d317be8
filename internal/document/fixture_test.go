package document_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/store"
)

var postgres *devstack.Postgres

func TestMain(m *testing.M) {
	var err error
	if postgres, err = devstack.StartPostgres(context.Background(), devstack.PostgresOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// openStore makes a database of the test's own.
func openStore(t *testing.T, name string) *store.Store {
	url, err := postgres.CreateDatabase(t.Context(), name)
	require.NoError(t, err)
	s, err := store.Open(t.Context(), url, 4)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, _, err = s.Migrate(t.Context())
	require.NoError(t, err)
	return s
}

// account is a seller with one customer who has one subscription.
type account struct {
	*store.Store
	t        *testing.T
	seller   tax.Seller
	customer store.Customer
	zone     calendar.Zone
	plan     catalog.Plan
	seats    int64
}

var founded = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

func newAccount(t *testing.T, s *store.Store, entity store.Entity, registrations []tax.Registration, customer store.Customer, plan catalog.Plan, seats int64) *account {
	ctx := t.Context()
	require.NoError(t, plan.Validate())
	entity.Dunning, entity.BookCurrency = dunning.DefaultPolicy(), customer.Currency
	require.NoError(t, s.AddEntity(ctx, entity, founded))
	for _, r := range registrations {
		require.NoError(t, s.AddTaxRegistration(ctx, entity.ID, r))
	}
	seller, err := s.Seller(ctx, entity.ID)
	require.NoError(t, err)
	customer.EntityID, customer.CreatedAt = entity.ID, founded
	require.NoError(t, s.AddCustomer(ctx, customer))
	require.NoError(t, s.AddPlan(ctx, entity.ID, plan, founded))
	zone, err := calendar.LoadZone(customer.Zone)
	require.NoError(t, err)
	state := subscription.New("sub_"+customer.ID, customer.ID, subscription.Terms{PlanID: plan.ID, PlanVersion: plan.Version, Seats: seats}, plan.BilledBy, founded, 0)
	state.Anchor = calendar.Date{Year: 2026, Month: time.January, Day: 1}
	require.NoError(t, s.AddSubscription(ctx, entity.ID, customer.Zone, customer.Currency, state))
	return &account{Store: s, t: t, seller: seller, customer: customer, zone: zone, plan: plan, seats: seats}
}

// month is a calendar month in the customer's zone.
func (a *account) month(text string) calendar.Period {
	period, err := calendar.MonthPeriod(a.zone, text)
	require.NoError(a.t, err)
	return period
}

// issue builds an invoice by the rules and writes its rows.
func (a *account) issue(id string, facts invoicing.Facts) store.Invoice {
	facts.Key, facts.Currency, facts.Zone, facts.Seller, facts.Buyer = "invoice:"+id, a.customer.Currency, a.zone, a.seller, a.customer.Buyer()
	if facts.Balance.Currency == "" {
		facts.Balance = money.Zero(a.customer.Currency)
	}
	built, err := invoicing.Build(facts)
	require.NoError(a.t, err)
	row := store.Invoice{
		ID: id, BusinessKey: built.Key, EntityID: a.customer.EntityID, CustomerID: a.customer.ID, SubscriptionID: "sub_" + a.customer.ID,
		Reason: string(built.Reason), Status: "open", Currency: a.customer.Currency,
		Subtotal: built.Subtotal.Minor, Tax: built.Tax.Minor, Total: built.Total.Minor,
		CarriedIn: built.CarriedIn.Minor, CarriedOut: built.CarriedOut.Minor, CreditGranted: built.CreditGranted.Minor,
		CreditApplied: built.CreditApplied.Minor, AmountDue: built.AmountDue.Minor, PeriodStart: built.Period.Start, PeriodEnd: built.Period.End,
		Zone: a.zone.Name(), TZVersion: calendar.TZVersion(), IssuedAt: facts.IssuedAt,
	}
	if row.AmountDue == 0 {
		row.Status, row.PaidAt = "paid", &facts.IssuedAt
	}
	err = a.Tx(a.t.Context(), func(tx store.Tx) error {
		row, err = tx.AddInvoice(a.t.Context(), row, a.rows(built.Lines))
		return err
	})
	require.NoError(a.t, err)
	return row
}

func (a *account) rows(lines []invoicing.Line) []store.InvoiceLine {
	rows := make([]store.InvoiceLine, len(lines))
	for i, l := range lines {
		explanation, err := json.Marshal(l.Explanation)
		require.NoError(a.t, err)
		rows[i] = store.InvoiceLine{
			Position: i + 1, Kind: string(l.Kind), ChargeID: l.ChargeID, PlanID: l.PlanID, PlanVersion: l.PlanVersion, Description: l.Description,
			Quantity: l.Quantity, Exact: l.Exact, Amount: l.Amount.Minor, Tax: l.Tax.Minor, Treatment: string(l.Decision.Treatment),
			Jurisdiction: l.Decision.Jurisdiction, Scheme: string(l.Decision.Scheme), TaxReason: l.Decision.Reason, TaxRate: l.Decision.Rate,
			PeriodStart: l.Period.Start, PeriodEnd: l.Period.End, Explanation: explanation,
		}
		if l.Credits != nil {
			rows[i].CreditsInvoice, rows[i].CreditsPosition = &l.Credits.InvoiceID, &l.Credits.Position
		}
	}
	return rows
}

// revise is the change of terms at an instant of a period that an earlier invoice charged in advance.
func (a *account) revise(at time.Time, period calendar.Period, earlier string, terms invoicing.Terms) *invoicing.Revision {
	rows, err := a.InvoiceLines(a.t.Context(), earlier)
	require.NoError(a.t, err)
	revision := &invoicing.Revision{At: at, Period: period, NewTerms: &terms}
	for _, row := range rows {
		charge, err := a.plan.Charge(row.ChargeID)
		require.NoError(a.t, err)
		revision.Billed = append(revision.Billed, invoicing.BilledLine{
			InvoiceID: earlier, Position: row.Position, Plan: a.plan,
			Line: invoicing.Line{
				Kind: invoicing.LineKind(row.Kind), ChargeID: row.ChargeID, PlanID: row.PlanID, PlanVersion: row.PlanVersion,
				Description: row.Description, Quantity: row.Quantity, Amount: money.New(row.Amount, a.customer.Currency), TaxCategory: charge.TaxCategory,
				Decision: tax.Decision{
					Treatment: tax.Treatment(row.Treatment), Jurisdiction: row.Jurisdiction, Scheme: tax.Scheme(row.Scheme),
					Rate: row.TaxRate, Reason: row.TaxReason,
				},
				Period: calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd},
			},
		})
	}
	return revision
}

// pay records a card payment of all that is due.
func (a *account) pay(invoice store.Invoice, at time.Time, network string) {
	ctx := a.t.Context()
	method := store.PaymentMethod{ID: "pm_" + invoice.ID, CustomerID: a.customer.ID, ProviderToken: "pm_card_visa", Position: 1, ChangedAt: at}
	require.NoError(a.t, a.ReplacePaymentMethod(ctx, method))
	providerID := "provider_" + method.ID
	method.ProviderID, method.Kind, method.Status, method.Network = &providerID, "card", store.MethodUsable, network
	require.NoError(a.t, a.Tx(ctx, func(tx store.Tx) error { return tx.SaveMethod(ctx, method) }))
	payment := store.Payment{
		ID: "pay_" + invoice.ID, InvoiceID: invoice.ID, Attempt: 1, Status: store.PaymentPending, Amount: invoice.AmountDue,
		Currency: invoice.Currency, IdempotencyKey: "charge:" + invoice.ID, MethodID: &method.ID, AskedAt: at,
	}
	require.NoError(a.t, a.Tx(ctx, func(tx store.Tx) error { return tx.AddPayment(ctx, payment) }))
	payment.Status, payment.SettledAt = store.PaymentSucceeded, &at
	require.NoError(a.t, a.Tx(ctx, func(tx store.Tx) error {
		if err := tx.SettlePayment(ctx, payment); err != nil {
			return err
		}
		return tx.SetInvoiceStatus(ctx, invoice.ID, "paid", invoice.AmountDue, &at)
	}))
}

func amount(text string) decimal.Decimal { return decimal.RequireFromString(text) }

func upTo(text string) *decimal.Decimal {
	bound := amount(text)
	return &bound
}
