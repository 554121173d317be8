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
	for _, together := range sharing(members) {
		settled, err := r.billMembers(ctx, run, together)
		if err != nil {
			failures = append(failures, err)
			if len(failures) == mostFailures || ctx.Err() != nil {
				break
			}
		}
		for _, member := range settled {
			if member.InvoiceID != nil {
				done.Invoiced++
			} else {
				done.Skipped++
			}
			activity.RecordHeartbeat(ctx, member.SubscriptionID)
		}
	}
	if len(failures) > 0 {
		return done, fmt.Errorf("run %s, shard %d: %w", run.ID, in.Shard, errors.Join(failures...))
	}
	return done, nil
}

// sharing are the members that have to be billed together, each with those that it shares an invoice with.
func sharing(members []store.Member) [][]store.Member {
	var groups [][]store.Member
	for i, member := range members {
		if i > 0 && members[i-1].Sharing == member.Sharing {
			groups[len(groups)-1] = append(groups[len(groups)-1], member)
			continue
		}
		groups = append(groups, []store.Member{member})
	}
	return groups
}

// billMembers bills the month of subscriptions that share an invoice, and returns what became of each. If one of them cannot
// be billed, each of the others is billed alone: it must not hold them up.
func (r *Runs) billMembers(ctx context.Context, run store.Run, members []store.Member) ([]store.Member, error) {
	settled, err := r.billTogether(ctx, run, members)
	if err == nil || ctx.Err() != nil {
		return settled, err
	}
	if len(members) == 1 {
		return nil, fmt.Errorf("subscription %s: %w", members[0].SubscriptionID, err)
	}
	var failures []error
	for _, member := range members {
		alone, err := r.billMembers(ctx, run, []store.Member{member})
		settled = append(settled, alone...)
		if err != nil {
			failures = append(failures, err)
		}
	}
	return settled, errors.Join(failures...)
}

// billTogether bills the month of subscriptions on one invoice, or records why there is nothing to bill for one of them, unless
// that was done before.
func (r *Runs) billTogether(ctx context.Context, run store.Run, members []store.Member) ([]store.Member, error) {
	var settled []store.Member
	err := r.Store.Tx(ctx, func(tx store.Tx) error {
		settled = nil
		shared := &together{}
		var billed []*lifecycle.Issued
		for _, member := range members {
			issued, member, err := billMember(ctx, tx, run, member, shared)
			if err != nil {
				return err
			}
			settled, billed = append(settled, member), append(billed, issued)
		}
		if err := shared.Issue(ctx, issueTogether); err != nil {
			return err
		}
		for i, issued := range billed {
			if issued != nil {
				settled[i].InvoiceID = &issued.InvoiceID
			}
			if err := tx.SettleMember(ctx, run.ID, settled[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return settled, err
}

// billMember bills one subscription's month; what comes of it is known when the invoice is issued that it shares.
func billMember(ctx context.Context, tx store.Tx, run store.Run, member store.Member, shared *together) (*lifecycle.Issued, store.Member, error) {
	if member.Settled() {
		return nil, member, nil
	}
	account, err := openAccount(ctx, tx, member.SubscriptionID)
	if err != nil {
		return nil, member, err
	}
	// Another worker may have billed it since the list was read.
	if member, err = tx.Member(ctx, run.ID, member.SubscriptionID); err != nil || member.Settled() {
		return nil, member, err
	}
	issued, err := shared.of(account).BillMonth(ctx, account.standing(), run.Period, run.AsOf)
	if errors.Is(err, invoicing.ErrNothingToBill) {
		reason := lifecycle.NothingToBill
		member.SkippedBecause = &reason
		return nil, member, nil
	}
	return issued, member, err
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
