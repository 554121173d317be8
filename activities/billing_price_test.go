package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// localPrices makes the seller convert its prices in euro, plus 2 %, to pounds that end in 99 pence.
func (b *bundle) localPrices() {
	b.t.Helper()
	rule, err := presentment.ParseRounding("ends:.99")
	require.NoError(b.t, err)
	require.NoError(b.t, b.SetPresentment(b.ctx, "acme", &presentment.Policy{
		BaseCurrency: "EUR", MarkupPercent: decimal.NewFromInt(2), MaxRateAgeDays: 7, QuoteHours: 24,
		Rounding: map[money.Currency]presentment.Rounding{"GBP": rule},
	}))
}

// published records the rate of the pound on a day.
func (b *bundle) published(day, pound string) {
	b.t.Helper()
	date, err := calendar.ParseDate(day)
	require.NoError(b.t, err)
	require.NoError(b.t, b.AddFXRate(b.ctx, tax.Rate{From: "EUR", To: "GBP", Date: date, Value: decimal.RequireFromString(pound), Source: "ECB"}))
}

func (b *bundle) conversions(invoiceID string) []string {
	b.t.Helper()
	lines, err := b.InvoiceLines(b.ctx, invoiceID)
	require.NoError(b.t, err)
	var list []string
	for _, line := range lines {
		list = append(list, string(explained(b.t, line, "conversion")))
	}
	return list
}

const soldInJanuary = `{"from":"EUR","rate":"0.8543","source":"ECB","rate_date":"2027-01-29","markup_percent":"2","rounding":"ends:.99","locked_at":"2027-01-31T11:00:00Z"}`

// What a subscription was sold at stays its price, whatever the rates do and whoever asks again.
func TestLocalPriceHoldsForTheSubscriptionsLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	in := agreement("sub", "ada", "seats", 3, "GBP")
	first, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	require.Nil(t, first.Refusal)
	b.published("2027-01-31", "0.7")
	again, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, first, again, "a rate of the same day that is published later changes nothing")
	lock, err := b.PriceLock(b.ctx, "sub", "seats", 1)
	require.NoError(t, err)
	require.Equal(t, "0.8543", lock.Conversion.Rate.String())
	require.Nil(t, lock.QuoteID)

	// 10 × 0.8543 × 1.02 = 8.71386, and 8.99 is nearer than 7.99
	turned := b.turn(first.State)
	require.Equal(t, money.New(3*899, "GBP"), turned.Invoice.Total)
	require.JSONEq(t, soldInJanuary, b.conversions(turned.Invoice.InvoiceID)[0])
	require.NoError(t, b.SetPresentment(b.ctx, "acme", nil))
	turned = b.turn(turned.State)
	require.Equal(t, money.New(3*899, "GBP"), turned.Invoice.Total, "the policy is for what is sold from now on")
	more := b.carryOut(turned.State, changeTo("more", turned.State.LastAt.Add(time.Hour), "seats", 4))
	require.Nil(t, more.Refusal)
	require.Equal(t, money.New(899, "GBP"), more.Invoice.Total, "another seat costs what the others do")
	for _, conversion := range b.conversions(more.Invoice.InvoiceID) {
		require.JSONEq(t, soldInJanuary, conversion, "of the credit and of the charge")
	}
	b.payAll()
	b.sound()
}

func TestAnotherPlanIsLockedAnewOnTheDay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "GBP")).State
	b.published("2027-02-12", "0.9")
	noon := time.Date(2027, 2, 14, 11, 0, 0, 0, time.UTC)
	changed := b.carryOut(state, changeTo("other", noon, "trial", 0))
	require.Nil(t, changed.Refusal)
	// 25 × 0.9 × 1.02 = 22.95 → 22.99, for 14 of 28 days; 8.99 comes back for 14 of 28 days
	require.Equal(t, money.New(1150-450, "GBP"), changed.Invoice.Total)
	require.Contains(t, b.conversions(changed.Invoice.InvoiceID)[1], `"rate": "0.9"`)
	b.published("2027-02-15", "0.5")
	back := b.carryOut(changed.State, changeTo("back", noon.Add(72*time.Hour), "seats", 1))
	require.Nil(t, back.Refusal)
	next := b.turn(back.State)
	require.Equal(t, money.New(899, "GBP"), next.Invoice.Total, "a plan that the subscription had keeps its price")
	b.payAll()
	b.sound()
}

// What is agreed for later is priced when it is agreed: that is what the customer saw.
func TestDeferredChangeIsPricedWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	state := b.subscribe(agreement("sub", "ada", "seats", 1, "GBP")).State
	b.published("2027-02-12", "0.9")
	change := func(id string, day int, plan string, seats int64) {
		c := changeTo(id, time.Date(2027, 2, day, 11, 0, 0, 0, time.UTC), plan, seats)
		c.AtPeriodEnd = true
		turned := b.carryOut(state, c)
		require.Nil(t, turned.Refusal)
		state = turned.State
	}
	change("dear", 14, "trial", 0)
	change("withdrawn", 15, "seats", 1)
	b.published("2027-02-16", "0.8")
	change("cheap", 17, "trial", 0)
	b.published("2027-02-27", "2")
	// 25 × 0.8 × 1.02 = 20.40 → 19.99, of the last time it was asked for
	require.Equal(t, money.New(1999, "GBP"), b.turn(state).Invoice.Total)
}

