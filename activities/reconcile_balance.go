package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// transactions compares what the provider booked on our balance: the fee of each payment, payouts, and what is of no
// payment of ours. Whatever moved is in the ledger afterwards, so that its cash is the provider's balance.
func (c *comparison) transactions(ctx context.Context) error {
	listed := c.Stripe.BalanceTransactions.List(&stripe.BalanceTransactionListParams{
		ListParams: c.list(ctx), CreatedRange: c.window(), Expand: []*string{stripe.String("data.source")},
	})
	for listed.Next() {
		if err := c.transaction(ctx, listed.BalanceTransaction()); err != nil {
			return fmt.Errorf("balance transaction %s: %w", listed.BalanceTransaction().ID, err)
		}
	}
	return listed.Err()
}

// networkCost is a reporting category that the library's version has no name for.
// Source: https://docs.stripe.com/reports/reporting-categories.
const networkCost stripe.BalanceTransactionReportingCategory = "network_cost"

func (c *comparison) transaction(ctx context.Context, t *stripe.BalanceTransaction) error {
	switch t.ReportingCategory {
	case stripe.BalanceTransactionReportingCategoryCharge, stripe.BalanceTransactionReportingCategoryRefund,
		stripe.BalanceTransactionReportingCategoryRefundFailure, stripe.BalanceTransactionReportingCategoryDispute,
		stripe.BalanceTransactionReportingCategoryDisputeReversal:
		return c.ofCharge(ctx, t)
	case stripe.BalanceTransactionReportingCategoryPayout, stripe.BalanceTransactionReportingCategoryPayoutReversal:
		return c.payout(ctx, t)
	case stripe.BalanceTransactionReportingCategoryFee, stripe.BalanceTransactionReportingCategoryTax, networkCost:
		_, err := c.move(ctx, t, ledger.ProcessingFees)
		return err
	case stripe.BalanceTransactionReportingCategoryTopup, stripe.BalanceTransactionReportingCategoryTopupReversal:
		_, err := c.move(ctx, t, ledger.Bank)
		return err
	}
	return c.unexplained(ctx, t)
}

