package catalog

import "fmt"

// CheckMeasured refuses a plan that cannot be billed where all that is known of usage is the sum of each meter. The error
// names the field that asks for more.
func (p Plan) CheckMeasured() error {
	if err := checkMeasured("charges", p.Charges); err != nil {
		return fmt.Errorf("plan %q: %w", p.ID, err)
	}
	for i, addOn := range p.AddOns {
		if err := checkMeasured(fmt.Sprintf("add_ons[%d].charges", i), addOn.Charges); err != nil {
			return fmt.Errorf("plan %q: %w", p.ID, err)
		}
	}
	return p.checkPhasesMeasured()
}

func checkMeasured(path string, charges []Charge) error {
	for i, charge := range charges {
		for _, currency := range charge.currencies() {
			if field, needs := charge.Prices[currency].beyondSums(); field != "" {
				return fmt.Errorf("%s[%d].prices.%s.%s needs %s, which is not recorded of subscriptions yet: it is for quotes only",
					path, i, currency, field, needs)
			}
		}
	}
	return nil
}

// checkPhasesMeasured looks at the prices that phases have of their own; a percentage asks for what the regular price does.
func (p Plan) checkPhasesMeasured() error {
	for i, phase := range p.Phases {
		for _, charge := range p.Charges {
			charge.Prices = phase.Prices[charge.ID]
			for _, currency := range charge.currencies() {
				if field, needs := charge.Prices[currency].beyondSums(); field != "" {
					return fmt.Errorf("plan %q: phases[%d].prices.%s.%s.%s needs %s, which is not recorded of subscriptions yet: it is for quotes only",
						p.ID, i, charge.ID, currency, field, needs)
				}
			}
		}
	}
	return nil
}

// beyondSums names the first field for which the sum of a meter is not enough, and what it needs.
func (p Price) beyondSums() (field, needs string) {
	switch {
	case p.Model == Matrix:
		return "model matrix", "usage by dimensions"
	case p.Model == Dynamic:
		return "model dynamic", "the amounts of events"
	case p.EventAmount.IsPositive():
		return "event_amount", "the number of events"
	case p.NeedsEvents() != "":
		return p.NeedsEvents(), "each event by itself"
	}
	return "", ""
}

// NeedsEvents names the field of a percentage that looks at each event by itself; empty if there is none.
func (p Price) NeedsEvents() string {
	switch {
	case p.EventMinimum.IsPositive():
		return "event_minimum"
	case p.EventMaximum.IsPositive():
		return "event_maximum"
	case p.FreeRule == FreeEvents && (p.FreeUnits.IsPositive() || p.FreeEvents > 0):
		return "free_rule"
	}
	return ""
}
