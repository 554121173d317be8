package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Headquarters have no money on their card; a branch's subscription is past due until headquarters set another card, and the
// branch's own is never charged.
func TestANewCardOfHeadquartersPaysForABranch(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	hq := startertest.NewCustomer(id, id+"-hq")
	hq.PaymentMethod, hq.TestClock = "pm_card_chargeCustomerFail", id+"-clock"
	running.Customer(t, hq)
	in := startertest.NewCustomer(id, id+"-branch")
	in.TestClock, in.Parent, in.PaidBy = id+"-clock", hq.ID, "parent"
	branch := running.Customer(t, in)
	require.Equal(t, []account.Owner{account.Self, account.Parent}, []account.Owner{branch.InvoicedTo, branch.PaidBy})
	require.Equal(t, branch, running.Customer(t, in), "it can be repeated")

	unpaid := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: in.ID, Plan: id + "-pro"})
	require.Equal(t, message.Declined, unpaid.Invoice.Payment)
	_, err := running.Service.AdvanceClock(t.Context(), id+"-clock", start.Add(3*time.Hour), nil)
	require.NoError(t, err)
	_, err = running.Service.SetPaymentMethod(t.Context(), in.ID, "pm_card_mastercard", 1)
	require.NoError(t, err)
	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.Add(4*time.Hour), nil)
	require.NoError(t, err)
	still, err := running.Service.Subscription(t.Context(), id+"-s")
	require.NoError(t, err)
	require.Equal(t, subscription.PastDue, still.Status, "a new card of the branch is no news")

	_, err = running.Service.SetPaymentMethod(t.Context(), hq.ID, "pm_card_visa", 1)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := running.Service.Subscription(t.Context(), id+"-s")
		return err == nil && now.Status == subscription.Active
	}, 20*time.Second, 50*time.Millisecond)
	listed, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: hq.ID})
	require.NoError(t, err)
	require.Len(t, listed.Data, 1, "what they pay is on their list")
	require.Equal(t, []string{in.ID, hq.ID}, []string{listed.Data[0].CustomerID, listed.Data[0].PayerID})
	require.Equal(t, "paid", listed.Data[0].Status)

	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 2, 0), nil)
	require.NoError(t, err)
	listed, err = running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: hq.ID})
	require.NoError(t, err)
	require.Len(t, listed.Data, 3)
}

func TestNobodyIsAboveThemselves(t *testing.T) {
	t.Parallel()
	id, other := running.Seller(t), running.Seller(t)
	for _, c := range []string{"a", "b", "c"} {
		running.Customer(t, startertest.NewCustomer(id, id+c))
	}
	running.Customer(t, startertest.NewCustomer(other, other+"x"))
	running.Clock(t, id+"-clock", startertest.NextYear())
	onClock := startertest.NewCustomer(id, id+"clock")
	onClock.TestClock = id + "-clock"
	running.Customer(t, onClock)
	set := func(customer, parent, invoicedTo string) error {
		_, err := running.Service.SetAccount(t.Context(), customer, service.Account{Parent: parent, InvoicedTo: invoicedTo})
		return err
	}
	require.NoError(t, set(id+"b", id+"a", "parent"))
	require.NoError(t, set(id+"c", id+"b", "parent"))
	require.Contains(t, requireKind(t, set(id+"a", id+"c", ""), service.Refused, "account_invalid").Error(), "above themselves")
	requireKind(t, set(id+"a", id+"a", ""), service.Refused, "account_invalid")
	requireKind(t, set(id+"a", "", "parent"), service.Refused, "account_invalid")
	requireKind(t, set(id+"b", id+"a", "uncle"), service.Refused, "account_invalid")
	requireKind(t, set(id+"a", "nobody", ""), service.Invalid, "invalid_fields")
	requireKind(t, set("nobody", id+"a", ""), service.NotFound, "not_found")
	requireKind(t, set(id+"a", other+"x", ""), service.Refused, "entity_mismatch")
	requireKind(t, set(id+"a", id+"clock", ""), service.Refused, "clocks_mixed")
	in := startertest.NewCustomer(id, id+"d")
	in.PaidBy = "parent"
	_, err := running.Service.CreateCustomer(t.Context(), in)
	requireKind(t, err, service.Refused, "account_invalid")
	_, err = running.Service.Customer(t.Context(), in.ID)
	requireKind(t, err, service.NotFound, "not_found")

	require.NoError(t, set(id+"b", "", ""))
	alone, err := running.Service.Customer(t.Context(), id+"b")
	require.NoError(t, err)
	require.Nil(t, alone.ParentID)
}

// Two who change the hierarchy at the same time cannot close a circle together.
func TestNobodyIsPutAboveThemselvesAtOnce(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	for _, c := range []string{"a", "b"} {
		running.Customer(t, startertest.NewCustomer(id, id+c))
	}
	for range 10 {
		var group errgroup.Group
		refusals := make([]error, 2)
		for i, below := range [][2]string{{id + "a", id + "b"}, {id + "b", id + "a"}} {
			group.Go(func() error {
				_, refusals[i] = running.Service.SetAccount(t.Context(), below[0], service.Account{Parent: below[1]})
				return nil
			})
		}
		require.NoError(t, group.Wait())
		require.NotEqual(t, refusals[0] == nil, refusals[1] == nil, "%v, %v", refusals[0], refusals[1])
		for _, c := range []string{"a", "b"} {
			_, err := running.Service.SetAccount(t.Context(), id+c, service.Account{})
			require.NoError(t, err)
		}
	}
}
