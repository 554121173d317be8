package stripe

import (
	"time"

	bolt "go.etcd.io/bbolt"
)

// taxCalculation is what tax would be due on a sale.
type taxCalculation struct {
	ID                 string         `json:"id"`
	Object             string         `json:"object"`
	AmountTotal        int64          `json:"amount_total"`
	Currency           string         `json:"currency"`
	Customer           *string        `json:"customer"`
	CustomerDetails    taxCustomer    `json:"customer_details"`
	ExpiresAt          int64          `json:"expires_at"`
	Livemode           bool           `json:"livemode"`
	ShipFromDetails    *shipFrom      `json:"ship_from_details"`
	ShippingCost       *taxedShipping `json:"shipping_cost"`
	TaxAmountExclusive int64          `json:"tax_amount_exclusive"`
	TaxAmountInclusive int64          `json:"tax_amount_inclusive"`
	TaxBreakdown       []taxSum       `json:"tax_breakdown"`
	TaxDate            int64          `json:"tax_date"`
}

type taxCustomer struct {
	Address            *address    `json:"address"`
	AddressSource      *string     `json:"address_source"`
	IPAddress          *string     `json:"ip_address"`
	TaxIDs             []taxIDPair `json:"tax_ids"`
	TaxabilityOverride string      `json:"taxability_override"`
}

type taxIDPair struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type shipFrom struct {
	Address address `json:"address"`
}

type taxedShipping struct {
	Amount      int64  `json:"amount"`
	AmountTax   int64  `json:"amount_tax"`
	TaxBehavior string `json:"tax_behavior"`
	TaxCode     string `json:"tax_code"`
}

// taxSum adds up one tax over all items.
type taxSum struct {
	Amount           int64      `json:"amount"`
	Inclusive        bool       `json:"inclusive"`
	TaxRateDetails   sumDetails `json:"tax_rate_details"`
	TaxabilityReason string     `json:"taxability_reason"`
	TaxableAmount    int64      `json:"taxable_amount"`
}

type sumDetails struct {
	Country           string  `json:"country"`
	PercentageDecimal string  `json:"percentage_decimal"`
	State             *string `json:"state"`
	TaxType           *string `json:"tax_type"`
}

// taxCalculationItem is a line of a calculation; its breakdown is sent only when it is asked for.
type taxCalculationItem struct {
	ID          string  `json:"id"`
	Object      string  `json:"object"`
	Amount      int64   `json:"amount"`
	AmountTax   int64   `json:"amount_tax"`
	Livemode    bool    `json:"livemode"`
	Product     *string `json:"product"`
	Quantity    int64   `json:"quantity"`
	Reference   string  `json:"reference"`
	TaxBehavior string  `json:"tax_behavior"`
	TaxCode     string  `json:"tax_code"`
}

// itemTax is one tax on one item.
type itemTax struct {
	Amount           int64           `json:"amount"`
	Jurisdiction     taxJurisdiction `json:"jurisdiction"`
	Sourcing         string          `json:"sourcing"`
	TaxRateDetails   *itemTaxDetails `json:"tax_rate_details"`
	TaxabilityReason string          `json:"taxability_reason"`
	TaxableAmount    int64           `json:"taxable_amount"`
}

type itemTaxDetails struct {
	DisplayName       string `json:"display_name"`
	PercentageDecimal string `json:"percentage_decimal"`
	TaxType           string `json:"tax_type"`
}

// taxWorking is what a calculation shows only in part.
type taxWorking struct {
	Breakdowns  map[string][]itemTax `json:"breakdowns"` // by the id of the item; the shipping's by the id of the calculation
	Items       []taxCalculationItem `json:"items"`
	Transaction string               `json:"transaction"` // that the calculation was committed as
}

const (
	taxWorkingBucket = "tax_working" // calculation -> its working
	taxItemsBucket   = "tax_items"   // item -> its calculation
)

// taxValidity is how long a calculation can be used.
const taxValidity = 90 * 24 * time.Hour

func (c *taxCalculation) identity() (string, int64) { return c.ID, c.TaxDate }

func (c *taxCalculation) indexed() map[string]string { return nil }

var taxCalculations = collection[*taxCalculation]{name: "tax calculation", prefix: "taxcalc_"}

// taxItemIDs makes the ids of lines, which are kept with their calculation or transaction.
var taxItemIDs = collection[*taxCalculation]{name: "tax line item", prefix: "tax_li_"}

func taxCalculationEndpoints() []endpoint {
	return []endpoint{
		post("/v1/tax/calculations", calculationSpec(), createCalculation),
		get("/v1/tax/calculations/{id}", nil, func(r *call) (any, error) { return r.calculation(r.id, "") }),
		get("/v1/tax/calculations/{id}/line_items", pageSpec(nil), listCalculationItems),
	}
}

// calculation finds one that has not expired; param names the parameter it was named by, empty for the path.
func (r *call) calculation(id, param string) (*taxCalculation, error) {
	c, found := taxCalculations.get(r.tx, id)
	switch expired := found && c.ExpiresAt <= r.now(); {
	case found && !expired:
		return c, nil
	case param == "":
		return nil, notFound("tax calculation", id, "id")
	case expired:
		return nil, refused("", param, "The tax calculation '%s' has expired: it can be used for 90 days. Create a new one.", id)
	default:
		return nil, noSuch("tax calculation", id, param)
	}
}

func taxWorkingOf(tx *bolt.Tx, calculation string) (w taxWorking) {
	if stored := bucketOf(tx, taxWorkingBucket).get([]byte(calculation)); stored != nil {
		decode(stored, &w)
	}
	return w
}

func (r *call) keepWorking(calculation string, w taxWorking) {
	bucketOf(r.tx, taxWorkingBucket).put([]byte(calculation), encode(w))
}

func listCalculationItems(r *call) (any, error) {
	if _, err := r.calculation(r.id, ""); err != nil {
		return nil, err
	}
	return listPart(r, "tax.calculation_line_item", taxWorkingOf(r.tx, r.id).Items, func(i taxCalculationItem) string { return i.ID })
}

// calculationItems is the list that expanding "line_items" puts into a calculation.
func calculationItems(tx *bolt.Tx, id string) (any, bool) {
	return firstPage("/v1/tax/calculations/"+id+"/line_items", taxWorkingOf(tx, id).Items, defaultLimit), true
}

// shippingTaxes is the breakdown of a calculation's shipping cost.
func shippingTaxes(tx *bolt.Tx, calculation string) (any, bool) {
	breakdown, found := taxWorkingOf(tx, calculation).Breakdowns[calculation]
	return breakdown, found
}

// itemTaxes is the breakdown of a line.
func itemTaxes(tx *bolt.Tx, item string) (any, bool) {
	calculation := bucketOf(tx, taxItemsBucket).get([]byte(item))
	breakdown, found := taxWorkingOf(tx, string(calculation)).Breakdowns[item]
	return breakdown, found
}
