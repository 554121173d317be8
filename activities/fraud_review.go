package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/api/enums/v1"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// StartFraudReview starts the workflow of a review. It is started here and not as a child, because a subscription must be
// able to continue as new while somebody makes up his mind. One that runs is success.
func (c *Collection) StartFraudReview(ctx context.Context, in message.FraudReviewInput) (message.None, error) {
	invoice, payment, err := reviewedPayment(ctx, c.Store.Queries, in.PaymentID)
	if err != nil {
		return message.None{}, err
	}
	amount := money.New(payment.Amount, payment.Currency)
	_, err = c.Temporal.ExecuteWorkflow(ctx, temporalclient.StartWorkflowOptions{
		ID: message.FraudReviewID(payment.ID), TaskQueue: message.BillingQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            fmt.Sprintf("Decide about %s of invoice %s", amount, invoice.Number),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			message.CustomerID.ValueSet(invoice.PayerID), message.EntityID.ValueSet(invoice.EntityID),
			message.InvoiceID.ValueSet(invoice.ID), message.Currency.ValueSet(string(payment.Currency)), message.AmountMinor.ValueSet(payment.Amount)),
	}, message.FraudReviewWorkflow, in)
	if err != nil {
		return message.None{}, fmt.Errorf("start review of payment %s: %w", payment.ID, err)
	}
	return message.None{}, nil
}

func reviewedPayment(ctx context.Context, q store.Queries, paymentID string) (store.Invoice, store.Payment, error) {
	payment, err := q.Payment(ctx, paymentID)
	if err != nil {
		return store.Invoice{}, payment, err
	}
	invoice, err := q.Invoice(ctx, payment.InvoiceID)
	return invoice, payment, err
}

// LookAtReview says how a review stands. The provider is asked about its own; one that we did not know of is recorded.
func (p *Payments) LookAtReview(ctx context.Context, in message.FraudReviewInput) (message.ReviewState, error) {
	invoice, payment, err := reviewedPayment(ctx, p.Store.Queries, in.PaymentID)
	if err != nil {
		return message.ReviewState{}, err
	}
	review, err := p.Store.Review(ctx, in.PaymentID)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return message.ReviewState{}, err
	}
	if review.ProviderReview != nil {
		in.ProviderReview = *review.ProviderReview
	}
	closed := ""
	if in.ProviderReview != "" && (!known || review.Status == store.ReviewOpen) {
		if closed, err = p.closedBecause(ctx, in); err != nil {
			return message.ReviewState{}, err
		}
	}
	if !known && (closed != "" || in.ProviderReview == "") {
		return message.ReviewState{PaymentID: in.PaymentID, Status: message.ReviewNone}, nil
	}
	if in.ProviderReview != "" && review.ProviderReview == nil {
		err := p.Store.Tx(ctx, func(tx store.Tx) error {
			return openReview(ctx, tx, invoice, store.Review{
				PaymentID: payment.ID, Cause: store.ByProvider, ProviderReview: &in.ProviderReview, OpenedAt: notBefore(payment.AskedAt, in.At),
			})
		})
		if err != nil {
			return message.ReviewState{}, err
		}
	}
	state, err := reviewState(ctx, p.Store.Queries, in.PaymentID)
	state.ProviderClosed = closed
	return state, err
}

// closedBecause asks the provider why it closed its review; empty while it is open.
func (p *Payments) closedBecause(ctx context.Context, in message.FraudReviewInput) (string, error) {
	asked := provider{Payments: p, at: in.At}
	read, err := p.Stripe.Reviews.Get(in.ProviderReview, &stripe.ReviewParams{Params: asked.params(ctx, "")})
	if err != nil {
		return "", fmt.Errorf("read review %s: %w", in.ProviderReview, later(err))
	}
	if read.Open {
		return "", nil
	}
	return string(read.ClosedReason), nil
}

// CloseProviderReview approves the provider's review of a payment that somebody approved here. One that is closed already
// stays as it is.
func (p *Payments) CloseProviderReview(ctx context.Context, in message.FraudReviewInput) (message.None, error) {
	if closed, err := p.closedBecause(ctx, in); err != nil || closed != "" {
		return message.None{}, err
	}
	asked := provider{Payments: p, at: in.At}
	params := &stripe.ReviewApproveParams{Params: asked.params(ctx, "review:"+in.PaymentID)}
	_, err := p.Stripe.Reviews.Approve(in.ProviderReview, params)
	if err != nil {
		return message.None{}, fmt.Errorf("approve review %s: %w", in.ProviderReview, later(err))
	}
	return message.None{}, nil
}

func reviewState(ctx context.Context, q store.Queries, paymentID string) (message.ReviewState, error) {
	invoice, payment, err := reviewedPayment(ctx, q, paymentID)
	if err != nil {
		return message.ReviewState{}, err
	}
	review, err := q.Review(ctx, paymentID)
	if err != nil {
		return message.ReviewState{}, err
	}
	policy, err := q.FraudPolicy(ctx, invoice.EntityID)
	if err != nil {
		return message.ReviewState{}, err
	}
	parts, err := q.InvoiceParts(ctx, invoice.ID)
	if err != nil {
		return message.ReviewState{}, err
	}
	state := message.ReviewState{
		PaymentID: payment.ID, InvoiceID: invoice.ID, Attempt: payment.Attempt,
		Amount: money.New(payment.Amount, payment.Currency), Status: review.Status, Pending: payment.Status == store.PaymentPending,
		DeadlineAt: review.DeadlineAt, OnDeadline: policy.OnDeadline,
	}
	for i, part := range parts {
		if i == 0 {
			state.SubscriptionID = part.SubscriptionID
		} else {
			state.Others = append(state.Others, part.SubscriptionID)
		}
	}
	if review.ProviderReview != nil {
		state.ProviderReview = *review.ProviderReview
	}
	if review.DecidedAt != nil {
		state.Decision = message.ReviewDecision{
			Approve: review.Status == store.ReviewApproved, By: review.DecidedBy, Reason: review.Reason, At: *review.DecidedAt,
		}
	}
	return state, nil
}

