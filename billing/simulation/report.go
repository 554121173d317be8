package simulation

import (
	"cmp"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// report adds up what was compared: a row of sums for each charge and each customer.
type report struct {
	// only are the customers whose invoices are compared, all if there are none.
	only          []string
	top           int
	subscriptions int
	control       Control
	charges       map[chargeKey]Sums
	customers     map[customerKey]Sums
}

type chargeKey struct {
	plan, charge string
	currency     money.Currency
}

type customerKey struct {
	id       string
	currency money.Currency
}

func newReport(only []string, top int) report {
	return report{only: only, top: top, charges: map[chargeKey]Sums{}, customers: map[customerKey]Sums{}}
}

func (r *report) concerns(customer string) bool {
	return len(r.only) == 0 || slices.Contains(r.only, customer)
}

// add compares what was issued for a subscription with what was made again.
func (r *report) add(h History, control, other []made) error {
	if !h.Beside {
		r.subscriptions++
	}
	others := func(m made) bool { return !r.concerns(m.customer) }
	control, other = slices.DeleteFunc(control, others), slices.DeleteFunc(other, others)
	issued := slices.DeleteFunc(slices.Clone(h.Issued), func(i Issued) bool { return !i.Counts || !r.concerns(i.CustomerID) })
	r.control.check(h.SubscriptionID, issued, control)
	zero := money.Zero(h.Currency)
	for _, invoice := range issued {
		for _, line := range invoice.Lines {
			if err := r.count(invoice.CustomerID, keyOf(line.Kind, line.PlanID, line.ChargeID), line.Amount, zero); err != nil {
				return err
			}
		}
	}
	for _, invoice := range other {
		for _, line := range invoice.Lines {
			if err := r.count(invoice.customer, keyOf(line.Kind, line.PlanID, line.ChargeID), zero, line.Amount); err != nil {
				return err
			}
		}
	}
	return nil
}

// keyOf says which charge a line counts to. Items are many, each with an id of its own, and no plan's: they count by their kind.
func keyOf(kind invoicing.LineKind, plan, charge string) chargeKey {
	if plan == "" {
		charge = string(kind)
	}
	return chargeKey{plan: plan, charge: charge}
}

// count adds a line to the sums that it belongs to.
func (r *report) count(customer string, charge chargeKey, before, after money.Amount) error {
	charge.currency = before.Currency
	if err := addTo(r.charges, charge, before, after); err != nil {
		return err
	}
	return addTo(r.customers, customerKey{customer, before.Currency}, before, after)
}

func addTo[K comparable](all map[K]Sums, key K, before, after money.Amount) error {
	sums, known := all[key]
	if !known {
		sums = zeroSums(before.Currency)
	}
	err := sums.add(before, after)
	all[key] = sums
	return err
}

// byChange puts those whose bills change most first.
func byChange(a, b Customer) int {
	return cmp.Or(b.Difference.Abs().Cmp(a.Difference.Abs()), cmp.Compare(a.ID, b.ID))
}

func (r *report) result() (Result, error) {
	result := Result{Subscriptions: r.subscriptions, Control: r.control, Totals: []Total{}, Customers: []Customer{}}
	customers := map[money.Currency][]Customer{}
	for key, sums := range r.customers {
		compared, err := sums.compared()
		if err != nil {
			return Result{}, err
		}
		customers[key.currency] = append(customers[key.currency], Customer{ID: key.id, Sums: compared})
	}
	for _, currency := range slices.Sorted(maps.Keys(customers)) {
		total, err := totalOf(currency, customers[currency])
		if err != nil {
			return Result{}, err
		}
		result.Totals = append(result.Totals, total)
		result.Customers = append(result.Customers, r.topOf(customers[currency])...)
	}
	var err error
	result.Charges, err = r.byCharge()
	return result, err
}

func totalOf(currency money.Currency, customers []Customer) (Total, error) {
	total := Total{Sums: zeroSums(currency)}
	for _, c := range customers {
		if err := total.add(c.Old, c.New); err != nil {
			return total, err
		}
		switch {
		case c.Difference.IsPositive():
			total.More++
		case c.Difference.IsNegative():
			total.Less++
		default:
			total.Same++
		}
	}
	var err error
	total.Sums, err = total.compared()
	return total, err
}

func (r *report) topOf(customers []Customer) []Customer {
	slices.SortFunc(customers, byChange)
	if r.top > 0 && len(customers) > r.top {
		return customers[:r.top]
	}
	return customers
}

func (r *report) byCharge() ([]Charge, error) {
	keys := slices.SortedFunc(maps.Keys(r.charges), func(a, b chargeKey) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(a.plan, b.plan), cmp.Compare(a.charge, b.charge))
	})
	charges := make([]Charge, len(keys))
	for i, key := range keys {
		sums, err := r.charges[key].compared()
		if err != nil {
			return nil, err
		}
		charges[i] = Charge{Plan: key.plan, Charge: key.charge, Sums: sums}
	}
	return charges, nil
}
