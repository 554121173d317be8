package api

import (
	"context"
	"time"
)

// lateEvery is how often usage is looked for that became known after a subscription's end. Each is billed once a day.
const lateEvery = time.Hour

// billLate bills late usage of subscriptions that have ended, until ctx ends. Of several programs one does it at a time.
func (a *API) billLate(ctx context.Context) {
	ticker := time.NewTicker(lateEvery)
	defer ticker.Stop()
	for {
		done, err := a.service.BillLateUsage(ctx)
		if err != nil && ctx.Err() == nil {
			a.log.Error("late usage was not billed and is looked for again", "error", err)
		}
		if len(done.Invoices) > 0 {
			a.log.Info("usage became known after the end of subscriptions and was billed", "subscriptions", done.Subscriptions, "invoices", len(done.Invoices))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