func TestUsageIsChargedAtTheLocalPrice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	state := b.subscribe(agreement("sub", "ada", "api", 0, "GBP")).State
	require.Equal(t, catalog.ByInvoiceRun, state.BilledBy)
	_, err := b.AddUsage(b.ctx, "ada", []store.UsageEvent{{ID: "1", Meter: "calls", Quantity: decimal.NewFromInt(100_000), At: day0.Add(24 * time.Hour)}})
	require.NoError(t, err)
	_, err = inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	billed, err := inActivity(b, message.BillShard, shard(0))
	require.NoError(t, err)
	require.Equal(t, 1, billed.Invoiced)
	invoice := b.invoices()[0]
	// 100,000 × (0.02 × 0.8543 × 1.02 = 0.01742772)
	require.Equal(t, money.New(174277, "GBP"), invoice.Due())
	require.Contains(t, b.conversions(invoice.ID)[0], `"rounding": "none"`)
	b.payAll()
	b.sound()
}

func TestLocalPricesRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.published("2027-01-20", "0.8543")
	refused := func(in message.Subscribe, code string) {
		t.Helper()
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		require.NotNil(t, opened.Refusal, code)
		require.Equal(t, code, opened.Refusal.Code)
		_, err = b.Subscription(b.ctx, "sub")
		require.ErrorIs(t, err, store.ErrNotFound)
	}
	in := agreement("sub", "ada", "seats", 3, "GBP")
	refused(in, "currency_not_priced")
	b.localPrices()
	refused(in, "rate_too_old")
	brl := in
	brl.Currency = "BRL"
	refused(brl, "rate_missing")
	odd := in
	odd.Terms = subscription.Terms{PlanID: "odd", PlanVersion: 1}
	refused(odd, "currency_not_priced")
	noSeats := in
	noSeats.Terms.Seats = 0
	b.published("2027-01-29", "0.8543")
	refused(noSeats, "seats_missing")

	state := b.subscribe(in).State
	late := time.Date(2027, 2, 14, 11, 0, 0, 0, time.UTC)
	turned := b.carryOut(state, changeTo("c", late, "trial", 0))
	require.Equal(t, "rate_too_old", turned.Refusal.Code)
	_, err := b.PriceLock(b.ctx, "sub", "trial", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	own := agreement("own", "ada", "seats", 3, "EUR")
	require.Equal(t, money.New(3000, "EUR"), b.subscribe(own).Invoice.Total, "the customer may take the original currency")
	_, err = b.PriceLock(b.ctx, "own", "seats", 1)
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestQuoteIsHonoured(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "GBP", "pm_card_visa")
	b.localPrices()
	b.published("2027-01-29", "0.8543")
	rates, err := b.RatesBetween(b.ctx, presentment.NeededCurrencies("EUR", "GBP"), calendar.Date{Year: 2027, Month: 1, Day: 30})
	require.NoError(t, err)
	entity, err := b.Entity(b.ctx, "acme")
	require.NoError(t, err)
	version, err := b.Plan(b.ctx, "seats", 1)
	require.NoError(t, err)
	converted, err := presentment.Convert(version.Plan, "GBP", rates, *entity.Presentment, calendar.Date{Year: 2027, Month: 1, Day: 30})
	require.NoError(t, err)
	quote := store.Quote{ID: "quo_1", EntityID: "acme", PlanID: "seats", PlanVersion: 1, Conversion: converted, QuotedAt: day0.Add(-time.Hour), ValidUntil: day0.Add(time.Hour)}
	require.NoError(t, b.AddQuote(b.ctx, quote))
	b.published("2027-01-31", "2")

	for code, wrong := range map[string]func(*message.Subscribe){
		"quote_unknown":  func(in *message.Subscribe) { in.Quote = "quo_2" },
		"quote_mismatch": func(in *message.Subscribe) { in.Currency = "EUR" },
		"quote_expired":  func(in *message.Subscribe) { in.StartAt = day0.Add(time.Hour) },
	} {
		in := agreement("sub", "ada", "seats", 3, "GBP")
		in.Quote = "quo_1"
		wrong(&in)
		opened, err := b.billing.OpenSubscription(b.ctx, in)
		require.NoError(t, err)
		require.NotNil(t, opened.Refusal, code)
		require.Equal(t, code, opened.Refusal.Code)
	}
	require.NoError(t, b.SetPresentment(b.ctx, "acme", nil))
	in := agreement("sub", "ada", "seats", 3, "GBP")
	in.Quote = "quo_1"
	require.Equal(t, money.New(3*899, "GBP"), b.subscribe(in).Invoice.Total, "not at the rate of the day, and without a policy by now")
	lock, err := b.PriceLock(b.ctx, "sub", "seats", 1)
	require.NoError(t, err)
	require.Equal(t, "quo_1", *lock.QuoteID)
}
