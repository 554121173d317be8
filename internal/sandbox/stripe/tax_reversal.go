package stripe

import (
	"math/bits"
	"strconv"
)

func reversalSpec() spec {
	return spec{
		"flat_amount": integer(), "line_items": list(hash(spec{
			"amount": required(integer()), "amount_tax": required(integer()), "metadata": metadata(), "original_line_item": required(filledText()),
			"quantity": integer(), "reference": required(referenceSpec()),
		})),
		"metadata": metadata(), "mode": required(enum("full", "partial")), "original_transaction": required(filledText()), "reference": required(referenceSpec()),
		"shipping_cost": hash(spec{"amount": required(integer()), "amount_tax": required(integer())}),
	}
}

// reversible is what of a sale was not reversed yet. The shipping, if any, stands behind the lines.
type reversible struct {
	original *taxTransaction
	lines    []taxTransactionItem
	rest     []taxRest // of each line, and then of the shipping
	used     map[string]bool
}

type taxRest struct{ amount, tax int64 }

// total is the rest as the customer paid it.
func (t taxRest) total(behavior string) int64 {
	if behavior == inclusiveTax {
		return t.amount
	}
	return t.amount + t.tax
}

// createReversal takes back the tax of a sale, whole or in part, never more than there was.
func createReversal(r *call) (any, error) {
	v, err := r.reversible()
	if err != nil {
		return nil, err
	}
	t := &taxTransaction{
		ID: newID(r, taxTransactions), Object: "tax.transaction", Created: r.now(), Currency: v.original.Currency, Customer: v.original.Customer,
		CustomerDetails: v.original.CustomerDetails, PostedAt: r.now(), Reversal: &taxReversal{OriginalTransaction: v.original.ID},
		ShipFromDetails: v.original.ShipFromDetails, TaxDate: v.original.TaxDate, Type: taxReversed,
	}
	var items []taxTransactionItem
	byLines, byAmount := len(r.args.hashes("line_items")) > 0 || r.args.has("shipping_cost"), r.args.has("flat_amount")
	switch {
	case r.args.text("mode") == "full" && (byLines || byAmount):
		return nil, invalid("", "mode", "You may only specify flat_amount, line_items and shipping_cost when mode is partial.")
	case r.args.text("mode") == "full":
		items, err = v.all(r, t)
	case byLines == byAmount:
		return nil, invalid("", "line_items", "A partial reversal has either a flat_amount, or line_items and shipping_cost.")
	case byLines:
		items, err = v.some(r, t)
	default:
		items, err = v.share(r, t)
	}
	if err != nil {
		return nil, err
	}
	if err := r.keepTransaction(t, items); err != nil {
		return nil, err
	}
	return t, nil
}

// reversible adds up what earlier reversals left.
func (r *call) reversible() (*reversible, error) {
	id := r.args.text("original_transaction")
	original, found := taxTransactions.get(r.tx, id)
	switch {
	case !found:
		return nil, noSuch("tax transaction", id, "original_transaction")
	case original.Type == taxReversed:
		return nil, refused("", "original_transaction", "The tax transaction '%s' is a reversal, which cannot be reversed.", id)
	}
	v := &reversible{original: original, lines: taxTransactionItems(r.tx, id), used: map[string]bool{}}
	at := map[string]int{}
	for i, line := range v.lines {
		v.rest, at[line.ID] = append(v.rest, taxRest{line.Amount, line.AmountTax}), i
	}
	if s := original.ShippingCost; s != nil {
		v.rest = append(v.rest, taxRest{s.Amount, s.AmountTax})
	}
	taxTransactions.where(r.tx, "original_transaction", id, func(earlier *taxTransaction) bool {
		for _, line := range taxTransactionItems(r.tx, earlier.ID) {
			v.take(at[line.Reversal.OriginalLineItem], line.Amount, line.AmountTax)
			v.used[line.Reference] = true
		}
		if s := earlier.ShippingCost; s != nil {
			v.take(len(v.lines), s.Amount, s.AmountTax)
		}
		return true
	})
	return v, nil
}

func (v *reversible) take(i int, amount, tax int64) {
	v.rest[i].amount += amount
	v.rest[i].tax += tax
}

// behavior tells whether the amount of a line, or of the shipping behind the lines, contains its tax.
func (v *reversible) behavior(i int) string {
	if i == len(v.lines) {
		return v.original.ShippingCost.TaxBehavior
	}
	return v.lines[i].TaxBehavior
}

// all reverses a sale of which nothing was reversed before.
func (v *reversible) all(r *call, t *taxTransaction) ([]taxTransactionItem, error) {
	var items []taxTransactionItem
	for i, line := range v.lines {
		if v.rest[i] != (taxRest{line.Amount, line.AmountTax}) {
			return nil, v.tooMuch("mode")
		}
		items = append(items, v.reverseLine(r, i, -line.Amount, -line.AmountTax))
	}
	if s := v.original.ShippingCost; s != nil {
		if v.rest[len(v.lines)] != (taxRest{s.Amount, s.AmountTax}) {
			return nil, v.tooMuch("mode")
		}
		t.ShippingCost = v.reverseShipping(-s.Amount, -s.AmountTax)
	}
	return items, nil
}

