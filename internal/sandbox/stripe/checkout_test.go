package stripe_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// cart is a checkout of two things.
func cart(currency string) *stripego.CheckoutSessionParams {
	item := func(name string, amount, quantity int64) *stripego.CheckoutSessionLineItemParams {
		return &stripego.CheckoutSessionLineItemParams{Quantity: &quantity, PriceData: &stripego.CheckoutSessionLineItemPriceDataParams{
			Currency: &currency, UnitAmount: &amount, ProductData: &stripego.CheckoutSessionLineItemPriceDataProductDataParams{Name: &name},
		}}
	}
	return &stripego.CheckoutSessionParams{
		Mode: stripego.String("payment"), SuccessURL: stripego.String("https://shop.example/done?session={CHECKOUT_SESSION_ID}"),
		LineItems: []*stripego.CheckoutSessionLineItemParams{item("Seat", 1500, 3), item("Support", 500, 1)},
	}
}

func (b *bundle) checkout(t testing.TB, params *stripego.CheckoutSessionParams) *stripego.CheckoutSession {
	t.Helper()
	s, err := b.api.CheckoutSessions.New(params)
	require.NoError(t, err)
	return s
}

func (b *bundle) again(t testing.TB, id string, expand ...string) *stripego.CheckoutSession {
	t.Helper()
	s, err := b.api.CheckoutSessions.Get(id, &stripego.CheckoutSessionParams{Expand: stripego.StringSlice(expand)})
	require.NoError(t, err)
	return s
}

func TestCheckoutIsPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "payment_intent.succeeded", "checkout.session.completed")
	params := cart("chf")
	params.CustomerCreation = stripego.String("always")
	params.ClientReferenceID = stripego.String("cart-1")
	params.PaymentIntentData = &stripego.CheckoutSessionPaymentIntentDataParams{Metadata: map[string]string{"order": "1"}, SetupFutureUsage: stripego.String("off_session")}
	params.AddExtra("adaptive_pricing[enabled]", "true")
	s := b.checkout(t, params)
	require.Regexp(t, "^cs_test_", s.ID)
	require.Equal(t, stripego.CheckoutSessionStatusOpen, s.Status)
	require.Equal(t, int64(5000), s.AmountTotal)
	require.Equal(t, stripego.CurrencyCHF, s.Currency)
	require.Equal(t, s.Created+86400, s.ExpiresAt)
	require.Nil(t, s.PaymentIntent, "nothing to pay before the customer does")
	page, err := http.Get(s.URL)
	require.NoError(t, err)
	require.NoError(t, page.Body.Close())
	require.Equal(t, http.StatusOK, page.StatusCode)

	_, err = sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_visa_chargeDeclined", Email: "ada@example.com"})
	require.ErrorContains(t, err, "Your card was declined.")
	require.Equal(t, stripego.CheckoutSessionStatusOpen, b.again(t, s.ID).Status)
	next, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "4242 4242 4242 4242", Email: "ada@example.com", Name: "Ada"})
	require.NoError(t, err)
	require.Equal(t, "https://shop.example/done?session="+s.ID, next)
	s = b.again(t, s.ID, "payment_intent", "line_items", "customer")
	require.Equal(t, stripego.CheckoutSessionStatusComplete, s.Status)
	require.Equal(t, stripego.CheckoutSessionPaymentStatusPaid, s.PaymentStatus)
	require.Equal(t, int64(5000), s.PaymentIntent.AmountReceived)
	require.Equal(t, "1", s.PaymentIntent.Metadata["order"])
	require.Equal(t, "ada@example.com", s.Customer.Email)
	require.Equal(t, "Ada", s.CustomerDetails.Name)
	require.Len(t, s.LineItems.Data, 2)
	require.Equal(t, int64(4500), s.LineItems.Data[0].AmountTotal)
	require.Equal(t, []string{"payment_intent.succeeded", "checkout.session.completed"}, kindsOf(in.wait(t, 2)))
	saved := b.api.PaymentMethods.List(&stripego.PaymentMethodListParams{Customer: &s.Customer.ID})
	require.True(t, saved.Next(), "the card was saved for later")

	next, err = sandbox.Pay(b.ctx, b.StripeURL()+"/_sandbox/checkout/"+s.ID, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.NoError(t, err)
	require.Contains(t, next, "https://shop.example/done", "a second submission pays nothing")
	require.Equal(t, 2, countCharges(t, b, s.Customer.ID), "one declined, one paid")
	b.requireShape(t, "/v1/checkout/sessions?expand[]=data.line_items&customer="+s.Customer.ID, stripego.CheckoutSessionList{})
	b.requireShape(t, "/v1/checkout/sessions/"+s.ID+"/line_items", stripego.LineItemList{})
}

func TestCheckoutWith3DSecure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.checkout(t, cart("eur"))
	next, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_threeDSecure2Required"})
	require.NoError(t, err)
	require.Contains(t, next, "/_sandbox/authenticate/")
	require.Equal(t, stripego.CheckoutSessionStatusOpen, b.again(t, s.ID).Status)
	require.Contains(t, authenticate(t, next, "fail").Header.Get("Location"), "redirect_status=failed")
	require.Equal(t, stripego.CheckoutSessionStatusOpen, b.again(t, s.ID).Status, "the customer may try another card")
	next, err = sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_threeDSecure2Required"})
	require.NoError(t, err)
	authenticate(t, next, "succeed")
	require.Equal(t, stripego.CheckoutSessionPaymentStatusPaid, b.again(t, s.ID).PaymentStatus)
}

