package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// european sells from Ireland under the One Stop Shop to consumers in Germany, in euros, and in France, in dollars.
func (b *bundle) european() {
	b.t.Helper()
	require.NoError(b.t, b.AddEntity(b.ctx, store.Entity{
		ID: "eire", Name: "Eire", Country: "IE", Zone: "Europe/Dublin", BookCurrency: "EUR", InvoicePrefix: "EIRE", Dunning: dunning.DefaultPolicy(),
	}, day0))
	require.NoError(b.t, b.AddTaxRegistration(b.ctx, "eire", tax.Registration{
		Scheme: tax.SchemeEUOSS, Country: "IE", Number: "EU372000041", From: calendar.Date{Year: 2021, Month: time.July, Day: 1},
	}))
	flat := func(amount int64) catalog.Price {
		return catalog.Price{Model: catalog.Flat, FlatAmount: decimal.NewFromInt(amount)}
	}
	require.NoError(b.t, b.AddPlan(b.ctx, "eire", catalog.Plan{
		ID: "euro", Version: 1, Name: "Euro", Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: catalog.GrainDay, BilledBy: catalog.ByRenewal,
		Charges: []catalog.Charge{{
			ID: "fee", Name: "fee", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2c",
			Prices: map[money.Currency]catalog.Price{"EUR": flat(100), "USD": flat(120)},
		}},
	}, day0))
	for country, currency := range map[string]money.Currency{"DE": "EUR", "FR": "USD"} {
		require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
			ID: country, EntityID: "eire", Name: country, Email: country + "@example.com", Country: country, Zone: "Europe/Berlin", Currency: currency,
			Locale: "en-IE", CreatedAt: day0,
		}))
		b.pay(country, "pm_card_visa", day0)
		in := agreement("sub_"+country, country, "euro", 0, currency)
		in.EntityID = "eire"
		state := b.subscribe(in).State
		for range 2 { // January, February, March
			state = b.turn(state).State
		}
	}
	b.payAll()
}

var filingInput = message.TaxFilingInput{EntityID: "eire", Scheme: "eu_oss", Period: "2027-Q1", AsOf: time.Date(2027, 4, 1, 13, 0, 0, 0, time.UTC)}

func step(by string) message.ReturnStep {
	return message.ReturnStep{ReturnID: filingInput.ReturnID(), At: filingInput.AsOf.AddDate(0, 0, 3), By: by}
}

func (b *bundle) publish(value string) {
	b.t.Helper()
	require.NoError(b.t, b.AddFXRate(b.ctx, tax.Rate{
		From: "EUR", To: "USD", Date: calendar.Date{Year: 2027, Month: time.March, Day: 31}, Value: decimal.RequireFromString(value), Source: "ECB",
	}))
}

func TestFiling(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	for range 2 {
		frozen, err := b.filing.FreezeReturn(b.ctx, filingInput)
		require.NoError(t, err)
		require.Equal(t, message.FilingState{Status: "frozen", Payable: money.Zero("EUR"), Entries: 6, FileBy: "2027-04-30", PayBy: "2027-04-30"}, frozen)
		lacking, err := b.filing.ComputeReturn(b.ctx, step(""))
		require.NoError(t, err)
		require.Contains(t, lacking.Missing, "EUR and USD")
		require.Equal(t, "frozen", lacking.Status)
	}
	b.publish("1.2")
	var computed message.FilingState
	for range 2 {
		var err error
		computed, err = b.filing.ComputeReturn(b.ctx, step(""))
		require.NoError(t, err)
		require.Equal(t, "computed", computed.Status)
		require.Empty(t, computed.Missing)
		require.Equal(t, money.New(3*1900+3*2000, "EUR"), computed.Payable, "19 % of 300 in Germany, 20 % of what 360 dollars are in France")
	}
	for _, move := range []struct {
		do   func() (message.FilingState, error)
		want string
	}{
		{func() (message.FilingState, error) { return b.filing.ApproveReturn(b.ctx, step("user_7")) }, "approved"},
		{func() (message.FilingState, error) { return b.filing.FileReturn(b.ctx, step("user_7")) }, "filed"},
		{func() (message.FilingState, error) { return b.filing.PayReturn(b.ctx, step("user_7")) }, "paid"},
	} {
		var group errgroup.Group
		for range 4 {
			group.Go(func() error { _, err := move.do(); return err })
		}
		require.NoError(t, group.Wait())
		state, err := move.do()
		require.NoError(t, err)
		require.Equal(t, move.want, state.Status)
		b.sound()
	}
	row, err := b.TaxReturn(b.ctx, filingInput.ReturnID())
	require.NoError(t, err)
	require.Equal(t, "user_7", row.ApprovedBy)
	require.Regexp(t, `^FILED-[A-Z2-7]{16}$`, row.FiledRef)
}

