package stripe_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	server "github.com/perennial-billing/perennial/internal/sandbox/stripe"
)

// FuzzRequest sends arbitrary forms to arbitrary paths: the answer is never a crash.
func FuzzRequest(f *testing.F) {
	s, err := server.Open(server.Options{Path: filepath.Join(f.TempDir(), "stripe.db")})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	for path, form := range map[string]string{
		"payment_intents": "amount=2000&currency=usd&confirm=true&off_session=true&payment_method=pm_card_visa&expand[]=latest_charge",
		"setup_intents":   "payment_method=pm_card_chargeDeclined&confirm=true&return_url=x",
		"payment_methods": "type=card&card[number]=4242424242424242&card[exp_month]=1&card[exp_year]=99&billing_details[address][city]=x",
		"customers":       "metadata[a]=b&address[line1]=x&preferred_locales[]=de&invoice_settings[default_payment_method]=pm_card_visa",
		"disputes/dp_x":   "evidence[uncategorized_text]=winning_evidence&submit=true", "payment_intents/pi_x/verify_microdeposits": "amounts[]=32&amounts[]=45",
		"test_helpers/customers/cus_x/fund_cash_balance": "amount=5&currency=eur",
		"setup_intents/":    "payment_method=pm_usBankAccount_success&confirm=true&mandate_data[customer_acceptance][type]=offline&payment_method_types[]=us_bank_account",
		"checkout/sessions": "mode=payment&success_url=x&line_items[][price_data][currency]=eur&line_items[][price_data][unit_amount]=500&line_items[][price_data][product_data][name]=a",
		"tax/calculations":  "currency=usd&line_items[0][amount]=5&customer_details[address][country]=US&customer_details[address][postal_code]=94103&customer_details[tax_ids][0][type]=eu_vat&expand[]=line_items.data.tax_breakdown",
		"tax/registrations": "active_from=now&country=CA&country_options[ca][type]=province_standard&country_options[ca][province_standard][province]=QC",
		"tax/settings":      "head_office[address][country]=DE&defaults[tax_code]=txcd_10000000", "tax/transactions/create_reversal": "mode=partial&original_transaction=tax_x&reference=a&flat_amount=-5",
		"tax_ids": "type=eu_vat&value=DE123456789&owner[type]=self", "billing/meters": "display_name=a&event_name=b&default_aggregation[formula]=sum",
		"billing/meter_events": "event_name=b&payload[stripe_customer_id]=cus_x&payload[value]=5&timestamp=5", "radar/value_lists": "alias=a&name=b&item_type=email&contains=x",
		"reporting/report_runs": "report_type=payouts.itemized.3&parameters[interval_start]=1700000000&parameters[interval_end]=1700000001&parameters[columns][]=net",
		"charges/search":        "query=amount>5 AND metadata['a']:null&limit=3&page=Y2g",
		"refunds":               "charge=ch_x&amount=5", "webhook_endpoints": "url=http://127.0.0.1:1&enabled_events[]=none",
		"charges": "limit=3&created[gte]=1&starting_after=ch_x", "events": "types[]=a&delivery_success=true", "balance_transactions": "type=charge",
	} {
		f.Add(path, form, true)
		f.Add(path, form, false)
	}
	f.Fuzz(func(t *testing.T, path, form string, write bool) {
		r := httptest.NewRequest(http.MethodGet, "/v1/x", nil)
		if write {
			r = httptest.NewRequest(http.MethodPost, "/v1/x", strings.NewReader(form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		} else {
			r.URL.RawQuery = form
		}
		r.URL.Path = "/v1/" + path
		r.Header.Set("Authorization", "Bearer "+sandbox.StripeKey)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.Less(t, w.Code, http.StatusInternalServerError, w.Body.String())
	})
}
