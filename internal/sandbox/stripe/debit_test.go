package stripe_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

const businessWeek = 8 * 24 * time.Hour

// accepted is the customer's permission, given in a browser.
func accepted() *stripego.SetupIntentMandateDataParams {
	return &stripego.SetupIntentMandateDataParams{CustomerAcceptance: &stripego.SetupIntentMandateDataCustomerAcceptanceParams{
		Type:   "online",
		Online: &stripego.SetupIntentMandateDataCustomerAcceptanceOnlineParams{IPAddress: stripego.String("203.0.113.7"), UserAgent: stripego.String("test")},
	}}
}

// savedBank makes a customer whose bank account is set up for debits.
func (b *bundle) savedBank(t testing.TB, token string) (customer, method string, s *stripego.SetupIntent) {
	t.Helper()
	c := b.customer(t)
	s, err := b.api.SetupIntents.New(&stripego.SetupIntentParams{
		Customer: &c.ID, PaymentMethod: &token, Confirm: stripego.Bool(true), MandateData: accepted(),
		AutomaticPaymentMethods: &stripego.SetupIntentAutomaticPaymentMethodsParams{Enabled: stripego.Bool(true), AllowRedirects: stripego.String("never")},
	})
	require.NoError(t, err)
	require.Equal(t, stripego.SetupIntentStatusSucceeded, s.Status)
	require.NotNil(t, s.Mandate)
	return c.ID, s.PaymentMethod.ID, s
}

func debit(customer, method, kind string, amount int64, currency string) *stripego.PaymentIntentParams {
	p := offSession(customer, method, amount, currency)
	p.PaymentMethodTypes = stripego.StringSlice([]string{kind})
	return p
}

func TestDebitSucceedsDaysLater(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ token, kind, currency string }{
		{"pm_usBankAccount_success", "us_bank_account", "usd"},
		{"pm_success_de", "sepa_debit", "eur"},
		{"pm_bacsDebit_success", "bacs_debit", "gbp"},
		{"pm_auBecsDebit_success", "au_becs_debit", "aud"},
		{"pm_acssDebit_success", "acss_debit", "cad"},
	} {
		t.Run(tc.kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := newInbox(t, b, "charge.pending", "charge.succeeded", "payment_intent.processing", "payment_intent.succeeded")
			customer, method, s := b.savedBank(t, tc.token)
			given, err := b.api.Mandates.Get(s.Mandate.ID, nil)
			require.NoError(t, err)
			require.Equal(t, stripego.MandateStatusActive, given.Status)
			require.Equal(t, stripego.MandateTypeMultiUse, given.Type)
			require.Equal(t, "203.0.113.7", given.CustomerAcceptance.Online.IPAddress)
			require.Equal(t, method, given.PaymentMethod.ID)

			p, err := b.api.PaymentIntents.New(debit(customer, method, tc.kind, 5000, tc.currency))
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
			c, err := b.api.Charges.Get(p.LatestCharge.ID, nil)
			require.NoError(t, err)
			require.Regexp(t, "^py_", c.ID)
			require.Equal(t, stripego.ChargeStatusPending, c.Status)
			require.False(t, c.Paid)
			require.Nil(t, c.BalanceTransaction)
			_, err = b.api.PaymentIntents.Confirm(p.ID, nil)
			require.Equal(t, stripego.ErrorCodePaymentIntentUnexpectedState, refusal(t, err).Code)
			_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
			require.Error(t, err, "nothing to refund yet")

			b.advance(t, businessWeek)
			p, err = b.api.PaymentIntents.Get(p.ID, nil)
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status)
			require.Equal(t, int64(5000), p.AmountReceived)
			require.Equal(t, []string{"charge.pending", "payment_intent.processing", "charge.succeeded", "payment_intent.succeeded"}, kindsOf(in.wait(t, 4)))
			c, err = b.api.Charges.Get(p.LatestCharge.ID, &stripego.ChargeParams{Expand: stripego.StringSlice([]string{"balance_transaction"})})
			require.NoError(t, err)
			require.Equal(t, stripego.BalanceTransactionTypePayment, c.BalanceTransaction.Type)
			require.Equal(t, int64(40), c.BalanceTransaction.Fee, "0.8 %")
			f, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Expand: stripego.StringSlice([]string{"balance_transaction"})})
			require.NoError(t, err)
			require.Regexp(t, "^pyr_", f.ID)
			require.Equal(t, stripego.BalanceTransactionTypePaymentRefund, f.BalanceTransaction.Type)
		})
	}
}

