package service

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// DifferenceQuery narrows a list of differences; empty fields do not.
type DifferenceQuery struct {
	Entity string
	// Status is open, healed, gone or settled.
	Status string
	// After continues after a difference's id.
	After string
	Limit int
}

var differenceStatuses = []string{store.DifferenceOpen, store.DifferenceHealed, store.DifferenceGone, store.DifferenceSettled}

// Differences lists what reconciliations found, first found first.
func (s *Service) Differences(ctx context.Context, q DifferenceQuery) (Page[store.Difference], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": q.Entity}); err != nil {
		return Page[store.Difference]{}, err
	}
	if q.Status != "" && !slices.Contains(differenceStatuses, q.Status) {
		return Page[store.Difference]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(differenceStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Difference]{}, err
	}
	after := int64(0)
	if q.After != "" {
		if after, err = strconv.ParseInt(q.After, 10, 64); err != nil {
			return Page[store.Difference]{}, invalid("after", "%.60q is not the number of a difference", q.After)
		}
	}
	rows, err := s.store.Differences(ctx, store.DifferenceFilter{EntityID: q.Entity, Status: q.Status, After: after, Limit: limit + 1})
	return page(rows, limit, func(d store.Difference) string { return strconv.FormatInt(d.ID, 10) }), err
}

// Settlement says who has settled something, and why.
type Settlement struct {
	By     string `json:"by" doc:"Who settled it." example:"dana"`
	Reason string `json:"reason" doc:"Why, for the record." example:"refunded at the bank, statement 42"`
}

func (in Settlement) check(p *problems) {
	p.check("by", checkText(in.By, longestName))
	p.check("reason", checkText(in.Reason, longestReason))
}

// SettleDifference records that a person has settled an open difference. It moves no money; reconciliations do not count
// the difference any more while it stays the same.
func (s *Service) SettleDifference(ctx context.Context, id string, in Settlement) (store.Difference, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return store.Difference{}, notFound("difference %.60q: not found", id)
	}
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return store.Difference{}, err
	}
	settled, err := s.store.SettleDifference(ctx, number, in.By, in.Reason)
	if errors.Is(err, store.ErrNotFound) {
		return settled, refused("difference_not_open", "there is no open difference %d", number)
	}
	return settled, err
}

// MovementExplanation says what a movement on the provider's balance is.
type MovementExplanation struct {
	Settlement

	Account string `json:"account" doc:"What it is booked as: ProcessingFees, Bank, OtherIncome or OtherExpenses." example:"OtherExpenses"`
}

// explanations are the accounts that money in suspense can be moved to. What concerns customers goes through invoices and
// refunds instead.
var explanations = []ledger.Account{ledger.ProcessingFees, ledger.Bank, ledger.OtherIncome, ledger.OtherExpenses}

// Suspense lists the movements on the provider's balance that nobody has explained, of a legal entity or (empty) of all.
func (s *Service) Suspense(ctx context.Context, entityID string) ([]store.Movement, error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID}); err != nil {
		return nil, err
	}
	found, err := s.store.Suspense(ctx, entityID)
	if found == nil {
		found = []store.Movement{}
	}
	return found, err
}

// ExplainMovement books a movement out of suspense. Repeating it with the same account changes nothing.
func (s *Service) ExplainMovement(ctx context.Context, id string, in MovementExplanation) (store.Movement, error) {
	var p problems
	in.check(&p)
	as := ledger.Account(in.Account)
	if !slices.Contains(explanations, as) {
		p.add("account", "%.60q is not an account to explain it with: use ProcessingFees, Bank, OtherIncome or OtherExpenses", in.Account)
	}
	if err := p.err(); err != nil {
		return store.Movement{}, err
	}
	if checkID(id) != nil {
		return store.Movement{}, notFound("balance transaction %.60q: not found", id)
	}
	now, err := s.furthestTime(ctx, "")
	if err != nil {
		return store.Movement{}, err
	}
	var m store.Movement
	err = s.store.Tx(ctx, func(tx store.Tx) (err error) {
		if m, err = tx.LockMovement(ctx, id); err != nil {
			return named(err)
		}
		switch {
		case m.Account != ledger.Suspense:
			return refused("movement_is_booked", "balance transaction %s is booked as %s and needs no explanation", id, m.Account)
		case m.ExplainedAs != nil && *m.ExplainedAs == as:
			return nil
		case m.ExplainedAs != nil:
			return conflict("movement_is_explained", "balance transaction %s was explained as %s by %s", id, *m.ExplainedAs, m.ExplainedBy)
		}
		m.ExplainedAs, m.ExplainedBy, m.ExplainedWhy, m.ExplainedAt = &as, in.By, in.Reason, &now
		if err := tx.ExplainMovement(ctx, m); err != nil {
			return err
		}
		return tx.Post(ctx, ledger.MovementExplained(ledger.Movement{ID: m.ID, EntityID: m.EntityID, At: now, Net: money.New(m.Net, m.Currency)}, as))
	})
	if err != nil {
		return store.Movement{}, err
	}
	return m, nil
}
