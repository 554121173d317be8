package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// When a migration takes effect.
const (
	AtRenewal = "renewal"
	AtOnce    = "now"
)

// Migration moves subscriptions from one version of a plan to another.
type Migration struct {
	Plan string `json:"-"`
	From int    `json:"from" doc:"The version that the subscriptions have." example:"1"`
	To   int    `json:"to" doc:"The version that they go over to." example:"2"`
	At   string `json:"at,omitempty" enum:"renewal,now" doc:"renewal when absent: at the end of the period under way."`
	// Percent, when it is above 0, limits the migration to a cohort; Customers, unless empty, to these.
	Percent   int      `json:"percent,omitempty" minimum:"0" maximum:"100" doc:"Only this part of the subscriptions, by a hash of their ids: 10 are among the 50."`
	Customers []string `json:"customers,omitempty" doc:"Only the subscriptions of these customers."`
	// NoticeDays is how many days before a renewal customers must be told.
	NoticeDays *int `json:"notice_days,omitempty" doc:"Leave out whoever renews in fewer days; 30 when absent. Only at renewal."`
	// Prices are agreed for the new version, by subscription.
	Prices map[string]catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for the new version, by subscription, charge id and currency."`
	DryRun bool                      `json:"dry_run,omitempty" doc:"Only say what would happen."`
	Actor  string                    `json:"actor,omitempty" doc:"Who asks, for the record: operator when absent."`
	After  string                    `json:"after,omitempty" doc:"Continue behind this subscription: the next of an earlier answer."`
	Limit  int                       `json:"limit,omitempty" doc:"How many subscriptions to look at."`
}

// ID names the migration: it is the id of its command to each subscription, which is therefore carried out once.
func (m Migration) ID() string { return lifecycle.MigrationID(m.Plan, m.From, m.To) }

// Outcome is what a migration means for a subscription.
type Outcome string

// Outcomes.
const (
	Migrated   Outcome = "migrated"
	WouldMove  Outcome = "would_migrate"
	DoneBefore Outcome = "done_before"
	Skipped    Outcome = "skipped"
)

// MigratedSubscription is what a migration means for one subscription. Amounts are what recurs in a billing period, before
// tax.
type MigratedSubscription struct {
	Subscription string        `json:"subscription"`
	Customer     string        `json:"customer"`
	Outcome      Outcome       `json:"outcome" enum:"migrated,would_migrate,done_before,skipped"`
	Reason       string        `json:"reason,omitempty" doc:"Why it was skipped."`
	ChangesAt    time.Time     `json:"changes_at,omitzero"`
	Old          *money.Amount `json:"old,omitempty"`
	New          *money.Amount `json:"new,omitempty"`
	Difference   *money.Amount `json:"difference,omitempty"`
	// OldAgreed and NewAgreed are the prices agreed for the two versions.
	OldAgreed catalog.Agreed `json:"old_agreed,omitempty" doc:"Prices agreed with the customer for the old version only: they end with it."`
	NewAgreed catalog.Agreed `json:"new_agreed,omitempty" doc:"Prices agreed for the new version, by the migration or before."`
}

// Migrate looks at a page of the subscriptions under a plan version, moves those that a migration is for, and has their
// customers told by mail: each subscription once, however often it is repeated.
func (s *Service) Migrate(ctx context.Context, in Migration) (Page[MigratedSubscription], error) {
	var done Page[MigratedSubscription]
	run, err := s.checkMigration(ctx, in)
	if err != nil {
		return done, err
	}
	limit, err := pageSize(in.Limit)
	if err != nil {
		return done, err
	}
	rows, err := s.store.Migrating(ctx, in.ID(), in.Plan, in.From, in.After, limit+1)
	if err != nil {
		return done, err
	}
	found := page(rows, limit, func(x store.Subscription) string { return x.ID })
	done.Data, done.Next = []MigratedSubscription{}, found.Next
	for _, row := range found.Data {
		if !in.covers(row) {
			continue
		}
		moved, err := run.move(ctx, row)
		if err != nil {
			return done, fmt.Errorf("migrate subscription %s: %w", row.ID, err)
		}
		done.Data = append(done.Data, moved)
	}
	return done, nil
}

// covers says whether a migration is for a subscription.
func (m Migration) covers(row store.Subscription) bool {
	return (m.Percent == 0 || subscription.InCohort(row.ID, m.Percent)) &&
		(len(m.Customers) == 0 || slices.Contains(m.Customers, row.CustomerID))
}

func (s *Service) checkMigration(ctx context.Context, in Migration) (migration, error) {
	run := migration{Migration: in, svc: s, notice: lifecycle.UsualNotice}
	var p problems
	if in.At == "" {
		run.At = AtRenewal
	}
	if run.At != AtRenewal && run.At != AtOnce {
		p.add("at", "%.60q must be renewal or now", in.At)
	}
	if in.Percent < 0 || in.Percent > 100 {
		p.add("percent", "%d is not between 1 and 100", in.Percent)
	}
	if in.From == in.To {
		p.add("to", "is the version that the subscriptions have: give another")
	}
	if in.NoticeDays != nil {
		run.notice = *in.NoticeDays
		switch {
		case run.notice < 0 || run.notice > 730:
			p.add("notice_days", "%d is not between 0 and 730", run.notice)
		case run.At == AtOnce && run.notice > 0:
			p.add("notice_days", "there is no time for a notice when the price changes now: leave it out, or migrate at renewal")
		}
	}
	if err := p.err(); err != nil {
		return run, err
	}
	entity, err := s.sellerOf(ctx, in.Plan)
	if err != nil {
		return run, err
	}
	run.entity = entity
	if run.from, err = s.versionOf(ctx, "from", in.Plan, in.From); err != nil {
		return run, err
	}
	if run.to, err = s.versionOf(ctx, "to", in.Plan, in.To); err != nil {
		return run, err
	}
	return run, s.checkMigrationPrices(ctx, run)
}

func (s *Service) versionOf(ctx context.Context, field, planID string, version int) (catalog.Plan, error) {
	found, err := s.store.Plan(ctx, planID, version)
	if errors.Is(err, store.ErrNotFound) {
		return catalog.Plan{}, invalid(field, "plan %q has no version %d", planID, version)
	}
	return found.Plan, err
}
