package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Explained says who changes what decides about payments, and why.
type Explained struct {
	By  string `json:"by" doc:"Who, for the record." example:"ada"`
	Why string `json:"why" doc:"Why, for the record." example:"chargebacks in March"`
}

func (e Explained) check(p *problems) {
	p.check("by", checkText(e.By, longestActorName))
	p.check("why", checkText(e.Why, longestReason))
}

// longestActorName is what a decision's author may be called with.
const longestActorName = 100

// deviceHash keeps a device from being recognised outside of this comparison.
func deviceHash(device string) (string, error) {
	if device == "" {
		return "", nil
	}
	if err := checkText(device, longestName); err != nil {
		return "", invalid("device", "%s", err)
	}
	sum := sha256.Sum256([]byte(device))
	return hex.EncodeToString(sum[:]), nil
}

// FraudPolicy reads how an entity treats suspicion.
func (s *Service) FraudPolicy(ctx context.Context, entityID string) (fraud.Policy, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return fraud.Policy{}, err
	}
	return s.store.FraudPolicy(ctx, entityID)
}

// SetFraudPolicy sets how an entity treats suspicion. It is for reviews and trials that begin from now on.
func (s *Service) SetFraudPolicy(ctx context.Context, entityID string, policy fraud.Policy) (fraud.Policy, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return policy, err
	}
	if err := policy.Validate(); err != nil {
		field, message, _ := strings.Cut(err.Error(), ": ")
		return policy, invalid(field, "%s", message)
	}
	return policy, s.store.SetFraudPolicy(ctx, entityID, policy)
}

// ReviewQuery narrows a list of reviews; empty fields do not.
type ReviewQuery struct {
	Entity, Customer, Status string
	// After continues after a payment id.
	After string
	Limit int
}

// Reviews lists reviews by when they were opened.
func (s *Service) Reviews(ctx context.Context, q ReviewQuery) (Page[store.Review], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "customer": q.Customer, "after": q.After}); err != nil {
		return Page[store.Review]{}, err
	}
	statuses := []string{store.ReviewOpen, store.ReviewApproved, store.ReviewDeclined}
	if q.Status != "" && !slices.Contains(statuses, q.Status) {
		return Page[store.Review]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(statuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Review]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Review(ctx, q.After); err != nil {
			return Page[store.Review]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Reviews(ctx, store.ReviewFilter{EntityID: q.Entity, CustomerID: q.Customer, Status: q.Status, After: q.After, Limit: limit + 1})
	return page(rows, limit, func(r store.Review) string { return r.PaymentID }), err
}

// Review reads the review of a payment.
func (s *Service) Review(ctx context.Context, paymentID string) (store.Review, error) {
	if checkID(paymentID) != nil {
		return store.Review{}, notFound("review of payment %.60q: not found", paymentID)
	}
	row, err := s.store.Review(ctx, paymentID)
	return row, named(err)
}

// DecideReview approves or declines a payment under review and answers when what follows is done. Repeating a decision
// answers how the review ended; another one is refused.
func (s *Service) DecideReview(ctx context.Context, paymentID string, approve bool, in Explained) (store.Review, error) {
	row, err := s.Review(ctx, paymentID)
	if err != nil {
		return row, err
	}
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return row, err
	}
	if row.Status != store.ReviewOpen {
		if approve == (row.Status == store.ReviewApproved) {
			return row, nil
		}
		return row, refused("review_decided", "payment %s was %s by %s: %s", paymentID, row.Status, row.DecidedBy, row.Reason)
	}
	customer, err := s.store.Customer(ctx, row.CustomerID)
	if err != nil {
		return row, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return row, err
	}
	decision := message.ReviewDecision{Approve: approve, By: in.By, Reason: in.Why, At: at}
	if _, err := s.clientOf(customer).DecideReview(ctx, paymentID, decision); err != nil {
		return row, answered(err)
	}
	return s.store.Review(ctx, paymentID)
}

// WarningQuery narrows a list of early fraud warnings.
type WarningQuery struct {
	Entity string
	// Open leaves out those whose payment was refunded or disputed.
	Open bool
	// After continues after a warning's id.
	After string
	Limit int
}

