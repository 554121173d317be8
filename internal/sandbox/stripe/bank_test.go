package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// typedIn saves a bank account whose number the customer typed, so that it has to be verified.
func (b *bundle) typedIn(t testing.TB, number string) *stripego.SetupIntent {
	t.Helper()
	c := b.customer(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, Confirm: stripego.Bool(true), MandateData: accepted(), PaymentMethodTypes: stripego.StringSlice([]string{"us_bank_account"}),
		PaymentMethodData: &stripego.SetupIntentPaymentMethodDataParams{
			Type: stripego.String("us_bank_account"), BillingDetails: &stripego.SetupIntentPaymentMethodDataBillingDetailsParams{Name: stripego.String("Ada")},
			USBankAccount: &stripego.SetupIntentPaymentMethodDataUSBankAccountParams{
				AccountHolderType: stripego.String("company"), AccountNumber: &number, RoutingNumber: stripego.String("110000000"),
			},
		},
	})
	require.NoError(t, err)
	return s
}

func TestBankAccountIsVerifiedByMicrodeposits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := b.typedIn(t, "000123456789")
	require.Equal(t, stripego.SetupIntentStatusRequiresAction, s.Status)
	require.Equal(t, "descriptor_code", string(s.NextAction.VerifyWithMicrodeposits.MicrodepositType))
	given, err := b.api.Mandates.Get(s.Mandate.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.MandateStatusPending, given.Status)

	_, err = b.api.SetupIntents.VerifyMicrodeposits(s.ID, &stripego.SetupIntentVerifyMicrodepositsParams{Amounts: []*int64{stripego.Int64(1), stripego.Int64(2)}})
	e := refusal(t, err)
	require.Equal(t, "payment_method_microdeposit_verification_amounts_mismatch", string(e.Code))
	require.Contains(t, e.Msg, "9 verification attempts remaining")
	s, err = b.api.SetupIntents.VerifyMicrodeposits(s.ID, &stripego.SetupIntentVerifyMicrodepositsParams{Amounts: []*int64{stripego.Int64(45), stripego.Int64(32)}})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusSucceeded, s.Status)
	given, err = b.api.Mandates.Get(given.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.MandateStatusActive, given.Status)
	p, err := b.api.PaymentIntents.New(debit(s.Customer.ID, s.PaymentMethod.ID, "us_bank_account", 5000, "usd"))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
	m, err := b.api.PaymentMethods.Get(s.PaymentMethod.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "company", string(m.USBankAccount.AccountHolderType))
	require.Empty(t, m.USBankAccount.FinancialConnectionsAccount)
}

func TestMicrodepositsEndByCode(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for code, want := range map[string]string{
		"SM11AA": "", "SM33CC": "payment_method_microdeposit_verification_attempts_exceeded", "SM44DD": "payment_method_microdeposit_verification_timeout",
	} {
		s := b.typedIn(t, "000123456789")
		_, err := b.api.SetupIntents.VerifyMicrodeposits(s.ID, &stripego.SetupIntentVerifyMicrodepositsParams{DescriptorCode: &code})
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, want, string(refusal(t, err).Code))
		s, err = b.api.SetupIntents.Get(s.ID, nil)
		require.NoError(t, err)
		require.Equal(t, stripego.SetupIntentStatusRequiresPaymentMethod, s.Status)
	}
	s := b.typedIn(t, "000666666661")
	_, err := b.api.SetupIntents.VerifyMicrodeposits(s.ID, &stripego.SetupIntentVerifyMicrodepositsParams{DescriptorCode: stripego.String("SM11AA")})
	require.Error(t, err, "this account never verifies")
	s = b.typedIn(t, "000123456789")
	require.Equal(t, http.StatusOK, authenticate(t, s.NextAction.VerifyWithMicrodeposits.HostedVerificationURL, "succeed").StatusCode)
	s, err = b.api.SetupIntents.Get(s.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusSucceeded, s.Status, "the page verifies, too")
}

// How an account is to be verified may be said when the intent is made, and confirmed later.
func TestVerificationIsRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		PaymentMethodTypes: stripego.StringSlice([]string{"us_bank_account"}), PaymentMethodOptions: &stripego.SetupIntentPaymentMethodOptionsParams{
			USBankAccount: &stripego.SetupIntentPaymentMethodOptionsUSBankAccountParams{VerificationMethod: stripego.String("microdeposits")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "microdeposits", string(s.PaymentMethodOptions.USBankAccount.VerificationMethod))
	s, err = b.api.SetupIntents.Confirm(s.ID, &stripego.SetupIntentConfirmParams{PaymentMethod: stripego.String("pm_usBankAccount_success"), MandateData: accepted()})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusRequiresAction, s.Status)
}

