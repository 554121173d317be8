package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// Decline codes of our own, for attempts that the provider was not asked for: a rule blocks the payment, or whoever
// reviewed it declined. Customers are shown a generic decline.
const (
	errBlocked  = "blocked_by_rule"
	errDeclined = "declined_in_review"
)

// screen decides by the seller's rules about an attempt before the provider is asked for it. The decision is recorded once;
// a repetition finds it. Stopped says that the provider is not to be asked: the outcome is what the attempt comes to.
func (p provider) screen(ctx context.Context, invoice store.Invoice, attempt store.Payment) (result outcome, stopped bool, err error) {
	screened, err := p.Store.Screening(ctx, attempt.ID)
	if errors.Is(err, store.ErrNotFound) {
		screened, err = p.screenOnce(ctx, invoice, attempt)
	}
	if err != nil {
		return outcome{}, false, fmt.Errorf("screen: %w", err)
	}
	failed := outcome{status: store.PaymentFailed, fee: money.Zero(invoice.Currency)}
	switch screened.Action {
	case fraud.Action(fraud.Block):
		failed.declineCode = errBlocked
		return failed, true, nil
	case fraud.Action(fraud.Request3DS):
		return p.askForAuthentication(ctx, invoice, attempt)
	case fraud.Action(fraud.Review):
		return p.reviewed(ctx, invoice, attempt)
	}
	return outcome{}, false, nil
}

// screenPage decides about an attempt that is made on the provider's page, before there is a page: of what the customer will
// pay with nothing is known yet, and rules that ask for it are passed over. A review comes after the payment: the customer
// pays at once.
func (p provider) screenPage(ctx context.Context, invoice store.Invoice, attempt store.Payment) (fraud.Action, error) {
	screened, err := p.Store.Screening(ctx, attempt.ID)
	if errors.Is(err, store.ErrNotFound) {
		screened, err = p.screenOnce(ctx, invoice, attempt)
	}
	if err != nil {
		return fraud.NoAction, fmt.Errorf("screen: %w", err)
	}
	return screened.Action, nil
}

// reviewed says what a review makes of an attempt that waits for its decision. One that does not wait goes on.
func (p provider) reviewed(ctx context.Context, invoice store.Invoice, attempt store.Payment) (result outcome, stopped bool, err error) {
	review, err := p.Store.Review(ctx, attempt.ID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !review.BeforeCharge, err == nil && review.Status == store.ReviewApproved:
		return outcome{}, false, nil
	case err != nil:
		return outcome{}, false, err
	case review.Status == store.ReviewDeclined:
		return outcome{status: store.PaymentFailed, declineCode: errDeclined, fee: money.Zero(invoice.Currency)}, true, nil
	}
	return outcome{status: store.PaymentPending, fee: money.Zero(invoice.Currency)}, true, nil
}

// askForAuthentication makes the provider ask for 3-D Secure when the customer pays, and ends an attempt that nobody is
// there to authenticate as the provider would. What is no card has no 3-D Secure and goes on.
func (p provider) askForAuthentication(ctx context.Context, invoice store.Invoice, attempt store.Payment) (result outcome, stopped bool, err error) {
	detail, err := p.Store.MethodDetail(ctx, *attempt.MethodID)
	if err != nil || detail.Kind != string(stripe.PaymentMethodTypeCard) {
		return outcome{}, false, err
	}
	intent, err := p.intent(ctx, invoice, attempt.Attempt)
	if declined, ok := declineOf(err, invoice.Currency); ok {
		return declined, true, nil
	}
	if err != nil {
		return outcome{}, false, err
	}
	params := &stripe.PaymentIntentParams{
		Params: p.params(ctx, "intent:"+intent+":3ds"),
		PaymentMethodOptions: &stripe.PaymentIntentPaymentMethodOptionsParams{
			Card: &stripe.PaymentIntentPaymentMethodOptionsCardParams{RequestThreeDSecure: stripe.String("any")},
		},
	}
	_, err = p.Stripe.PaymentIntents.Update(intent, params)
	if burnt(err) {
		params.IdempotencyKey = nil // to ask for it again changes nothing
		_, err = p.Stripe.PaymentIntents.Update(intent, params)
	}
	if err != nil {
		return outcome{}, false, fmt.Errorf("ask for authentication: %w", later(err))
	}
	if attempt.Pages != "" {
		return outcome{}, false, nil // the customer is there, and is asked
	}
	code := string(stripe.ErrorCodeAuthenticationRequired)
	return outcome{status: store.PaymentFailed, declineCode: code, fee: money.Zero(invoice.Currency)}, true, nil
}

// screenOnce makes the decision. Without rules nothing is decided and nothing recorded.
func (p provider) screenOnce(ctx context.Context, invoice store.Invoice, attempt store.Payment) (store.Screening, error) {
	rules, emailDomain, err := liveRules(ctx, p.Store.Queries, invoice.EntityID)
	if err != nil || len(rules) == 0 {
		return store.Screening{Action: fraud.NoAction}, err
	}
	onPage := attempt.MethodID == nil || attempt.Transfer // there is no card to look at, and the review comes after the payment
	if !onPage {
		if err := p.inspect(ctx, *attempt.MethodID); err != nil {
			return store.Screening{}, err
		}
	}
	var screened store.Screening
	err = p.Store.Tx(ctx, func(tx store.Tx) error {
		found, err := tx.Attempt(ctx, attempt.ID, emailDomain)
		if err != nil {
			return err
		}
		rates, err := tx.ReferenceRates(ctx, found)
		if err != nil {
			return err
		}
		found = found.WithReference(rates)
		lists, err := tx.Listed(ctx, []store.Attempted{found})
		if err != nil {
			return err
		}
		row, err := screeningOf(found, lists[0], fraud.Screen(rules, found.Facts, lists[0]), attempt.AskedAt)
		if err != nil {
			return err
		}
		if screened, err = tx.AddScreening(ctx, row); err != nil || screened.Action != fraud.Action(fraud.Review) || !found.Facts.Payment.First || onPage {
			return err
		}
		// A first payment waits: who may not own the card is not charged, and there is nothing to pay back. Later ones go
		// through, and the review decides what becomes of them: regulars must not wait for a renewal.
		return openRuleReview(ctx, tx, invoice, attempt, true, p.at)
	})
	return screened, err
}

