package stripe_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestPaymentSucceedsAndExpands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	require.Regexp(t, `^pm_\w{24}$`, m.ID)
	require.Equal(t, "4242", m.Card.Last4)

	at := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	params := offSession(c.ID, m.ID, 2000, "usd")
	params.Metadata = map[string]string{"invoice": "in-1"}
	params.AddExpand("latest_charge.balance_transaction")
	params.AddExpand("customer")
	asOf(&params.Params, at)
	p, err := b.api.PaymentIntents.New(params)
	require.NoError(t, err)

	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
	require.Equal(t, at.Unix(), p.Created)
	require.Equal(t, "Ada", p.Customer.Name)
	charge := p.LatestCharge
	require.True(t, charge.Paid)
	require.True(t, charge.Captured)
	require.Equal(t, map[string]string{"invoice": "in-1"}, charge.Metadata)
	require.Equal(t, "authorized", charge.Outcome.Type)
	require.Equal(t, at.Unix(), charge.Created)
	movement := charge.BalanceTransaction
	require.Equal(t, int64(2000), movement.Amount)
	require.Equal(t, int64(88), movement.Fee) // 58 + 30
	require.Equal(t, int64(1912), movement.Net)
	require.Equal(t, stripego.BalanceTransactionTypeCharge, movement.Type)

	receipt, err := http.Get(charge.ReceiptURL)
	require.NoError(t, err)
	require.NoError(t, receipt.Body.Close())
	require.Equal(t, http.StatusOK, receipt.StatusCode)
}

func TestDeclines(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cases := []struct{ token, code, declineCode string }{
		{"pm_card_visa_chargeDeclined", "card_declined", "generic_decline"},
		{"pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"},
		{"pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"},
		{"pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"},
		{"pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"},
		{"pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"},
		{"pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"},
		{"pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"},
		{"pm_card_chargeCustomerFail", "card_declined", "generic_decline"},
		{"pm_card_radarBlock", "card_declined", "fraudulent"},
	}
	for _, tc := range cases {
		t.Run(tc.token, func(t *testing.T) {
			t.Parallel()
			c := b.customer(t)
			_, err := b.api.PaymentIntents.New(offSession(c.ID, tc.token, 2000, "usd"))
			e := refusal(t, err)
			require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
			require.Equal(t, stripego.ErrorTypeCard, e.Type)
			require.Equal(t, tc.code, string(e.Code))
			require.Equal(t, tc.declineCode, string(e.DeclineCode))
			require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, e.PaymentIntent.Status)
			require.NotNil(t, e.PaymentMethod)

			p, err := b.api.PaymentIntents.Get(e.PaymentIntent.ID, nil)
			require.NoError(t, err)
			require.Nil(t, p.PaymentMethod)
			require.Equal(t, e.ChargeID, p.LatestCharge.ID)
			require.Equal(t, tc.declineCode, string(p.LastPaymentError.DeclineCode))
			charge, err := b.api.Charges.Get(e.ChargeID, nil)
			require.NoError(t, err)
			require.Equal(t, stripego.ChargeStatusFailed, charge.Status)
			require.Nil(t, charge.BalanceTransaction)
		})
	}
}

func TestDecliningCardsCannotBeSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	attach := &stripego.PaymentMethodAttachParams{Customer: &c.ID}
	_, err := b.api.PaymentMethods.Attach("pm_card_visa_chargeDeclined", attach)
	require.Equal(t, stripego.ErrorCodeCardDeclined, refusal(t, err).Code)

	_, err = b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: stripego.String("pm_card_visa_chargeDeclined"), Confirm: stripego.Bool(true),
		PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
	})
	e := refusal(t, err)
	require.Equal(t, stripego.SetupIntentStatusRequiresPaymentMethod, e.SetupIntent.Status)

	_, err = b.api.PaymentMethods.Attach("pm_card_chargeCustomerFail", &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
}

func TestSameIntentIsConfirmedAgainAfterADecline(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, bad := b.customerWith(t, "pm_card_chargeCustomerFail")
	_, err := b.api.PaymentIntents.New(offSession(c.ID, bad.ID, 1500, "eur"))
	p := refusal(t, err).PaymentIntent

	good, err := b.api.PaymentMethods.Attach("pm_card_mastercard", &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	p, err = b.api.PaymentIntents.Confirm(p.ID, &stripego.PaymentIntentConfirmParams{PaymentMethod: &good.ID, OffSession: stripego.Bool(true)})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
	require.Nil(t, p.LastPaymentError)

	_, err = b.api.PaymentIntents.Confirm(p.ID, &stripego.PaymentIntentConfirmParams{PaymentMethod: &good.ID, OffSession: stripego.Bool(true)})
	e := refusal(t, err)
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, e.Code)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, e.PaymentIntent.Status)

	attempts := 0
	for it := b.api.Charges.List(&stripego.ChargeListParams{PaymentIntent: &p.ID}); it.Next(); {
		attempts++
	}
	require.Equal(t, 2, attempts)
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_authenticationRequired")
	_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "eur"))
	e := refusal(t, err)
	require.Equal(t, stripego.ErrorCodeAuthenticationRequired, e.Code)
	require.Equal(t, stripego.DeclineCodeAuthenticationRequired, e.DeclineCode)
	require.Equal(t, m.ID, e.PaymentIntent.LastPaymentError.PaymentMethod.ID)

	onSession := &stripego.PaymentIntentConfirmParams{PaymentMethod: &m.ID, ReturnURL: stripego.String("https://shop.example/back?x=1")}
	p, err := b.api.PaymentIntents.Confirm(e.PaymentIntent.ID, onSession)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresAction, p.Status)
	page := p.NextAction.RedirectToURL.URL

	res := authenticate(t, page, "succeed")
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	require.Contains(t, res.Header.Get("Location"), "redirect_status=succeeded")
	p, err = b.api.PaymentIntents.Get(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
	require.Equal(t, http.StatusNotFound, authenticate(t, page, "succeed").StatusCode)
	made, err := b.api.Charges.Get(p.LatestCharge.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.ChargePaymentMethodDetailsCardThreeDSecureResultAuthenticated, made.PaymentMethodDetails.Card.ThreeDSecure.Result)
}

