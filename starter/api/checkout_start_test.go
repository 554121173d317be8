package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// newcomer is a customer without a payment method who starts a subscription on a page.
func newcomer(t *testing.T) (id string, asked service.NewCheckout) {
	t.Helper()
	id = running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod = ""
	running.Customer(t, in)
	return id, service.NewCheckout{Subscription: &service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"}}
}

func (c checkoutAnswer) awaitSubscription(t *testing.T, status string) store.Subscription {
	t.Helper()
	var row store.Subscription
	require.Eventually(t, func() bool {
		var err error
		row, err = running.Store.Subscription(t.Context(), c.subscription)
		return err == nil && string(row.Status) == status
	}, 20*time.Second, 20*time.Millisecond)
	return row
}

// checkoutAnswer is a checkout that starts a subscription.
type checkoutAnswer struct{ id, subscription, invoice, page string }

func start(t *testing.T, asked service.NewCheckout) checkoutAnswer {
	t.Helper()
	made := call(t, http.MethodPost, "/v1/checkouts", asked)
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	body := made.json(t)
	text := func(name string) string { value, _ := body[name].(string); return value }
	return checkoutAnswer{id: text("id"), subscription: text("subscription_id"), invoice: text("invoice_id"), page: text("url")}
}

func TestASubscriptionIsStartedOnAPage(t *testing.T) {
	t.Parallel()
	id, asked := newcomer(t)
	begun := start(t, asked)
	require.Equal(t, begun, start(t, asked), "repeating it answers the same")
	require.NotEmpty(t, begun.invoice, "its first invoice is paid on the page")
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM outbox WHERE customer_id = $1 AND template <> 'invoice'`, id+"-c"), "nothing failed")
	_, err := sandbox.Pay(t.Context(), begun.page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.NoError(t, err)
	begun.awaitSubscription(t, "active")
	require.Eventually(t, func() bool { // the payment is recorded first, and the subscription told of it
		customer, err := running.Service.Customer(t.Context(), id+"-c")
		return err == nil && len(customer.PaymentMethods) == 1 && customer.PaymentMethods[0].Network == "visa"
	}, 20*time.Second, 20*time.Millisecond, "the next invoice is charged without the customer")
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM payment WHERE invoice_id = $1`, begun.invoice))
}

