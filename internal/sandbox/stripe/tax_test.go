package stripe_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"pgregory.net/rapid"
)

// register makes a tax registration that is active now: "US/CA", "CA/QC", "DE", "IE:oss_union".
func (b *bundle) register(t tester, country, kind string, form ...string) string {
	t.Helper()
	lower := map[string]string{"US": "us", "CA": "ca"}[country]
	if lower == "" {
		lower = string([]byte{country[0] + 32, country[1] + 32})
	}
	params := &stripego.TaxRegistrationParams{Country: &country, ActiveFromNow: stripego.Bool(true)}
	params.AddExtra("country_options["+lower+"][type]", kind)
	for i := 0; i+1 < len(form); i += 2 {
		params.AddExtra("country_options["+lower+"]"+form[i], form[i+1])
	}
	made, err := b.api.TaxRegistrations.New(params)
	require.NoError(t, err)
	return made.ID
}

// sale describes one line for a customer at an address.
func sale(amount int64, currency, behavior string, where *stripego.AddressParams) *stripego.TaxCalculationParams {
	return &stripego.TaxCalculationParams{
		Currency:        &currency,
		CustomerDetails: &stripego.TaxCalculationCustomerDetailsParams{Address: where, AddressSource: stripego.String("billing")},
		LineItems:       []*stripego.TaxCalculationLineItemParams{{Amount: &amount, Reference: stripego.String("seat"), TaxBehavior: &behavior}},
	}
}

func in(country string) *stripego.AddressParams { return &stripego.AddressParams{Country: &country} }

func at(country, state, postal string) *stripego.AddressParams {
	where := in(country)
	if state != "" {
		where.State = &state
	}
	if postal != "" {
		where.PostalCode = &postal
	}
	return where
}

// imposed is one tax that is expected.
type imposed struct {
	country, state, percent, reason string
	tax                             int64
}

// taxCase is a sale at 100.00 by the seller in San Francisco.
type taxCase struct {
	registered [][]string
	where      *stripego.AddressParams
	behavior   string
	idType     string
	override   string
	code       string
	want       []imposed
	total      int64
}