// Steps out of turn change nothing.
func TestFilingStepsHaveAnOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	_, err := b.filing.FreezeReturn(b.ctx, filingInput)
	require.NoError(t, err)
	for _, early := range []func() (message.FilingState, error){
		func() (message.FilingState, error) { return b.filing.ApproveReturn(b.ctx, step("user_7")) },
		func() (message.FilingState, error) { return b.filing.FileReturn(b.ctx, step("user_7")) },
		func() (message.FilingState, error) { return b.filing.PayReturn(b.ctx, step("user_7")) },
	} {
		state, err := early()
		require.NoError(t, err)
		require.Equal(t, "frozen", state.Status)
	}
	b.publish("1.2")
	_, err = b.filing.ComputeReturn(b.ctx, step(""))
	require.NoError(t, err)
	_, err = b.filing.ApproveReturn(b.ctx, step(""))
	require.ErrorContains(t, err, "filed_only_when_approved", "nobody approved it")
	_, err = b.filing.ComputeReturn(b.ctx, message.ReturnStep{ReturnID: "filing:none"})
	require.ErrorIs(t, err, store.ErrNotFound)
}

// What is invoiced after the return was frozen waits for a correction, and does not change the return.
func TestFrozenReturnTakesNoMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	_, err := b.filing.FreezeReturn(b.ctx, filingInput)
	require.NoError(t, err)
	require.NoError(t, b.AddCustomer(b.ctx, store.Customer{
		ID: "late", EntityID: "eire", Name: "late", Email: "late@example.com", Country: "DE", Zone: "Europe/Berlin", Currency: "EUR", Locale: "en-IE", CreatedAt: day0,
	}))
	in := agreement("sub_late", "late", "euro", 0, "EUR")
	in.EntityID = "eire"
	b.subscribe(in)
	again, err := b.filing.FreezeReturn(b.ctx, filingInput)
	require.NoError(t, err)
	require.Equal(t, 6, again.Entries)
}

// A return that disagrees with the ledger is not made. It says so, with both amounts, until somebody finds out why.
func TestFilingDisagreesWithTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	b.publish("1.2")
	_, err := b.filing.FreezeReturn(b.ctx, filingInput)
	require.NoError(t, err)
	b.sql(`UPDATE tax_entry SET tax = tax + 1 WHERE id = (SELECT MIN(id) FROM tax_entry WHERE currency = 'EUR')`)
	for range 2 {
		_, err = b.filing.ComputeReturn(b.ctx, step(""))
		require.ErrorContains(t, err, "the return declares EUR 57.01, the ledger has EUR 57.00")
	}
	row, err := b.TaxReturn(b.ctx, filingInput.ReturnID())
	require.NoError(t, err)
	require.Equal(t, store.ReturnFrozen, row.Status)
}

func TestFilingOfAQuarterWithoutSales(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.european()
	quiet := filingInput
	quiet.Period = "2026-Q4"
	_, err := b.filing.FreezeReturn(b.ctx, quiet)
	require.NoError(t, err)
	computed, err := b.filing.ComputeReturn(b.ctx, message.ReturnStep{ReturnID: quiet.ReturnID(), At: quiet.AsOf})
	require.NoError(t, err)
	require.Equal(t, "computed", computed.Status)
	require.Zero(t, computed.Entries)
	require.True(t, computed.Payable.IsZero())
}

func TestFilingRefusesWhatIsNoReturn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	bad := filingInput
	bad.Period = "2027-Q5"
	_, err := b.filing.FreezeReturn(b.ctx, bad)
	require.Error(t, err)
	bad = filingInput
	bad.Scheme = "eu_vat"
	_, err = b.filing.FreezeReturn(b.ctx, bad)
	require.Error(t, err)
}
