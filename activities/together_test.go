package activities_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
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

// asks has a renewal asked for, for the nth time.
func (b *bundle) asks(state subscription.State, n int) message.Turned {
	b.t.Helper()
	turned, err := b.billing.Turn(b.ctx, message.TurnInput{State: state, At: state.Period.End, Ask: n})
	require.NoError(b.t, err)
	return turned
}

// Those who come first wait, and who comes last bills them all; asking again finds what came of it.
func TestRenewalsShareAnInvoice(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.customer("ada", "EUR", "pm_card_visa")
	one, two, three := b.inGroup("s1", "ada", "seats", 1, "office", "").State, b.inGroup("s2", "ada", "seats", 2, "office", "").State,
		b.inGroup("s3", "ada", "seats", 3, "", "").State
	require.Len(t, b.invoices(), 3, "what begins has invoices of its own")
	waiting := b.asks(two, 1)
	require.Equal(t, two.Period.End.Add(2*time.Second), waiting.Waits.Until)
	require.Equal(t, two, waiting.State)
	row, err := b.Subscription(b.ctx, "s2")
	require.NoError(t, err)
	require.Equal(t, waiting.Waits.Until.UTC(), row.NextActionAt.UTC())
	require.Nil(t, b.asks(three, 1).Waits, "who shares no invoice waits for nobody")
	last := b.asks(one, 1)
	require.Nil(t, last.Waits)
	require.Equal(t, last.Invoice.InvoiceID, b.asks(two, 2).Invoice.InvoiceID)
	require.Equal(t, last, b.asks(one, 1), "repeating it bills nothing more")
	row, err = b.Subscription(b.ctx, "s2")
	require.NoError(t, err)
	require.Equal(t, 1, row.Cycle)
	require.Equal(t, *row.PeriodEnd, *row.NextActionAt)
	shared := b.invoice(last.Invoice.InvoiceID)
	require.Equal(t, int64(3000), shared.Subtotal)
	require.Len(t, b.invoices(), 5)

	// A change credits the line of its own subscription.
	half := last.State.Period.Start.AddDate(0, 0, 14)
	changed := b.carryOut(b.asks(two, 2).State, changeTo("fewer", half, "seats", 1))
	lines, err := b.InvoiceLines(b.ctx, changed.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, []any{shared.ID, 2}, []any{*lines[0].CreditsInvoice, *lines[0].CreditsPosition})
	require.Equal(t, int64(-1000), lines[0].Amount)
	b.payAll()
	b.sound()
	faults, err := b.PeriodFaults(b.ctx)
	require.NoError(t, err)
	for _, fault := range faults {
		require.Contains(t, fault.Problem, "was to act", "time does not pass here")
	}
}

// Who does not come is not waited for without end, and who cannot be billed holds nobody up.
func TestNobodyIsWaitedForWithoutEnd(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.customer("ada", "EUR", "pm_card_visa")
	var states []subscription.State
	for _, id := range []string{"s1", "s2", "s3", "s4"} {
		states = append(states, b.inGroup(id, "ada", "seats", 1, "office", "").State)
	}
	broken := states[2]
	broken.Terms.PlanVersion = 99
	require.NotNil(t, b.asks(broken, 1).Waits)
	for ask := range 4 {
		require.NotNil(t, b.asks(states[0], ask+1).Waits)
	}
	require.NotNil(t, b.asks(states[1], 1).Waits)
	first := b.asks(states[0], 5)
	require.Equal(t, first.Invoice.InvoiceID, b.asks(states[1], 2).Invoice.InvoiceID)
	parts, err := b.InvoiceParts(b.ctx, first.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	late := b.asks(states[3], 1)
	require.Nil(t, late.Waits)
	require.Equal(t, "s4", b.invoice(late.Invoice.InvoiceID).SubscriptionID)
	_, err = b.billing.Turn(b.ctx, message.TurnInput{State: broken, At: broken.Period.End, Ask: 2})
	require.ErrorContains(t, err, "s3", "its own failure is its own")
	require.Equal(t, "s3", b.invoice(b.asks(states[2], 3).Invoice.InvoiceID).SubscriptionID)
	b.payAll()
	b.sound()
}

// All come at once, in any order and again: each is billed once, and together.
func TestRenewalsMeetOnce(t *testing.T) {
	t.Parallel()
	b := inBritain(t)
	b.customer("ada", "EUR", "pm_card_visa")
	var states []subscription.State
	for i := range 8 {
		states = append(states, b.inGroup(fmt.Sprintf("s%d", i), "ada", "seats", int64(i+1), "office", "").State)
	}
	var group errgroup.Group
	invoices := make([]string, len(states))
	for i, state := range states {
		group.Go(func() error {
			for ask := 1; ; ask++ {
				turned, err := b.billing.Turn(b.ctx, message.TurnInput{State: state, At: state.Period.End, Ask: min(ask, 4)})
				if err != nil || turned.Waits == nil {
					if err == nil {
						invoices[i] = turned.Invoice.InvoiceID
					}
					return err
				}
			}
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, int64(36_000), b.invoice(invoices[0]).Subtotal)
	for _, id := range invoices {
		require.Equal(t, invoices[0], id)
	}
	b.payAll()
	b.sound()
}
