package activities

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// claimTrial counts a free trial against the seller's limits. It is counted under a lock in the transaction that records
// the agreement, so that two at once cannot both be the last. Inspect is a payment method whose fingerprint must be known first.
func claimTrial(ctx context.Context, tx store.Tx, in message.Subscribe, customer, payer store.Customer) (inspect string, err error) {
	policy, err := tx.FraudPolicy(ctx, in.EntityID)
	if err != nil || policy.Trials == nil {
		return "", err
	}
	limits := *policy.Trials
	fingerprint, inspect, err := trialFingerprint(ctx, tx, limits, payer.ID)
	if err != nil || inspect != "" {
		return inspect, err
	}
	mailbox, _ := fraud.Mailbox(customer.Email)
	// In one order for all, so that nobody waits for somebody who waits for him.
	for _, limit := range []struct {
		kind, value, words string
		most               int
	}{
		{"fingerprint", fingerprint, "this card or bank account", limits.PerFingerprint},
		{"email", hashed(mailbox), "this e-mail address", limits.PerEmail},
		{"device", in.Device, "this device", limits.PerDevice},
	} {
		if limit.most == 0 || limit.value == "" {
			continue
		}
		claim := store.TrialClaim{SubscriptionID: in.SubscriptionID, EntityID: in.EntityID, Kind: limit.kind, Value: limit.value, At: in.StartAt}
		ok, err := tx.ClaimTrial(ctx, claim, limit.most, limits.Since(in.StartAt))
		if err != nil {
			return "", err
		}
		if !ok {
			return "", refusal("trial_limit_reached",
				"subscription %s: %s began as many free trials within %d days as the seller allows (%d): choose a plan without a trial, or wait until %s",
				in.SubscriptionID, limit.words, limits.WithinDays, limit.most, in.StartAt.AddDate(0, 0, limits.WithinDays).UTC().Format(time.DateOnly))
		}
	}
	return "", nil
}

// trialFingerprint is that of the method that the customer will pay with; empty when there is none.
func trialFingerprint(ctx context.Context, tx store.Tx, limits fraud.TrialLimits, customerID string) (fingerprint, inspect string, err error) {
	if limits.PerFingerprint == 0 {
		return "", "", nil
	}
	methods, err := tx.PaymentMethods(ctx, customerID)
	at := slices.IndexFunc(methods, func(m store.PaymentMethod) bool { return m.Status == store.MethodUsable })
	if err != nil || at < 0 {
		return "", "", err
	}
	detail, err := tx.MethodDetail(ctx, methods[at].ID)
	if errors.Is(err, store.ErrNotFound) {
		return "", methods[at].ID, nil
	}
	return detail.Fingerprint, "", err
}

// hashed keeps what identifies people out of the table that only has to recognise them.
func hashed(value string) string {
	if value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

// needsInspection ends the transaction of an agreement, which is tried again once it is known what the method is.
type needsInspection struct{ method string }

func (n *needsInspection) Error() string {
	return "payment method " + n.method + " must be inspected first"
}
