package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A try that recorded what the customer chose, and then found nobody to find out the rest, is made good by the next.
func TestAChoiceOnThePortalIsFollowedToTheEnd(t *testing.T) { //nolint:paralleltest // nobody else may act on its event
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	portal, err := running.Service.Portal(t.Context(), id+"-c", service.NewPortal{})
	require.NoError(t, err)
	_, err = sandbox.Pay(t.Context(), portal.URL, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	customer, err := running.Store.Customer(t.Context(), id+"-c")
	require.NoError(t, err)

	cut, _, err := config.Temporal(running.Env, nil)
	require.NoError(t, err)
	cut.Close()
	alone := service.New(running.Store, cut, running.Namespace, time.Now).WithStripe(running.Config.Stripe(), running.Config.StripeLive())
	event := "evt_" + running.NewID()
	require.NoError(t, alone.KeepEvent(t.Context(), fmt.Appendf(nil,
		`{"id":%q,"type":"customer.updated","created":%d,"data":{"object":{"id":%q,"object":"customer"}}}`,
		event, time.Now().Unix(), *customer.ProviderCustomerID)))
	_, err = alone.ReplayEvent(t.Context(), event)
	require.ErrorContains(t, err, "stays waiting")
	first := func() store.PaymentMethod {
		methods, err := running.Store.PaymentMethods(t.Context(), id+"-c")
		require.NoError(t, err)
		return methods[0]
	}
	require.Equal(t, "card", first().Kind)
	require.Empty(t, first().Network, "the choice is recorded, and no more is known")

	ended, err := running.Service.ReplayEvent(t.Context(), event)
	require.NoError(t, err)
	require.Equal(t, store.EventIgnored, ended.Status)
	require.Equal(t, "mastercard", first().Network)
}
