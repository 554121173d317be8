package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// RecordWarning finds out about an early fraud warning, records it, and puts the card and the mailbox on the lists that
// rules can ask for. Events may come in any order and more than once. One of a charge that is not ours is not recorded;
// one of a payment of ours that is not recorded yet is an error, so that it is tried again. Whether the money goes back is
// for a person to decide.
func (p *Payments) RecordWarning(ctx context.Context, in message.WarningInput) (message.Warned, error) {
	asked := provider{Payments: p, at: in.At}
	warned := message.Warned{WarningID: in.WarningID}
	read, err := p.Stripe.RadarEarlyFraudWarnings.Get(in.WarningID, &stripe.RadarEarlyFraudWarningParams{Params: asked.params(ctx, "")})
	if err != nil {
		return warned, fmt.Errorf("read early fraud warning %s: %w", in.WarningID, later(err))
	}
	payment, err := p.disputedPayment(ctx, &stripe.Dispute{ID: read.ID, Charge: read.Charge, PaymentIntent: read.PaymentIntent})
	if err != nil || payment.ID == "" {
		return warned, err
	}
	warned.PaymentID = payment.ID
	return warned, p.Store.Tx(ctx, func(tx store.Tx) error {
		err := tx.SaveWarning(ctx, store.Warning{
			ID: read.ID, PaymentID: payment.ID, FraudType: string(read.FraudType), Actionable: read.Actionable, OpenedAt: time.Unix(read.Created, 0).UTC(),
		})
		if err != nil {
			return err
		}
		return tx.FeedLists(ctx, payment.ID, store.FromWarning, read.ID, "reported as fraud: "+string(read.FraudType), in.At)
	})
}

// InspectMethod makes sure that it is on record what a payment method is. A card that the provider refuses to attach has
// no details: what depends on them does without.
func (p *Payments) InspectMethod(ctx context.Context, in message.MethodAt) (message.None, error) {
	method, err := p.Store.PaymentMethodByID(ctx, in.MethodID)
	if err != nil {
		return message.None{}, err
	}
	customer, err := p.Store.Customer(ctx, method.CustomerID)
	if err != nil {
		return message.None{}, err
	}
	err = provider{Payments: p, at: in.At, customer: customer}.inspect(ctx, in.MethodID)
	if _, refused := refusedMethod(err); refused {
		return message.None{}, p.Store.SaveMethodDetail(ctx, store.MethodDetail{MethodID: in.MethodID})
	}
	return message.None{}, err
}
