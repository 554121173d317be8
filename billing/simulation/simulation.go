package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Simulation compares what was billed with what another catalogue would have billed, one customer after another.
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

// Add bills subscriptions again: with the catalogue that was in force, for control, and with the other one. They are those
// that share coupons: the subscriptions of a customer who has one for all of them, and the other ones of whoever else they were
// billed to and who has such a coupon; a subscription without is by itself. The error names the subscription and what of it
// cannot be billed again; it wraps money.ErrOverflow when an amount leaves its range.
func (s *Simulation) Add(ctx context.Context, histories ...History) error {
	control, err := s.rebill(ctx, histories, func(h History, terms subscription.Terms, _ bool) (catalog.Plan, error) {
		plan, _, err := s.catalogs.sold(h, terms)
		return plan, err
	})
	if err != nil {
		return fmt.Errorf("billed again with the catalog that was in force: %w", err)
	}
	other, err := s.rebill(ctx, histories, s.tried)
	if err != nil {
		return fmt.Errorf("billed with the other catalog: %w", err)
	}
	for i, h := range histories {
		if err := s.report.add(h, control[i], other[i]); err != nil {
			return fmt.Errorf("subscription %s: %w", h.SubscriptionID, err)
		}
	}
	return nil
}

// rebill makes the invoices of histories that count, those of each by itself.
func (s *Simulation) rebill(
	ctx context.Context, histories []History, price func(History, subscription.Terms, bool) (catalog.Plan, error),
) ([][]made, error) {
	coupons := newCoupons(histories)
	replays := make([]*replay, len(histories))
	for i, h := range histories {
		r := &replay{
			History: h, coupons: coupons, settled: map[invoicing.LineRef]bool{}, planCredit: money.Zero(h.Currency),
			prices: func(terms subscription.Terms, counts bool) (catalog.Plan, error) { return price(h, terms, counts) },
			inForce: func(terms subscription.Terms) (catalog.Plan, error) {
				plan, _, err := s.catalogs.sold(h, terms)
				return plan, err
			},
		}
		r.Records = memory.Records{Plans: r.Plan, InForce: h.Terms}
		replays[i] = r
	}
	if err := play(ctx, replays); err != nil {
		return nil, err
	}
	all := make([][]made, len(replays))
	for i, r := range replays {
		all[i] = slices.DeleteFunc(r.made, func(m made) bool { return !m.counts })
	}
	return all, nil
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
