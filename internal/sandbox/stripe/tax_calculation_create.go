package stripe

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Limits of a calculation (docs.stripe.com/api/tax/calculations/create): amounts have up to twelve digits, and the tax
// date is at most two days away.
const (
	maxTaxItems  = 5_000
	maxTaxAmount = 999_999_999_999
	maxTaxDate   = 48 * time.Hour
	maxReference = 500
)

// shippingCode is the tax code of shipping, unless another is given.
const shippingCode = "txcd_92010001"

var taxCodes = regexp.MustCompile(`^txcd_\d{8}$`)

func checkTaxCode(code, param string) *apiError {
	if !taxCodes.MatchString(code) {
		refusal := noSuch("tax code", code, param)
		refusal.unexecuted = true
		return refusal
	}
	return nil
}

func calculationSpec() spec {
	where := addressSpec().with(spec{"country": required(filledText())})
	behavior := enum(exclusiveTax, inclusiveTax)
	return spec{
		"currency": required(filledText()), "customer": filledText(), "customer_details": hash(spec{
			"address": hash(where), "address_source": enum("billing", "shipping"), "ip_address": filledText(),
			"tax_ids":             list(hash(spec{"type": required(enum(taxIDTypes()...)), "value": required(filledText())})),
			"taxability_override": enum(customerExempt, "none", reverseCharge),
		}),
		"line_items": required(list(hash(spec{
			"amount": required(integer()), "product": filledText(), "quantity": integer(), "reference": textUpTo(maxReference), "tax_behavior": behavior, "tax_code": filledText(),
		}))),
		"ship_from_details": hash(spec{"address": required(hash(where))}),
		"shipping_cost":     hash(spec{"amount": integer(), "shipping_rate": filledText(), "tax_behavior": behavior, "tax_code": filledText()}),
		"tax_date":          integer(),
	}
}

func createCalculation(r *call) (any, error) {
	settings := readTaxSettings(r.tx)
	if settings.Status != "active" {
		return nil, refused("stripe_tax_inactive", "", "Stripe Tax is not active: the tax settings are pending. Set head_office[address] with POST /v1/tax/settings.")
	}
	currency, refusal := parseCurrency(r.args.text("currency"))
	if refusal != nil {
		return nil, refusal
	}
	c := &taxCalculation{
		ID: newID(r, taxCalculations), Object: "tax.calculation", Currency: currency, Customer: optional(r.args.text("customer")),
		ExpiresAt: r.asOf.Add(taxValidity).Unix(), TaxBreakdown: []taxSum{}, TaxDate: r.now(),
	}
	if r.args.has("tax_date") {
		c.TaxDate = r.args.integer("tax_date")
	}
	if away := time.Unix(c.TaxDate, 0).Sub(r.asOf).Abs(); away > maxTaxDate {
		return nil, invalid("", "tax_date", "The `tax_date` must be at most 48 hours in the past or in the future.")
	}
	place, err := r.readTaxCustomer(c)
	if err != nil {
		return nil, err
	}
	if from := readAddress(r.args.hash("ship_from_details").hash("address")); from != nil {
		c.ShipFromDetails = &shipFrom{Address: *from}
	}
	w, err := r.calculate(c, r.taxOccasion(c.CustomerDetails, place, c.TaxDate), settings)
	if err != nil {
		return nil, err
	}
	taxCalculations.put(r.tx, c)
	r.keepWorking(c.ID, w)
	return c, nil
}

