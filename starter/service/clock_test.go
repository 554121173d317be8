package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestAQuarterOnATestClockEndsInAReturn(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock, in.Country, in.Zone, in.Currency = id+"-clock", "DE", "Europe/Berlin", "EUR"
	running.Customer(t, in)
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	quarter := service.Filing{Entity: id, Scheme: "eu_oss", Period: fmt.Sprintf("%d-Q1", start.Year())}

	_, err := running.Service.StartTaxFiling(t.Context(), quarter)
	requireKind(t, err, service.Refused, "quarter_not_over")
	_, err = running.Service.StartInvoiceRun(t.Context(), id, fmt.Sprintf("%d-01", start.Year()), true)
	requireKind(t, err, service.Refused, "month_not_over")
	var seen []time.Time
	clock, err := running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 3, 1), func(now time.Time, _ string) { seen = append(seen, now) })
	require.NoError(t, err)
	require.Equal(t, start.AddDate(0, 3, 1), clock.Now)
	require.NotEmpty(t, seen)
	require.Equal(t, "subscription/"+id+"-s", clock.Due[0].WorkflowID)

	waiting, err := running.Service.TaxReturn(t.Context(), quarter)
	require.NoError(t, err)
	require.Equal(t, store.ReturnComputed, waiting.Status)
	require.EqualValues(t, 3*171, waiting.Payable, "three invoices of EUR 9.00 at 19 %; the fourth is of April in Berlin")
	joined, err := running.Service.StartTaxFiling(t.Context(), quarter)
	require.NoError(t, err)
	require.Equal(t, waiting, joined)
	_, err = running.Service.ApproveTaxFiling(t.Context(), quarter, "")
	requireKind(t, err, service.Invalid, "invalid_fields")
	paid, err := running.Service.ApproveTaxFiling(t.Context(), quarter, "u-17")
	require.NoError(t, err)
	require.Equal(t, store.ReturnPaid, paid.Status)
	require.Equal(t, start.AddDate(0, 3, 1), paid.PaidAt.UTC())
	again, err := running.Service.ApproveTaxFiling(t.Context(), quarter, "u-17")
	require.NoError(t, err)
	require.Equal(t, paid, again)
	_, err = running.Service.ApproveTaxFiling(t.Context(), quarter, "u-18")
	requireKind(t, err, service.Refused, "already_approved")
}

func TestClocksGoForwardOnly(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.NewID()
	start := startertest.NextYear()
	running.Clock(t, id, start)
	running.Clock(t, id, start)
	before := running.Rows(t)
	_, err := running.Service.CreateClock(t.Context(), id, start.AddDate(0, 0, 1))
	requireKind(t, err, service.Conflict, "clock_exists")
	_, err = running.Service.CreateClock(t.Context(), id+"-past", time.Now().Add(-time.Hour))
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.CreateClock(t.Context(), id+"-far", start.AddDate(500, 0, 0))
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.AdvanceClock(t.Context(), id, start.AddDate(0, 0, -1), nil)
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.AdvanceClock(t.Context(), "nowhere", start, nil)
	requireKind(t, err, service.NotFound, "not_found")
	err = running.Store.Exclusively(t.Context(), "test clock "+id, func() error {
		_, err := running.Service.AdvanceClock(t.Context(), id, start.AddDate(0, 0, 1), nil)
		requireKind(t, err, service.Conflict, "clock_moving")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, before, running.Rows(t))
}

func TestAttachingACustomerToAClock(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	for range 2 {
		_, err := running.Service.AttachClock(t.Context(), id+"-clock", id+"-c")
		require.NoError(t, err)
	}
	subscribed := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	require.Equal(t, start, subscribed.StartedAt.UTC(), "it begins in the customer's time")

	running.Customer(t, startertest.NewCustomer(id, id+"-d"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-t", Customer: id + "-d", Plan: id + "-pro"})
	_, err := running.Service.AttachClock(t.Context(), id+"-clock", id+"-d")
	requireKind(t, err, service.Refused, "clock_not_attachable")
	_, err = running.Service.AttachClock(t.Context(), id+"-clock", "nobody")
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.AttachClock(t.Context(), "nowhere", id+"-c")
	requireKind(t, err, service.NotFound, "not_found")
	running.Clock(t, id+"-other", start)
	_, err = running.Service.AttachClock(t.Context(), id+"-other", id+"-c")
	requireKind(t, err, service.Refused, "clock_not_attachable")
}

func TestFilingsOfNobody(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	before := running.Rows(t)
	for _, bad := range []struct {
		filing service.Filing
		kind   service.Kind
	}{
		{service.Filing{Entity: "nobody", Scheme: "eu_oss", Period: "2026-Q1"}, service.Invalid},
		{service.Filing{Entity: id, Scheme: "moon_vat", Period: "2026-Q1"}, service.Invalid},
		{service.Filing{Entity: id, Scheme: "eu_oss", Period: "2026-Q5"}, service.Invalid},
		{service.Filing{Entity: id, Scheme: "uk_vat", Period: "2026-Q1"}, service.Refused},
	} {
		_, err := running.Service.StartTaxFiling(t.Context(), bad.filing)
		var e *service.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, bad.kind, e.Kind, e.Error())
	}
	require.Equal(t, before, running.Rows(t))
}
