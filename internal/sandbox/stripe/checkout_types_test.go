package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// pageWith is a checkout in a currency that names its payment methods.
func pageWith(customer, currency string, kinds ...string) *stripego.CheckoutSessionParams {
	params := cart(currency)
	params.PaymentMethodTypes = stripego.StringSlice(kinds)
	if customer != "" {
		params.Customer = &customer
	}
	return params
}

func TestPagesNameWhatNobodyCanPayWithHere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.checkout(t, pageWith("", "pln", "card", "blik", "p24"))
	require.Equal(t, []string{"card", "blik", "p24"}, s.PaymentMethodTypes)
	_, err := sandbox.Pay(t.Context(), s.URL, sandbox.Payer{PaymentMethod: "blik"})
	require.ErrorContains(t, err, "402")
	_, err = b.api.PaymentMethods.New(&stripego.PaymentMethodParams{Type: stripego.String("blik")})
	require.Equal(t, stripego.ErrorCode("payment_method_unsupported_type"), refusal(t, err).Code)
	dynamic := b.checkout(t, cart("pln"))
	require.NotContains(t, dynamic.PaymentMethodTypes, "blik", "which the account has not enabled")
}

func TestPagesRefuseWhatStripeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	saving := func(params *stripego.CheckoutSessionParams) *stripego.CheckoutSessionParams {
		params.PaymentIntentData = &stripego.CheckoutSessionPaymentIntentDataParams{SetupFutureUsage: stripego.String("off_session")}
		return params
	}
	setUp := &stripego.CheckoutSessionParams{
		Mode: stripego.String("setup"), Currency: stripego.String("cad"), SuccessURL: stripego.String("https://shop.example/"),
		PaymentMethodTypes: stripego.StringSlice([]string{"acss_debit"}),
		PaymentMethodOptions: &stripego.CheckoutSessionPaymentMethodOptionsParams{ACSSDebit: &stripego.CheckoutSessionPaymentMethodOptionsACSSDebitParams{
			MandateOptions: &stripego.CheckoutSessionPaymentMethodOptionsACSSDebitMandateOptionsParams{
				PaymentSchedule: stripego.String("sporadic"), TransactionType: stripego.String("personal"),
			},
		}},
	}
	for _, tc := range []struct {
		param  string
		params *stripego.CheckoutSessionParams
	}{
		{"payment_method_types", pageWith("", "eur", "card", "blik")},
		{"payment_intent_data[setup_future_usage]", saving(pageWith("", "pln", "card", "blik"))},
		{"payment_intent_data[setup_future_usage]", saving(pageWith(c.ID, "eur", "card", "klarna"))},
		{"payment_method_options[wechat_pay][client]", pageWith("", "hkd", "card", "wechat_pay")},
		{"payment_method_options[acss_debit][mandate_options][payment_schedule]", pageWith("", "cad", "card", "acss_debit")},
		{"payment_method_options[acss_debit][currency]", setUp},
		{"customer", pageWith("", "eur", "card", "customer_balance")},
		{"payment_method_options[customer_balance][bank_transfer][type]", pageWith(c.ID, "eur", "card", "customer_balance")},
	} {
		_, err := b.api.CheckoutSessions.New(tc.params)
		require.Equal(t, tc.param, refusal(t, err).Param, "%v", *tc.params.PaymentMethodTypes[0])
	}
}

// Whoever chooses to transfer has closed the page, and pays when the money arrives.
func TestATransferOnAPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	in := newInbox(t, b, "checkout.session.completed", "checkout.session.async_payment_succeeded")
	params := pageWith(c.ID, "eur", "card", "customer_balance")
	params.PaymentMethodOptions = &stripego.CheckoutSessionPaymentMethodOptionsParams{
		CustomerBalance: &stripego.CheckoutSessionPaymentMethodOptionsCustomerBalanceParams{
			FundingType: stripego.String("bank_transfer"), BankTransfer: &stripego.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferParams{
				Type:           stripego.String("eu_bank_transfer"),
				EUBankTransfer: &stripego.CheckoutSessionPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: stripego.String("DE")},
			},
		},
	}
	s := b.checkout(t, params)
	_, err := sandbox.Pay(t.Context(), s.URL, sandbox.Payer{PaymentMethod: "customer_balance"})
	require.NoError(t, err)
	s = b.again(t, s.ID, "payment_intent")
	require.Equal(t, stripego.CheckoutSessionStatusComplete, s.Status)
	require.Equal(t, stripego.CheckoutSessionPaymentStatusUnpaid, s.PaymentStatus)
	require.Equal(t, int64(5000), s.PaymentIntent.NextAction.DisplayBankTransferInstructions.AmountRemaining)
	b.fund(t, c.ID, 6000, "")
	require.Equal(t, stripego.CheckoutSessionPaymentStatusPaid, b.again(t, s.ID).PaymentStatus)
	require.Equal(t, []string{"checkout.session.completed", "checkout.session.async_payment_succeeded"}, kindsOf(in.wait(t, 2)))
	books, err := sandbox.FetchBooks(t.Context(), b.StripeURL())
	require.NoError(t, err)
	require.Equal(t, []sandbox.BookedCash{{Available: 1000, Currency: "eur", Customer: c.ID}}, books.Cash)
	require.Equal(t, int64(5000), books.Totals[0].Captured, "what pays nothing is none of the balance")
}
