package service_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestSubscribeAnswersWithTheFirstInvoiceAndCanBeRepeated(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	request := service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"}
	first := running.Subscribe(t, request)
	require.Equal(t, message.Paid, first.Invoice.Payment)
	require.Equal(t, "USD 10.00", first.Invoice.Total.String())
	require.Equal(t, subscription.Active, first.Status)
	before := running.Rows(t)

	require.Equal(t, first, running.Subscribe(t, request))

	request.Plan, request.Seats = id+"-team", 2
	_, err := running.Service.Subscribe(t.Context(), request)
	requireKind(t, err, service.Conflict, "subscription_exists")
	require.Equal(t, before, running.Rows(t))
}

func TestSubscribeLaterAnswersWithoutInvoice(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	start := time.Now().AddDate(0, 1, 0)
	later := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro", StartAt: start})
	require.Nil(t, later.Invoice)
	require.Equal(t, subscription.Scheduled, later.Status)
	require.WithinDuration(t, start, later.StartedAt, time.Second)

	require.Equal(t, later, running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"}), "a repetition does not wait for the start")
	_, err := running.Service.Subscribe(t.Context(), service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro", StartAt: start.AddDate(0, 1, 0)})
	requireKind(t, err, service.Conflict, "subscription_exists")
}

func TestAnEarlierStartBillsWhatHasPassed(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	first := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro", StartAt: time.Now().AddDate(0, -2, -5)})
	require.Equal(t, message.Paid, first.Invoice.Payment)
	require.Eventually(t, func() bool {
		invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: id + "-s", Status: "paid"})
		return err == nil && len(invoices.Data) == 3
	}, 20*time.Second, 50*time.Millisecond)
}

func TestARequestThatTakesTooLongCanBeRepeated(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	require.NoError(t, sandbox.AddFault(t.Context(), running.Config.StripeURL,
		sandbox.Fault{Kind: sandbox.Delay, DelayMS: 3000, IdempotencyKeyPrefix: "customer:" + id + "-c"}))
	request := service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"}
	soon, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := running.Service.Subscribe(soon, request)
	requireKind(t, err, service.Unfinished, "unfinished")
	require.Equal(t, message.Paid, running.Subscribe(t, request).Invoice.Payment)
}

func TestCommandsAnswerARepetitionAsTheFirstTime(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-team", Seats: 2})
	six, seven := int64(6), int64(7)
	more := service.Change{Asked: service.Asked{CommandID: "more"}, Seats: &six}

	first, err := running.Service.Change(t.Context(), id+"-s", more)
	require.NoError(t, err)
	require.Equal(t, message.Paid, first.Invoice.Payment)
	require.EqualValues(t, 6, first.Seats)
	again, err := running.Service.Change(t.Context(), id+"-s", more)
	require.NoError(t, err)
	require.Equal(t, first, again)

	more.Seats = &seven
	_, err = running.Service.Change(t.Context(), id+"-s", more)
	requireKind(t, err, service.Conflict, "command_exists")

	// The answer survives what comes later, even the end.
	end := service.Cancel{Asked: service.Asked{CommandID: "end"}, CreditUnused: true}
	ended, err := running.Service.Cancel(t.Context(), id+"-s", end)
	require.NoError(t, err)
	require.Equal(t, subscription.Canceled, ended.Status)
	require.True(t, ended.Invoice.Total.IsNegative(), ended.Invoice.Total)
	again, err = running.Service.Cancel(t.Context(), id+"-s", end)
	require.NoError(t, err)
	require.Equal(t, ended, again)
	_, err = running.Service.Pause(t.Context(), id+"-s", service.Pause{})
	requireKind(t, err, service.Refused, "subscription_canceled")
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	paused, err := running.Service.Pause(t.Context(), id+"-s", service.Pause{Asked: service.Asked{Reason: "holidays"}})
	require.NoError(t, err)
	require.Equal(t, subscription.Paused, paused.Status)
	require.NotEmpty(t, paused.CommandID)
	_, err = running.Service.Pause(t.Context(), id+"-s", service.Pause{})
	requireKind(t, err, service.Refused, "cannot_pause")
	resumed, err := running.Service.Resume(t.Context(), id+"-s", service.Resume{})
	require.NoError(t, err)
	require.Equal(t, subscription.Active, resumed.Status)
}

func TestAWaitingCancellationIsWithdrawnByAskingForTheTermsInForce(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	waiting, err := running.Service.Cancel(t.Context(), id+"-s", service.Cancel{AtPeriodEnd: true})
	require.NoError(t, err)
	require.True(t, waiting.CancelAtPeriodEnd)
	require.True(t, waiting.AtPeriodEnd.Cancel)
	withdrawn, err := running.Service.Change(t.Context(), id+"-s", service.Change{Plan: id + "-pro", AtPeriodEnd: true})
	require.NoError(t, err)
	require.False(t, withdrawn.CancelAtPeriodEnd)
	require.Nil(t, withdrawn.AtPeriodEnd)
}

func TestTheMonthlyRunKeepsOneTime(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Clock(t, id+"-clock", startertest.NextYear())
	onClock := startertest.NewCustomer(id, id+"-c")
	onClock.TestClock = id + "-clock"
	running.Customer(t, onClock)
	running.Customer(t, startertest.NewCustomer(id, id+"-d"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-api"})
	_, err := running.Service.Subscribe(t.Context(), service.NewSubscription{ID: id + "-t", Customer: id + "-d", Plan: id + "-api"})
	requireKind(t, err, service.Refused, "clocks_mixed")
}