// DecideReview records a decision. The first one counts, whoever comes later. A payment that waited for it and is declined
// fails.
func (c *Collection) DecideReview(ctx context.Context, in message.DecideReviewInput) (message.ReviewState, error) {
	var state message.ReviewState
	err := c.Store.Tx(ctx, func(tx store.Tx) error {
		payment, err := tx.LockPayment(ctx, in.PaymentID)
		if err != nil {
			return err
		}
		status := store.ReviewDeclined
		if in.Decision.Approve {
			status = store.ReviewApproved
		}
		d := in.Decision
		review, err := tx.DecideReview(ctx, in.PaymentID, status, d.By, d.Reason, notBefore(payment.AskedAt, d.At))
		if err != nil {
			return err
		}
		if review.Status == store.ReviewDeclined && payment.Status == store.PaymentPending {
			payment.Status, payment.DeclineCode, payment.SettledAt = store.PaymentFailed, errDeclined, review.DecidedAt
			if err := tx.SettlePayment(ctx, payment); err != nil {
				return err
			}
		}
		state, err = reviewState(ctx, tx.Queries, in.PaymentID)
		return err
	})
	return state, err
}

// PlanReviewRefunds says how a declined payment goes back: what the end of its subscription credited out of that credit,
// which also takes the tax back, and the rest out of goodwill. It waits, by failing, until the subscription has ended.
func (c *Collection) PlanReviewRefunds(ctx context.Context, in message.FraudReviewInput) (message.ReviewRefunds, error) {
	invoice, payment, err := reviewedPayment(ctx, c.Store.Queries, in.PaymentID)
	if err != nil {
		return message.ReviewRefunds{}, err
	}
	parts, err := c.Store.InvoiceParts(ctx, invoice.ID)
	if err != nil {
		return message.ReviewRefunds{}, err
	}
	for _, part := range parts {
		row, err := c.Store.Subscription(ctx, part.SubscriptionID)
		if err != nil {
			return message.ReviewRefunds{}, err
		}
		if row.Status != subscription.Canceled {
			return message.ReviewRefunds{}, fmt.Errorf("subscription %s has not ended yet", row.ID)
		}
	}
	var plan message.ReviewRefunds
	err = c.Store.Tx(ctx, func(tx store.Tx) error {
		if err := returnSold(ctx, tx, invoice, in.At); err != nil {
			return err
		}
		plan, err = planRefunds(ctx, tx, invoice.CustomerID, payment, in)
		return err
	})
	return plan, err
}

func planRefunds(ctx context.Context, tx store.Tx, customerID string, payment store.Payment, in message.FraudReviewInput) (message.ReviewRefunds, error) {
	var plan message.ReviewRefunds
	if payment.Status != store.PaymentSucceeded {
		return plan, nil
	}
	disputes, err := tx.Disputes(ctx, store.DisputeFilter{PaymentID: payment.ID, Limit: 1})
	if err != nil || len(disputes) > 0 {
		return plan, err // the bank takes the money back, or has
	}
	earlier, err := tx.Refunds(ctx, payment.ID)
	if err != nil {
		return plan, err
	}
	left := payment.Amount
	for _, r := range earlier {
		if r.ID == refundOf(payment.ID, false) || r.ID == refundOf(payment.ID, true) { // planned before
			plan.Refunds = append(plan.Refunds, message.RefundInput{
				RefundID: r.ID, PaymentID: payment.ID, Amount: money.New(r.Amount, r.Currency), Goodwill: r.Goodwill, Reason: r.Reason, At: r.AskedAt,
			})
		}
		if r.Status != store.RefundFailed {
			left -= r.Amount
		}
	}
	credit, err := tx.LockWallet(ctx, customerID, payment.Currency)
	if err != nil {
		return plan, err
	}
	ask := func(amount int64, goodwill bool) {
		for _, r := range plan.Refunds {
			if r.Goodwill == goodwill {
				return
			}
		}
		if amount > 0 {
			left -= amount
			plan.Refunds = append(plan.Refunds, message.RefundInput{
				RefundID: refundOf(payment.ID, goodwill), PaymentID: payment.ID, Amount: money.New(amount, payment.Currency), Goodwill: goodwill,
				Reason: errDeclined, At: in.At,
			})
		}
	}
	ask(min(left, credit.Minor), false)
	ask(left, true)
	return plan, nil
}

// refundOf is the id of the refund of a declined payment, out of credit or goodwill.
func refundOf(paymentID string, goodwill bool) string {
	if goodwill {
		return "review-" + paymentID + "-goodwill"
	}
	return "review-" + paymentID
}