// ofCharge compares a movement of a charge, a refund or a dispute. That of a charge that is not ours goes into suspense;
// the charge is named by itself.
func (c *comparison) ofCharge(ctx context.Context, t *stripe.BalanceTransaction) error {
	charge, _ := chargeOf(t.Source)
	payment, err := c.Store.PaymentByCharge(ctx, charge)
	if errors.Is(err, store.ErrNotFound) {
		if _, err := c.entityOf(ctx, t.Source); !errors.Is(err, store.ErrNotFound) {
			return err // ours, and not recorded: the charge is named already
		}
		_, err := c.move(ctx, t, ledger.Suspense)
		return err
	}
	if err != nil {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, payment.InvoiceID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Transactions++
	if !strings.EqualFold(string(t.Currency), string(payment.Currency)) {
		return c.exchanged(ctx, t, payment, invoice)
	}
	if t.ReportingCategory == stripe.BalanceTransactionReportingCategoryCharge {
		return c.fee(ctx, t, payment, invoice)
	}
	return nil // compared as the refund or dispute it is
}

// fee books what the provider kept of a payment, if it told so after the success.
func (c *comparison) fee(ctx context.Context, t *stripe.BalanceTransaction, payment store.Payment, invoice store.Invoice) error {
	kept, err := stripeunit.Amount(t.Fee, payment.Currency)
	if err != nil || kept.Minor == payment.ProviderFee || payment.Status != store.PaymentSucceeded {
		return err
	}
	booked := money.New(payment.ProviderFee, payment.Currency)
	corrected, err := ledger.FeeCorrected(invoice.EntityID, payment.ID, t.ID, c.at, booked, kept)
	if err != nil {
		return err
	}
	err = c.Store.Tx(ctx, func(tx store.Tx) error {
		locked, err := tx.LockPayment(ctx, payment.ID)
		if err != nil || locked.ProviderFee != payment.ProviderFee {
			return err // another comparison was faster
		}
		if err := tx.CorrectFee(ctx, payment.ID, kept.Minor); err != nil {
			return err
		}
		return tx.Post(ctx, corrected)
	})
	if err == nil {
		c.note(matterOf(t.Source.ID, t.Created, invoice), "fee_not_booked", true, fmt.Sprintf("the provider kept %s, we had booked %s", kept, booked))
	}
	return err
}

// exchanged books that money of ours was settled in another currency: our books had moved it in the customer's.
func (c *comparison) exchanged(ctx context.Context, t *stripe.BalanceTransaction, payment store.Payment, invoice store.Invoice) error {
	units, feeAccount := payment.Amount, ledger.ProcessingFees
	switch source := t.Source; {
	case source.Refund != nil:
		units = source.Refund.Amount
	case source.Dispute != nil:
		units, feeAccount = source.Dispute.Amount, ledger.DisputeFees
	case source.Charge != nil:
		units = source.Charge.Amount
	}
	paid, err := stripeunit.Amount(units, payment.Currency)
	if err != nil {
		return err
	}
	if t.Amount < 0 {
		paid = paid.Neg()
	}
	m, fee, err := movementOf(t, invoice.EntityID, ledger.CurrencyExchange)
	if err != nil {
		return err
	}
	m.Paid, m.PaidCurrency, m.Fee, m.FeeAccount = paid.Minor, paid.Currency, fee.Minor, feeAccount
	exchange, err := ledger.Exchanged(moved(m), paid, fee, feeAccount)
	if err != nil {
		return err
	}
	_, err = c.book(ctx, m, exchange)
	return err
}

// unexplained puts a movement into suspense and names it until a person has explained it.
func (c *comparison) unexplained(ctx context.Context, t *stripe.BalanceTransaction) error {
	about := matterOf(t.ID, t.Created, store.Invoice{EntityID: c.owner})
	booked, err := c.move(ctx, t, ledger.Suspense)
	if err != nil || !booked {
		return err
	}
	explained, err := c.explained(ctx, t.ID)
	if err == nil && !explained {
		c.differs(about, "movement_unexplained", "%d %s net (%s) moved on the balance and nothing of ours explains it: explain %s",
			t.Net, t.Currency, t.ReportingCategory, t.ID)
	}
	return err
}

// explained says that a person has said what a movement in suspense is.
func (c *comparison) explained(ctx context.Context, id string) (bool, error) {
	m, err := c.Store.Movement(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return m.ExplainedAs != nil, err
}

// move books a movement that is of no payment of ours, for the owner of the provider's account. It is not booked, and
// named, while nobody is; and left alone when only another legal entity is compared.
func (c *comparison) move(ctx context.Context, t *stripe.BalanceTransaction, against ledger.Account) (booked bool, err error) {
	if c.in.EntityID != "" && c.in.EntityID != c.owner {
		return false, nil
	}
	c.result.Transactions++
	if c.owner == "" {
		about := matterOf(t.ID, t.Created, store.Invoice{})
		c.differs(about, "movement_of_nobody", "%d %s net (%s) are not booked: %v", t.Net, t.Currency, t.ReportingCategory, errNoOwner)
		return false, nil
	}
	m, _, err := movementOf(t, c.owner, against)
	if err != nil {
		return false, err
	}
	return c.book(ctx, m, ledger.MovementBooked(moved(m), against))
}

func movementOf(t *stripe.BalanceTransaction, entity string, against ledger.Account) (m store.Movement, fee money.Amount, err error) {
	net, err := stripeunit.Amount(t.Net, currencyOf(t.Currency))
	if err == nil {
		fee, err = stripeunit.Amount(t.Fee, currencyOf(t.Currency))
	}
	m = store.Movement{
		ID: t.ID, EntityID: entity, Account: against, Category: string(t.ReportingCategory), Net: net.Minor, Currency: net.Currency,
		FeeAccount: ledger.ProcessingFees, At: time.Unix(t.Created, 0).UTC(),
	}
	if t.Source != nil {
		m.Source = t.Source.ID
	}
	return m, fee, err
}

// moved is a recorded movement as the ledger sees it.
func moved(m store.Movement) ledger.Movement {
	return ledger.Movement{ID: m.ID, EntityID: m.EntityID, At: m.At, Net: money.New(m.Net, m.Currency)}
}

// book records a movement with its posting, once. It is booked even if that was done before.
func (c *comparison) book(ctx context.Context, m store.Movement, posting ledger.Transaction) (booked bool, err error) {
	err = c.Store.Tx(ctx, func(tx store.Tx) error {
		added, err := tx.AddMovement(ctx, m)
		if err != nil || !added {
			return err
		}
		return tx.Post(ctx, posting)
	})
	return err == nil, err
}
