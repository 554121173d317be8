package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// A method chosen for a payment may be taken back, or the payment handed to somebody else, before it is confirmed.
func TestConfirmChargesOnlyTheCustomersOwnMethod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	unconfirmed := offSession(c.ID, m.ID, 2000, "usd")
	unconfirmed.Confirm, unconfirmed.OffSession = nil, nil
	detached, err := b.api.PaymentIntents.New(unconfirmed)
	require.NoError(t, err)
	handedOver, err := b.api.PaymentIntents.New(unconfirmed)
	require.NoError(t, err)
	saved, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: &m.ID, PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
	})
	require.NoError(t, err)

	confirm := &stripego.PaymentIntentConfirmParams{OffSession: stripego.Bool(true)}
	other := b.customer(t)
	_, err = b.api.PaymentIntents.Update(handedOver.ID, &stripego.PaymentIntentParams{Customer: &other.ID})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.Confirm(handedOver.ID, confirm)
	require.Contains(t, refusal(t, err).Msg, "belongs to a different Customer")

	_, err = b.api.PaymentMethods.Detach(m.ID, nil)
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.Confirm(detached.ID, confirm)
	require.Equal(t, stripego.ErrorCodePaymentMethodUnexpectedState, refusal(t, err).Code)
	_, err = b.api.SetupIntents.Confirm(saved.ID, nil)
	require.Equal(t, stripego.ErrorCodePaymentMethodUnexpectedState, refusal(t, err).Code)

	charged := b.api.Charges.List(&stripego.ChargeListParams{})
	require.False(t, charged.Next(), "nobody may be charged")
}

// While the bank asks the customer, the method may be taken back or the amount changed: neither goes on as it was asked.
func TestAuthenticationCountsForWhatWasAsked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_threeDSecure2Required")
	payment := onSession(m.ID, 2000, "usd")
	payment.Customer = &c.ID
	raised, err := b.api.PaymentIntents.New(payment)
	require.NoError(t, err)
	taken, err := b.api.PaymentIntents.New(payment)
	require.NoError(t, err)
	saved, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: &m.ID, Confirm: stripego.Bool(true), ReturnURL: stripego.String("https://shop.example/back"),
	})
	require.NoError(t, err)

	changed, err := b.api.PaymentIntents.Update(raised.ID, &stripego.PaymentIntentParams{Amount: stripego.Int64(9000)})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresConfirmation, changed.Status)
	require.Equal(t, http.StatusNotFound, authenticate(t, raised.NextAction.RedirectToURL.URL, "succeed").StatusCode)

	_, err = b.api.PaymentMethods.Detach(m.ID, nil)
	require.NoError(t, err)
	for _, page := range []string{taken.NextAction.RedirectToURL.URL, saved.NextAction.RedirectToURL.URL} {
		require.Contains(t, authenticate(t, page, "succeed").Header.Get("Location"), "redirect_status=failed")
	}
	taken, err = b.api.PaymentIntents.Get(taken.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, taken.Status)
	require.Equal(t, stripego.ErrorCodePaymentMethodUnexpectedState, taken.LastPaymentError.Code)
	saved, err = b.api.SetupIntents.Get(saved.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusRequiresPaymentMethod, saved.Status)
	charged := b.api.Charges.List(&stripego.ChargeListParams{})
	require.False(t, charged.Next(), "nobody may be charged")
}

// With confirmation_method manual the server confirms once more after its customer has authenticated.
func TestManualConfirmation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := onSession("pm_card_threeDSecure2Required", 2000, "usd")
	payment.ConfirmationMethod = stripego.String("manual")
	again := &stripego.PaymentIntentConfirmParams{ReturnURL: stripego.String("https://shop.example/back")}
	for raised, want := range map[bool]stripego.PaymentIntentStatus{
		false: stripego.PaymentIntentStatusSucceeded, true: stripego.PaymentIntentStatusRequiresAction,
	} {
		p, err := b.api.PaymentIntents.New(payment)
		require.NoError(t, err)
		authenticate(t, p.NextAction.RedirectToURL.URL, "succeed")
		p, err = b.api.PaymentIntents.Get(p.ID, nil)
		require.NoError(t, err)
		require.Equal(t, stripego.PaymentIntentStatusRequiresConfirmation, p.Status)
		if raised {
			_, err = b.api.PaymentIntents.Update(p.ID, &stripego.PaymentIntentParams{Amount: stripego.Int64(9000)})
			require.NoError(t, err)
		}
		p, err = b.api.PaymentIntents.Confirm(p.ID, again)
		require.NoError(t, err)
		require.Equal(t, want, p.Status)
	}
}

