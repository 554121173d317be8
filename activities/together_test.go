package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// desk is billed by the monthly run, also when nothing was used.
const desk = `[{"id":"desk","version":1,"name":"Desk","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"31"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.02"}}}]}]`

func (b *bundle) sellDesks() {
	b.t.Helper()
	plans, err := catalog.Parse(strings.NewReader(desk))
	require.NoError(b.t, err)
	require.NoError(b.t, b.AddPlan(b.ctx, "acme", plans[0], day0))
}

// month bills January with the monthly run.
func (b *bundle) month() message.RunProgress {
	b.t.Helper()
	in := message.InvoiceRunInput{EntityID: "acme", Period: "2027-01", AsOf: time.Date(2027, time.February, 2, 0, 0, 0, 0, time.UTC)}
	prepared, err := inActivity(b, message.PrepareRun, in)
	require.NoError(b.t, err)
	for shard := range prepared.Shards {
		_, err = inActivity(b, message.BillShard, message.Shard{RunID: message.InvoiceRunID(in.EntityID, in.Period), Shard: shard, AsOf: in.AsOf})
		require.NoError(b.t, err)
	}
	done, err := inActivity(b, message.CompleteRun, message.Shard{RunID: message.InvoiceRunID(in.EntityID, in.Period), AsOf: in.AsOf})
	require.NoError(b.t, err)
	return done
}

// inGroup begins a subscription on the first of January that shares its invoices.
func (b *bundle) inGroup(id, customer, plan string, seats int64, group, order string) message.Turned {
	b.t.Helper()
	in := agreement(id, customer, plan, seats, "EUR")
	in.StartAt, in.BillingGroup, in.PONumber = time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC), group, order
	return b.subscribe(in)
}

// TestTheMonthIsBilledTogether bills four subscriptions of a customer: two share an invoice, one has another purchase order, one
// has no group; and one of another customer in a group of the same name.
func TestTheMonthIsBilledTogether(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.sellDesks()
	for _, id := range []string{"ada", "bob"} {
		b.customer(id, "EUR", "pm_card_visa")
	}
	b.inGroup("a1", "ada", "desk", 0, "office", "")
	b.inGroup("a2", "ada", "desk", 0, "office", "")
	b.inGroup("a3", "ada", "desk", 0, "office", "PO-1")
	b.inGroup("a4", "ada", "desk", 0, "", "")
	b.inGroup("a5", "ada", "api", 0, "office", "") // nothing is left for it
	b.inGroup("b1", "bob", "desk", 0, "office", "")
	b.redeemed("ada", quotedCoupon("monthly"), day0.AddDate(0, -1, 0))
	// A customer's usage goes to the first of the subscriptions that claims it.
	for _, customer := range []string{"ada", "bob"} {
		_, err := b.AddUsage(b.ctx, customer, []store.UsageEvent{
			{ID: customer, Meter: "calls", Quantity: decimal.NewFromInt(2000), At: time.Date(2027, time.January, 12, 8, 0, 0, 0, time.UTC)},
		})
		require.NoError(t, err)
	}
	done := b.month()
	require.Equal(t, 6, done.Due)
	require.Equal(t, []int{5, 1}, []int{done.Invoiced, done.Skipped})
	byParts := map[string]store.Invoice{}
	for _, invoice := range b.invoices() {
		parts, err := b.InvoiceParts(b.ctx, invoice.ID)
		require.NoError(t, err)
		name := ""
		for _, p := range parts {
			name += p.SubscriptionID
		}
		byParts[name] = invoice
	}
	require.Len(t, byParts, 4)
	shared := byParts["a1a2"]
	require.Empty(t, shared.SubscriptionID)
	require.Equal(t, int64(3100+4000+3100-1735), shared.Subtotal)
	lines, err := b.InvoiceLines(b.ctx, shared.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"a1", "a1", "a2"}, []string{*lines[0].SubscriptionID, *lines[1].SubscriptionID, *lines[2].SubscriptionID})
	require.Equal(t, "PO-1", byParts["a3"].PONumber)
	for name, subscription := range map[string]string{"a3": "a3", "a4": "a4", "b1": "b1"} {
		require.Equal(t, subscription, byParts[name].SubscriptionID, "one that is alone has an invoice of its own")
	}
	require.Equal(t, done, b.month(), "what was billed is not billed again")
	for _, of := range []string{"a1", "a2"} {
		listed, err := b.Invoices(b.ctx, store.InvoiceFilter{SubscriptionID: of, Limit: 10})
		require.NoError(t, err)
		require.Len(t, listed, 1)
		require.Equal(t, shared.ID, listed[0].ID)
	}
	b.payAll()
	b.sound()
}