func TestDebitFailsDaysLater(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ token, kind, currency, code, blocked string }{
		{"pm_usBankAccount_insufficientFunds", "us_bank_account", "usd", "insufficient_funds", ""},
		{"pm_usBankAccount_accountClosed", "us_bank_account", "usd", "account_closed", "R02"},
		{"pm_usBankAccount_noAccount", "us_bank_account", "usd", "no_account", "R03"},
		{"pm_usBankAccount_debitNotAuthorized", "us_bank_account", "usd", "debit_not_authorized", "R10"},
		{"pm_failed_at", "sepa_debit", "eur", "generic_could_not_process", ""},
		{"pm_insufficientFunds_at", "sepa_debit", "eur", "insufficient_funds", ""},
		{"pm_auBecsDebit_referToCustomer", "au_becs_debit", "aud", "refer_to_customer", ""},
	} {
		t.Run(tc.token, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			customer, method, _ := b.savedBank(t, tc.token)
			p, err := b.api.PaymentIntents.New(debit(customer, method, tc.kind, 5000, tc.currency))
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
			b.advance(t, businessWeek)
			p, err = b.api.PaymentIntents.Get(p.ID, &stripego.PaymentIntentParams{Expand: stripego.StringSlice([]string{"latest_charge"})})
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusRequiresPaymentMethod, p.Status)
			require.Equal(t, tc.code, string(p.LastPaymentError.Code))
			require.Equal(t, stripego.ChargeStatusFailed, p.LatestCharge.Status)
			require.Equal(t, tc.code, p.LatestCharge.FailureCode)

			m, err := b.api.PaymentMethods.Get(method, nil)
			require.NoError(t, err)
			again := &stripego.PaymentIntentConfirmParams{PaymentMethod: &method, OffSession: stripego.Bool(true)}
			p, err = b.api.PaymentIntents.Confirm(p.ID, again)
			if tc.blocked == "" {
				require.NoError(t, err, "a lack of money does not block the account")
				require.Equal(t, stripego.PaymentIntentStatusProcessing, p.Status)
				return
			}
			require.Equal(t, tc.blocked, string(m.USBankAccount.StatusDetails.Blocked.NetworkCode))
			e := refusal(t, err)
			require.Equal(t, http.StatusPaymentRequired, e.HTTPStatusCode)
			require.Equal(t, "bank_account_unusable", string(e.Code))
		})
	}
}

func TestDebitNeedsAMandate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	p, err := b.api.PaymentIntents.New(debit(c.ID, "pm_success_at", "sepa_debit", 5000, "eur"))
	require.Contains(t, refusal(t, err).Msg, "requires a mandate, but no existing mandate was found")
	require.Nil(t, p.LatestCharge)
	once := debit(c.ID, "pm_success_at", "sepa_debit", 5000, "eur")
	once.MandateData = &stripego.PaymentIntentMandateDataParams{CustomerAcceptance: &stripego.PaymentIntentMandateDataCustomerAcceptanceParams{
		Type: stripego.String("offline"), Offline: &stripego.PaymentIntentMandateDataCustomerAcceptanceOfflineParams{},
	}}
	p, err = b.api.PaymentIntents.New(once)
	require.NoError(t, err)
	paid, err := b.api.Charges.Get(p.LatestCharge.ID, nil)
	require.NoError(t, err)
	given, err := b.api.Mandates.Get(paid.PaymentMethodDetails.SEPADebit.Mandate, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.MandateTypeSingleUse, given.Type)
	require.Equal(t, stripego.MandateStatusInactive, given.Status, "it was for one payment")
	require.Equal(t, int64(5000), given.SingleUse.Amount)
	_, err = b.api.Mandates.Get("mandate_none", nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
}