func TestMethodMayComeWithAnUpdate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := b.api.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(2000), Currency: stripego.String("usd")})
	require.NoError(t, err)
	_, body := b.raw(t, http.MethodPost, "/v1/payment_intents/"+p.ID, "payment_method_data[type]=card&payment_method_data[card][token]=tok_mastercard", nil)
	require.Equal(t, "payment_method_data[card]", errorOf(body)["param"], "cards come from Stripe's pages, not as data")
	p, err = b.api.PaymentIntents.Update(p.ID, &stripego.PaymentIntentParams{PaymentMethodData: &stripego.PaymentIntentPaymentMethodDataParams{
		AllowRedisplay: stripego.String("always"), Metadata: map[string]string{"from": "checkout"}, Type: stripego.String("link"),
		BillingDetails: &stripego.PaymentIntentPaymentMethodDataBillingDetailsParams{Email: stripego.String("ada@example.com")},
	}})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresConfirmation, p.Status)
	p, err = b.api.PaymentIntents.Confirm(p.ID, &stripego.PaymentIntentConfirmParams{
		ReturnURL: stripego.String("https://shop.example/back"), Expand: stripego.StringSlice([]string{"payment_method"}),
	})
	require.NoError(t, err)
	require.Equal(t, "ada@example.com", p.PaymentMethod.Link.Email)
	require.Equal(t, "checkout", p.PaymentMethod.Metadata["from"])
	require.Equal(t, stripego.PaymentMethodAllowRedisplayAlways, p.PaymentMethod.AllowRedisplay)
}

func TestEndedPaymentKeepsWhatItWasMadeOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := b.api.PaymentIntents.New(onSession("pm_card_visa", 2000, "usd"))
	require.NoError(t, err)
	for name, change := range map[string]*stripego.PaymentIntentParams{
		"amount": {Amount: stripego.Int64(3000)}, "capture_method": {CaptureMethod: stripego.String("manual")},
		"setup_future_usage": {SetupFutureUsage: stripego.String("off_session")},
	} {
		_, err = b.api.PaymentIntents.Update(p.ID, change)
		e := refusal(t, err)
		require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, e.Code)
		require.Contains(t, e.Msg, "This PaymentIntent's "+name+" could not be updated because it has a status of succeeded.")
	}
	p, err = b.api.PaymentIntents.Update(p.ID, &stripego.PaymentIntentParams{Description: stripego.String("paid")})
	require.NoError(t, err)
	require.Equal(t, "paid", p.Description)
}

func TestNewCustomerMayStartWithATestMethodAsDefault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.api.Customers.New(&stripego.CustomerParams{
		PaymentMethod:   stripego.String("pm_card_visa"),
		InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{DefaultPaymentMethod: stripego.String("pm_card_visa")},
	})
	require.NoError(t, err)
	p, err := b.api.PaymentIntents.New(offSession(c.ID, c.InvoiceSettings.DefaultPaymentMethod.ID, 2000, "usd"))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
}

func TestNobodySeesADeletedCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	_, err = b.api.Customers.Del(c.ID, nil)
	require.NoError(t, err)
	_, body := b.raw(t, http.MethodGet, "/v1/payment_intents/"+p.ID+"?expand[]=customer", "", nil)
	require.Equal(t, map[string]any{"id": c.ID, "object": "customer", "deleted": true}, body["customer"])
}

func TestCardsOfTheWorld(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for token, want := range map[string]string{
		"pm_card_us": "visa US credit", "pm_card_de": "visa DE credit", "pm_card_jcb": "jcb JP credit", "pm_card_mastercard_prepaid": "mastercard US prepaid",
	} {
		c, m := b.customerWith(t, token)
		require.Equal(t, want, string(m.Card.Brand)+" "+m.Card.Country+" "+string(m.Card.Funding))
		_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "eur"))
		require.NoError(t, err, token)
	}
}
