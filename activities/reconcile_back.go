package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (c *comparison) refunds(ctx context.Context) error {
	listed := c.Stripe.Refunds.List(&stripe.RefundListParams{ListParams: c.list(ctx), CreatedRange: c.window()})
	for listed.Next() {
		c.met[listed.Refund().ID] = true
		if err := c.refunded(ctx, listed.Refund()); err != nil {
			return err
		}
	}
	return listed.Err()
}

func (c *comparison) refunded(ctx context.Context, read *stripe.Refund) error {
	row, err := c.Store.RefundByProviderID(ctx, read.ID)
	if errors.Is(err, store.ErrNotFound) {
		row, err = c.Store.Refund(ctx, read.Metadata[refundMetadata])
	}
	if errors.Is(err, store.ErrNotFound) {
		return c.unknownRefund(ctx, read)
	}
	if err != nil {
		return err
	}
	invoice, err := c.invoiceOfPayment(ctx, row.PaymentID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Refunds++
	about := matterOf(read.ID, read.Created, invoice)
	c.sameAmount(about, "refund_amount", read.Amount, read.Currency, money.New(row.Amount, row.Currency))
	if seen := seenOf(read); seen.status == row.Status && row.ProviderRefund != nil {
		return nil
	}
	after, err := c.PayRefund(ctx, message.RefundAt{RefundID: row.ID, At: c.at})
	if err != nil {
		return err
	}
	c.note(about, "refund_not_recorded", after.Status == seenOf(read).status, fmt.Sprintf("it is %s, and our refund %s was %s", read.Status, row.ID, row.Status))
	return nil
}

// unknownRefund was made on the provider's pages: whose credit it pays out, or that it is goodwill, only a person knows.
func (c *comparison) unknownRefund(ctx context.Context, read *stripe.Refund) error {
	if read.Charge == nil {
		return nil
	}
	payment, invoice, is, err := c.charged(ctx, read.Charge.ID)
	if err != nil || !is {
		return err
	}
	c.result.Refunds++
	c.differs(matterOf(read.ID, read.Created, invoice), "refund_of_nobody",
		"%d %s of payment %s were refunded, not by us: take it over with payment adopt-refund %s", read.Amount, read.Currency, payment.ID, read.ID)
	return nil
}

// charged is the payment of a charge, with its invoice, if the comparison is about it. A charge that is nobody's is named already.
func (c *comparison) charged(ctx context.Context, charge string) (payment store.Payment, invoice store.Invoice, is bool, err error) {
	payment, err = c.Store.PaymentByCharge(ctx, charge)
	if errors.Is(err, store.ErrNotFound) {
		return payment, invoice, false, nil
	}
	if err == nil {
		invoice, err = c.Store.Invoice(ctx, payment.InvoiceID)
	}
	return payment, invoice, err == nil && c.concerns(invoice), err
}

func (c *comparison) invoiceOfPayment(ctx context.Context, paymentID string) (store.Invoice, error) {
	payment, err := c.Store.Payment(ctx, paymentID)
	if err != nil {
		return store.Invoice{}, err
	}
	return c.Store.Invoice(ctx, payment.InvoiceID)
}

func (c *comparison) disputes(ctx context.Context) error {
	listed := c.Stripe.Disputes.List(&stripe.DisputeListParams{ListParams: c.list(ctx), CreatedRange: c.window()})
	for listed.Next() {
		if err := c.dispute(ctx, listed.Dispute()); err != nil {
			return err
		}
	}
	return listed.Err()
}

func (c *comparison) dispute(ctx context.Context, read *stripe.Dispute) error {
	c.met[read.ID] = true
	if read.Charge == nil {
		return nil
	}
	_, invoice, is, err := c.charged(ctx, read.Charge.ID)
	if err != nil || !is {
		return err
	}
	c.result.Disputes++
	recorded, err := c.recordDispute(ctx, read, c.at)
	if err == nil && recorded.Changed {
		c.note(matterOf(read.ID, read.Created, invoice), "dispute_not_recorded", true, "it is "+recorded.Status)
	}
	return err
}

// ourPayments looks for what we have recorded in the time and the provider did not show.
func (c *comparison) ourPayments(ctx context.Context) error {
	payments, err := c.Store.ChargesBetween(ctx, c.in.EntityID, c.in.From, c.in.To)
	if err != nil {
		return err
	}
	for _, payment := range payments {
		if c.met[*payment.ProviderCharge] {
			continue
		}
		_, err := c.Stripe.Charges.Get(*payment.ProviderCharge, &stripe.ChargeParams{Params: c.params(ctx, "")})
		if missing(err) {
			c.differs(matter{id: *payment.ProviderCharge, invoice: payment.InvoiceID, entity: c.in.EntityID, at: payment.AskedAt},
				"charge_unknown_to_provider", "our payment %s names it, and the provider does not know it", payment.ID)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// ourRefunds does the same for refunds.
func (c *comparison) ourRefunds(ctx context.Context) error {
	refunds, err := c.Store.RefundsBetween(ctx, c.in.EntityID, c.in.From, c.in.To)
	if err != nil {
		return err
	}
	for _, refund := range refunds {
		if err := c.ourRefund(ctx, refund); err != nil {
			return err
		}
	}
	return nil
}

// ourDisputes asks about those that are open and older than what was listed.
func (c *comparison) ourDisputes(ctx context.Context) error {
	open, err := c.Store.OpenDisputes(ctx, c.in.EntityID)
	if err != nil {
		return err
	}
	for _, dispute := range open {
		if c.met[dispute.ID] {
			continue
		}
		read, err := c.Stripe.Disputes.Get(dispute.ID, &stripe.DisputeParams{Params: c.params(ctx, "")})
		if missing(err) {
			c.differs(matter{id: dispute.ID, entity: c.in.EntityID, at: dispute.OpenedAt},
				"dispute_unknown_to_provider", "we have it for payment %s, and the provider does not know it", dispute.PaymentID)
			continue
		}
		if err != nil {
			return err
		}
		if err := c.dispute(ctx, read); err != nil {
			return err
		}
	}
	return nil
}

// ourRefund asks about a refund that the provider did not show, and about each that was pending.
func (c *comparison) ourRefund(ctx context.Context, refund store.Refund) error {
	if refund.ProviderRefund == nil || c.met[*refund.ProviderRefund] {
		return nil // its workflow is at it, or it has been compared
	}
	read, err := c.Stripe.Refunds.Get(*refund.ProviderRefund, &stripe.RefundParams{Params: c.params(ctx, "")})
	if missing(err) {
		c.differs(matter{id: *refund.ProviderRefund, entity: c.in.EntityID, at: refund.AskedAt},
			"refund_unknown_to_provider", "our refund %s names it, and the provider does not know it", refund.ID)
		return nil
	}
	if err != nil {
		return err
	}
	return c.refunded(ctx, read)
}

func missing(err error) bool {
	var refused *stripe.Error
	return errors.As(err, &refused) && refused.HTTPStatusCode == http.StatusNotFound
}
