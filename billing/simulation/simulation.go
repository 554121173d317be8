package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Simulation compares what was billed with what another catalogue would have billed, one subscription after another.
type Simulation struct {
	catalogs Catalogs
	report   report
	gaps     map[Gap]bool
	// priced keeps what subscriptions without prices of their own share.
	priced map[pricedKey]priced
}

type pricedKey struct {
	planID   string
	version  int
	currency money.Currency
}

type priced struct {
	plan catalog.Plan
	gaps []Gap
}

// New is a simulation without any subscription. It compares the invoices of the customers given, of all if none are. It
// tells, per currency, of the top customers whose bills change most; 0 tells of all.
func New(catalogs Catalogs, customers []string, top int) *Simulation {
	return &Simulation{catalogs: catalogs, report: newReport(customers, top), gaps: map[Gap]bool{}, priced: map[pricedKey]priced{}}
}

// Add bills a subscription again: with the catalogue that was in force, for control, and with the other one. The error
// names the subscription and what of it cannot be billed again; it wraps money.ErrOverflow when an amount leaves its range.
func (s *Simulation) Add(ctx context.Context, h History) error {
	control, err := s.rebill(ctx, h, func(terms subscription.Terms, _ bool) (catalog.Plan, error) {
		plan, _, err := s.catalogs.sold(h, terms)
		return plan, err
	})
	if err != nil {
		return fmt.Errorf("subscription %s, billed again with the catalog that was in force: %w", h.SubscriptionID, err)
	}
	other, err := s.rebill(ctx, h, func(terms subscription.Terms, counts bool) (catalog.Plan, error) {
		return s.tried(h, terms, counts)
	})
	if err != nil {
		return fmt.Errorf("subscription %s, billed with the other catalog: %w", h.SubscriptionID, err)
	}
	if err := s.report.add(h, control, other); err != nil {
		return fmt.Errorf("subscription %s: %w", h.SubscriptionID, err)
	}
	return nil
}

// rebill makes the invoices of a history that count.
func (s *Simulation) rebill(ctx context.Context, h History, p prices) ([]made, error) {
	r := replay{
		History: h, prices: p, again: map[string]bool{}, taken: map[string][]discount.Use{},
		settled: map[invoicing.LineRef]bool{}, planCredit: money.Zero(h.Currency),
		inForce: func(terms subscription.Terms) (catalog.Plan, error) {
			plan, _, err := s.catalogs.sold(h, terms)
			return plan, err
		},
	}
	r.Records = memory.Records{Plans: r.Plan, InForce: h.Terms}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(r.made, func(m made) bool { return !m.counts }), nil
}

// tried is a plan version at the prices of the other catalogue. Gaps are noted where they count.
func (s *Simulation) tried(h History, terms subscription.Terms, counts bool) (catalog.Plan, error) {
	key := pricedKey{terms.PlanID, terms.PlanVersion, h.Currency}
	found, known := s.priced[key]
	own := len(h.Sold) > 0 || len(h.Agreed) > 0
	if !known || own {
		var err error
		if found.plan, found.gaps, err = s.catalogs.tried(h, terms); err != nil {
			return found.plan, err
		}
		if !own {
			s.priced[key] = found
		}
	}
	if counts {
		for _, gap := range found.gaps {
			s.gaps[gap] = true
		}
	}
	return found.plan, nil
}
