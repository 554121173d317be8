package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestCustomersArePlacedForTax(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "US", "state_sales_tax", "[state]", "CA")
	b.register(t, "IE", "oss_union")
	for name, tc := range map[string]struct {
		where     *stripego.AddressParams
		automatic stripego.CustomerTaxAutomaticTax
		state     string
	}{
		"nowhere": {nil, "unrecognized_location", ""}, "California": {at("US", "", "94103"), "supported", "CA"}, "New York": {at("US", "NY", "10001"), "not_collecting", "NY"},
		"somewhere in America": {in("US"), "unrecognized_location", ""}, "France": {in("FR"), "supported", ""}, "Japan": {in("JP"), "not_collecting", ""},
	} {
		params := &stripego.CustomerParams{Address: tc.where, Tax: &stripego.CustomerTaxParams{IPAddress: stripego.String("192.0.2.1")}}
		params.AddExpand("tax")
		c, err := b.api.Customers.New(params)
		require.NoError(t, err)
		require.Equal(t, tc.automatic, c.Tax.AutomaticTax, name)
		require.Equal(t, "192.0.2.1", c.Tax.IPAddress)
		if tc.automatic != "unrecognized_location" {
			require.Equal(t, tc.state, c.Tax.Location.State, name)
			require.Equal(t, "billing_address", string(c.Tax.Location.Source))
		}
		b.requireShape(t, "/v1/customers/"+c.ID+"?expand[]=tax", stripego.Customer{})
		c, err = b.api.Customers.Get(c.ID, nil)
		require.NoError(t, err)
		require.Nil(t, c.Tax, "sent only when asked for")
	}
	_, err := b.api.Customers.New(&stripego.CustomerParams{Address: in("US"), Tax: &stripego.CustomerTaxParams{ValidateLocation: stripego.String("immediately")}})
	require.Equal(t, stripego.ErrorCodeCustomerTaxLocationInvalid, refusal(t, err).Code)
	for form, phrase := range map[string]string{"tax[ip_address]=here": "Invalid IP address: here", "tax[validate_location]=soon": "must be one of", "tax[state]=CA": "unknown parameter"} {
		res, body := b.raw(t, http.MethodPost, "/v1/customers", form, nil)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
		require.Contains(t, errorOf(body)["message"], phrase)
	}
}