var taxCases = map[string]taxCase{
	"nowhere":            {where: in("DE"), want: []imposed{{"DE", "", "0.0", "not_collecting", 0}}, total: 10_000},
	"at home in Germany": {registered: [][]string{{"DE", "standard"}}, where: in("DE"), want: []imposed{{"DE", "", "19.0", "standard_rated", 1900}}, total: 11_900},
	"inside the price":   {registered: [][]string{{"DE", "standard"}}, where: in("DE"), behavior: "inclusive", want: []imposed{{"DE", "", "19.0", "standard_rated", 1597}}, total: 10_000},
	"one stop shop of the Union": {
		registered: [][]string{{"IE", "oss_union"}}, where: in("FI"), want: []imposed{{"FI", "", "25.5", "standard_rated", 2550}}, total: 12_550,
	},
	"not for its own country": {registered: [][]string{{"IE", "oss_union"}}, where: in("IE"), want: []imposed{{"IE", "", "0.0", "not_collecting", 0}}, total: 10_000},
	"non-Union scheme":        {registered: [][]string{{"IE", "oss_non_union"}}, where: in("IE"), want: []imposed{{"IE", "", "23.0", "standard_rated", 2300}}, total: 12_300},
	"goods from abroad do not matter": {
		registered: [][]string{{"IE", "ioss"}}, where: in("FR"), want: []imposed{{"FR", "", "0.0", "not_collecting", 0}}, total: 10_000,
	},
	"small seller charges the tax of home": {
		registered: [][]string{{"DK", "standard", "[standard][place_of_supply_scheme]", "small_seller"}}, where: in("FR"),
		want: []imposed{{"DK", "", "25.0", "standard_rated", 2500}}, total: 12_500,
	},
	"business in the Union": {
		registered: [][]string{{"DE", "standard"}}, where: in("DE"), idType: "eu_vat", want: []imposed{{"DE", "", "0.0", "reverse_charge", 0}}, total: 10_000,
	},
	"Switzerland charges businesses": {
		registered: [][]string{{"CH", "standard"}}, where: in("CH"), idType: "ch_vat", want: []imposed{{"CH", "", "8.1", "standard_rated", 810}}, total: 10_810,
	},
	"exempt":              {registered: [][]string{{"GB", "standard"}}, where: in("GB"), override: "customer_exempt", want: []imposed{{"GB", "", "0.0", "customer_exempt", 0}}, total: 10_000},
	"reversed by hand":    {registered: [][]string{{"GB", "standard"}}, where: in("GB"), override: "reverse_charge", want: []imposed{{"GB", "", "0.0", "reverse_charge", 0}}, total: 10_000},
	"product without tax": {registered: [][]string{{"GB", "standard"}}, where: in("GB"), code: "txcd_00000000", want: []imposed{{"GB", "", "0.0", "product_exempt", 0}}, total: 10_000},
	"a state by its postal code": {
		registered: [][]string{{"US", "state_sales_tax", "[state]", "CA"}}, where: at("US", "", "94103"), want: []imposed{{"US", "CA", "7.25", "standard_rated", 725}}, total: 10_725,
	},
	"another state": {
		registered: [][]string{{"US", "state_sales_tax", "[state]", "CA"}}, where: at("US", "NY", "10001"), want: []imposed{{"US", "NY", "0.0", "not_collecting", 0}}, total: 10_000,
	},
	"a state without the tax": {where: at("US", "OR", "97201"), want: []imposed{{"US", "OR", "0.0", "not_subject_to_tax", 0}}, total: 10_000},
	"lease tax is another":    {registered: [][]string{{"US", "local_lease_tax", "[state]", "IL", "[local_lease_tax][jurisdiction]", "14000"}}, where: at("US", "IL", "60601"), want: []imposed{{"US", "IL", "0.0", "not_collecting", 0}}, total: 10_000},
	"harmonized in Ontario":   {registered: [][]string{{"CA", "standard"}}, where: at("CA", "", "M5V 2T6"), want: []imposed{{"CA", "", "13.0", "standard_rated", 1300}}, total: 11_300},
	"two taxes in Quebec": {
		registered: [][]string{{"CA", "simplified"}, {"CA", "province_standard", "[province_standard][province]", "QC"}}, where: at("CA", "QC", ""),
		want: []imposed{{"CA", "", "5.0", "standard_rated", 500}, {"CA", "QC", "9.975", "standard_rated", 998}}, total: 11_498,
	},
	"two taxes inside the price": {
		registered: [][]string{{"CA", "simplified"}, {"CA", "province_standard", "[province_standard][province]", "QC"}}, where: at("CA", "QC", ""), behavior: "inclusive",
		want: []imposed{{"CA", "", "5.0", "standard_rated", 435}, {"CA", "QC", "9.975", "standard_rated", 867}}, total: 10_000,
	},
	"the province alone": {
		registered: [][]string{{"CA", "province_standard", "[province_standard][province]", "BC"}}, where: at("CA", "BC", ""), idType: "ca_gst_hst",
		want: []imposed{{"CA", "", "0.0", "not_collecting", 0}, {"CA", "BC", "7.0", "standard_rated", 700}}, total: 10_700,
	},
	"a country that Stripe Tax lacks": {where: in("BR"), want: []imposed{{"BR", "", "0.0", "not_supported", 0}}, total: 10_000},
}

func TestTaxIsCollectedWhereRegistered(t *testing.T) {
	t.Parallel()
	for name, tc := range taxCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			for _, r := range tc.registered {
				b.register(t, r[0], r[1], r[2:]...)
			}
			if tc.behavior == "" {
				tc.behavior = "exclusive"
			}
			params := sale(10_000, "eur", tc.behavior, tc.where)
			if tc.idType != "" {
				params.CustomerDetails.TaxIDs = []*stripego.TaxCalculationCustomerDetailsTaxIDParams{{Type: &tc.idType, Value: stripego.String("x")}}
			}
			if tc.override != "" {
				params.CustomerDetails.TaxabilityOverride = &tc.override
			}
			if tc.code != "" {
				params.LineItems[0].TaxCode = &tc.code
			}
			params.AddExpand("line_items.data.tax_breakdown")
			c, err := b.api.TaxCalculations.New(params)
			require.NoError(t, err)
			require.Equal(t, tc.total, c.AmountTotal)
			require.Len(t, c.TaxBreakdown, len(tc.want))
			require.Len(t, c.LineItems.Data[0].TaxBreakdown, len(tc.want))
			sum := int64(0)
			for i, w := range tc.want {
				s := c.TaxBreakdown[i]
				got := imposed{s.TaxRateDetails.Country, s.TaxRateDetails.State, s.TaxRateDetails.PercentageDecimal, string(s.TaxabilityReason), s.Amount}
				require.Equal(t, w, got)
				line := c.LineItems.Data[0].TaxBreakdown[i]
				require.Equal(t, w.tax, line.Amount)
				require.Equal(t, w.reason == "standard_rated", line.TaxRateDetails != nil, "a tax that is not imposed has no rate")
				sum += w.tax
			}
			require.Equal(t, sum, c.LineItems.Data[0].AmountTax)
			require.Equal(t, sum, c.TaxAmountExclusive+c.TaxAmountInclusive)
		})
	}
}

