package activities

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// mostDifferences are spelled out in the result; all are counted, and kept.
const mostDifferences = 200

// remember keeps what was found and counts it. What this comparison went over and did not find any more is gone.
func (c *comparison) remember(ctx context.Context) error {
	c.result.Differences = []message.Difference{}
	return c.Store.Tx(ctx, func(tx store.Tx) error {
		seen := make([]int64, 0, len(c.found))
		for _, found := range c.found {
			kept, err := tx.KeepDifference(ctx, c.kept(found))
			if err != nil {
				return err
			}
			seen = append(seen, kept.ID)
			found.Settled = kept.Status == store.DifferenceSettled
			c.count(found)
		}
		return tx.ForgetDifferences(ctx, c.in.EntityID, c.in.From, c.in.To, seen)
	})
}

func (c *comparison) kept(d message.Difference) store.Difference {
	row := store.Difference{
		Kind: d.Kind, Subject: d.Subject, InvoiceID: d.InvoiceID, Detail: d.Detail, Status: store.DifferenceOpen,
		OccurredAt: d.OccurredAt, LastSeen: c.at,
	}
	if d.EntityID != "" {
		row.EntityID = &d.EntityID
	}
	if d.Healed {
		row.Status = store.DifferenceHealed
	}
	return row
}

func (c *comparison) count(d message.Difference) {
	switch {
	case d.Healed:
		c.result.Healed++
	case d.Settled:
		c.result.Settled++
	default:
		c.result.Open++
	}
	if len(c.result.Differences) < mostDifferences {
		c.result.Differences = append(c.result.Differences, d)
	}
}

func sortedHeld(sums map[money.Currency]*message.HeldMoney) []message.HeldMoney {
	list := []message.HeldMoney{}
	for _, sum := range slices.SortedFunc(maps.Values(sums), func(a, b *message.HeldMoney) int { return cmp.Compare(a.Currency, b.Currency) }) {
		list = append(list, *sum)
	}
	return list
}
