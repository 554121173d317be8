package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/workflows/message"
)

// recordRun records a month's run, of which one invoice goes to collection.
func recordRun(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-run", "pm_card_visa")
	x.subscribe("api", 0)
	x.saveRun("2027-02", "invoice-run")
}

// recordShards records a run of more shards than are billed side by side, of accounts that used nothing.
func recordShards(t *testing.T) {
	x := realServer(t).sellerOf(t, "shards", `{"id":"$-api","version":1,"name":"API","interval":{"unit":"month","count":1},"proration":"none","billed_by":"invoice_run","charges":[
		{"id":"calls","name":"calls","kind":"usage","timing":"arrears","meter":"calls","tax_category":"saas_b2c","prices":{"USD":{"model":"per_unit","unit_amount":"1"}}}]}`, "US")
	terms := subscription.Terms{PlanID: x.seller + "-api", PlanVersion: 1}
	for n := range 2200 {
		state := subscription.New(fmt.Sprintf("%s-%04d", x.id, n), x.id, terms, catalog.ByInvoiceRun, systemStart, 0)
		state.Anchor = calendar.Date{Year: 2027, Month: time.January, Day: 31}
		state = state.BeginCycle(calendar.Period{Start: systemStart, End: systemStart.AddDate(0, 0, 1)})
		require.NoError(t, x.Store.AddSubscription(t.Context(), x.seller, "UTC", "USD", state))
		require.NoError(t, x.Store.OpenSegment(t.Context(), state.ID, terms, systemStart))
	}
	x.saveRun("2027-02", "invoice-run-shards")
}

func (x *tenant) saveRun(period, name string) {
	x.t.Helper()
	run, err := x.client.StartInvoiceRun(x.t.Context(), x.seller, period, systemStart.AddDate(0, 2, 0))
	require.NoError(x.t, err)
	require.NoError(x.t, run.Get(x.t.Context(), nil))
	x.save(run.GetID(), name)
}

// recordFiling records a return that nobody owes.
func recordFiling(t *testing.T) {
	x := realServer(t).tenantOf(t, "beta", "recorded-filing", "pm_card_visa")
	x.saveFiling("uk_vat", "tax-filing", func(message.TaxFilingInput) {})
}

// recordWaitingFiling records a return that lacked the exchange rate for what was sold in dollars.
func recordWaitingFiling(t *testing.T) {
	x := realServer(t).sellerOf(t, "rates", `{"id":"$-fee","version":1,"name":"Fee","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
		{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"10"}}}]}`, "DE")
	require.NoError(t, x.Store.AddTaxRegistration(t.Context(), x.seller, tax.Registration{
		Scheme: tax.SchemeEUOSS, Country: "IE", Number: "EU372000000", From: calendar.Date{Year: 2020, Month: time.January, Day: 1},
	}))
	x.subscribe(x.seller+"-fee", 0)
	x.saveFiling("eu_oss", "tax-filing-waited", func(in message.TaxFilingInput) {
		x.awaitFiling(in, func(state message.FilingState) bool { return state.Missing != "" })
		require.NoError(t, x.Store.AddFXRate(t.Context(), tax.Rate{
			From: "EUR", To: "USD", Date: calendar.Date{Year: 2027, Month: time.March, Day: 31}, Value: decimal.RequireFromString("1.16"), Source: "test",
		}))
		require.NoError(t, x.clock.Forward(t.Context(), message.TaxFilingID(in.EntityID, in.Scheme, in.Period), time.Now().Add(61*time.Minute)))
	})
}

// saveFiling records the first quarter's return; meanwhile is what happens while it is computed.
func (x *tenant) saveFiling(scheme, name string, meanwhile func(message.TaxFilingInput)) {
	x.t.Helper()
	in := message.TaxFilingInput{EntityID: x.seller, Scheme: scheme, Period: "2027-Q1", AsOf: systemStart.AddDate(0, 3, 0)}
	filing, err := x.client.StartTaxFiling(x.t.Context(), in)
	require.NoError(x.t, err)
	meanwhile(in)
	x.awaitFiling(in, func(state message.FilingState) bool { return state.Status == "computed" })
	_, err = x.client.ApproveTaxFiling(x.t.Context(), in.EntityID, in.Scheme, in.Period, message.Approval{By: "user_1", At: systemStart.AddDate(0, 3, 2)})
	require.NoError(x.t, err)
	require.NoError(x.t, filing.Get(x.t.Context(), nil))
	x.save(filing.GetID(), name)
}

func (x *tenant) awaitFiling(in message.TaxFilingInput, reached func(message.FilingState) bool) {
	x.t.Helper()
	require.Eventually(x.t, func() bool {
		state, err := x.client.TaxFilingState(x.t.Context(), in.EntityID, in.Scheme, in.Period)
		return err == nil && reached(state)
	}, 30*time.Second, 20*time.Millisecond)
}

// sellerOf makes a seller with one plan, whose id begins with the seller's ("$"), and a customer in a country.
func (s *system) sellerOf(t *testing.T, name, plan, country string) *tenant {
	t.Helper()
	seller := fmt.Sprintf("%s%d", name, s.tenants.Add(1))
	require.NoError(t, s.addSeller(t.Context(), seller))
	parsed, err := catalog.Parse(strings.NewReader("[" + strings.ReplaceAll(plan, "$", seller) + "]"))
	require.NoError(t, err)
	require.NoError(t, s.Store.AddPlan(t.Context(), seller, parsed[0], systemStart))
	return s.tenantIn(t, country, seller, name, "pm_card_visa")
}
