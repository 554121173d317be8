package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestBadAgreementsAreRefusedAndWriteNothing(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	billing := client.New(temporal)
	good := message.Subscribe{
		SubscriptionID: id + "-s", CustomerID: id + "-c", EntityID: id, Currency: "USD",
		Terms: subscription.Terms{PlanID: id + "-team", PlanVersion: 1, Seats: 2}, StartAt: time.Now(), AwaitStart: true,
	}
	first, err := billing.Subscribe(t.Context(), good)
	require.NoError(t, err)
	before := running.Rows(t)

	for code, spoil := range map[string]func(in *message.Subscribe){
		"subscription_id_invalid": func(in *message.Subscribe) { in.SubscriptionID = "a b" },
		"customer_unknown":        func(in *message.Subscribe) { in.CustomerID = "nobody" },
		"entity_mismatch":         func(in *message.Subscribe) { in.EntityID = "acme" },
		"currency_not_priced":     func(in *message.Subscribe) { in.Currency = "XXB" },
		"plan_unknown":            func(in *message.Subscribe) { in.Terms.PlanVersion = 7 },
		"seats_missing":           func(in *message.Subscribe) { in.Terms.Seats = -1 },
		"seats_too_many":          func(in *message.Subscribe) { in.Terms.Seats = 999_999_999_999_999_999 },
		"seats_not_sold":          func(in *message.Subscribe) { in.Terms.PlanID = id + "-pro" },
		"term_invalid":            func(in *message.Subscribe) { in.EndsAfter = -1 },
		"start_missing":           func(in *message.Subscribe) { in.StartAt = time.Time{} },
	} {
		in := good
		in.SubscriptionID = id + "-x"
		spoil(&in)
		requireRefusal(t, code, func() error { _, err := billing.Subscribe(t.Context(), in); return err })
	}
	require.Equal(t, before, running.Rows(t))

	again := good
	again.StartAt = time.Now().Add(time.Hour)
	repeated, err := billing.Subscribe(t.Context(), again)
	require.NoError(t, err)
	require.Equal(t, first, repeated, "a service that asks again asks with another clock")
	again.Terms.Seats++
	requireRefusal(t, "subscription_exists", func() error { _, err := billing.Subscribe(t.Context(), again); return err })
	require.Equal(t, before, running.Rows(t))
}

func TestBadCommandsAreRefusedAndWriteNothing(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	billing := client.New(temporal)
	team := subscription.Terms{PlanID: id + "-team", PlanVersion: 1, Seats: 2}
	for _, name := range []string{id + "-s", id + "-gone"} {
		_, err := billing.Subscribe(t.Context(), message.Subscribe{
			SubscriptionID: name, CustomerID: id + "-c", EntityID: id, Currency: "USD", Terms: team, StartAt: time.Now(), AwaitStart: true,
		})
		require.NoError(t, err)
	}
	change := subscription.Command{ID: "bad", Kind: subscription.ChangeTerms, At: time.Now(), Actor: "customer"}
	end := subscription.Command{ID: "end", Kind: subscription.Cancel, At: time.Now(), Actor: "customer"}
	_, err := billing.Command(t.Context(), id+"-gone", end)
	require.NoError(t, err)
	before := running.Rows(t)

	more := func(spoil func(terms *subscription.Terms)) func(c *subscription.Command) {
		return func(c *subscription.Command) { terms := team; terms.Seats = 3; spoil(&terms); c.Terms = &terms }
	}
	for code, spoil := range map[string]func(c *subscription.Command){
		"terms_missing":       func(*subscription.Command) {},
		"seats_negative":      more(func(terms *subscription.Terms) { terms.Seats = -1 }),
		"seats_too_many":      more(func(terms *subscription.Terms) { terms.Seats = 999_999_999_999_999_999 }),
		"plan_unknown":        more(func(terms *subscription.Terms) { terms.PlanID = "nix" }),
		"billing_mismatch":    more(func(terms *subscription.Terms) { terms.PlanID, terms.Seats = id+"-api", 0 }),
		"nothing_to_change":   more(func(terms *subscription.Terms) { terms.Seats = 2 }),
		"command_unknown":     func(c *subscription.Command) { c.Kind = "explode" },
		"command_id_missing":  func(c *subscription.Command) { c.ID = "" },
		"command_id_reserved": func(c *subscription.Command) { c.ID = message.BoundaryCommand + "1" },
		"command_at_missing":  func(c *subscription.Command) { c.At = time.Time{} },
		"command_in_future":   func(c *subscription.Command) { c.At = time.Now().AddDate(0, 0, 1) },
		"command_too_old":     func(c *subscription.Command) { c.Kind, c.At = subscription.Pause, time.Now().AddDate(0, 0, -1) },
		"cannot_resume":       func(c *subscription.Command) { c.Kind = subscription.Resume },
	} {
		bad := change
		bad.ID = code // a repeated request would be answered as before
		spoil(&bad)
		requireRefusal(t, code, func() error { _, err := billing.Command(t.Context(), id+"-s", bad); return err })
	}
	requireRefusal(t, "subscription_not_running", func() error { _, err := billing.Command(t.Context(), id+"-gone", change); return err })
	requireRefusal(t, "subscription_not_running", func() error { _, err := billing.Command(t.Context(), "nobody", change); return err })
	require.Equal(t, before, running.Rows(t))
}

func TestACommandsIDStandsForOneRequest(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	billing := client.New(temporal)
	terms := func(seats int64) *subscription.Terms {
		return &subscription.Terms{PlanID: id + "-team", PlanVersion: 1, Seats: seats}
	}
	_, err := billing.Subscribe(t.Context(), message.Subscribe{
		SubscriptionID: id + "-s", CustomerID: id + "-c", EntityID: id, Currency: "USD", Terms: *terms(2), StartAt: time.Now(), AwaitStart: true,
	})
	require.NoError(t, err)
	ask := func(seats int64) (message.CommandResult, error) {
		return billing.Command(t.Context(), id+"-s", subscription.Command{
			ID: "order", Kind: subscription.ChangeTerms, At: time.Now(), Actor: "customer", Terms: terms(seats),
		})
	}
	requireRefusal(t, "nothing_to_change", func() error { _, err := ask(2); return err })
	first, err := ask(3)
	require.NoError(t, err, "a corrected request is not answered as the one that was refused")
	require.EqualValues(t, 3, first.State.Terms.Seats)
	again, err := ask(3)
	require.NoError(t, err)
	require.Equal(t, first, again)
	requireRefusal(t, "command_id_reused", func() error { _, err := ask(4); return err })
}

// requireRefusal checks that a request is refused under a code, in words.
func requireRefusal(t *testing.T, code string, ask func() error) {
	t.Helper()
	var refusal *subscription.Refusal
	require.ErrorAs(t, ask(), &refusal, code)
	require.Equal(t, code, refusal.Code, refusal.Message)
	require.NotEmpty(t, refusal.Message)
}
