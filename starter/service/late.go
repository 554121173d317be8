package service

import (
	"context"

	"github.com/perennial-billing/perennial/billing/subscription"
)

// BillLate asks to bill what was used before the end of a subscription and became known after it.
type BillLate struct{ Asked }

func (b BillLate) want() subscription.Command {
	return subscription.Command{Kind: subscription.BillLate}
}

func (b BillLate) repeats(before subscription.Command) bool { return b.want().Repeats(before) }

//nolint:unparam // other orders can fail
func (b BillLate) command(context.Context, *Service, target) (subscription.Command, error) {
	return b.want(), nil
}
