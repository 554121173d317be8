package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// errNoOwner is of money that is of no legal entity while nobody owns the provider's account.
var errNoOwner = errors.New("the money is of no payment of ours, and no legal entity owns the provider's account: name one with entity set-provider-account")

// share says whose money a payout is: that of whom the charges, refunds and disputes in it concern. What is nobody's, and
// a payout that was made by hand and has no parts, is of the legal entity that owns the provider's account.
func (p provider) share(ctx context.Context, read *stripe.Payout, seen store.Payout) ([]store.PayoutShare, error) {
	owner, err := p.Store.ProviderAccountOwner(ctx)
	if err != nil {
		return nil, err
	}
	shares, rest := map[string]int64{}, seen.Amount
	if read.Automatic {
		if shares, err = p.parts(ctx, read, owner); err != nil {
			return nil, err
		}
		for _, amount := range shares {
			rest -= amount
		}
		if rest != 0 && read.ReconciliationStatus != stripe.PayoutReconciliationStatusCompleted {
			return nil, errNotItemised
		}
	}
	if rest != 0 && owner == "" {
		return nil, errNoOwner
	}
	if rest != 0 { // banks are paid in whole units of some currencies: what is smaller stays on the balance
		shares[owner] += rest
	}
	var list []store.PayoutShare
	for _, entity := range slices.Sorted(maps.Keys(shares)) {
		if shares[entity] != 0 {
			list = append(list, store.PayoutShare{EntityID: entity, Amount: shares[entity]})
		}
	}
	return list, nil
}

// parts adds up, by legal entity, what an automatic payout consists of.
func (p provider) parts(ctx context.Context, read *stripe.Payout, owner string) (map[string]int64, error) {
	shares := map[string]int64{}
	listed := p.Stripe.BalanceTransactions.List(&stripe.BalanceTransactionListParams{
		ListParams: stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}, Payout: &read.ID, Expand: []*string{stripe.String("data.source")},
	})
	for listed.Next() {
		part := listed.BalanceTransaction()
		if part.Type == stripe.BalanceTransactionTypePayout {
			continue // the payout itself
		}
		if err := p.addPart(ctx, shares, part, owner); err != nil {
			return nil, err
		}
	}
	if err := listed.Err(); err != nil {
		return nil, fmt.Errorf("list what it consists of: %w", later(err))
	}
	return shares, nil
}

func (p provider) addPart(ctx context.Context, shares map[string]int64, part *stripe.BalanceTransaction, owner string) error {
	if part.Source != nil && part.Source.Payout != nil {
		return p.addReturned(ctx, shares, part.Source.Payout)
	}
	net, err := stripeunit.Amount(part.Net, currencyOf(part.Currency))
	if err != nil {
		return err
	}
	entity, err := p.entityOf(ctx, part.Source)
	if errors.Is(err, store.ErrNotFound) {
		entity, err = owner, nil
	}
	if err == nil && entity == "" {
		err = errNoOwner
	}
	if err != nil {
		return fmt.Errorf("balance transaction %s: %w", part.ID, err)
	}
	shares[entity] += net.Minor
	return nil
}

// addReturned adds an earlier payout that came back: it is of whom it was.
func (p provider) addReturned(ctx context.Context, shares map[string]int64, earlier *stripe.Payout) error {
	if _, err := p.RecordPayout(ctx, message.PayoutInput{PayoutID: earlier.ID, At: p.at}); err != nil {
		return err
	}
	returned, err := p.Store.PayoutShares(ctx, earlier.ID)
	for _, share := range returned {
		shares[share.EntityID] += share.Amount
	}
	return err
}

// entityOf finds the legal entity that a movement of the provider's balance concerns, by its source; ErrNotFound when it
// is of no payment of ours.
func (p provider) entityOf(ctx context.Context, source *stripe.BalanceTransactionSource) (string, error) {
	charge, intent := chargeOf(source)
	if charge == "" {
		return "", store.ErrNotFound
	}
	payment, err := p.Store.PaymentByCharge(ctx, charge)
	if err == nil {
		invoice, err := p.Store.Invoice(ctx, payment.InvoiceID)
		return invoice.EntityID, err
	}
	if !errors.Is(err, store.ErrNotFound) || intent == "" {
		return "", err
	}
	// It took money, and we are still to hear of it.
	invoice, err := p.Store.InvoiceByIntent(ctx, intent)
	if errors.Is(err, store.ErrNotFound) && source.Charge != nil {
		invoice, err = p.invoiceOfCheckout(ctx, source.Charge.Metadata["checkout"])
	}
	return invoice.EntityID, err
}

// chargeOf is the charge that an expanded source is, or is about, with its payment intent; empty for others.
func chargeOf(source *stripe.BalanceTransactionSource) (charge, intent string) {
	var about *stripe.Charge
	var paid *stripe.PaymentIntent
	switch {
	case source == nil:
	case source.Charge != nil:
		about, paid = source.Charge, source.Charge.PaymentIntent
	case source.Refund != nil:
		about, paid = source.Refund.Charge, source.Refund.PaymentIntent
	case source.Dispute != nil:
		about, paid = source.Dispute.Charge, source.Dispute.PaymentIntent
	}
	if about != nil {
		charge = about.ID
	}
	if paid != nil {
		intent = paid.ID
	}
	return charge, intent
}
