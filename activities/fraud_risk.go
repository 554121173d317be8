package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// takeRisk reads what the provider's own screening said of a charge, and which review it opened.
func (o *outcome) takeRisk(charge *stripe.Charge) {
	if charge == nil || charge.Outcome == nil {
		return
	}
	said := charge.Outcome
	o.risk = &store.Risk{
		Charge: charge.ID, Type: said.Type, NetworkStatus: said.NetworkStatus, Reason: said.Reason, RiskLevel: said.RiskLevel,
	}
	if said.RiskScore > 0 { // 0 stands for a score that was not made: only some accounts get one
		o.risk.RiskScore = &said.RiskScore
	}
	if said.Rule != nil {
		o.risk.Rule = said.Rule.ID
	}
	if charge.Review != nil {
		o.review = charge.Review.ID
	}
}

// assess asks for what an answer left out: that of a declined charge names the charge only.
func (p provider) assess(ctx context.Context, result outcome) (outcome, error) {
	if result.charge == "" || result.risk != nil {
		return result, nil
	}
	charge, err := p.Stripe.Charges.Get(result.charge, &stripe.ChargeParams{Params: p.params(ctx, "")})
	if err != nil {
		return result, fmt.Errorf("read charge %s: %w", result.charge, later(err))
	}
	result.takeRisk(charge)
	return result, nil
}

// recordRisk keeps what the provider said of an attempt, and opens the review that the provider or a rule asks for.
func recordRisk(ctx context.Context, tx store.Tx, invoice store.Invoice, attempt store.Payment, result outcome, at time.Time) error {
	if result.risk != nil {
		risk := *result.risk
		risk.PaymentID = attempt.ID
		if err := tx.SaveRisk(ctx, risk); err != nil {
			return err
		}
	}
	if attempt.Status != store.PaymentSucceeded {
		return nil
	}
	if result.review != "" {
		return openReview(ctx, tx, invoice, store.Review{PaymentID: attempt.ID, Cause: store.ByProvider, ProviderReview: &result.review, OpenedAt: at})
	}
	screened, err := tx.Screening(ctx, attempt.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && screened.Action != fraud.Action(fraud.Review) {
		return nil
	}
	if err != nil {
		return err
	}
	return openRuleReview(ctx, tx, invoice, attempt, false, at)
}

// answer says how an attempt went, with what, and whether a person has to decide about it.
func (p *Payments) answer(ctx context.Context, attempt store.Payment) (message.Charged, error) {
	answer := charged(attempt)
	if attempt.MethodID != nil {
		method, err := p.Store.PaymentMethodByID(ctx, *attempt.MethodID)
		if err != nil {
			return answer, err
		}
		answer.Method = cmp.Or(method.Network, method.Kind)
	}
	if attempt.ID == "" || attempt.Status == store.PaymentFailed {
		return answer, nil
	}
	review, err := p.Store.Review(ctx, attempt.ID)
	if errors.Is(err, store.ErrNotFound) {
		return answer, nil
	}
	if err == nil && review.Status == store.ReviewOpen {
		answer.Review = attempt.ID
	}
	return answer, err
}
