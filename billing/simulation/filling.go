package simulation

import (
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// filling takes the charges of the other catalogue's plan for an old one in a currency, and the old charge where there is
// no telling what the other catalogue would have cost.
type filling struct {
	currency money.Currency
	old      catalog.Plan
	// sold is set if the old plan's prices in the currency were converted.
	sold *Sold
	gaps []Gap
}

func (f *filling) charges(other []catalog.Charge) []catalog.Charge {
	var charges []catalog.Charge
	for _, charge := range other {
		if taken, ok := f.take(charge); ok {
			charges = append(charges, taken)
		}
	}
	for _, charge := range f.old.Charges {
		if !slices.ContainsFunc(other, func(c catalog.Charge) bool { return c.ID == charge.ID }) {
			f.gap("charge_missing", charge, "has no charge %q: add it, with an amount of 0 if it is no longer charged", charge.ID)
			charges = append(charges, charge)
		}
	}
	return charges
}

// take is a charge as the other catalogue has it, or the old one in its place; ok is false if there is neither.
func (f *filling) take(charge catalog.Charge) (_ catalog.Charge, ok bool) {
	switch {
	case charge.Kind == catalog.Usage && !slices.Contains(f.old.Meters(), charge.Meter):
		f.gap("meter_unknown", charge, "charges meter %q by charge %q, which version %d did not: no invoice says how much was used, leave the charge out",
			charge.Meter, charge.ID, f.old.Version)
		return f.oldCharge(charge.ID)
	case charge.Per == catalog.PerSeat && !f.old.HasSeats():
		f.gap("seats_unknown", charge, "charges seats by charge %q, but version %d was sold without: leave the charge out", charge.ID, f.old.Version)
		return f.oldCharge(charge.ID)
	}
	if needs := f.unmeasured(charge); needs != "" {
		f.gap("usage_unknown", charge, "charges meter %q by charge %q, which needs %s: version %d was not charged by that, choose another model",
			charge.Meter, charge.ID, needs, f.old.Version)
		return f.oldCharge(charge.ID)
	}
	if _, priced := charge.Prices[f.currency]; priced {
		return charge, true
	}
	if f.sold != nil {
		if price, err := f.sold.Conversion.Reprice(charge); err == nil {
			charge.Prices = maps.Clone(charge.Prices)
			charge.Prices[f.currency] = price
			return charge, true
		}
	}
	f.gap("price_missing", charge, "has no price in %s for charge %q: add one", f.currency, charge.ID)
	return f.oldCharge(charge.ID)
}

func (f *filling) oldCharge(id string) (_ catalog.Charge, ok bool) {
	charge, err := f.old.Charge(id)
	return charge, err == nil
}

func (f *filling) gap(code string, charge catalog.Charge, format string, args ...any) {
	gap := gapIn(f.old, code, "plan %q %s", f.old.ID, fmt.Sprintf(format, args...))
	gap.Charge = charge.ID
	if code == "price_missing" {
		gap.Currency = f.currency
	}
	f.gaps = append(f.gaps, gap)
}