// readTaxCustomer takes the customer's details from the request, or from the customer that it names.
func (r *call) readTaxCustomer(c *taxCalculation) (taxPlace, error) {
	given := r.args.hash("customer_details")
	switch {
	case c.Customer == nil && given.in == nil:
		return taxPlace{}, invalid("parameter_missing", "customer_details", "You must specify one of these parameters: customer, customer_details.")
	case c.Customer != nil && given.in != nil:
		return taxPlace{}, invalid("", "customer", "You may only specify one of these parameters: customer, customer_details.")
	case c.Customer != nil:
		return r.copyTaxCustomer(c)
	}
	d := &c.CustomerDetails
	d.Address, d.AddressSource, d.IPAddress = readAddress(given.hash("address")), optional(given.text("address_source")), optional(given.text("ip_address"))
	d.TaxabilityOverride, d.TaxIDs = given.textOr("taxability_override", "none"), []taxIDPair{}
	for _, id := range given.hashes("tax_ids") {
		d.TaxIDs = append(d.TaxIDs, taxIDPair{Type: id.text("type"), Value: id.text("value")})
	}
	if d.Address != nil {
		if err := checkCountry(deref(d.Address.Country), "customer_details[address][country]"); err != nil {
			return taxPlace{}, err
		}
	}
	if _, err := netip.ParseAddr(deref(d.IPAddress)); d.IPAddress != nil && err != nil {
		return taxPlace{}, invalid("", "customer_details[ip_address]", "Invalid IP address: %s", *d.IPAddress)
	}
	return located(d.Address, "customer_details[address]")
}

// copyTaxCustomer takes the details that are stored with a customer.
func (r *call) copyTaxCustomer(c *taxCalculation) (taxPlace, error) {
	known, err := r.liveCustomer(*c.Customer, "customer")
	if err != nil {
		return taxPlace{}, err
	}
	source, where := known.taxAddress()
	override := map[string]string{"none": "none", "exempt": customerExempt, "reverse": reverseCharge}[known.TaxExempt]
	ip := optional(string(bucketOf(r.tx, taxAddressesBucket).get([]byte(known.ID))))
	c.CustomerDetails = taxCustomer{Address: where, AddressSource: &source, IPAddress: ip, TaxIDs: customerTaxIDs(r.tx, known.ID), TaxabilityOverride: override}
	return located(where, "customer")
}

// located is locate with an error that is nil when there is none.
func located(a *address, param string) (taxPlace, error) {
	place, refusal := locate(a, param)
	if refusal != nil {
		return place, refusal
	}
	return place, nil
}

// calculate taxes every line and the shipping, and adds them up.
func (r *call) calculate(c *taxCalculation, o taxOccasion, settings *taxSettings) (w taxWorking, err error) {
	w.Breakdowns = map[string][]itemTax{}
	lines := r.args.hashes("line_items")
	if len(lines) == 0 || len(lines) > maxTaxItems {
		return w, invalid("", "line_items", "A calculation has between 1 and %d line items.", maxTaxItems)
	}
	references := map[string]bool{}
	for i, a := range lines {
		path := "line_items[" + strconv.Itoa(i) + "]"
		item, err := r.readTaxItem(a, path, i, settings, c.Currency)
		if err != nil {
			return w, err
		}
		if references[item.Reference] {
			return w, invalid("", path+"[reference]", "The reference '%s' is used by another line item of this calculation.", item.Reference)
		}
		references[item.Reference] = true
		w.Breakdowns[item.ID] = c.add(item.Amount, item.TaxBehavior, o.levies(item.TaxCode), &item.AmountTax)
		w.Items = append(w.Items, item)
		bucketOf(r.tx, taxItemsBucket).put([]byte(item.ID), []byte(c.ID))
	}
	if a := r.args.hash("shipping_cost"); a.in != nil {
		if c.ShippingCost, err = readShippingCost(a, settings, c.Currency); err != nil {
			return w, err
		}
		w.Breakdowns[c.ID] = c.add(c.ShippingCost.Amount, c.ShippingCost.TaxBehavior, o.levies(c.ShippingCost.TaxCode), &c.ShippingCost.AmountTax)
	}
	return w, nil
}

func (r *call) readTaxItem(a args, path string, index int, settings *taxSettings, currency string) (taxCalculationItem, error) {
	item := taxCalculationItem{
		ID: newID(r, taxItemIDs), Object: "tax.calculation_line_item", Amount: a.integer("amount"), Quantity: 1,
		Reference: a.textOr("reference", "L"+strconv.Itoa(index+1)), TaxBehavior: a.textOr("tax_behavior", settings.behavior(currency)),
		TaxCode: a.textOr("tax_code", deref(settings.Defaults.TaxCode)),
	}
	if a.has("quantity") {
		item.Quantity = a.integer("quantity")
	}
	switch {
	case a.has("product"):
		return item, noSuch("product", a.text("product"), path+"[product]")
	case item.Quantity < 1:
		return item, invalid("parameter_invalid_integer", path+"[quantity]", "This value must be greater than or equal to 1.")
	}
	if err := checkTaxAmount(item.Amount, path+"[amount]"); err != nil {
		return item, err
	}
	if err := checkTaxCode(item.TaxCode, path+"[tax_code]"); err != nil {
		return item, err
	}
	return item, nil
}

