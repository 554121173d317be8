package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// AskProvider finds out what became of an invoice's payment, however it was made, and records a success.
func (p *Payments) AskProvider(ctx context.Context, in message.InvoiceAt) (message.Charged, error) {
	invoice, err := p.Store.Invoice(ctx, in.InvoiceID)
	if err != nil {
		return message.Charged{}, err
	}
	payments, err := p.Store.Payments(ctx, in.InvoiceID)
	if err != nil {
		return message.Charged{}, err
	}
	last := store.Payment{Status: store.PaymentFailed, Amount: invoice.Owed().Minor, Currency: invoice.Currency}
	if len(payments) > 0 {
		last = payments[len(payments)-1]
	}
	asked := provider{Payments: p, at: in.At}
	if settled, answered, err := asked.followWaiting(ctx, invoice, last); err != nil {
		return message.Charged{}, err
	} else if answered {
		return p.answer(ctx, settled)
	}
	if invoice.Status != "open" || invoice.ProviderIntent == nil {
		return p.answer(ctx, last)
	}
	found, err := asked.find(ctx, *invoice.ProviderIntent, invoice.Currency)
	if err != nil {
		return message.Charged{}, fmt.Errorf("ask about invoice %s: %w", in.InvoiceID, err)
	}
	if old, err := asked.isSettled(ctx, invoice.ID, found.charge); err != nil {
		return message.Charged{}, err
	} else if old || found.status == store.PaymentPending {
		return p.answer(ctx, last)
	}
	settled, err := p.learn(ctx, invoice, last, found, in.At)
	if err != nil {
		return message.Charged{}, err
	}
	return p.answer(ctx, settled)
}

// learn records what was found out: it settles a live attempt, or adds the payment that the customer made without us.
func (p *Payments) learn(ctx context.Context, invoice store.Invoice, last store.Payment, found outcome, at time.Time) (store.Payment, error) {
	if last.Status != store.PaymentFailed {
		return p.settle(ctx, last, found, at)
	}
	if found.status != store.PaymentSucceeded {
		return last, nil
	}
	paid := newAttempt(invoice, last.Attempt+1, askedAt([]store.Payment{last}, at))
	if err := p.Store.Tx(ctx, func(tx store.Tx) error { return tx.AddPayment(ctx, paid) }); err != nil {
		return last, err
	}
	return p.settle(ctx, paid, found, at)
}

func charged(p store.Payment) message.Charged {
	status := map[string]message.PaymentStatus{
		store.PaymentSucceeded:      message.Paid,
		store.PaymentFailed:         message.Declined,
		store.PaymentRequiresAction: message.RequiresAction,
		store.PaymentProcessing:     message.Processing,
		store.PaymentPending:        message.Processing,
	}[p.Status]
	if p.Transfer && status == message.RequiresAction {
		status = message.Processing // it is as it should be, and is known days from now
	}
	return message.Charged{Status: status, DeclineCode: p.DeclineCode, Amount: money.New(p.Amount, p.Currency)}
}