// Warnings lists early fraud warnings by when they were opened.
func (s *Service) Warnings(ctx context.Context, q WarningQuery) (Page[store.Warning], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "after": q.After}); err != nil {
		return Page[store.Warning]{}, err
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Warning]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Warning(ctx, q.After); err != nil {
			return Page[store.Warning]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Warnings(ctx, q.Entity, q.Open, q.After, limit+1)
	return page(rows, limit, func(w store.Warning) string { return w.ID }), err
}

// RefundWarning refunds what is left of a payment that its issuer reported as fraud, before the bank takes it back with a
// fee. It corrects no invoice. Repeating it answers how the refund stands.
func (s *Service) RefundWarning(ctx context.Context, id string) (store.Refund, error) {
	if checkID(id) != nil {
		return store.Refund{}, notFound("early fraud warning %.60q: not found", id)
	}
	warning, err := s.store.Warning(ctx, id)
	if err != nil {
		return store.Refund{}, named(err)
	}
	return s.RefundPayment(ctx, warning.PaymentID, NewRefund{ID: "warning-" + id, Goodwill: true, Reason: "early fraud warning " + id})
}

// Explanation is everything that decided about a payment.
type Explanation struct {
	PaymentID string `json:"payment_id"`
	Status    string `json:"status"`
	// Screening is the decision by our rules; nil when no rule was in force.
	Screening *Screened         `json:"screening,omitempty"`
	Outcome   *store.Risk       `json:"outcome,omitempty"`
	Review    *store.Review     `json:"review,omitempty"`
	Warnings  []store.Warning   `json:"warnings"`
	Disputes  []store.Dispute   `json:"disputes"`
	Rules     []store.FraudRule `json:"rules" doc:"The versions of rules that decided, as they were."`
}

// Screened is a decision with what it was made from.
type Screened struct {
	Decision fraud.Decision `json:"decision"`
	Facts    fraud.Facts    `json:"facts" doc:"Without e-mail address and fingerprint."`
	Listed   []string       `json:"listed" doc:"The lists on which something about the payment was."`
	Hash     string         `json:"facts_hash" doc:"SHA-256 of all facts, address and fingerprint included."`
	At       time.Time      `json:"at"`
}

// ExplainPayment says why a payment was let through, stopped or reviewed.
func (s *Service) ExplainPayment(ctx context.Context, paymentID string) (Explanation, error) {
	payment, err := s.Payment(ctx, paymentID)
	if err != nil {
		return Explanation{}, err
	}
	e := Explanation{PaymentID: paymentID, Status: payment.Status, Rules: []store.FraudRule{}}
	if e.Screening, err = s.screened(ctx, paymentID); err != nil {
		return e, err
	}
	if e.Screening != nil {
		for _, ref := range e.Screening.Decision.Matched {
			versions, err := s.store.RuleVersions(ctx, payment.EntityID, ref.Rule)
			if err != nil {
				return e, err
			}
			for _, version := range versions {
				if version.Version == ref.Version {
					e.Rules = append(e.Rules, version)
				}
			}
		}
	}
	if e.Outcome, err = optional(s.store.Risk(ctx, paymentID)); err != nil {
		return e, err
	}
	if e.Review, err = optional(s.store.Review(ctx, paymentID)); err != nil {
		return e, err
	}
	if e.Warnings, err = s.store.PaymentWarnings(ctx, paymentID); err != nil {
		return e, err
	}
	e.Disputes, err = s.store.Disputes(ctx, store.DisputeFilter{PaymentID: paymentID, Limit: largestPage})
	e.Warnings, e.Disputes = append([]store.Warning{}, e.Warnings...), append([]store.Dispute{}, e.Disputes...)
	return e, err
}

// optional is nil for what does not exist.
func optional[T any](row T, err error) (*T, error) {
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return &row, err
}

func (s *Service) screened(ctx context.Context, paymentID string) (*Screened, error) {
	row, err := optional(s.store.Screening(ctx, paymentID))
	if row == nil || err != nil {
		return nil, err
	}
	screened := Screened{Hash: row.FactsHash, At: row.At}
	if err := json.Unmarshal(row.Decision, &screened.Decision); err != nil {
		return nil, fmt.Errorf("decision about %s: %w", paymentID, err)
	}
	if err := json.Unmarshal(row.Facts, &screened.Facts); err != nil {
		return nil, fmt.Errorf("facts about %s: %w", paymentID, err)
	}
	if err := json.Unmarshal(row.Listed, &screened.Listed); err != nil {
		return nil, fmt.Errorf("lists about %s: %w", paymentID, err)
	}
	return &screened, nil
}
