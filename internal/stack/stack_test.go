package stack_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

const plan = `[{"id":"pro","version":1,"name":"Pro","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
 "charges":[{"id":"fee","name":"monthly fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"10"}}}]}]`

func TestThinLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, stack.Options{Env: os.Environ(), Progress: os.Stderr, NoWorker: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	b := worker.New(s.Temporal, message.BillingQueue, worker.Options{})
	workflows.Register(b)
	col := &activities.Collection{Store: s.Store, Temporal: s.Temporal}
	activities.RegisterBilling(b, &activities.Billing{Store: s.Store}, col, &activities.Runs{Store: s.Store, Collection: col}, &activities.Filing{Store: s.Store})
	require.NoError(t, b.Start())
	defer b.Stop()
	p := worker.New(s.Temporal, message.PaymentsQueue, worker.Options{DisableWorkflowWorker: true})
	activities.RegisterPayments(p, &activities.Payments{Store: s.Store, Stripe: s.Config.Stripe()})
	require.NoError(t, p.Start())
	defer p.Stop()

	start := time.Date(2027, 1, 31, 10, 0, 0, 0, time.UTC)
	require.NoError(t, s.Store.AddEntity(ctx, store.Entity{ID: "acme", Name: "Acme", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy()}, start))
	plans, err := catalog.Parse(strings.NewReader(plan))
	require.NoError(t, err)
	require.NoError(t, s.Store.AddPlan(ctx, "acme", plans[0], start))
	require.NoError(t, s.Store.AddClock(ctx, store.Clock{ID: "c", Now: start}))
	clockID := "c"
	for id, pm := range map[string]string{"good": "pm_card_visa", "bad": "pm_card_chargeCustomerFail"} {
		require.NoError(t, s.Store.AddCustomer(ctx, store.Customer{ID: id, EntityID: "acme", Name: "Good", Email: "good@example.com", Country: "US", Zone: "Asia/Kolkata", Currency: "USD", Locale: "en-US", TestClockID: &clockID, CreatedAt: start}))
		require.NoError(t, s.Store.ReplacePaymentMethod(ctx, store.PaymentMethod{ID: "method_" + id, CustomerID: id, ProviderToken: pm, Position: 1, ChangedAt: start}))
	}

	clock := &testclock.Clock{ID: "c", Store: s.Store, Temporal: s.Temporal, Namespace: s.Namespace, Progress: func(now time.Time, w string) { t.Log(now, w) },
		AtShared: func(ctx context.Context, i testclock.Shared) error { return nil }}
	c := client.New(s.Temporal).WithTestClock(clock.Forward)
	for _, id := range []string{"good", "bad"} {
		got, err := c.Subscribe(ctx, message.Subscribe{SubscriptionID: "sub_" + id, CustomerID: id, EntityID: "acme", Currency: "USD",
			Terms: subscription.Terms{PlanID: "pro", PlanVersion: 1}, StartAt: start, AwaitStart: true})
		require.NoError(t, err)
		out, _ := json.MarshalIndent(got, "", " ")
		t.Log(string(out))
	}
	require.NoError(t, clock.Advance(ctx, start.AddDate(0, 3, 0)))
	invs, err := s.Store.Invoices(ctx, store.InvoiceFilter{Limit: 100})
	require.NoError(t, err)
	for _, i := range invs {
		t.Log(i.Number, i.SubscriptionID, i.Cycle, i.Status, i.AmountDue, i.AmountPaid, i.PeriodStart, i.IssuedAt)
		ps, _ := s.Store.Payments(ctx, i.ID)
		for _, p := range ps {
			t.Log("   ", p.Attempt, p.Status, p.DeclineCode, p.ProviderFee, p.AskedAt)
		}
	}
	subs, _ := s.Store.Subscriptions(ctx, "", "", "", 10)
	for _, x := range subs {
		t.Log(x.ID, x.Status, x.EndReason, x.NextActionAt)
	}
}
