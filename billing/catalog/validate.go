package catalog

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
)

const longestName = 200

// Ids end up in workflow ids, idempotency keys and file names.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Validate checks every rule of a plan and reports the first broken one with the
// path of its field: plan "pro": charges[2].prices.USD.tiers[1].up_to must exceed
// 10. Charges and tiers are counted from 0.
func (p Plan) Validate() error {
	err := p.ValidateFields()
	switch {
	case err == nil:
		return nil
	case checkID("id", p.ID) != nil:
		return fmt.Errorf("plan: %w", err)
	}
	return fmt.Errorf("plan %q: %w", p.ID, err)
}

// ValidateFields is Validate for plans in a document: an error begins with the path of the field in the plan.
func (p Plan) ValidateFields() error {
	if err := checkID("id", p.ID); err != nil {
		return err
	}
	if err := p.validateTerms(); err != nil {
		return err
	}
	seen := make(map[string]bool, len(p.Charges))
	for i, charge := range p.Charges {
		if err := checkID("id", charge.ID); err != nil {
			return fmt.Errorf("charges[%d].%w", i, err)
		}
		if seen[charge.ID] {
			return fmt.Errorf("charges[%d].id %q is used twice", i, charge.ID)
		}
		seen[charge.ID] = true
		if charge.Per == PerQuantity {
			return fmt.Errorf("charges[%d].per quantity is for the charges of add_ons: a plan has seats", i)
		}
		if err := p.validateCharge(charge); err != nil {
			return fmt.Errorf("charges[%d].%w", i, err)
		}
	}
	if err := p.validateEntitlements(); err != nil {
		return err
	}
	if len(p.Currencies()) == 0 {
		return errors.New("charges: no currency has a price in every charge, so the plan cannot be sold")
	}
	for _, rule := range []func() error{p.validateSeats, p.validateSpend, p.validateAddOns, p.validatePhases} {
		if err := rule(); err != nil {
			return err
		}
	}
	return nil
}

func (p Plan) validateCharge(charge Charge) error {
	if err := charge.validate(); err != nil {
		return err
	}
	if p.BilledBy == ByInvoiceRun && charge.Timing != Arrears {
		return errors.New("timing must be arrears for billed_by invoice_run: a run bills the month that ended")
	}
	return nil
}

func (p Plan) validateTerms() error {
	if p.Version < 1 {
		return fmt.Errorf("version must be at least 1, got %d", p.Version)
	}
	if err := checkName(p.Name); err != nil {
		return err
	}
	if err := p.validateProduct(); err != nil {
		return err
	}
	if err := oneOf("proration", p.Proration, grains...); err != nil {
		return err
	}
	if p.Credits != "" {
		if err := oneOf("credits", p.Credits, CreditUnused, CreditNone); err != nil {
			return err
		}
	}
	if err := oneOf("billed_by", p.BilledBy, ByRenewal, ByInvoiceRun); err != nil {
		return err
	}
	if err := p.validateSchedule(); err != nil {
		return err
	}
	if len(p.Charges) == 0 {
		return errors.New("charges must not be empty")
	}
	return nil
}

func (p Plan) validateEntitlements() error {
	seen := make(map[string]bool, len(p.Entitlements))
	for i, e := range p.Entitlements {
		if err := e.Validate(); err != nil {
			return fmt.Errorf("entitlements[%d].%w", i, err)
		}
		if seen[e.Feature] {
			return fmt.Errorf("entitlements[%d].feature %q is used twice", i, e.Feature)
		}
		seen[e.Feature] = true
	}
	return nil
}

func (c Charge) validate() error {
	if err := checkName(c.Name); err != nil {
		return err
	}
	if err := c.validateKind(); err != nil {
		return err
	}
	if c.TaxCategory == "" {
		return errors.New("tax_category is required: without it no tax can be determined")
	}
	if len(c.Prices) == 0 {
		return errors.New("prices must not be empty")
	}
	for _, currency := range c.currencies() {
		known, err := money.ParseCurrency(string(currency))
		if err != nil {
			return fmt.Errorf("prices: %w", err)
		}
		if known != currency {
			return fmt.Errorf("prices: currency %q must be written %q", currency, known)
		}
		if err := c.validatePrice(currency); err != nil {
			return fmt.Errorf("prices.%s.%w", currency, err)
		}
	}
	return nil
}

func (c Charge) validatePrice(currency money.Currency) error {
	price := c.Prices[currency]
	if err := c.validateModel(price); err != nil {
		return err
	}
	return price.ValidateIn(currency)
}

// validateModel checks that the model fits what is counted: seats and subscriptions have no events.
func (c Charge) validateModel(price Price) error {
	metered := []Model{Percentage, GraduatedPercentage, Dynamic, Matrix}
	switch {
	case c.Kind == Usage && price.Model == Flat:
		return errors.New("model flat does not depend on usage: make it a recurring charge")
	case c.Kind == Recurring && slices.Contains(metered, price.Model):
		return fmt.Errorf("model %s prices what a meter counts: make it a usage charge", price.Model)
	case c.Kind == Recurring && price.CommittedInAdvance():
		return errors.New("commitment.paid advance is only for usage charges: the timing of a recurring one says when it is paid")
	}
	return nil
}

func (c Charge) validateKind() error {
	switch c.Kind {
	case Recurring:
		if err := oneOf("per", c.Per, PerSubscription, PerSeat, PerQuantity); err != nil {
			return err
		}
		if c.Meter != "" {
			return fmt.Errorf("meter %q is only for usage charges", c.Meter)
		}
		return oneOf("timing", c.Timing, Advance, Arrears)
	case Usage:
		if c.Per != "" {
			return fmt.Errorf("per %q is only for recurring charges", c.Per)
		}
		if c.Timing != Arrears {
			return fmt.Errorf("timing %q must be arrears: usage is known only afterwards", c.Timing)
		}
		return checkID("meter", c.Meter)
	default:
		return oneOf("kind", c.Kind, Recurring, Usage)
	}
}

func checkID(field, id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("%s %.80q must be 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit", field, id)
	}
	return nil
}

func checkName(name string) error {
	if name == "" || len(name) > longestName {
		return fmt.Errorf("name must have 1 to %d bytes, got %d", longestName, len(name))
	}
	return nil
}

func oneOf[T ~string](field string, value T, allowed ...T) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s %.40q must be one of %s", field, value, listed(allowed))
	}
	return nil
}
