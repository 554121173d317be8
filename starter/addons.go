package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// addOns is a flag that is repeated: ID=QUANTITY.
type addOns []subscription.HeldAddOn

// Set reads one add-on; 0 is a quantity, of what is to be removed.
func (a *addOns) Set(text string) error {
	id, quantity, ok := strings.Cut(text, "=")
	number, err := strconv.ParseInt(quantity, 10, 64)
	if !ok || id == "" || err != nil {
		return fmt.Errorf("%q must be written ID=QUANTITY, such as storage=3", text)
	}
	*a = append(*a, subscription.HeldAddOn{ID: id, Quantity: number})
	return nil
}

func (a *addOns) String() string {
	texts := make([]string, len(*a))
	for i, held := range *a {
		texts[i] = fmt.Sprintf("%s=%d", held.ID, held.Quantity)
	}
	return strings.Join(texts, " ")
}

// Type is what the help calls the value.
func (a *addOns) Type() string { return "ID=QUANTITY" }