// liveRules compiles the rules in force. emailDomain says that one of them asks about domains.
func liveRules(ctx context.Context, q store.Queries, entityID string) (rules []*fraud.Rule, emailDomain bool, err error) {
	rows, err := q.LiveRules(ctx, entityID)
	if err != nil || len(rows) == 0 {
		return nil, false, err
	}
	lists, err := q.ListTypes(ctx, entityID)
	if err != nil {
		return nil, false, err
	}
	for _, row := range rows {
		rule, err := fraud.Compile(row.Name, row.Kind, row.Expression, lists)
		if err != nil {
			return nil, false, err
		}
		rule.Version = row.Version
		rules = append(rules, rule)
		emailDomain = emailDomain || rule.AsksEmailDomain()
	}
	return rules, emailDomain, nil
}

// screeningOf is the record of a decision: without the address and the fingerprint, but with a hash of all facts.
func screeningOf(found store.Attempted, listed fraud.Listed, decision fraud.Decision, at time.Time) (store.Screening, error) {
	row := store.Screening{PaymentID: found.Payment.ID, Action: decision.Action, At: at}
	all, err := json.Marshal(found.Facts)
	if err != nil {
		return row, fmt.Errorf("facts of %s: %w", found.Payment.ID, err)
	}
	sum := sha256.Sum256(all)
	row.FactsHash = hex.EncodeToString(sum[:])
	lists := map[string]bool{}
	for membership := range listed {
		list, _, _ := strings.Cut(membership, ":")
		lists[list] = true
	}
	for into, value := range map[*json.RawMessage]any{
		&row.Decision: decision, &row.Facts: found.Facts.Anonymous(), &row.Listed: append([]string{}, slices.Sorted(maps.Keys(lists))...),
	} {
		if *into, err = json.Marshal(value); err != nil {
			return row, fmt.Errorf("screening of %s: %w", found.Payment.ID, err)
		}
	}
	return row, nil
}

// openRuleReview opens the review that a rule asks for, unless a person has approved an earlier attempt for the invoice.
func openRuleReview(ctx context.Context, tx store.Tx, invoice store.Invoice, attempt store.Payment, beforeCharge bool, at time.Time) error {
	approved, err := tx.ApprovedReview(ctx, invoice.ID)
	if err != nil || approved {
		return err
	}
	return openReview(ctx, tx, invoice, store.Review{
		PaymentID: attempt.ID, Cause: store.ByRule, BeforeCharge: beforeCharge, OpenedAt: notBefore(attempt.AskedAt, at),
	})
}

func openReview(ctx context.Context, tx store.Tx, invoice store.Invoice, review store.Review) error {
	policy, err := tx.FraudPolicy(ctx, invoice.EntityID)
	if err != nil {
		return err
	}
	review.CustomerID, review.DeadlineAt = invoice.PayerID, policy.Deadline(review.OpenedAt)
	_, err = tx.AddReview(ctx, review)
	return err
}

// inspect makes sure that it is on record what a payment method is.
func (p provider) inspect(ctx context.Context, methodID string) error {
	_, err := p.Store.MethodDetail(ctx, methodID)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	method, err := p.method(ctx, methodID) // introduces it, which records what it is
	if err != nil {
		return err
	}
	if _, err = p.Store.MethodDetail(ctx, methodID); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	read, err := p.Stripe.PaymentMethods.Get(*method.ProviderID, &stripe.PaymentMethodParams{Params: p.params(ctx, "")})
	if err != nil {
		return fmt.Errorf("read payment method %s: %w", methodID, later(err))
	}
	return p.Store.SaveMethodDetail(ctx, methodDetail(methodID, read))
}

// methodDetail is what rules can ask about a payment method.
func methodDetail(id string, m *stripe.PaymentMethod) store.MethodDetail {
	detail := store.MethodDetail{MethodID: id, Kind: string(m.Type)}
	switch {
	case m.Card != nil:
		detail.Fingerprint, detail.Country = m.Card.Fingerprint, m.Card.Country
		detail.Funding, detail.Network = string(m.Card.Funding), string(m.Card.Brand)
	case m.USBankAccount != nil:
		detail.Fingerprint, detail.Country = m.USBankAccount.Fingerprint, "US"
	case m.SEPADebit != nil:
		detail.Fingerprint, detail.Country = m.SEPADebit.Fingerprint, m.SEPADebit.Country
	case m.BACSDebit != nil:
		detail.Fingerprint, detail.Country = m.BACSDebit.Fingerprint, "GB"
	case m.AUBECSDebit != nil:
		detail.Fingerprint, detail.Country = m.AUBECSDebit.Fingerprint, "AU"
	case m.ACSSDebit != nil:
		detail.Fingerprint, detail.Country = m.ACSSDebit.Fingerprint, "CA"
	}
	return detail
}
