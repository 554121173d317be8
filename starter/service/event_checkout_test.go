package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// setUpUnseen has a customer save a method on a page, of which no webhook tells.
func setUpUnseen(t *testing.T) service.Checkout {
	t.Helper()
	id := running.Seller(t)
	customer := startertest.NewCustomer(id, id+"-c")
	customer.PaymentMethod = ""
	running.Customer(t, customer)
	made, err := running.Service.CreateCheckout(t.Context(), service.NewCheckout{Setup: true, Customer: id + "-c"})
	require.NoError(t, err)
	_, err = sandbox.Pay(t.Context(), made.URL, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.NoError(t, err)
	return made
}

func becomesComplete(t *testing.T, made service.Checkout) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := running.Service.ProcessEvents(t.Context())
		require.NoError(t, err)
		row, err := running.Store.Checkout(t.Context(), made.ID)
		return err == nil && row.Status == store.CheckoutComplete
	}, time.Minute, 50*time.Millisecond)
	methods, err := running.Store.PaymentMethods(t.Context(), made.CustomerID)
	require.NoError(t, err)
	require.Len(t, methods, 1)
}

// Even when the events are too old to be listed, the page itself says how it stands.
func TestTheSweepAsksAboutPages(t *testing.T) { //nolint:paralleltest // it moves the sweep's position
	made := setUpUnseen(t)
	none := store.EventSweep{Provider: "stripe", ListedTo: time.Now().AddDate(0, 0, 1), SweptAt: time.Now()}
	require.NoError(t, running.Store.SaveEventSweep(t.Context(), none))
	found := sweep(t)
	require.Zero(t, found.Listed)
	require.Positive(t, found.Moved)
	becomesComplete(t, made)
	require.NoError(t, running.Store.SaveEventSweep(t.Context(), none))
	require.Zero(t, sweep(t).Moved, "known by now")
}

// Events of pages are told in any order and again; those of pages that are not ours are nobody's.
func TestEventsOfPages(t *testing.T) {
	t.Parallel()
	made := setUpUnseen(t)
	tell := func(kind, session, checkout string) store.InboundEvent {
		id := "evt_" + running.NewID()
		require.NoError(t, running.Service.KeepEvent(t.Context(), fmt.Appendf(nil,
			`{"id":%q,"type":%q,"created":%d,"data":{"object":{"id":%q,"object":"checkout.session","metadata":{"checkout":%q}}}}`,
			id, "checkout.session."+kind, time.Now().Unix(), session, checkout)))
		got, err := running.Service.ReplayEvent(t.Context(), id)
		require.NoError(t, err)
		return got
	}
	session := *made.ProviderSession
	require.Equal(t, "applied", tell("expired", session, made.ID).Status, "whatever it says, the provider is asked")
	becomesComplete(t, made)
	for _, kind := range []string{"completed", "expired", "async_payment_failed"} {
		again := tell(kind, session, made.ID)
		require.Equal(t, "ignored", again.Status, kind)
		require.Contains(t, again.Note, "complete already")
	}
	for session, checkout := range map[string]string{"cs_other": "", "cs_another": made.ID, "cs_third": "chk_nobody"} {
		require.Equal(t, "ignored", tell("completed", session, checkout).Status, session)
	}
}
