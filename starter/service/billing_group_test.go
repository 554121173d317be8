package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// inAGroup begins three subscriptions of a customer on a test clock in one billing group.
func inAGroup(t *testing.T) (id string, start time.Time, names []string) {
	t.Helper()
	id, start = running.Seller(t), startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock = id + "-clock"
	running.Customer(t, in)
	for _, name := range []string{id + "-s1", id + "-s2", id + "-s3"} {
		started := running.Subscribe(t, service.NewSubscription{
			ID: name, Customer: in.ID, Plan: id + "-pro", BillingGroup: service.BillingGroup{BillingGroup: "office", PONumber: "PO-4711"},
		})
		require.Equal(t, []string{"office", "PO-4711"}, []string{started.BillingGroup, started.PONumber})
		names = append(names, name)
	}
	return id, start, names
}

func advanceClock(t *testing.T, id string, to time.Time) {
	t.Helper()
	_, err := running.Service.AdvanceClock(t.Context(), id+"-clock", to, nil)
	require.NoError(t, err)
}

func listed(t *testing.T, subscription string) []string {
	t.Helper()
	found, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: subscription})
	require.NoError(t, err)
	ids := make([]string, len(found.Data))
	for i, x := range found.Data {
		ids[i] = x.ID
	}
	return ids
}

// Two subscriptions of a group are renewed on one invoice, again and again. A third leaves the group.
func TestSubscriptionsOfAGroupShareInvoices(t *testing.T) {
	t.Parallel()
	id, start, names := inAGroup(t)
	alone, err := running.Service.SetBillingGroup(t.Context(), names[2], service.BillingGroup{PONumber: "PO-4711"})
	require.NoError(t, err)
	require.Empty(t, alone.BillingGroup)
	advanceClock(t, id, start.AddDate(0, 2, 1))
	one, two, three := listed(t, names[0]), listed(t, names[1]), listed(t, names[2])
	require.Len(t, one, 3)
	require.Equal(t, one[1:], two[1:], "both renewals are shared")
	require.NotEqual(t, one[0], two[0], "what begins has an invoice of its own")
	require.Len(t, three, 3)
	require.NotContains(t, one, three[1])
	shared, err := running.Service.Invoice(t.Context(), one[1])
	require.NoError(t, err)
	require.Equal(t, "paid", shared.Status)
	require.Len(t, shared.Payments, 1, "it is paid once")
	require.Len(t, shared.Parts, 2)
	require.Equal(t, "PO-4711", shared.PONumber)
}

// When nobody pays a shared invoice both subscriptions are past due, and when it is paid neither is.
func TestASharedInvoiceIsCollectedForAll(t *testing.T) {
	t.Parallel()
	id, start, names := inAGroup(t)
	_, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_chargeCustomerFail", 1)
	require.NoError(t, err)
	advanceClock(t, id, start.AddDate(0, 1, 0))
	standing := func() (all []subscription.Status) {
		for _, name := range names[:2] {
			found, err := running.Service.Subscription(t.Context(), name)
			require.NoError(t, err)
			all = append(all, found.Status)
		}
		return all
	}
	require.Equal(t, []subscription.Status{subscription.PastDue, subscription.PastDue}, standing())
	_, err = running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_visa", 1)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now := standing()
		return now[0] == subscription.Active && now[1] == subscription.Active
	}, 20*time.Second, 50*time.Millisecond)
	unpaid := listed(t, names[0])[1]
	require.Equal(t, unpaid, listed(t, names[1])[1])
	shared, err := running.Service.Invoice(t.Context(), unpaid)
	require.NoError(t, err)
	require.Len(t, shared.Payments, 2, "one attempt for both that failed, and one that did not")
}

func TestABillingGroupIsAText(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	long := make([]byte, 101)
	for i := range long {
		long[i] = 'x'
	}
	_, err := running.Service.Subscribe(t.Context(), service.NewSubscription{
		ID: id + "-s", Customer: id + "-c", Plan: id + "-pro", BillingGroup: service.BillingGroup{BillingGroup: string(long), PONumber: "a\x00b"},
	})
	require.Len(t, requireKind(t, err, service.Invalid, "invalid_fields").Fields, 2)
	_, err = running.Service.SetBillingGroup(t.Context(), id+"-nobody", service.BillingGroup{})
	requireKind(t, err, service.NotFound, "not_found")
}
