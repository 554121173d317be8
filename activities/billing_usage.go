package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/internal/store"
)

// ClaimUsage takes what was used of a meter and not billed before, in the quarter hours that begin in the stretch of time.
func (a account) ClaimUsage(ctx context.Context, claim lifecycle.UsageClaim) ([]invoicing.Usage, error) {
	claimed, err := a.tx.ClaimUsage(ctx, a.row.ID, store.UsageClaim(claim))
	if err != nil || len(claimed.Groups) == 0 {
		return nil, err
	}
	amount := decimal.Zero // without amounts, events are charged nothing by them
	used := invoicing.Usage{Meter: claim.Meter, Detail: rating.Detail{Amount: &amount}}
	for _, group := range claimed.Groups {
		used.Quantity, used.Late = used.Quantity.Add(group.Quantity), used.Late.Add(group.Late)
		used.Detail.EventCount += group.Events
		if group.Amount != nil {
			amount = amount.Add(*group.Amount)
		}
		used.Detail.Groups = append(used.Detail.Groups, rating.Group{Values: group.Values, Quantity: group.Quantity})
	}
	for _, quantity := range claimed.Events {
		used.Detail.Events = append(used.Detail.Events, rating.Event{Quantity: quantity})
	}
	return []invoicing.Usage{used}, nil
}

// measured is what a line keeps of its usage besides the quantity, so that it can be priced again; nothing of other lines.
func measured(line invoicing.Line) (json.RawMessage, error) {
	if line.Kind != invoicing.UsageLine || line.Measured.IsZero() {
		return nil, nil
	}
	text, err := json.Marshal(line.Measured)
	if err != nil {
		return nil, fmt.Errorf("usage of charge %q: %w", line.ChargeID, err)
	}
	return text, nil
}