// A tax inside the price is never lost or invented: the net price and all taxes add up to what was paid.
func TestTaxAddsUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "CA", "simplified")
	b.register(t, "CA", "province_standard", "[province_standard][province]", "QC")
	rapid.Check(t, func(t *rapid.T) {
		params := sale(0, "cad", "exclusive", at("CA", "QC", ""))
		params.LineItems = nil
		var paid int64
		for i := range rapid.IntRange(1, 4).Draw(t, "lines") {
			amount := rapid.Int64Range(0, 99_999_999).Draw(t, "amount")
			behavior := rapid.SampledFrom([]string{"exclusive", "inclusive"}).Draw(t, "behavior")
			params.LineItems = append(params.LineItems, &stripego.TaxCalculationLineItemParams{
				Amount: &amount, Reference: stripego.String("L" + strconv.Itoa(i)), TaxBehavior: &behavior,
			})
			paid += amount
		}
		params.AddExpand("line_items.data.tax_breakdown")
		c, err := b.api.TaxCalculations.New(params)
		require.NoError(t, err)
		require.Equal(t, paid+c.TaxAmountExclusive, c.AmountTotal)
		var sums, parts int64
		for _, s := range c.TaxBreakdown {
			sums += s.Amount
		}
		for _, line := range c.LineItems.Data {
			whole := int64(0)
			for _, part := range line.TaxBreakdown {
				whole += part.Amount
				net := line.Amount
				if line.TaxBehavior == "inclusive" {
					net -= line.AmountTax
				}
				require.Equal(t, net, part.TaxableAmount)
			}
			require.Equal(t, whole, line.AmountTax)
			parts += whole
		}
		require.Equal(t, sums, parts)
		require.Equal(t, sums, c.TaxAmountExclusive+c.TaxAmountInclusive)
	})
}

func TestTaxOfAStoredCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "FR", "standard")
	params := &stripego.CustomerParams{
		Name: stripego.String("Ada"), Address: in("FR"), TaxIDData: []*stripego.CustomerTaxIDDataParams{{Type: stripego.String("eu_vat"), Value: stripego.String("FRAB123456789")}},
	}
	params.AddExpand("tax_ids")
	c, err := b.api.Customers.New(params)
	require.NoError(t, err)
	require.Len(t, c.TaxIDs.Data, 1)
	calculate := func() *stripego.TaxCalculation {
		p := sale(10_000, "eur", "exclusive", nil)
		p.CustomerDetails, p.Customer = nil, &c.ID
		calculation, err := b.api.TaxCalculations.New(p)
		require.NoError(t, err)
		return calculation
	}
	got := calculate()
	require.Equal(t, stripego.TaxCalculationTaxBreakdownTaxabilityReasonReverseCharge, got.TaxBreakdown[0].TaxabilityReason)
	require.Equal(t, "FRAB123456789", got.CustomerDetails.TaxIDs[0].Value)
	require.Equal(t, "billing", string(got.CustomerDetails.AddressSource))

	_, err = b.api.TaxIDs.Del(c.TaxIDs.Data[0].ID, &stripego.TaxIDParams{Customer: &c.ID})
	require.NoError(t, err)
	require.Equal(t, int64(2000), calculate().TaxAmountExclusive)
	_, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{TaxExempt: stripego.String("exempt")})
	require.NoError(t, err)
	require.Equal(t, stripego.TaxCalculationTaxBreakdownTaxabilityReasonCustomerExempt, calculate().TaxBreakdown[0].TaxabilityReason)
	_, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{TaxExempt: stripego.String("none"), Shipping: &stripego.CustomerShippingParams{Name: stripego.String("Ada"), Address: in("ES")}})
	require.NoError(t, err)
	got = calculate()
	require.Equal(t, "ES", got.CustomerDetails.Address.Country, "where it is delivered to")
	require.Equal(t, stripego.TaxCalculationTaxBreakdownTaxabilityReasonNotCollecting, got.TaxBreakdown[0].TaxabilityReason)
}

func TestTaxCalculationExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.api.TaxCalculations.New(sale(10_000, "eur", "exclusive", in("DE")))
	require.NoError(t, err)
	require.Equal(t, int64(90*24*60*60), c.ExpiresAt-c.TaxDate)
	b.advance(t, 90*24*time.Hour+time.Minute)
	_, err = b.api.TaxCalculations.Get(c.ID, nil)
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
	items := b.api.TaxCalculations.ListLineItems(&stripego.TaxCalculationListLineItemsParams{Calculation: &c.ID})
	require.False(t, items.Next())
	require.Equal(t, http.StatusNotFound, refusal(t, items.Err()).HTTPStatusCode)
	_, err = b.api.TaxTransactions.CreateFromCalculation(&stripego.TaxTransactionCreateFromCalculationParams{Calculation: &c.ID, Reference: stripego.String("order")})
	require.Contains(t, refusal(t, err).Msg, "has expired")
}

func TestTaxCalculationIsWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "US", "state_sales_tax", "[state]", "TX")
	params := sale(100, "usd", "exclusive", at("US", "TX", "78701"))
	for i := range 11 {
		params.LineItems = append(params.LineItems, &stripego.TaxCalculationLineItemParams{Amount: stripego.Int64(int64(i))})
	}
	params.ShippingCost = &stripego.TaxCalculationShippingCostParams{Amount: stripego.Int64(1000)}
	params.ShipFromDetails = &stripego.TaxCalculationShipFromDetailsParams{Address: at("US", "TX", "78701")}
	c, err := b.api.TaxCalculations.New(params)
	require.NoError(t, err)
	require.Nil(t, c.LineItems, "lines are sent only when asked for")
	require.Equal(t, int64(63), c.ShippingCost.AmountTax)
	c, err = b.api.TaxCalculations.Get(c.ID, &stripego.TaxCalculationParams{Expand: stripego.StringSlice([]string{"line_items", "shipping_cost.tax_breakdown"})})
	require.NoError(t, err)
	require.True(t, c.LineItems.HasMore)
	require.Equal(t, "6.25", c.ShippingCost.TaxBreakdown[0].TaxRateDetails.PercentageDecimal)
	it := b.api.TaxCalculations.ListLineItems(&stripego.TaxCalculationListLineItemsParams{Calculation: &c.ID, ListParams: stripego.ListParams{Limit: stripego.Int64(5)}})
	var references []string
	for it.Next() {
		references = append(references, it.TaxCalculationLineItem().Reference)
	}
	require.NoError(t, it.Err())
	require.Equal(t, []string{"seat", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10", "L11", "L12"}, references, "in the order of the request, over all pages")
	back := b.api.TaxCalculations.ListLineItems(&stripego.TaxCalculationListLineItemsParams{
		Calculation: &c.ID, ListParams: stripego.ListParams{EndingBefore: &c.LineItems.Data[4].ID, Limit: stripego.Int64(2), Single: true},
	})
	require.True(t, back.Next())
	require.Equal(t, "L4", back.TaxCalculationLineItem().Reference, "the library turns pages around that it reads backwards")
	require.True(t, back.Next())
	require.Equal(t, "L3", back.TaxCalculationLineItem().Reference)
	b.requireWhole(t, "/v1/tax/calculations/"+c.ID+"?expand[]=line_items&expand[]=shipping_cost.tax_breakdown", stripego.TaxCalculation{})
	b.requireWhole(t, "/v1/tax/calculations/"+c.ID+"/line_items?expand[]=data.tax_breakdown", stripego.TaxCalculationLineItemList{})
}