func TestCheckoutByBankEndsDaysLater(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]struct {
		kind   string
		status stripego.CheckoutSessionPaymentStatus
	}{
		"pm_success_de": {"checkout.session.async_payment_succeeded", stripego.CheckoutSessionPaymentStatusPaid},
		"pm_failed_de":  {"checkout.session.async_payment_failed", stripego.CheckoutSessionPaymentStatusUnpaid},
	} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := newInbox(t, b, "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed", "checkout.session.expired")
			s := b.checkout(t, cart("eur"))
			_, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: token})
			require.NoError(t, err)
			s = b.again(t, s.ID)
			require.Equal(t, stripego.CheckoutSessionStatusComplete, s.Status)
			require.Equal(t, stripego.CheckoutSessionPaymentStatusUnpaid, s.PaymentStatus)
			b.advance(t, businessWeek)
			require.Equal(t, want.status, b.again(t, s.ID).PaymentStatus)
			require.Equal(t, []string{"checkout.session.completed", want.kind}, kindsOf(in.wait(t, 2)))
		})
	}
}

func TestCheckoutSetup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	for _, token := range []string{"pm_card_visa", "pm_usBankAccount_success"} {
		s := b.checkout(t, &stripego.CheckoutSessionParams{
			Mode: stripego.String("setup"), Customer: &c.ID, Currency: stripego.String("usd"), SuccessURL: stripego.String("https://shop.example/done"),
			SetupIntentData: &stripego.CheckoutSessionSetupIntentDataParams{Metadata: map[string]string{"subscription": "sub-1"}},
		})
		require.Equal(t, stripego.CheckoutSessionPaymentStatusNoPaymentRequired, s.PaymentStatus)
		require.NotNil(t, s.SetupIntent)
		_, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: token})
		require.NoError(t, err)
		s = b.again(t, s.ID, "setup_intent")
		require.Equal(t, stripego.CheckoutSessionStatusComplete, s.Status)
		require.Equal(t, stripego.SetupIntentStatusSucceeded, s.SetupIntent.Status)
		require.Equal(t, "sub-1", s.SetupIntent.Metadata["subscription"])
		_, err = b.api.PaymentIntents.New(offSession(c.ID, s.SetupIntent.PaymentMethod.ID, 2000, "usd"))
		require.NoError(t, err, "it can be charged without the customer")
	}
}

func TestCheckoutExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "checkout.session.expired", "payment_intent.canceled")
	params := cart("usd")
	params.ExpiresAt = stripego.Int64(time.Now().Add(31 * time.Minute).Unix())
	late := b.checkout(t, params)
	_, err := sandbox.Pay(b.ctx, late.URL, sandbox.Payer{PaymentMethod: "pm_card_chargeDeclined"})
	require.Error(t, err)
	early := b.checkout(t, cart("usd"))
	early, err = b.api.CheckoutSessions.Expire(early.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.CheckoutSessionStatusExpired, early.Status)
	_, err = b.api.CheckoutSessions.Expire(early.ID, nil)
	require.Contains(t, refusal(t, err).Msg, "has a status of `expired`")
	b.advance(t, time.Hour)
	require.Equal(t, stripego.CheckoutSessionStatusExpired, b.again(t, late.ID).Status)
	_, err = sandbox.Pay(b.ctx, late.URL, sandbox.Payer{PaymentMethod: "pm_card_visa"})
	require.ErrorContains(t, err, "410")
	require.Equal(t, []string{"checkout.session.expired", "payment_intent.canceled", "checkout.session.expired"}, kindsOf(in.wait(t, 3)))
	it := b.api.CheckoutSessions.List(&stripego.CheckoutSessionListParams{Status: stripego.String("expired")})
	count := 0
	for it.Next() {
		count++
	}
	require.Equal(t, 2, count)
}

func TestCheckoutRefusesNonsense(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const done, item = "&success_url=https://shop.example/done", "&line_items[0][price_data][currency]=eur&line_items[0][price_data][product_data][name]=Seat"
	for form, phrase := range map[string]string{
		"mode=payment" + done: "between 1 and 100 `line_items`", "mode=payment" + item + "&line_items[0][price_data][unit_amount]=500": "success_url",
		"mode=payment" + done + item: "unit_amount", "mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=10": "at least",
		"mode=payment" + done + "&line_items[0][price]=price_x": "No such price", "mode=setup" + done: "Missing required param: currency",
		"mode=subscription" + done: "must be one of payment, setup",
		"mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=500&automatic_tax[enabled]=true":                 "calculates no taxes",
		"mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=500&currency=usd":                                "must be in its currency, usd",
		"mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=500&payment_method_types[]=us_bank_account":      "support the following currencies: usd",
		"mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=500&discounts[0][coupon]=x":                      "unknown parameter",
		"mode=payment" + done + item + "&line_items[0][price_data][unit_amount]=500&expires_at=" + fmt.Sprint(time.Now().Unix()): "at least 30 minutes",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/checkout/sessions", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, form)
		require.Contains(t, errorOf(body)["message"], phrase, form)
	}
	params := cart("usd")
	params.PaymentMethodTypes = stripego.StringSlice([]string{"card"})
	s := b.checkout(t, params)
	for method, phrase := range map[string]string{"pm_usBankAccount_success": "does not take payments by us_bank_account", "4000000000000001": "Choose a test method", "": "Choose a test method"} {
		_, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: method})
		require.ErrorContains(t, err, phrase)
	}
}