func TestFailedAuthentication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	params := offSession(b.customer(t).ID, "pm_card_threeDSecure2Required", 2000, "eur")
	params.OffSession, params.ReturnURL = nil, stripego.String("https://shop.example/back")
	p, err := b.api.PaymentIntents.New(params)
	require.NoError(t, err)
	require.NoError(t, sandbox.Authenticate(b.ctx, b.StripeURL(), p.ID, p.ClientSecret, false))
	require.ErrorContains(t, sandbox.Authenticate(b.ctx, b.StripeURL(), p.ID, p.ClientSecret, true), "does not wait for its customer")
	p, err = b.api.PaymentIntents.Get(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, p.Status)
	require.Equal(t, stripego.ErrorCodePaymentIntentAuthenticationFailure, p.LastPaymentError.Code)
}

func TestErrorOnRequiresAction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_authenticationRequired")
	params := offSession(c.ID, m.ID, 2000, "eur")
	params.OffSession, params.ErrorOnRequiresAction = nil, stripego.Bool(true)
	params.AutomaticPaymentMethods = &stripego.PaymentIntentAutomaticPaymentMethodsParams{Enabled: stripego.Bool(true), AllowRedirects: stripego.String("never")}
	_, err := b.api.PaymentIntents.New(params)
	require.Equal(t, stripego.ErrorCodeAuthenticationRequired, refusal(t, err).Code)
}

func TestSetUpCardChargesOffSession(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: stripego.String("pm_card_authenticationRequiredOnSetup"), Confirm: stripego.Bool(true),
		ReturnURL: stripego.String("https://shop.example/back"),
	})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusRequiresAction, s.Status)
	authenticate(t, s.NextAction.RedirectToURL.URL, "succeed")
	s, err = b.api.SetupIntents.Get(s.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusSucceeded, s.Status)

	p, err := b.api.PaymentIntents.New(offSession(c.ID, s.PaymentMethod.ID, 900, "gbp"))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
}

func TestManualCaptureAndCancel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	params := offSession(c.ID, m.ID, 5000, "usd")
	params.CaptureMethod = stripego.String("manual")
	p, err := b.api.PaymentIntents.New(params)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresCapture, p.Status)
	p, err = b.api.PaymentIntents.Capture(p.ID, &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(3000)})
	require.NoError(t, err)
	require.Equal(t, int64(3000), p.AmountReceived)

	params = offSession(c.ID, m.ID, 5000, "usd")
	params.CaptureMethod = stripego.String("manual")
	p, err = b.api.PaymentIntents.New(params)
	require.NoError(t, err)
	p, err = b.api.PaymentIntents.Cancel(p.ID, &stripego.PaymentIntentCancelParams{CancellationReason: stripego.String("abandoned")})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusCanceled, p.Status)
	_, err = b.api.PaymentIntents.Capture(p.ID, nil)
	require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, refusal(t, err).Code)
}

func TestAmountLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	cases := []struct {
		amount   int64
		currency string
		code     string // "ok", or the error code
	}{
		{49, "usd", "amount_too_small"},
		{50, "usd", "ok"},
		{29, "gbp", "amount_too_small"},
		{30, "gbp", "ok"},
		{49, "jpy", "amount_too_small"},
		{50, "jpy", "ok"},
		{99_999_999, "usd", "ok"},
		{100_000_000, "usd", "amount_too_large"},
		{0, "usd", "parameter_invalid_integer"},
		{-5, "usd", "parameter_invalid_integer"},
		{5123, "kwd", ""},
		{5120, "kwd", "ok"},
		{10_050, "isk", "invalid_charge_amount_no_decimal_compatible"},
		{10_000, "isk", "ok"},
		{100, "zzz", ""},
		{2000, "USD", "ok"},
	}
	for _, tc := range cases {
		_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, tc.amount, tc.currency))
		if tc.code == "ok" {
			require.NoError(t, err, tc)
			continue
		}
		e := refusal(t, err)
		require.Equal(t, tc.code, string(e.Code), tc)
		require.Equal(t, http.StatusBadRequest, e.HTTPStatusCode, tc)
	}
}

func TestReturnURLIsDemandedForDynamicMethods(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	params := offSession(c.ID, m.ID, 2000, "usd")
	params.OffSession = nil
	_, err := b.api.PaymentIntents.New(params)
	require.Contains(t, refusal(t, err).Msg, "you must provide a `return_url`")
	books := b.api.PaymentIntents.List(&stripego.PaymentIntentListParams{Customer: &c.ID})
	require.False(t, books.Next()) // nothing was left behind
}

func TestCardsExpireInBillingTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	created := &stripego.PaymentMethodParams{Type: stripego.String("card"), Card: &stripego.PaymentMethodCardParams{
		Number: stripego.String("4242424242424242"), ExpMonth: stripego.Int64(12), ExpYear: stripego.Int64(2050),
	}}
	m, err := b.api.PaymentMethods.New(created)
	require.NoError(t, err)
	_, err = b.api.PaymentMethods.Attach(m.ID, &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, "ok", b.charge(t, c.ID, m.ID, time.Date(2050, 12, 31, 23, 59, 59, 0, time.UTC)))
	require.Equal(t, "expired_card", b.charge(t, c.ID, m.ID, time.Date(2051, 1, 1, 0, 0, 0, 0, time.UTC)))
}
