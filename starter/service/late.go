package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
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

// LateBilled says what came of a look for late usage.
type LateBilled struct {
	Subscriptions int      `json:"subscriptions" doc:"Ended subscriptions of which usage became known."`
	Invoices      []string `json:"invoices" doc:"The invoices that came of it."`
}

// lateAtOnce are looked at together.
const lateAtOnce = 200

// BillLateUsage bills, once a day for each subscription that has ended, what was used before its end and became known after
// its last invoice. While somebody else does it, it does nothing. One that cannot be billed holds up no other.
func (s *Service) BillLateUsage(ctx context.Context) (LateBilled, error) {
	found := LateBilled{Invoices: []string{}}
	err := s.store.Exclusively(ctx, "late-usage", func() error {
		var failures []error
		for after := ""; ; {
			late, err := s.store.LateUsage(ctx, after, lateAtOnce)
			if err != nil || len(late) == 0 {
				return errors.Join(append(failures, err)...)
			}
			for id, meters := range metersOf(late) {
				after = max(after, id)
				if err := s.billLateUsage(ctx, id, meters, &found); err != nil {
					failures = append(failures, fmt.Errorf("late usage of subscription %s: %w", id, err))
				}
			}
		}
	})
	if errors.Is(err, store.ErrBusy) {
		err = nil
	}
	return found, err
}

func metersOf(late []store.UnbilledUsage) map[string][]string {
	meters := map[string][]string{}
	for _, used := range late {
		meters[used.SubscriptionID] = append(meters[used.SubscriptionID], used.Meter)
	}
	return meters
}

func (s *Service) billLateUsage(ctx context.Context, id string, meters []string, found *LateBilled) error {
	t, err := s.target(ctx, id)
	if err != nil || t.row.EndedAt == nil {
		return err
	}
	command := BillLate{}.want()
	command.ID, command.At, command.Actor = message.LateUsageCommand+s.wallNow().Format(time.DateOnly), t.now, "schedule"
	switch _, err = s.store.CarriedOut(ctx, id, command.ID); {
	case err == nil:
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	charged, err := s.chargesAny(ctx, t.row, meters)
	if err != nil || !charged {
		return err
	}
	done, err := s.clientOf(t.customer).Command(ctx, id, command)
	if err != nil {
		return answered(err)
	}
	found.Subscriptions++
	if done.Invoice != nil {
		found.Invoices = append(found.Invoices, done.Invoice.InvoiceID)
	}
	return nil
}

// chargesAny says that the terms of a subscription's last period charge one of the meters. What they do not charge nobody
// pays for, and asking again every day would change nothing.
func (s *Service) chargesAny(ctx context.Context, row store.Subscription, meters []string) (bool, error) {
	since := row.EndedAt.AddDate(0, -1, 0) // a month of the monthly run, which moves no period
	if row.PeriodStart != nil && row.PeriodStart.Before(since) {
		since = *row.PeriodStart
	}
	segments, err := s.store.Segments(ctx, row.ID, since, *row.EndedAt)
	if err != nil {
		return false, err
	}
	for _, segment := range segments {
		plan, err := s.store.Plan(ctx, segment.PlanID, segment.PlanVersion)
		if err != nil {
			return false, err
		}
		terms := invoicing.Terms{Plan: plan.Plan, Seats: segment.Seats, AddOns: segment.AddOns.Quantities()}
		if slices.ContainsFunc(terms.Meters(), func(meter string) bool { return slices.Contains(meters, meter) }) {
			return true, nil
		}
	}
	return false, nil
}