func checkTaxAmount(amount int64, param string) *apiError {
	switch {
	case amount < 0:
		return invalid("parameter_invalid_integer", param, "This value must be greater than or equal to 0.")
	case amount > maxTaxAmount:
		return invalid("parameter_invalid_integer", param, "This value must be less than or equal to %d (it currently is '%d').", maxTaxAmount, amount)
	}
	return nil
}

func readShippingCost(a args, settings *taxSettings, currency string) (*taxedShipping, error) {
	if a.has("shipping_rate") {
		return nil, noSuch("shipping rate", a.text("shipping_rate"), "shipping_cost[shipping_rate]")
	}
	if !a.has("amount") {
		return nil, missing("shipping_cost[amount]")
	}
	s := &taxedShipping{Amount: a.integer("amount"), TaxBehavior: a.textOr("tax_behavior", settings.behavior(currency)), TaxCode: a.textOr("tax_code", shippingCode)}
	if err := checkTaxAmount(s.Amount, "shipping_cost[amount]"); err != nil {
		return nil, err
	}
	if err := checkTaxCode(s.TaxCode, "shipping_cost[tax_code]"); err != nil {
		return nil, err
	}
	return s, nil
}

// add taxes a price and adds it to the totals.
func (c *taxCalculation) add(price int64, behavior string, levies []levy, tax *int64) []itemTax {
	inclusive := behavior == inclusiveTax
	parts := amounts(price, inclusive, levies)
	for _, part := range parts {
		*tax += part
	}
	c.AmountTotal += price
	taxable := price
	if inclusive {
		c.TaxAmountInclusive += *tax
		taxable -= *tax
	} else {
		c.TaxAmountExclusive += *tax
		c.AmountTotal += *tax
	}
	breakdown := make([]itemTax, len(levies))
	for i, l := range levies {
		breakdown[i] = itemTax{Amount: parts[i], Jurisdiction: l.jurisdiction, Sourcing: l.sourcing, TaxabilityReason: l.reason}
		if l.imposed() {
			breakdown[i].TaxableAmount = taxable
			breakdown[i].TaxRateDetails = &itemTaxDetails{DisplayName: taxName(l.tax), PercentageDecimal: l.rate.percent(), TaxType: l.tax}
		}
		c.sumUp(breakdown[i], inclusive, l)
	}
	return breakdown
}

func (c *taxCalculation) sumUp(t itemTax, inclusive bool, l levy) {
	details := sumDetails{Country: t.Jurisdiction.Country, PercentageDecimal: "0.0", State: t.Jurisdiction.State, TaxType: optional(l.tax)}
	if l.imposed() {
		details.PercentageDecimal = l.rate.percent()
	}
	for i := range c.TaxBreakdown {
		s := &c.TaxBreakdown[i]
		if s.Inclusive == inclusive && s.TaxabilityReason == t.TaxabilityReason && s.TaxRateDetails.same(details) {
			s.Amount += t.Amount
			s.TaxableAmount += t.TaxableAmount
			return
		}
	}
	c.TaxBreakdown = append(c.TaxBreakdown, taxSum{
		Amount: t.Amount, Inclusive: inclusive, TaxRateDetails: details, TaxabilityReason: t.TaxabilityReason, TaxableAmount: t.TaxableAmount,
	})
}

func (d sumDetails) same(o sumDetails) bool {
	return d.Country == o.Country && d.PercentageDecimal == o.PercentageDecimal && deref(d.State) == deref(o.State) && strings.EqualFold(deref(d.TaxType), deref(o.TaxType))
}
