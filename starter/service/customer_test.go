package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestCreateCustomerCanBeRepeated(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.Country, in.Zone, in.Business, in.TaxID, in.Currency = "de", "Europe/Berlin", true, "DE 136 695 976", "eur"
	first := running.Customer(t, in)
	require.Equal(t, "DE136695976", first.TaxID)
	require.Equal(t, "DE", first.Country)
	require.EqualValues(t, "EUR", first.Currency)
	require.Len(t, first.PaymentMethods, 1)
	before := running.Rows(t)
	require.Equal(t, first, running.Customer(t, in))

	in.Name = "Somebody else"
	_, err := running.Service.CreateCustomer(t.Context(), in)
	requireKind(t, err, service.Conflict, "customer_exists")
	require.Equal(t, before, running.Rows(t))
}

func TestEverythingWrongWithACustomerIsSaidAtOnce(t *testing.T) { //nolint:paralleltest // it compares row counts
	before := running.Rows(t)
	_, err := running.Service.CreateCustomer(t.Context(), service.NewCustomer{
		ID: "no spaces", Entity: "nobody", Name: "a\x00b", Email: "Erika <erika@example.com>", Country: "ZZ", PostalCode: "\x07", Zone: "Local",
		Currency: "XXB", Locale: "not a tag", TaxID: "DE136695977", TestClock: "none", PaymentMethod: "4242 4242 4242 4242",
	})
	e := requireKind(t, err, service.Invalid, "invalid_fields")
	fields := make([]string, len(e.Fields))
	for i, field := range e.Fields {
		fields[i] = field.Name
		require.NotEmpty(t, field.Message)
	}
	require.Equal(t, []string{
		"id", "name", "email", "country", "postal_code", "zone", "currency", "locale", "tax_id", "payment_method", "entity", "test_clock",
	}, fields)
	require.Equal(t, before, running.Rows(t))
}

func TestANewCardRecoversAnUnpaidInvoice(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod, in.TestClock = "pm_card_chargeCustomerFail", id+"-clock"
	running.Customer(t, in)
	unpaid := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	require.Equal(t, message.Declined, unpaid.Invoice.Payment)
	require.Equal(t, subscription.PastDue, unpaid.Status)
	_, err := running.Service.AdvanceClock(t.Context(), id+"-clock", start.Add(3*time.Hour), nil)
	require.NoError(t, err)

	changed, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_mastercard", 1)
	require.NoError(t, err)
	require.Equal(t, start.Add(3*time.Hour), changed.PaymentMethods[0].ChangedAt.UTC())
	require.Eventually(t, func() bool {
		now, err := running.Service.Subscription(t.Context(), id+"-s")
		return err == nil && now.Status == subscription.Active
	}, 20*time.Second, 50*time.Millisecond)
	invoice, err := running.Service.Invoice(t.Context(), unpaid.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status)
	require.Len(t, invoice.Payments, 2)
	require.Equal(t, "recovered", invoice.Dunning.Status)
	require.Equal(t, start.Add(3*time.Hour), invoice.PaidAt.UTC())

	again, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_mastercard", 1)
	require.NoError(t, err)
	require.Equal(t, changed.PaymentMethods[0].ID, again.PaymentMethods[0].ID)
}

func TestPaymentMethodsHaveAnOrder(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	_, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_mastercard", 3)
	require.Contains(t, requireKind(t, err, service.Invalid, "invalid_fields").Error(), "the next free place is 2")
	_, err = running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_mastercard", 11)
	require.Contains(t, requireKind(t, err, service.Invalid, "invalid_fields").Error(), "at most 10 payment methods")
	two, err := running.Service.SetPaymentMethod(t.Context(), id+"-c", "pm_card_mastercard", 2)
	require.NoError(t, err)
	require.Len(t, two.PaymentMethods, 2)
	one, err := running.Service.RemovePaymentMethod(t.Context(), id+"-c", two.PaymentMethods[0].ID)
	require.NoError(t, err)
	require.Equal(t, two.PaymentMethods[1:], one.PaymentMethods)
	for _, gone := range []string{two.PaymentMethods[0].ID, "method_none", "no/id"} {
		_, err = running.Service.RemovePaymentMethod(t.Context(), id+"-c", gone)
		requireKind(t, err, service.NotFound, "not_found")
	}
}

func TestEntitiesAndPlansAreNeverChanged(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	require.NoError(t, running.AddSeller(t.Context(), id)) // the same again
	before := running.Rows(t)
	other := service.NewEntity{ID: id, Name: "Other", Country: "IE", Zone: "Europe/Dublin", BookCurrency: "EUR", InvoicePrefix: strings.ToUpper(id)}
	_, err := running.Service.CreateEntity(t.Context(), other)
	requireKind(t, err, service.Conflict, "entity_exists")
	other.ID = id + "2"
	_, err = running.Service.CreateEntity(t.Context(), other)
	requireKind(t, err, service.Conflict, "invoice_prefix_taken")
	require.Equal(t, before, running.Rows(t))
}
