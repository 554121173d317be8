package stripe_test

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// requireShape asserts that what is under the path has only fields of the library's type.
func (b *bundle) requireShape(t *testing.T, path string, library any) {
	t.Helper()
	res, body := b.raw(t, http.MethodGet, path, "", nil)
	require.Equal(t, http.StatusOK, res.StatusCode, body)
	if data, isList := body["data"].([]any); isList {
		require.NotEmpty(t, data, path)
	}
	require.Empty(t, unknownFields(body, reflect.TypeOf(library), path))
}

func TestFieldsOfBankMethodsAreStripes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for token, kind := range map[string][2]string{
		"pm_usBankAccount_accountClosed": {"us_bank_account", "usd"}, "pm_disputed_at": {"sepa_debit", "eur"},
		"pm_bacsDebit_success": {"bacs_debit", "gbp"}, "pm_auBecsDebit_success": {"au_becs_debit", "aud"}, "pm_acssDebit_success": {"acss_debit", "cad"},
	} {
		customer, method, s := b.savedBank(t, token)
		_, err := b.api.PaymentIntents.New(debit(customer, method, kind[0], 5000, kind[1]))
		require.NoError(t, err)
		b.requireShape(t, "/v1/mandates/"+s.Mandate.ID, stripego.Mandate{})
	}
	c := b.customer(t)
	_, err := b.api.PaymentIntents.New(byTransfer(c.ID, 5000))
	require.NoError(t, err)
	b.fund(t, c.ID, 6000, "reference")
	b.typedIn(t, "000123456789")
	b.advance(t, 30*24*time.Hour)
	for _, token := range []string{"pm_card_createDispute", "pm_card_riskLevelElevated", "pm_card_createIssuerFraudRecord"} {
		_, err := b.api.PaymentIntents.New(offSession(c.ID, token, 2000, "usd"))
		require.NoError(t, err)
	}
	for path, library := range map[string]any{
		"/v1/charges?limit=100": stripego.ChargeList{}, "/v1/payment_intents?limit=100&expand[]=data.payment_method": stripego.PaymentIntentList{},
		"/v1/setup_intents?expand[]=data.payment_method": stripego.SetupIntentList{}, "/v1/disputes": stripego.DisputeList{},
		"/v1/reviews": stripego.ReviewList{}, "/v1/radar/early_fraud_warnings": stripego.RadarEarlyFraudWarningList{},
		"/v1/customers/" + c.ID + "/cash_balance":              stripego.CashBalance{},
		"/v1/customers/" + c.ID + "/cash_balance_transactions": stripego.CustomerCashBalanceTransactionList{},
	} {
		b.requireShape(t, path, library)
	}
}
