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
	c.sameAmount("refund_amount", read.ID, invoice.ID, read.Amount, read.Currency, money.New(row.Amount, row.Currency))
	if seen := seenOf(read); seen.status == row.Status && row.ProviderRefund != nil {
		return nil
	}
	after, err := c.PayRefund(ctx, message.RefundAt{RefundID: row.ID, At: c.at})
	if err != nil {
		return err
	}
	c.note(message.Difference{
		Kind: "refund_not_recorded", Subject: read.ID, Healed: after.Status == seenOf(read).status,
		Detail: fmt.Sprintf("it is %s, and our refund %s was %s", read.Status, row.ID, row.Status),
	})
	return nil
}

// unknownRefund was made on the provider's pages: whose credit it pays out, or that it is goodwill, only a person knows.
func (c *comparison) unknownRefund(ctx context.Context, read *stripe.Refund) error {
	if read.Charge == nil {
		return nil
	}
	payment, err := c.Store.PaymentByCharge(ctx, read.Charge.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the charge is named already
	}
	if err != nil {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, payment.InvoiceID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Refunds++
	c.differs("refund_of_nobody", read.ID, invoice.ID, "%d %s of payment %s were refunded, not by us", read.Amount, read.Currency, payment.ID)
	return nil
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
	payment, err := c.Store.PaymentByCharge(ctx, read.Charge.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the charge is named already
	}
	if err != nil {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, payment.InvoiceID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Disputes++
	recorded, err := c.recordDispute(ctx, read, c.at)
	if err == nil && recorded.Changed {
		c.note(message.Difference{Kind: "dispute_not_recorded", Subject: read.ID, Detail: "it is " + recorded.Status, Healed: true})
	}
	return err
}

// transactions compares what the provider booked on our balance: the fee of each payment, and movements that nothing of
// ours explains. Payouts move money within what our ledger calls cash.
func (c *comparison) transactions(ctx context.Context) error {
	listed := c.Stripe.BalanceTransactions.List(&stripe.BalanceTransactionListParams{ListParams: c.list(ctx), CreatedRange: c.window()})
	for listed.Next() {
		if err := c.transaction(ctx, listed.BalanceTransaction()); err != nil {
			return err
		}
	}
	return listed.Err()
}

func (c *comparison) transaction(ctx context.Context, t *stripe.BalanceTransaction) error {
	switch t.ReportingCategory {
	case stripe.BalanceTransactionReportingCategoryCharge:
		return c.fee(ctx, t)
	case stripe.BalanceTransactionReportingCategoryRefund, stripe.BalanceTransactionReportingCategoryRefundFailure,
		stripe.BalanceTransactionReportingCategoryDispute, stripe.BalanceTransactionReportingCategoryDisputeReversal,
		stripe.BalanceTransactionReportingCategoryPayout, stripe.BalanceTransactionReportingCategoryPayoutReversal:
		return nil // compared as what they are, or not our ledger's business
	}
	if c.in.EntityID == "" {
		c.result.Transactions++
		c.differs("movement_unexplained", t.ID, "", "%d %s net (%s) moved on the balance, and our ledger does not know it", t.Net, t.Currency, t.ReportingCategory)
	}
	return nil
}

func (c *comparison) fee(ctx context.Context, t *stripe.BalanceTransaction) error {
	if t.Source == nil {
		return nil
	}
	payment, err := c.Store.PaymentByCharge(ctx, t.Source.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the charge is named already
	}
	if err != nil {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, payment.InvoiceID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Transactions++
	var booked outcome
	booked.fee = money.Zero(payment.Currency)
	if err := booked.takeFee(&stripe.Charge{BalanceTransaction: t}, payment.Currency); err != nil {
		return err
	}
	if booked.fee.Minor != payment.ProviderFee {
		c.differs("fee", t.Source.ID, invoice.ID, "the provider kept %s, we booked %s", booked.fee, money.New(payment.ProviderFee, payment.Currency))
	}
	return nil
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
			c.differs("charge_unknown_to_provider", *payment.ProviderCharge, payment.InvoiceID, "our payment %s names it, and the provider does not know it", payment.ID)
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
			c.differs("dispute_unknown_to_provider", dispute.ID, "", "we have it for payment %s, and the provider does not know it", dispute.PaymentID)
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
		c.differs("refund_unknown_to_provider", *refund.ProviderRefund, "", "our refund %s names it, and the provider does not know it", refund.ID)
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
