package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestTaxSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	inbox := newInbox(t, b, "tax.settings.updated")
	s, err := b.api.TaxSettings.Get(nil)
	require.NoError(t, err)
	require.Equal(t, stripego.TaxSettingsStatusActive, s.Status)
	b.register(t, "JP", "standard")
	_, err = b.api.TaxSettings.Update(&stripego.TaxSettingsParams{
		Defaults:   &stripego.TaxSettingsDefaultsParams{TaxBehavior: stripego.String("inferred_by_currency"), TaxCode: stripego.String("txcd_10103001")},
		HeadOffice: &stripego.TaxSettingsHeadOfficeParams{Address: in("JP")},
	})
	require.NoError(t, err)
	params := sale(11_000, "jpy", "", in("JP"))
	params.LineItems[0].TaxBehavior = nil
	params.CustomerDetails.TaxIDs = []*stripego.TaxCalculationCustomerDetailsTaxIDParams{{Type: stripego.String("jp_trn"), Value: stripego.String("T1234567891234")}}
	params.AddExpand("line_items")
	c, err := b.api.TaxCalculations.New(params)
	require.NoError(t, err)
	require.Equal(t, int64(1000), c.TaxAmountInclusive, "prices in yen contain their tax, and a seller in Japan charges businesses, too")
	require.Equal(t, "txcd_10103001", c.LineItems.Data[0].TaxCode)
	b.requireWhole(t, "/v1/tax/settings", stripego.TaxSettings{})

	s, err = b.api.TaxSettings.Update(&stripego.TaxSettingsParams{HeadOffice: &stripego.TaxSettingsHeadOfficeParams{Address: in("US")}})
	require.NoError(t, err)
	require.Equal(t, stripego.TaxSettingsStatusPending, s.Status)
	require.Equal(t, []string{"head_office.address"}, s.StatusDetails.Pending.MissingFields)
	_, err = b.api.TaxCalculations.New(params)
	require.Equal(t, stripego.ErrorCode("stripe_tax_inactive"), refusal(t, err).Code)
	require.Len(t, inbox.wait(t, 2), 2)
	for form, phrase := range map[string]string{
		"head_office[address][country]=ZZ": "'ZZ' is unknown", "defaults[tax_code]=x": "No such tax code", "defaults[tax_behavior]=free": "must be one of",
		"head_office[address][city]=Bonn": "Missing required param: head_office[address][country]", "registration=1": "unknown parameter",
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/tax/settings", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
		require.Contains(t, errorOf(body)["message"], phrase)
	}
}