func TestDebitReturnedLateIsADispute(t *testing.T) {
	t.Parallel()
	for token, kind := range map[string]string{"pm_usBankAccount_dispute": "us_bank_account", "pm_disputed_de": "sepa_debit"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: dir})
			require.NoError(t, err)
			b := &bundle{Sandbox: first, api: clientFor(first.StripeURL(), sandbox.StripeKey), ctx: t.Context(), url: first.StripeURL()}
			currency := map[string]string{"us_bank_account": "usd", "sepa_debit": "eur"}[kind]
			customer, method, s := b.savedBank(t, token)
			p, err := b.api.PaymentIntents.New(debit(customer, method, kind, 5000, currency))
			require.NoError(t, err)
			b.advance(t, businessWeek)
			require.NoError(t, first.Close())

			b = setupIn(t, dir)
			b.advance(t, 11*24*time.Hour)
			p, err = b.api.PaymentIntents.Get(p.ID, nil)
			require.NoError(t, err)
			require.Equal(t, stripego.PaymentIntentStatusSucceeded, p.Status, "a return after success fails no payment")
			it := b.api.Disputes.List(&stripego.DisputeListParams{PaymentIntent: &p.ID})
			require.True(t, it.Next())
			require.Equal(t, stripego.DisputeStatusLost, it.Dispute().Status)
			require.Equal(t, int64(-5000), it.Dispute().BalanceTransactions[0].Amount)
			require.False(t, it.Next())
			given, err := b.api.Mandates.Get(s.Mandate.ID, nil)
			require.NoError(t, err)
			require.Equal(t, stripego.MandateStatusInactive, given.Status)
			_, err = b.api.PaymentIntents.New(debit(customer, method, kind, 5000, currency))
			require.Contains(t, refusal(t, err).Msg, "requires a mandate")
			kinds := map[string]int{}
			all := b.api.Events.List(&stripego.EventListParams{Types: stripego.StringSlice([]string{
				"charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed", "payment_intent.payment_failed",
			})})
			for all.Next() {
				kinds[string(all.Event().Type)]++
			}
			require.Equal(t, map[string]int{"charge.dispute.created": 1, "charge.dispute.funds_withdrawn": 1, "charge.dispute.closed": 1}, kinds)
		})
	}
}

func TestDebitsFollowScenarios(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer, method, _ := b.savedBank(t, "pm_usBankAccount_success")
	require.NoError(t, sandbox.AddScenario(b.ctx, b.StripeURL(), sandbox.Scenario{Customer: customer, Script: []string{"R01", "ok", "R16"}}))
	var got []string
	for range 3 {
		p, err := b.api.PaymentIntents.New(debit(customer, method, "us_bank_account", 5000, "usd"))
		require.NoError(t, err)
		b.advance(t, businessWeek)
		p, err = b.api.PaymentIntents.Get(p.ID, nil)
		require.NoError(t, err)
		outcome := string(p.Status)
		if p.LastPaymentError != nil {
			outcome = string(p.LastPaymentError.Code)
		}
		got = append(got, outcome)
	}
	require.Equal(t, []string{"insufficient_funds", "succeeded", "bank_account_restricted"}, got)
}

// A debit under way counts for nothing in the books until the bank has answered.
func TestBooksOfDebits(t *testing.T) {
	t.Parallel()
	b := setup(t)
	customer, method, _ := b.savedBank(t, "pm_usBankAccount_success")
	_, err := b.api.PaymentIntents.New(debit(customer, method, "us_bank_account", 5000, "usd"))
	require.NoError(t, err)
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Equal(t, []sandbox.BookTotal{{Currency: "usd", Pending: 1}}, books.Totals)
	b.advance(t, businessWeek)
	books, err = sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Equal(t, []sandbox.BookTotal{{Captured: 5000, Currency: "usd", Fees: 40, Net: 4960, Succeeded: 1}}, books.Totals)
}
