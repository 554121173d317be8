package stripe_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// Every field the sandbox sends exists, by this name and kind, in the library's generated types.
func TestFieldsAreStripes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_createDispute")
	_, err := b.api.Customers.Update(c.ID, &stripego.CustomerParams{InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &m.ID}})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	p, err := b.api.PaymentIntents.New(offSession(c.ID, "pm_card_refundFail", 2000, "usd"))
	require.NoError(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, "pm_card_chargeCustomerFail", 2000, "usd"))
	require.Error(t, err)
	_, err = b.api.SetupIntents.New(&stripego.SetupIntentParams{Customer: &c.ID, PaymentMethod: stripego.String("pm_card_threeDSecure2Required"), Confirm: stripego.Bool(true), ReturnURL: stripego.String("https://shop.example/back")})
	require.NoError(t, err)
	_, err = b.api.WebhookEndpoints.New(&stripego.WebhookEndpointParams{URL: stripego.String("http://127.0.0.1:1"), EnabledEvents: stripego.StringSlice([]string{"charge.expired"})})
	require.NoError(t, err)

	for path, library := range map[string]any{
		"/v1/balance_transactions": stripego.BalanceTransactionList{}, "/v1/charges?expand[]=data.refunds": stripego.ChargeList{},
		"/v1/customers": stripego.CustomerList{}, "/v1/disputes": stripego.DisputeList{}, "/v1/events": stripego.EventList{},
		"/v1/payment_intents?expand[]=data.payment_method": stripego.PaymentIntentList{}, "/v1/payment_methods?customer=" + c.ID: stripego.PaymentMethodList{},
		"/v1/refunds": stripego.RefundList{}, "/v1/setup_intents": stripego.SetupIntentList{}, "/v1/webhook_endpoints": stripego.WebhookEndpointList{},
		"/v1/balance": stripego.Balance{},
	} {
		_, body := b.raw(t, http.MethodGet, path, "", nil)
		if data, isList := body["data"].([]any); isList {
			require.NotEmpty(t, data, path)
		}
		for _, problem := range unknownFields(body, reflect.TypeOf(library), path) {
			t.Error(problem)
		}
	}
}

func unknownFields(sent any, known reflect.Type, path string) (problems []string) {
	for known.Kind() == reflect.Pointer {
		known = known.Elem()
	}
	switch sent := sent.(type) {
	case []any:
		if known.Kind() != reflect.Slice {
			return []string{path + " is a list here but " + known.String() + " in the library"}
		}
		for _, item := range sent {
			problems = append(problems, unknownFields(item, known.Elem(), path+"[]")...)
		}
	case map[string]any:
		opaque := known.Kind() != reflect.Struct || known.NumField() == 0 // the library hides what is for Stripe.js
		if opaque || known == reflect.TypeFor[stripego.EventData]() {
			return nil
		}
		fields := fieldsOf(known)
		for name, value := range sent {
			field, found := fields[name]
			if !found {
				problems = append(problems, path+"."+name+" is not in "+known.String())
				continue
			}
			problems = append(problems, unknownFields(value, field, path+"."+name)...)
		}
	}
	return problems
}

func fieldsOf(known reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{"object": reflect.TypeFor[string]()} // the library leaves it out of some types
	for _, field := range reflect.VisibleFields(known) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = field.Type
	}
	return fields
}
