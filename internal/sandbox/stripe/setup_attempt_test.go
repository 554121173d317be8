package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestSetupAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: stripego.String("pm_card_threeDSecure2Required"), Confirm: stripego.Bool(true), ReturnURL: stripego.String("https://shop.example/back"),
	})
	require.NoError(t, err)
	authenticate(t, s.NextAction.RedirectToURL.URL, "fail")
	s, err = b.api.SetupIntents.Confirm(s.ID, &stripego.SetupIntentConfirmParams{
		PaymentMethod: stripego.String("pm_card_visa"), ReturnURL: stripego.String("https://shop.example/back"), Expand: stripego.StringSlice([]string{"latest_attempt"}),
	})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupAttemptStatusSucceeded, s.LatestAttempt.Status)
	var got []string
	it := b.api.SetupAttempts.List(&stripego.SetupAttemptListParams{SetupIntent: &s.ID})
	for it.Next() {
		got = append(got, string(it.SetupAttempt().Status))
	}
	require.NoError(t, it.Err())
	require.Equal(t, []string{"succeeded", "failed"}, got)
	b.requireShape(t, "/v1/setup_attempts?setup_intent="+s.ID, stripego.SetupAttemptList{})
	_, err = b.api.SetupIntents.New(&stripego.SetupIntentParams{})
	require.NoError(t, err)
	none := b.api.SetupAttempts.List(&stripego.SetupAttemptListParams{SetupIntent: stripego.String("seti_none")})
	require.False(t, none.Next())
	require.Error(t, none.Err())
}

// Saving iDEAL leaves the SEPA debit in the attempt.
func TestSetupByIdeal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, Confirm: stripego.Bool(true), ReturnURL: stripego.String("https://shop.example/back"),
		PaymentMethodTypes: stripego.StringSlice([]string{"ideal"}), PaymentMethodData: &stripego.SetupIntentPaymentMethodDataParams{Type: stripego.String("ideal")},
	})
	require.NoError(t, err)
	authenticate(t, s.NextAction.RedirectToURL.URL, "succeed")
	s, err = b.api.SetupIntents.Get(s.ID, &stripego.SetupIntentParams{Expand: stripego.StringSlice([]string{"latest_attempt"})})
	require.NoError(t, err)
	m, err := b.api.PaymentMethods.Get(s.LatestAttempt.PaymentMethodDetails.IDEAL.GeneratedSEPADebit.ID, nil)
	require.NoError(t, err)
	require.Equal(t, s.LatestAttempt.ID, m.SEPADebit.GeneratedFrom.SetupAttempt.ID)
	_, err = b.api.PaymentIntents.New(debit(c.ID, m.ID, "sepa_debit", 5000, "eur"))
	require.NoError(t, err)
}