func TestASubscriptionWhoseStartNobodyPaid(t *testing.T) {
	t.Parallel()
	id, asked := newcomer(t)
	begun := start(t, asked)
	closed := call(t, http.MethodPost, "/v1/checkouts/"+begun.id+"/expire", nil)
	require.Equal(t, store.CheckoutExpired, closed.json(t)["status"], string(closed.body))
	ended := begun.awaitSubscription(t, "canceled")
	require.Equal(t, "checkout_expired", ended.EndReason)
	require.Equal(t, ended.StartedAt, *ended.EndedAt, "it never began")
	require.Eventually(t, func() bool {
		invoice, err := running.Store.Invoice(t.Context(), begun.invoice)
		return err == nil && invoice.AmountCredited == invoice.AmountDue && invoice.Status == "paid"
	}, 20*time.Second, 20*time.Millisecond, "the invoice is credited in full")
	faults, err := running.Store.LedgerFaults(t.Context())
	require.NoError(t, err)
	require.Empty(t, faults)
	require.Zero(t, running.Count(t, `SELECT COALESCE(SUM(net), 0)::int FROM tax_entry e JOIN invoice i ON i.id = e.invoice_id WHERE i.customer_id = $1`, id+"-c"))
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM outbox WHERE customer_id = $1 AND template = 'payment_failed'`, id+"-c"))
	again := start(t, asked)
	require.Empty(t, again.page, "it is over: another needs another id")
}

func TestATrialIsStartedOnAPage(t *testing.T) {
	t.Parallel()
	for name, pays := range map[string]bool{"a method is saved": true, "nobody comes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, asked := newcomer(t)
			addTrial(t, id)
			asked.Subscription.Plan = id + "-trial"
			begun := start(t, asked)
			require.Empty(t, begun.invoice, "nothing is due yet")
			begun.awaitSubscription(t, "trialing")
			if pays {
				_, err := sandbox.Pay(t.Context(), begun.page, sandbox.Payer{PaymentMethod: "pm_card_visa"})
				require.NoError(t, err)
				require.Eventually(t, func() bool {
					customer, err := running.Service.Customer(t.Context(), id+"-c")
					return err == nil && len(customer.PaymentMethods) == 1
				}, 20*time.Second, 20*time.Millisecond)
				begun.awaitSubscription(t, "trialing")
				return
			}
			call(t, http.MethodPost, "/v1/checkouts/"+begun.id+"/expire", nil)
			require.Equal(t, "checkout_expired", begun.awaitSubscription(t, "canceled").EndReason)
		})
	}
}

// addTrial adds a plan that begins with a trial.
func addTrial(t *testing.T, id string) {
	t.Helper()
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(fill(id, `[{"id":"$-trial","version":1,"name":"Trial","trial_days":14,
		"interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[{"id":"fee","name":"fee","kind":"recurring",
		"per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"25"}}}]}]`)))
	require.NoError(t, err)
}

// What is wrong with a request is said before anything is written.
func TestCheckoutsThatAreRefused(t *testing.T) { //nolint:paralleltest // it counts all rows
	id, asked := newcomer(t)
	running.Subscribe(t, service.NewSubscription{ID: id + "-taken", Customer: id + "-c", Plan: id + "-api"})
	before := running.Rows(t)
	sub := func(change func(*service.NewSubscription)) service.NewCheckout {
		in := *asked.Subscription
		change(&in)
		return service.NewCheckout{Subscription: &in}
	}
	for name, tt := range map[string]struct {
		in     service.NewCheckout
		status int
		says   string
	}{
		"nothing":              {service.NewCheckout{}, http.StatusBadRequest, "one of three things"},
		"two things":           {service.NewCheckout{Invoice: "i", Setup: true, Customer: id + "-c"}, http.StatusBadRequest, "one of three things"},
		"whose method":         {service.NewCheckout{Setup: true}, http.StatusBadRequest, "body.customer"},
		"unknown customer":     {service.NewCheckout{Setup: true, Customer: "nobody"}, http.StatusBadRequest, "body.customer"},
		"unknown invoice":      {service.NewCheckout{Invoice: "inv_none"}, http.StatusBadRequest, "body.invoice"},
		"customer of invoice":  {service.NewCheckout{Invoice: "inv_none", Customer: "c"}, http.StatusBadRequest, "goes with setup"},
		"odd id":               {service.NewCheckout{ID: "a b", Setup: true, Customer: id + "-c"}, http.StatusBadRequest, "body.id"},
		"relative address":     {service.NewCheckout{Setup: true, Customer: id + "-c", SuccessURL: "/done"}, http.StatusBadRequest, "body.success_url"},
		"script":               {service.NewCheckout{Setup: true, Customer: id + "-c", CancelURL: "javascript:alert(1)"}, http.StatusBadRequest, "body.cancel_url"},
		"far place":            {service.NewCheckout{Setup: true, Customer: id + "-c", Position: 99}, http.StatusBadRequest, "body.position"},
		"place of nothing":     {service.NewCheckout{Invoice: "i", Position: 2}, http.StatusBadRequest, "save_method"},
		"unknown plan":         {sub(func(in *service.NewSubscription) { in.Plan = "none" }), http.StatusBadRequest, "body.subscription.plan"},
		"unknown buyer":        {sub(func(in *service.NewSubscription) { in.Customer = "nobody" }), http.StatusBadRequest, "body.subscription.customer"},
		"subscription exists":  {sub(func(in *service.NewSubscription) { in.ID, in.Plan = id+"-taken", id+"-api" }), http.StatusConflict, "was not started with this checkout"},
		"currency has no plan": {sub(func(in *service.NewSubscription) { in.Currency = "JPY" }), http.StatusUnprocessableEntity, "JPY"},
	} {
		got := call(t, http.MethodPost, "/v1/checkouts", tt.in)
		require.Equal(t, tt.status, got.status, "%s: %s", name, got.body)
		require.Contains(t, string(got.body), tt.says, name)
	}
	require.Equal(t, http.StatusNotFound, call(t, http.MethodGet, "/v1/checkouts/none", nil).status)
	require.Equal(t, http.StatusNotFound, call(t, http.MethodPost, "/v1/checkouts/none/expire", nil).status)
	require.Equal(t, http.StatusBadRequest, call(t, http.MethodGet, "/v1/checkouts?status=done", nil).status)
	require.Equal(t, before, running.Rows(t))
}
