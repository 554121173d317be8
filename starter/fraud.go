package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/starter/service"
)

func (p *program) frauds() *cobra.Command {
	return p.group("fraud", "Screen payments: rules, lists, reviews, early fraud warnings, limits on trials",
		p.fraudRules(), p.fraudLists(), p.fraudReviews(), p.fraudWarnings(), p.fraudPolicy(), p.explainPayment())
}

// explained adds the flags of every change to what decides about payments.
func explained(c *cobra.Command, in *service.Explained) {
	c.Flags().StringVar(&in.By, "by", "", "who, for the record")
	c.Flags().StringVar(&in.Why, "reason", "", "why, for the record")
}

func (p *program) fraudPolicy() *cobra.Command {
	var entity string
	var wanted fraud.Policy
	trials := fraud.DefaultTrialLimits()
	var limited, unlimited bool
	c := &cobra.Command{
		Use: "policy", Short: "Show or set how long reviews wait, what follows then, and how many free trials there may be", Args: cobra.NoArgs,
		Long: `Without other flags the policy is shown. A review that nobody decides ends at its deadline, by default with a decline after
72 hours. Free trials are not limited unless --limit-trials or one of the limits is given; a limit of 0 is none.`,
		Example: `  go run ./starter fraud policy --entity acme
  go run ./starter fraud policy --entity acme --review-hours 48 --on-deadline decline
  go run ./starter fraud policy --entity acme --limit-trials --per-fingerprint 1 --per-email 1 --per-device 2 --within-days 365`,
	}
	f := c.Flags()
	f.StringVar(&entity, "entity", "", "the legal entity")
	f.IntVar(&wanted.ReviewHours, "review-hours", 0, "how long a review waits, 1 to 336")
	f.StringVar(&wanted.OnDeadline, "on-deadline", "", "decline or approve")
	f.BoolVar(&limited, "limit-trials", false, "limit free trials")
	f.BoolVar(&unlimited, "unlimited-trials", false, "do not limit free trials")
	f.IntVar(&trials.PerFingerprint, "per-fingerprint", trials.PerFingerprint, "trials with one card or bank account")
	f.IntVar(&trials.PerEmail, "per-email", trials.PerEmail, "trials with one mailbox")
	f.IntVar(&trials.PerDevice, "per-device", trials.PerDevice, "trials with one device")
	f.IntVar(&trials.WithinDays, "within-days", trials.WithinDays, "days within which trials count")
	c.MarkFlagsMutuallyExclusive("limit-trials", "unlimited-trials")
	c.RunE = p.ask(func(ctx context.Context, svc *service.Service, _ []string) error {
		policy, err := svc.FraudPolicy(ctx, entity)
		if err != nil {
			return err
		}
		changed := false
		for name, apply := range map[string]func(){
			"review-hours": func() { policy.ReviewHours = wanted.ReviewHours }, "on-deadline": func() { policy.OnDeadline = wanted.OnDeadline },
			"limit-trials": func() { policy.Trials = &trials }, "unlimited-trials": func() { policy.Trials = nil },
			"per-fingerprint": func() { policy.Trials = &trials }, "per-email": func() { policy.Trials = &trials },
			"per-device": func() { policy.Trials = &trials }, "within-days": func() { policy.Trials = &trials },
		} {
			if f.Changed(name) {
				changed = true
				apply()
			}
		}
		if changed {
			if policy, err = svc.SetFraudPolicy(ctx, entity, policy); err != nil {
				return err
			}
		}
		return p.show(policy, func(out io.Writer) error {
			waits := fmt.Sprintf("%d hours, then %s", policy.ReviewHours, policy.OnDeadline)
			return facts(out, "Entity", entity, "Reviews wait", waits, "Free trials", trialWords(policy.Trials))
		})
	})
	return needs(c, "entity")
}

func trialWords(l *fraud.TrialLimits) string {
	if l == nil {
		return "not limited"
	}
	var parts []string
	for _, limit := range []struct {
		most int
		by   string
	}{{l.PerFingerprint, "card or bank account"}, {l.PerEmail, "mailbox"}, {l.PerDevice, "device"}} {
		if limit.most > 0 {
			parts = append(parts, strconv.Itoa(limit.most)+" per "+limit.by)
		}
	}
	return fmt.Sprintf("%s within %d days", strings.Join(parts, ", "), l.WithinDays)
}

func (p *program) explainPayment() *cobra.Command {
	return &cobra.Command{
		Use: "explain PAYMENT", Short: "Say why a payment was let through, stopped or reviewed", Args: cobra.ExactArgs(1),
		Example: "  go run ./starter fraud explain pay_3f6c2a7q5rduw4ki\n  go run ./starter fraud explain pay_3f6c2a7q5rduw4ki --json",
		RunE: p.ask(func(ctx context.Context, svc *service.Service, args []string) error {
			found, err := svc.ExplainPayment(ctx, args[0])
			if err != nil {
				return err
			}
			return p.show(found, func(out io.Writer) error { return printExplanation(out, found) })
		}),
	}
}

func printExplanation(out io.Writer, x service.Explanation) error {
	decision, risk := "no rule was in force", ""
	if x.Screening != nil {
		decision = string(x.Screening.Decision.Action)
	}
	if x.Outcome != nil {
		risk = fmt.Sprintf("%s, risk %s %s", x.Outcome.Type, x.Outcome.RiskLevel, x.Outcome.Reason)
	}
	pairs := []any{"Payment", x.PaymentID, "Status", x.Status, "Our rules", decision}
	for _, rule := range x.Rules {
		pairs = append(pairs, "Rule", fmt.Sprintf("%s version %d: %s", rule.Name, rule.Version, rule.Expression))
	}
	if x.Screening != nil {
		for _, unknown := range x.Screening.Decision.Unknown {
			pairs = append(pairs, "Passed over", fmt.Sprintf("%s version %d: %s", unknown.Rule, unknown.Version, unknown.Because))
		}
		pairs = append(pairs, "On lists", strings.Join(x.Screening.Listed, ", "))
	}
	pairs = append(pairs, "The provider", risk)
	if x.Review != nil {
		pairs = append(pairs, "Review", x.Review.Status, "Decided by", x.Review.DecidedBy, "Reason", x.Review.Reason)
	}
	for _, warning := range x.Warnings {
		pairs = append(pairs, "Early fraud warning", warning.ID+": "+warning.FraudType)
	}
	for _, dispute := range x.Disputes {
		pairs = append(pairs, "Dispute", dispute.ID+": "+dispute.Reason+", "+dispute.Status)
	}
	return facts(out, pairs...)
}