func TestPaymentWaitsForMicrodeposits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := b.api.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(5000), Currency: stripego.String("usd"), PaymentMethod: stripego.String("pm_usBankAccount_success"), Confirm: stripego.Bool(true),
		PaymentMethodTypes: stripego.StringSlice([]string{"us_bank_account"}), MandateData: &stripego.PaymentIntentMandateDataParams{
			CustomerAcceptance: &stripego.PaymentIntentMandateDataCustomerAcceptanceParams{Type: stripego.String("offline")},
		},
		PaymentMethodOptions: &stripego.PaymentIntentPaymentMethodOptionsParams{
			USBankAccount: &stripego.PaymentIntentPaymentMethodOptionsUSBankAccountParams{VerificationMethod: stripego.String("microdeposits")},
		},
	})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusRequiresAction, p.Status)
	require.Equal(t, stripego.PaymentIntentNextActionTypeVerifyWithMicrodeposits, p.NextAction.Type)
	require.Nil(t, p.LatestCharge)
	p, err = b.api.PaymentIntents.VerifyMicrodeposits(p.ID, &stripego.PaymentIntentVerifyMicrodepositsParams{DescriptorCode: stripego.String("SM11AA")})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
	_, err = b.api.PaymentIntents.VerifyMicrodeposits(p.ID, &stripego.PaymentIntentVerifyMicrodepositsParams{DescriptorCode: stripego.String("SM11AA")})
	require.Equal(t, "payment_method_bank_account_already_verified", string(refusal(t, err).Code))
	b.advance(t, businessWeek)
	p, err = b.api.PaymentIntents.Get(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
}

// iDEAL and Bancontact approve once and leave a SEPA debit for later.
func TestRedirectTurnsIntoSEPADebit(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"ideal", "bancontact"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.customer(t)
			p, err := b.api.PaymentIntents.New(&stripego.PaymentIntentParams{
				Amount: stripego.Int64(5000), Currency: stripego.String("eur"), Customer: &c.ID, Confirm: stripego.Bool(true),
				PaymentMethodTypes: stripego.StringSlice([]string{kind}), SetupFutureUsage: stripego.String("off_session"),
				PaymentMethodData: &stripego.PaymentIntentPaymentMethodDataParams{Type: &kind}, ReturnURL: stripego.String("https://shop.example/back"),
			})
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusRequiresAction, p.Status)
			require.Contains(t, authenticate(t, p.NextAction.RedirectToURL.URL, "succeed").Header.Get("Location"), "redirect_status=succeeded")
			p, err = b.api.PaymentIntents.Get(p.ID, &stripego.PaymentIntentParams{Expand: stripego.StringSlice([]string{"latest_charge"})})
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
			details := p.LatestCharge.PaymentMethodDetails
			made := map[string]string{}
			if details.IDEAL != nil {
				made["ideal"] = details.IDEAL.GeneratedSEPADebit.ID
			}
			if details.Bancontact != nil {
				made["bancontact"] = details.Bancontact.GeneratedSEPADebit.ID
			}
			m, err := b.api.PaymentMethods.Get(made[kind], nil)
			require.NoError(t, err)
			require.Equal(t, p.LatestCharge.ID, m.SEPADebit.GeneratedFrom.Charge.ID)
			require.Equal(t, c.ID, m.Customer.ID)
			p, err = b.api.PaymentIntents.New(debit(c.ID, m.ID, "sepa_debit", 5000, "eur"))
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
			_, err = b.api.PaymentIntents.New(debit(c.ID, p.PaymentMethod.ID, kind, 5000, "eur"))
			require.Error(t, err, "the approval itself is used up")
		})
	}
}

func TestMethodsHaveTheirLimits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for form, phrase := range map[string]string{
		"currency=eur&payment_method_types[]=us_bank_account":                                         "The currency provided (eur) is invalid for one or more payment method types",
		"currency=usd&payment_method_types[]=card&payment_method_types[]=sepa_debit":                  "support the following currencies: eur",
		"currency=usd&payment_method_types[]=pigeon":                                                  "must be one of",
		"currency=eur&payment_method_data[type]=sepa_debit":                                           "Missing required param: sepa_debit[iban]",
		"currency=eur&payment_method_data[type]=sepa_debit&payment_method_data[sepa_debit][iban]=DE1": "not one of Stripe's test accounts",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/payment_intents", "amount=2000&"+form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, form)
		require.Contains(t, errorOf(body)["message"], phrase, form)
	}
	customer, method, _ := b.savedBank(t, "pm_success_at")
	_, err := b.api.PaymentIntents.New(debit(customer, method, "sepa_debit", 1_000_001, "eur"))
	e := refusal(t, err)
	require.Equal(t, "charge_exceeds_transaction_limit", string(e.Code))
	require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
	manual := debit(customer, method, "sepa_debit", 5000, "eur")
	manual.CaptureMethod = stripego.String("manual")
	_, err = b.api.PaymentIntents.New(manual)
	require.Equal(t, "capture_method", refusal(t, err).Param)
	p, err := b.api.PaymentIntents.New(&stripego.PaymentIntentParams{Amount: stripego.Int64(2000), Currency: stripego.String("gbp")})
	require.NoError(t, err)
	require.Equal(t, []string{"card", "bacs_debit", "link"}, p.PaymentMethodTypes, "dynamic methods suit the currency")
	_, err = b.api.SetupIntents.New(&stripego.SetupIntentParams{PaymentMethodTypes: stripego.StringSlice([]string{"customer_balance"})})
	require.Contains(t, refusal(t, err).Msg, "cannot be saved")
}

func TestLinkPaysLikeACard(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	m, err := b.api.PaymentMethods.New(&stripego.PaymentMethodParams{
		Type: stripego.String("link"), BillingDetails: &stripego.PaymentMethodBillingDetailsParams{Email: stripego.String("ada@example.com")},
	})
	require.NoError(t, err)
	_, err = b.api.PaymentMethods.Attach(m.ID, &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
	_, err = b.api.PaymentMethods.Detach(m.ID, nil)
	require.NoError(t, err)
}
