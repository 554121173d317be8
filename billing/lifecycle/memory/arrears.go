package memory

import (
	"context"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/rating"
)

// ChargedInArrears is what was charged for time inside a period when it had passed, before discounts.
func (r *Records) ChargedInArrears(_ context.Context, inside calendar.Period) ([]invoicing.Charged, error) {
	var charged []invoicing.Charged
	for _, invoice := range r.invoices {
		for _, line := range invoice.lines() {
			within := !line.Period.Start.Before(inside.Start) && !line.Period.End.After(inside.End)
			if !within || !slices.Contains(invoicing.ArrearsKinds(), line.Kind) || invoice.chargesAhead(line) {
				continue
			}
			price, err := line.Price()
			if err != nil {
				return nil, err
			}
			charged = append(charged, invoicing.Charged{
				Kind: line.Kind, PlanID: line.PlanID, PlanVersion: line.PlanVersion, ChargeID: line.ChargeID,
				Usage: rating.Usage{Quantity: line.Quantity, Detail: line.Measured}, Amount: price,
			})
		}
	}
	return charged, nil
}
