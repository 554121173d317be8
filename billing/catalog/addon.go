package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PerQuantity multiplies a recurring charge of an add-on by how many of the add-on were bought.
const PerQuantity Per = "quantity"

// AddOn is what can be bought with a plan, in its periods and by its rules. It is part of the plan's version, so its prices
// change with a new version as the plan's own do.
type AddOn struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Charges have ids that no other charge of the plan has, and prices in every currency in which the plan is sold.
	Charges []Charge `json:"charges"`
}

// Counted says whether more than one of the add-on can be bought: a charge is multiplied by its quantity.
func (a AddOn) Counted() bool {
	return slices.ContainsFunc(a.Charges, func(c Charge) bool { return c.Per == PerQuantity })
}

// AddOn returns the add-on with the given id; the error lists those that exist.
func (p Plan) AddOn(id string) (AddOn, error) {
	ids := make([]string, 0, len(p.AddOns))
	for _, addOn := range p.AddOns {
		if addOn.ID == id {
			return addOn, nil
		}
		ids = append(ids, addOn.ID)
	}
	return AddOn{}, fmt.Errorf("plan %q version %d has no add-on %q: it has %s", p.ID, p.Version, id, strings.Join(ids, ", "))
}

// AddOnOf returns the add-on that a charge belongs to, if it does not belong to the plan itself.
func (p Plan) AddOnOf(chargeID string) (_ AddOn, is bool) {
	for _, addOn := range p.AddOns {
		if slices.ContainsFunc(addOn.Charges, func(c Charge) bool { return c.ID == chargeID }) {
			return addOn, true
		}
	}
	return AddOn{}, false
}

// EveryCharge lists the plan's own charges and then those of its add-ons.
func (p Plan) EveryCharge() []Charge {
	every := slices.Clip(p.Charges)
	for _, addOn := range p.AddOns {
		every = append(every, addOn.Charges...)
	}
	return every
}

func (p Plan) validateAddOns() error {
	charges, meters := make(map[string]bool), make(map[string]bool)
	for _, own := range p.Charges {
		charges[own.ID], meters[own.Meter] = true, true
	}
	seen := make(map[string]bool, len(p.AddOns))
	for i, addOn := range p.AddOns {
		if seen[addOn.ID] {
			return fmt.Errorf("add_ons[%d].id %q is used twice", i, addOn.ID)
		}
		seen[addOn.ID] = true
		if err := p.validateAddOn(addOn, charges, meters); err != nil {
			return fmt.Errorf("add_ons[%d].%w", i, err)
		}
	}
	return nil
}

// validateAddOn checks an add-on, given the charges and meters that come before it in the plan, and adds its own to them.
func (p Plan) validateAddOn(addOn AddOn, charges, meters map[string]bool) error {
	if err := checkID("id", addOn.ID); err != nil {
		return err
	}
	if err := checkName(addOn.Name); err != nil {
		return err
	}
	if len(addOn.Charges) == 0 {
		return errors.New("charges must not be empty")
	}
	own := make(map[string]bool)
	for i, charge := range addOn.Charges {
		if charges[charge.ID] {
			return fmt.Errorf("charges[%d].id %q is used twice in the plan: lines are told apart by it", i, charge.ID)
		}
		if err := p.validateCharge(charge); err != nil {
			return fmt.Errorf("charges[%d].%w", i, err)
		}
		if err := p.validateAdded(charge, meters); err != nil {
			return fmt.Errorf("charges[%d].%w", i, err)
		}
		charges[charge.ID], own[charge.Meter] = true, charge.Kind == Usage
	}
	maps.Copy(meters, own)
	return nil
}

// validateAdded checks what is asked of an add-on's charge only.
func (p Plan) validateAdded(charge Charge, meters map[string]bool) error {
	if charge.Per == PerSeat && !p.HasSeats() {
		return errors.New("per seat needs a plan with a charge per seat of its own")
	}
	if charge.Kind == Usage && meters[charge.Meter] {
		return fmt.Errorf("meter %q is counted by the plan or by another of its add-ons: usage is billed once", charge.Meter)
	}
	for _, currency := range p.Currencies() {
		if _, priced := charge.Prices[currency]; !priced {
			return fmt.Errorf("prices has no price in %s, in which the plan is sold", currency)
		}
	}
	return nil
}
