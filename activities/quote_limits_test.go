package activities_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/internal/store"
)

// limitedPlans have a least and a most that they cost: by charge, by a commitment paid in advance or in arrears, and as a whole.
const limitedPlans = `,
 {"id":"bounded","version":1,"name":"Bounded","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"0.01","minimum":"8","maximum":"30"}}}]},
 {"id":"ahead","version":1,"name":"Ahead","interval":{"unit":"month","count":1},"proration":"second","billed_by":"renewal","charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"12"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"0.01","commitment":{"quantity":"1500","overage_unit_amount":"0.02","paid":"advance"}}}}]},
 {"id":"behind","version":1,"name":"Behind","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"0.01","commitment":{"amount":"20","overage_factor":"1.5"}}}}]},
 {"id":"seats-spend","version":1,"name":"Seats with limits","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "spend":{"EUR":{"minimum":"60","maximum":"90","tax_category":"saas_b2c"}},"charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"10"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"graduated","tiers":[{"up_to":"1000","unit_amount":"0.02"},{"unit_amount":"0.01"}],"commitment":{"amount":"10","paid":"advance"}}}}]},
 {"id":"spend","version":1,"name":"Spend","interval":{"unit":"month","count":1},"proration":"none","billed_by":"renewal",
  "spend":{"EUR":{"minimum":"25","maximum":"45","overage_factor":"1.5","tax_category":"saas_b2c"}},"charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"15"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}}]},
 {"id":"spend-yearly","version":1,"name":"Spend by the year","interval":{"unit":"year","count":1},"proration":"day","billed_by":"renewal",
  "spend":{"EUR":{"minimum":"300","tax_category":"saas_b2c"}},"charges":[
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"0.01","commitment":{"amount":"120","paid":"advance"}}}}]},
 {"id":"first-of-month","version":1,"name":"From the first","interval":{"unit":"month","count":1},"alignment":{"to":"calendar"},"proration":"day","billed_by":"renewal",
  "spend":{"EUR":{"minimum":"40","tax_category":"saas_b2c"}},"charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"20"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}}]},
 {"id":"api-spend","version":1,"name":"API with limits","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run",
  "spend":{"EUR":{"minimum":"50","maximum":"90","overage_factor":"1.2","tax_category":"saas_b2c"}},"charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"10"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"0.02","maximum":"100","commitment":{"quantity":"500","overage_factor":"2"}}}}]}`

// sellLimited adds the plans with limits to the catalogue.
func (b *bundle) sellLimited() {
	b.t.Helper()
	plans, err := catalog.Parse(strings.NewReader("[" + strings.TrimPrefix(limitedPlans, ",") + "]"))
	require.NoError(b.t, err)
	for _, plan := range plans {
		require.NoError(b.t, b.AddPlan(b.ctx, "acme", plan, day0))
	}
}

// TestLimitsAreBilledAsQuoted plays random time lines of plans with commitments, minimum and maximum, and requires that the
// quote and the books agree with what happened.
func TestLimitsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellLimited()
	kinds := map[string]int{}
	for seed := range uint64(60) {
		line := randomTimeline(1000+seed, "seats", "bounded", "ahead", "behind", "seats-spend", "spend", "spend-yearly", "first-of-month")
		line.sold = limitedPlans
		quoted, happened := line.both(b, nil)
		require.Equal(t, quotedDocuments(quoted), happened.documents(), "seed %d: %s", seed, line.scenario(t))
		require.Equal(t, quotedRefusals(quoted), happened.refused, "seed %d: %s", seed, line.scenario(t))
		count(kinds, quoted)
	}
	for _, kind := range []string{"commitment", "overage", "proration_charge", "proration_credit", "recurring", "spend_cap", "true_up", "usage"} {
		require.Greater(t, kinds[kind], 10, kind)
	}
	b.salesBooked()
}

// The monthly run bills limits too: of a month without usage, of one with too much, and of the part of a month before the end.
func TestMonthsWithLimitsAreBilledAsQuoted(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellLimited()
	on := func(month time.Month, day int) time.Time { return time.Date(2027, month, day, 8, 0, 0, 0, time.UTC) }
	line := timeline{
		customer: "limited", zone: "Europe/Berlin", until: on(time.June, 1), sold: limitedPlans,
		entries: []event{
			{at: day0, action: "subscribe", subscription: "sub_limited", plan: "api-spend"},
			{at: on(time.March, 3), action: "usage", quantity: 8000, happened: on(time.March, 3)},
			{at: on(time.April, 3), action: "usage", quantity: 900, happened: on(time.April, 3)},
			{at: on(time.April, 10), action: "cancel", subscription: "sub_limited", when: quote.Now},
		},
	}
	quoted, happened := line.both(b, []string{"2027-01", "2027-02", "2027-03", "2027-04"})
	require.Equal(t, quotedDocuments(quoted), happened.documents())
	require.Equal(t, []string{
		"recurring 0.32, usage 0.32, true_up 0.97", // the last of 31 days
		"recurring 10.00, usage 10.00, true_up 30.00",
		"recurring 10.00, usage 100.00, overage 12.00, spend_cap -32.00",
		"recurring 3.00, usage 30.00, overage 3.60, spend_cap -9.60", // 9 of 30 days
	}, shown(quoted))
	b.sound()
}

// salesBooked asserts that the books agree with the invoices, but for what a time line's payments leave out, which pay an invoice
// and are no payments of a provider's, and that of each invoice just what pays for time to come is deferred.
func (b *bundle) salesBooked() {
	b.t.Helper()
	faults, err := b.LedgerFaults(b.ctx)
	require.NoError(b.t, err)
	require.Empty(b.t, slices.DeleteFunc(faults, func(f store.LedgerFault) bool { return f.Subject == "acme AccountsReceivable" }))
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var invoices, wrong int
	require.NoError(b.t, conn.QueryRow(b.ctx, `
		SELECT COUNT(*), COUNT(*) FILTER (WHERE ahead <> -booked) FROM (
		    SELECT COALESCE((SELECT SUM(amount) FROM invoice_line l WHERE l.invoice_id = i.id AND l.period_end > i.issued_at), 0) AS ahead,
		           COALESCE((SELECT SUM(p.amount) FROM ledger_posting p JOIN ledger_transaction t ON t.id = p.transaction_id
		             WHERE t.reference = i.id AND t.kind = 'invoice_finalised' AND p.account = 'DeferredRevenue'), 0) AS booked
		      FROM invoice i) deferred`).Scan(&invoices, &wrong))
	require.Positive(b.t, invoices)
	require.Zero(b.t, wrong, "invoices that defer more or less than what pays for time to come")
}

// both plays a time line as a quote and in earnest.
func (l timeline) both(b *bundle, months []string) (quote.Result, *history) {
	b.t.Helper()
	scenario, err := quote.Parse(strings.NewReader(l.scenario(b.t)))
	require.NoError(b.t, err)
	quoted, err := quote.Run(b.t.Context(), scenario)
	require.NoError(b.t, err)
	return quoted, l.happen(b, months)
}

func count(kinds map[string]int, r quote.Result) {
	for _, i := range r.Invoices {
		for _, line := range i.Lines {
			kinds[string(line.Kind)]++
		}
	}
}

// shown is each invoice's lines in a few words.
func shown(r quote.Result) []string {
	all := make([]string, len(r.Invoices))
	for i, invoice := range r.Invoices {
		lines := make([]string, len(invoice.Lines))
		for n, line := range invoice.Lines {
			lines[n] = fmt.Sprintf("%s %s", line.Kind, line.Amount.Amount)
		}
		all[i] = strings.Join(lines, ", ")
	}
	return all
}
