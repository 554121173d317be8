package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestSubscribeAnswersWithTheFirstInvoiceAndCanBeRepeated(t *testing.T) { //nolint:paralleltest // it compares row counts
	running.Seller(t, "sa")
	running.Customer(t, startertest.NewCustomer("sa", "sa-c"))
	request := service.NewSubscription{ID: "sa-s", Customer: "sa-c", Plan: "sa-pro"}
	first := running.Subscribe(t, request)
	require.Equal(t, message.Paid, first.Invoice.Payment)
	require.Equal(t, "USD 10.00", first.Invoice.Total.String())
	require.Equal(t, subscription.Active, first.Status)
	before := running.Rows(t)

	require.Equal(t, first, running.Subscribe(t, request))

	request.Plan, request.Seats = "sa-team", 2
	_, err := running.Service.Subscribe(t.Context(), request)
	requireKind(t, err, service.Conflict, "subscription_exists")
	require.Equal(t, before, running.Rows(t))
}

func TestSubscribeLaterAnswersWithoutInvoice(t *testing.T) {
	t.Parallel()
	running.Seller(t, "sb")
	running.Customer(t, startertest.NewCustomer("sb", "sb-c"))
	start := time.Now().AddDate(0, 1, 0)
	later := running.Subscribe(t, service.NewSubscription{ID: "sb-s", Customer: "sb-c", Plan: "sb-pro", StartAt: start})
	require.Nil(t, later.Invoice)
	require.Equal(t, subscription.Scheduled, later.Status)
	require.WithinDuration(t, start, later.StartedAt, time.Second)
}

func TestCommandsAnswerARepetitionAsTheFirstTime(t *testing.T) {
	t.Parallel()
	running.Seller(t, "sc")
	running.Customer(t, startertest.NewCustomer("sc", "sc-c"))
	running.Subscribe(t, service.NewSubscription{ID: "sc-s", Customer: "sc-c", Plan: "sc-team", Seats: 2})
	six, seven := int64(6), int64(7)
	more := service.Change{Asked: service.Asked{CommandID: "more"}, Seats: &six}

	first, err := running.Service.Change(t.Context(), "sc-s", more)
	require.NoError(t, err)
	require.Equal(t, message.Paid, first.Invoice.Payment)
	require.EqualValues(t, 6, first.Seats)
	again, err := running.Service.Change(t.Context(), "sc-s", more)
	require.NoError(t, err)
	require.Equal(t, first, again)

	more.Seats = &seven
	_, err = running.Service.Change(t.Context(), "sc-s", more)
	requireKind(t, err, service.Conflict, "command_exists")

	// The answer survives what comes later, even the end.
	end := service.Cancel{Asked: service.Asked{CommandID: "end"}, CreditUnused: true}
	ended, err := running.Service.Cancel(t.Context(), "sc-s", end)
	require.NoError(t, err)
	require.Equal(t, subscription.Canceled, ended.Status)
	require.True(t, ended.Invoice.Total.IsNegative(), ended.Invoice.Total)
	again, err = running.Service.Cancel(t.Context(), "sc-s", end)
	require.NoError(t, err)
	require.Equal(t, ended, again)
	_, err = running.Service.Pause(t.Context(), "sc-s", service.Asked{})
	requireKind(t, err, service.Refused, "subscription_canceled")
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	running.Seller(t, "sd")
	running.Customer(t, startertest.NewCustomer("sd", "sd-c"))
	running.Subscribe(t, service.NewSubscription{ID: "sd-s", Customer: "sd-c", Plan: "sd-pro"})
	paused, err := running.Service.Pause(t.Context(), "sd-s", service.Asked{Reason: "holidays"})
	require.NoError(t, err)
	require.Equal(t, subscription.Paused, paused.Status)
	require.NotEmpty(t, paused.CommandID)
	_, err = running.Service.Pause(t.Context(), "sd-s", service.Asked{})
	requireKind(t, err, service.Refused, "cannot_pause")
	resumed, err := running.Service.Resume(t.Context(), "sd-s", service.Asked{})
	require.NoError(t, err)
	require.Equal(t, subscription.Active, resumed.Status)
}

func TestAWaitingCancellationIsWithdrawnByAskingForTheTermsInForce(t *testing.T) {
	t.Parallel()
	running.Seller(t, "se")
	running.Customer(t, startertest.NewCustomer("se", "se-c"))
	running.Subscribe(t, service.NewSubscription{ID: "se-s", Customer: "se-c", Plan: "se-pro"})
	waiting, err := running.Service.Cancel(t.Context(), "se-s", service.Cancel{AtPeriodEnd: true})
	require.NoError(t, err)
	require.True(t, waiting.CancelAtPeriodEnd)
	withdrawn, err := running.Service.Change(t.Context(), "se-s", service.Change{Plan: "se-pro", AtPeriodEnd: true})
	require.NoError(t, err)
	require.False(t, withdrawn.CancelAtPeriodEnd)
}

func TestTheMonthlyRunKeepsOneTime(t *testing.T) {
	t.Parallel()
	running.Seller(t, "sf")
	running.Clock(t, "sf-clock", startertest.NextYear())
	onClock := startertest.NewCustomer("sf", "sf-c")
	onClock.TestClock = "sf-clock"
	running.Customer(t, onClock)
	running.Customer(t, startertest.NewCustomer("sf", "sf-d"))
	running.Subscribe(t, service.NewSubscription{ID: "sf-s", Customer: "sf-c", Plan: "sf-api"})
	_, err := running.Service.Subscribe(t.Context(), service.NewSubscription{ID: "sf-t", Customer: "sf-d", Plan: "sf-api"})
	requireKind(t, err, service.Refused, "clocks_mixed")
}
