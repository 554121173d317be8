package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefusesTaxCalculations(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	const line, where = "line_items[0][amount]=100", "&customer_details[address][country]=DE"
	for _, tc := range []struct{ form, code, param, phrase string }{
		{line + where, "parameter_missing", "currency", "Missing required param"},
		{"currency=eur" + where, "parameter_missing", "line_items", "Missing required param"},
		{"currency=eur&" + line, "parameter_missing", "customer_details", "one of these parameters"},
		{"currency=eur&" + line + where + "&customer=" + c.ID, "", "customer", "only specify one"},
		{"currency=eur&" + line + "&customer=" + c.ID, "customer_tax_location_invalid", "customer", "location isn't recognized"},
		{"currency=eur&" + line + "&customer=cus_x", "resource_missing", "customer", "No such customer"},
		{"currency=xyz&" + line + where, "", "currency", "Invalid currency"},
		{"currency=eur&" + line + "&customer_details[address][country]=ZZ", "country_code_invalid", "customer_details[address][country]", "'ZZ' is unknown"},
		{"currency=eur&" + line + "&customer_details[ip_address]=8.8.8.8", "customer_tax_location_invalid", "customer_details[address]", "location isn't recognized"},
		{"currency=eur&" + line + "&customer_details[ip_address]=8.8.8" + where, "", "customer_details[ip_address]", "Invalid IP address"},
		{"currency=usd&" + line + "&customer_details[address][country]=US", "customer_tax_location_invalid", "customer_details[address]", ""},
		{"currency=usd&" + line + "&customer_details[address][country]=US&customer_details[address][state]=CA", "customer_tax_location_invalid", "customer_details[address]", ""},
		{"currency=usd&" + line + "&customer_details[address][country]=US&customer_details[address][postal_code]=9410", "customer_tax_location_invalid", "customer_details[address]", ""},
		{"currency=usd&" + line + "&customer_details[address][country]=US&customer_details[address][state]=NY&customer_details[address][postal_code]=94103", "customer_tax_location_invalid", "customer_details[address]", ""},
		{"currency=cad&" + line + "&customer_details[address][country]=CA", "customer_tax_location_invalid", "customer_details[address]", ""},
		{"currency=eur&line_items[0][amount]=-1" + where, "parameter_invalid_integer", "line_items[0][amount]", "greater than or equal to 0"},
		{"currency=eur&line_items[0][amount]=1000000000000" + where, "parameter_invalid_integer", "line_items[0][amount]", "less than or equal to"},
		{"currency=eur&" + line + "&line_items[0][quantity]=0" + where, "parameter_invalid_integer", "line_items[0][quantity]", "greater than or equal to 1"},
		{"currency=eur&" + line + "&line_items[0][tax_code]=saas" + where, "resource_missing", "line_items[0][tax_code]", "No such tax code"},
		{"currency=eur&" + line + "&line_items[0][product]=prod_x" + where, "resource_missing", "line_items[0][product]", "No such product"},
		{"currency=eur&" + line + "&line_items[0][reference]=a&line_items[1][amount]=1&line_items[1][reference]=a" + where, "", "line_items[1][reference]", "used by another line item"},
		{"currency=eur&" + line + "&line_items[0][colour]=red" + where, "parameter_unknown", "line_items[0][colour]", "unknown parameter"},
		{"currency=eur&" + line + "&shipping_cost[tax_behavior]=exclusive" + where, "parameter_missing", "shipping_cost[amount]", "Missing required param"},
		{"currency=eur&" + line + "&shipping_cost[shipping_rate]=shr_x" + where, "resource_missing", "shipping_cost[shipping_rate]", "No such shipping rate"},
		{"currency=eur&" + line + "&tax_date=1" + where, "", "tax_date", "48 hours"},
		{"currency=eur&" + line + where + "&customer_details[tax_ids][0][type]=moon_vat&customer_details[tax_ids][0][value]=1", "", "customer_details[tax_ids][0][type]", "must be one of"},
	} {
		res, body := b.raw(t, http.MethodPost, "/v1/tax/calculations", tc.form, nil)
		e := errorOf(body)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Equal(t, []string{tc.code, tc.param}, []string{text(e["code"]), text(e["param"])}, "%v: %v", tc, body)
		require.Contains(t, e["message"], tc.phrase, tc)
	}
}
