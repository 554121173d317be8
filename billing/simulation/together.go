package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
)

// play lets happen again what happened to some subscriptions, in its order: what shared an invoice at once.
func play(ctx context.Context, replays []*replay) error {
	steps := ordered(replays)
	sharing := map[string][]*step{}
	for _, s := range steps {
		sharing[s.invoice] = append(sharing[s.invoice], s)
	}
	for _, s := range steps {
		with := sharing[s.invoice]
		switch {
		case s.invoice == "" || len(with) == 1:
			if err := s.happen(ctx, s.of.account()); err != nil {
				return err
			}
		case with[0] == s: // the others happen with it
			if err := happenTogether(ctx, with); err != nil {
				return err
			}
		}
	}
	return nil
}

func happenTogether(ctx context.Context, steps []*step) error {
	shared := &lifecycle.Together[*replay]{}
	for _, s := range steps {
		if err := s.happen(ctx, shared.Of(s.of.SubscriptionID, s.of.account(), s.of)); err != nil {
			return err
		}
	}
	if err := shared.Issue(ctx, issueTogether); err != nil {
		return fmt.Errorf("subscription %s and those that share its invoice of %s: %w", steps[0].of.SubscriptionID, stamp(steps[0].at), err)
	}
	return nil
}

// Share completes facts with what is the subscription's own. Who has members that are counted needs an invoice of its own.
func (r *replay) Share(_ context.Context, facts invoicing.Facts) (invoicing.Facts, error) {
	if r.Seating != nil {
		return facts, lifecycle.ErrAlone
	}
	facts.Items = r.items()
	if err := facts.CheckBills(); err != nil {
		return facts, err
	}
	var err error
	facts.Discounts, err = r.discounts(facts, ofPart)
	return facts, err
}

// issueTogether makes one invoice of several parts, and keeps of it for each subscription what is its own.
func issueTogether(_ context.Context, head invoicing.Facts, parts []*lifecycle.Part[*replay]) (*lifecycle.Issued, error) {
	first := parts[0].Records
	if on := slices.IndexFunc(parts, func(p *lifecycle.Part[*replay]) bool { return p.Records.issued.Serial > 0 }); on >= 0 {
		first = parts[on].Records
	}
	head.Balance = money.Zero(head.Currency)
	var err error
	if head.Discounts, err = first.discounts(parts[0].Facts, ofOwner); err != nil {
		return nil, err
	}
	built, err := invoicing.Consolidate(head, lifecycle.Parts(parts))
	if err != nil {
		return nil, err
	}
	if err := first.noteDiscounts(built); err != nil {
		return nil, err
	}
	for _, part := range parts {
		part.Records.keep(partOf(built, part.SubscriptionID, part.Facts.Key), head.IssuedAt)
	}
	return &lifecycle.Issued{InvoiceID: built.Key, Total: built.Total, AmountDue: built.AmountDue}, nil
}

// partOf is what an invoice has of one subscription, as if that had one of its own.
func partOf(built invoicing.Invoice, subscriptionID, key string) invoicing.Invoice {
	part := invoicing.Invoice{Key: key}
	before := -1
	for i, line := range built.Lines {
		if line.SubscriptionID != subscriptionID {
			continue
		}
		if before < 0 {
			before = i
		}
		if line.Credits != nil && line.Credits.InvoiceID == built.Key {
			line.Credits = &invoicing.LineRef{InvoiceID: key, Position: line.Credits.Position - before}
		}
		part.Lines = append(part.Lines, line)
	}
	return part
}
