package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// What a payment took from the customer's cash goes back to that customer, whatever becomes of the payment.
func TestCashOfAChangedPaymentGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	p, err := b.api.PaymentIntents.New(byTransfer(c.ID, 5000))
	require.NoError(t, err)
	b.fund(t, c.ID, 2000, "")
	other := b.customer(t)
	_, err = b.api.PaymentIntents.Update(p.ID, &stripego.PaymentIntentParams{Amount: stripego.Int64(6000), Customer: &other.ID})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.Confirm(p.ID, &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String("pm_card_visa"), PaymentMethodTypes: stripego.StringSlice([]string{"card"}),
	})
	require.NoError(t, err)
	for customer, want := range map[string]int64{c.ID: 2000, other.ID: 0} {
		balance, err := b.api.CashBalances.Get(&stripego.CashBalanceParams{Customer: &customer})
		require.NoError(t, err)
		require.Equal(t, want, balance.Available["eur"])
	}
}

func TestNobodyIsDebitedAfterTakingTheAccountBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	m, err := b.api.PaymentMethods.Attach("pm_usBankAccount_success", &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	asked := &stripego.PaymentIntentParams{
		Amount: stripego.Int64(5000), Currency: stripego.String("usd"), Customer: &c.ID, PaymentMethod: &m.ID, Confirm: stripego.Bool(true),
		PaymentMethodTypes: stripego.StringSlice([]string{"us_bank_account"}), MandateData: &stripego.PaymentIntentMandateDataParams{
			CustomerAcceptance: &stripego.PaymentIntentMandateDataCustomerAcceptanceParams{Type: stripego.String("offline")},
		},
		PaymentMethodOptions: &stripego.PaymentIntentPaymentMethodOptionsParams{
			USBankAccount: &stripego.PaymentIntentPaymentMethodOptionsUSBankAccountParams{VerificationMethod: stripego.String("microdeposits")},
		},
	}
	p, err := b.api.PaymentIntents.New(asked)
	require.NoError(t, err)
	_, err = b.api.PaymentMethods.Detach(m.ID, nil)
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.VerifyMicrodeposits(p.ID, &stripego.PaymentIntentVerifyMicrodepositsParams{DescriptorCode: stripego.String("SM11AA")})
	require.Equal(t, stripego.ErrorCodePaymentMethodUnexpectedState, refusal(t, err).Code)
	require.Zero(t, countCharges(t, b, c.ID))
}

func TestCheckoutExpiresThoughItsPaymentWasCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var sessions []*stripego.CheckoutSession
	for range 2 {
		s := b.checkout(t, cart("usd"))
		_, err := sandbox.Pay(b.ctx, s.URL, sandbox.Payer{PaymentMethod: "pm_card_chargeDeclined"})
		require.Error(t, err)
		_, err = b.api.PaymentIntents.Cancel(b.again(t, s.ID).PaymentIntent.ID, nil)
		require.NoError(t, err)
		sessions = append(sessions, s)
	}
	_, err := b.api.CheckoutSessions.Expire(sessions[0].ID, nil)
	require.NoError(t, err)
	b.advance(t, 25*time.Hour)
	require.Equal(t, stripego.CheckoutSessionStatusExpired, b.again(t, sessions[1].ID).Status)
}

func TestRefundedInquiryDoesNotEscalate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, d := b.disputed(t, "pm_card_createDisputeInquiry")
	_, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
	require.NoError(t, err)
	_, err = b.api.Disputes.Update(d.ID, evidence("escalate_inquiry_evidence"))
	require.NoError(t, err)
	d, err = b.api.Disputes.Get(d.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.DisputeStatusWarningClosed, d.Status)
	require.Equal(t, int64(-88), b.net(t), "only the fee of the charge is gone")
}
