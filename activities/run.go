package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// membersPerShard is how many subscriptions one activity bills: few enough to finish in seconds, many enough that a
// million accounts are a few thousand activities.
const membersPerShard = 500

// Runs bills the months of entities.
type Runs struct {
	Store      *store.Store
	Collection *Collection
}

// PrepareRun writes down who is due. The month must be over everywhere: the run's instant is checked against the zones
// of the members when they are billed.
func (r *Runs) PrepareRun(ctx context.Context, in message.InvoiceRunInput) (message.RunProgress, error) {
	run := store.Run{ID: message.InvoiceRunID(in.EntityID, in.Period), EntityID: in.EntityID, Period: in.Period, AsOf: in.AsOf}
	// Somewhere the month begins up to 14 hours before it does in UTC.
	month, err := calendar.MonthPeriod(calendar.Zone{}, in.Period)
	if err != nil {
		return message.RunProgress{}, err
	}
	err = r.Store.Tx(ctx, func(tx store.Tx) error {
		run, err = tx.AddRun(ctx, run, month.Start.AddDate(0, 0, -1), membersPerShard)
		return err
	})
	if err != nil {
		return message.RunProgress{}, err
	}
	counts, err := r.Store.RunCounts(ctx, run.ID)
	return message.RunProgress{Due: counts.Due, Shards: run.Shards}, err
}

// mostFailures is how many members of a shard may fail before the rest is left for the next try.
const mostFailures = 10

// BillShard makes the invoices of a shard, each in a transaction of its own, so that a run that stops goes on where it was.
// A member that cannot be billed does not hold up the others; it is an error after them.
func (r *Runs) BillShard(ctx context.Context, in message.Shard) (message.ShardBilled, error) {
	run, err := r.Store.Run(ctx, in.RunID)
	if err != nil {
		return message.ShardBilled{}, err
	}
	members, err := r.Store.Members(ctx, in.RunID, in.Shard)
	if err != nil {
		return message.ShardBilled{}, err
	}
	var done message.ShardBilled
	var failures []error
	for _, member := range members {
		if member, err = r.billMember(ctx, run, member); err != nil {
			failures = append(failures, fmt.Errorf("subscription %s: %w", member.SubscriptionID, err))
			if len(failures) == mostFailures || ctx.Err() != nil {
				break
			}
			continue
		}
		if member.InvoiceID != nil {
			done.Invoiced++
		} else {
			done.Skipped++
		}
		activity.RecordHeartbeat(ctx, member.SubscriptionID)
	}
	if len(failures) > 0 {
		return done, fmt.Errorf("run %s, shard %d: %w", run.ID, in.Shard, errors.Join(failures...))
	}
	return done, nil
}

// billMember bills one subscription's month, or records why there is nothing to bill, unless that was done before.
func (r *Runs) billMember(ctx context.Context, run store.Run, member store.Member) (store.Member, error) {
	if member.Settled() {
		return member, nil
	}
	err := r.Store.Tx(ctx, func(tx store.Tx) error {
		account, err := openAccount(ctx, tx, member.SubscriptionID)
		if err != nil {
			return err
		}
		// Another worker may have billed it since the list was read.
		if member, err = tx.Member(ctx, run.ID, member.SubscriptionID); err != nil || member.Settled() {
			return err
		}
		issued, err := account.lifecycle().BillMonth(ctx, account.standing(), run.Period, run.AsOf)
		switch {
		case errors.Is(err, invoicing.ErrNothingToBill):
			reason := lifecycle.NothingToBill
			member.SkippedBecause = &reason
		case err != nil:
			return err
		default:
			member.InvoiceID = &issued.InvoiceID
		}
		return tx.SettleMember(ctx, run.ID, member)
	})
	return member, err
}

// standing is what the record says of a subscription's life, as far as the run has to know it.
func (a account) standing() subscription.State {
	return subscription.State{ID: a.row.ID, Status: a.row.Status, StartAt: a.row.StartedAt, EndedAt: a.row.EndedAt}
}

// CollectShard hands the shard's unpaid invoices to collection. Starting a collection twice is starting it once.
func (r *Runs) CollectShard(ctx context.Context, in message.Shard) (message.None, error) {
	members, err := r.Store.Members(ctx, in.RunID, in.Shard)
	if err != nil {
		return message.None{}, err
	}
	for _, member := range members {
		if member.InvoiceID == nil {
			continue
		}
		if err := r.collect(ctx, *member.InvoiceID, in); err != nil {
			return message.None{}, err
		}
		activity.RecordHeartbeat(ctx, member.SubscriptionID)
	}
	return message.None{}, nil
}

func (r *Runs) collect(ctx context.Context, invoiceID string, in message.Shard) error {
	invoice, err := r.Store.Invoice(ctx, invoiceID)
	if err != nil || invoice.Status != "open" {
		return err
	}
	return r.Collection.handOver(ctx, message.InvoiceAt{InvoiceID: invoiceID, At: in.AsOf}, false)
}

// CompleteRun proves completeness: every member has an invoice or a stated reason. Anything else is an alarm.
func (r *Runs) CompleteRun(ctx context.Context, in message.Shard) (message.RunProgress, error) {
	counts, err := r.Store.RunCounts(ctx, in.RunID)
	if err != nil {
		return message.RunProgress{}, err
	}
	if counts.Open() != 0 {
		return message.RunProgress{}, fmt.Errorf("run %s is not complete: %d of %d members have neither an invoice nor a reason", in.RunID, counts.Open(), counts.Due)
	}
	run, err := r.Store.Run(ctx, in.RunID)
	if err != nil {
		return message.RunProgress{}, err
	}
	err = r.Store.Tx(ctx, func(tx store.Tx) error { return tx.CompleteRun(ctx, in.RunID, in.AsOf) })
	return message.RunProgress{
		Due: counts.Due, Shards: run.Shards, ShardDone: run.Shards, Invoiced: counts.Invoiced, Skipped: counts.Skipped,
	}, err
}
