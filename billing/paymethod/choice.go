package paymethod

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
)

// Who chooses what the provider's page offers.
const (
	// ByProvider: the provider does, from what the account has enabled.
	ByProvider = "dynamic"
	// ByTable: the table of markets does.
	ByTable = "table"
)

// Choice is a legal entity's answer to which payment methods the provider's pages offer. The zero value is ByProvider.
type Choice struct {
	Mode string `json:"mode"`
	// Without are kinds that the account has not enabled, or that the seller does not want. The provider refuses a page that
	// names a kind which is not enabled.
	Without []string `json:"without,omitempty"`
}

// Validate names the field that is wrong. A card always stays: it is what every market has.
func (c Choice) Validate() error {
	switch c.Mode {
	case "", ByProvider:
		if len(c.Without) > 0 {
			return fmt.Errorf("without: the provider chooses by itself: leave kinds out with mode %s, or disable them at the provider", ByTable)
		}
		return nil
	case ByTable:
	default:
		return fmt.Errorf("mode: %.40q is unknown: use %s or %s", c.Mode, ByProvider, ByTable)
	}
	for i, kind := range c.Without {
		if _, known := byKind[kind]; !known || kind == KindCard {
			return fmt.Errorf("without[%d]: %.40q is no kind that can be left out: see payment-method offer", i, kind)
		}
	}
	return nil
}

// Kinds are those that a page offers to a customer of a country for an amount, the best first; nil when the provider is to
// choose. An amount of zero is of a page that saves a method. Recurring kinds are those that can be charged again without the
// customer, or become one that can.
func (c Choice) Kinds(country string, amount money.Amount, use Use) []string {
	if c.Mode != ByTable {
		return nil
	}
	kinds := []string{}
	for _, m := range Offer(country, amount.Currency, use) {
		if slices.Contains(c.Without, m.Kind) || !amount.IsZero() && m.CheckAmount(amount) != nil {
			continue
		}
		kinds = append(kinds, m.Kind)
	}
	return kinds
}