func (v *reversible) tooMuch(param string) *apiError {
	return refused("", param, "The amounts reversed would exceed those of the tax transaction '%s'.", v.original.ID)
}

func (v *reversible) reverseLine(r *call, i int, amount, tax int64) taxTransactionItem {
	line := v.lines[i]
	line.Reversal = &lineReversal{OriginalLineItem: line.ID}
	line.ID, line.Amount, line.AmountTax, line.Metadata, line.Type = newID(r, taxItemIDs), amount, tax, map[string]string{}, taxReversed
	return line
}

func (v *reversible) reverseShipping(amount, tax int64) *taxedShipping {
	s := *v.original.ShippingCost
	s.Amount, s.AmountTax = amount, tax
	return &s
}

// some reverses the lines and the shipping that are given.
func (v *reversible) some(r *call, t *taxTransaction) ([]taxTransactionItem, error) {
	var items []taxTransactionItem
	for n, a := range r.args.hashes("line_items") {
		path := "line_items[" + strconv.Itoa(n) + "]"
		i := indexOf(v.lines, a.text("original_line_item"), func(line taxTransactionItem) string { return line.ID })
		if i < 0 {
			return nil, noSuch("line item of the original transaction", a.text("original_line_item"), path+"[original_line_item]")
		}
		if err := v.takeGiven(i, a, path); err != nil {
			return nil, err
		}
		item := v.reverseLine(r, i, a.integer("amount"), a.integer("amount_tax"))
		item.Reference = a.text("reference")
		if v.used[item.Reference] {
			return nil, invalid("", path+"[reference]", "The reference '%s' is used by another reversed line item of the original transaction.", item.Reference)
		}
		v.used[item.Reference] = true
		if a.has("quantity") {
			item.Quantity = a.integer("quantity")
		}
		var err error
		if item.Metadata, err = merged(a, nil); err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if a := r.args.hash("shipping_cost"); a.in != nil {
		if v.original.ShippingCost == nil {
			return nil, invalid("", "shipping_cost", "The original transaction has no shipping cost.")
		}
		if err := v.takeGiven(len(v.lines), a, "shipping_cost"); err != nil {
			return nil, err
		}
		t.ShippingCost = v.reverseShipping(a.integer("amount"), a.integer("amount_tax"))
	}
	return items, nil
}

// takeGiven takes negative amounts off what is left.
func (v *reversible) takeGiven(i int, a args, path string) error {
	for _, name := range []string{"amount", "amount_tax"} {
		if a.integer(name) > 0 {
			return invalid("parameter_invalid_integer", path+"["+name+"]", "This value must be less than or equal to 0: amounts are reversed as negative numbers.")
		}
		if a.integer(name) < -maxTaxAmount {
			return v.tooMuch(path)
		}
	}
	v.take(i, a.integer("amount"), a.integer("amount_tax"))
	if v.rest[i].amount < 0 || v.rest[i].tax < 0 {
		return v.tooMuch(path)
	}
	return nil
}

// share spreads a flat amount, tax included, over what is left, in proportion. Rounding is by running totals, so that
// the parts add up.
func (v *reversible) share(r *call, t *taxTransaction) ([]taxTransactionItem, error) {
	flat := -r.args.integer("flat_amount")
	var whole int64
	for i, rest := range v.rest {
		whole += rest.total(v.behavior(i))
	}
	switch {
	case flat <= 0:
		return nil, invalid("parameter_invalid_integer", "flat_amount", "This value must be less than 0: amounts are reversed as negative numbers.")
	case flat > whole:
		return nil, v.tooMuch("flat_amount")
	}
	var items []taxTransactionItem
	var before, sum int64
	for i, rest := range v.rest {
		total := rest.total(v.behavior(i))
		sum += total
		part := proportion(flat, sum, whole) - before
		before += part
		if part == 0 {
			continue
		}
		amount, tax := part, proportion(part, rest.tax, total)
		if v.behavior(i) == exclusiveTax {
			amount -= tax
		}
		if i == len(v.lines) {
			t.ShippingCost = v.reverseShipping(-amount, -tax)
			continue
		}
		items = append(items, v.reverseLine(r, i, -amount, -tax))
	}
	return items, nil
}

// proportion is amount * part / whole, with a half rounded up; part is at most the whole, so that it fits.
func proportion(amount, part, whole int64) int64 {
	high, low := bits.Mul64(uint64(amount), uint64(part))
	low, carry := bits.Add64(low, uint64(whole)/2, 0)
	quotient, _ := bits.Div64(high+carry, low, uint64(whole))
	return int64(quotient)
}
