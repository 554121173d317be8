package service

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/internal/store"
)

// PayoutQuery narrows a list of payouts; empty fields do not.
type PayoutQuery struct {
	Entity, Status string
	// After continues after a payout id.
	After string
	Limit int
}

// Payout is a payout with whose money it is.
type Payout struct {
	store.Payout
	Shares []store.PayoutShare `json:"shares"`
}

var payoutStatuses = []string{store.PayoutPending, store.PayoutInTransit, store.PayoutPaid, store.PayoutFailed, store.PayoutCanceled}

// Payouts lists payouts by when they were made.
func (s *Service) Payouts(ctx context.Context, q PayoutQuery) (Page[store.Payout], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "after": q.After}); err != nil {
		return Page[store.Payout]{}, err
	}
	if q.Status != "" && !slices.Contains(payoutStatuses, q.Status) {
		return Page[store.Payout]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(payoutStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Payout]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Payout(ctx, q.After); err != nil {
			return Page[store.Payout]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Payouts(ctx, store.PayoutFilter{EntityID: q.Entity, Status: q.Status, After: q.After, Limit: limit + 1})
	return page(rows, limit, func(p store.Payout) string { return p.ID }), err
}

// Payout reads a payout.
func (s *Service) Payout(ctx context.Context, id string) (Payout, error) {
	if checkID(id) != nil {
		return Payout{}, notFound("payout %.60q: not found", id)
	}
	row, err := s.store.Payout(ctx, id)
	if err != nil {
		return Payout{}, named(err)
	}
	shares, err := s.store.PayoutShares(ctx, id)
	return Payout{Payout: row, Shares: shares}, err
}
