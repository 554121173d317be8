package service

import (
	"context"
	"errors"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
)

// NewRule asks for a version of a rule.
type NewRule struct {
	Explained

	Entity     string `json:"entity" example:"acme"`
	Name       string `json:"name" doc:"The rule's name; a name that exists gets another version." example:"large-first"`
	Kind       string `json:"kind" doc:"request_3ds, allow, block or review." example:"block"`
	Expression string `json:"expression" doc:"The condition, in CEL." example:"payment.first && payment.amount > 50000"`
}

// EnableRule asks for a version to go live.
type EnableRule struct {
	Explained

	Version int `json:"version,omitempty" doc:"The newest draft when absent."`
	// WithoutDryRun puts it in force without having seen what it would have done.
	WithoutDryRun bool `json:"without_dry_run,omitempty" doc:"Go live without a dry run of exactly this expression. Why is kept with the rule."`
}

// RetireRule asks for a version to be taken out of force, for good.
type RetireRule struct {
	Explained

	Version int `json:"version,omitempty" doc:"The version in force when absent, or else the newest draft."`
}

// AddRule adds a version of a rule, as a draft. Repeating it answers the same version.
func (s *Service) AddRule(ctx context.Context, in NewRule) (store.FraudRule, error) {
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return store.FraudRule{}, err
	}
	if _, err := s.compile(ctx, in.Entity, in.Name, in.Kind, in.Expression); err != nil {
		return store.FraudRule{}, err
	}
	rule := store.FraudRule{
		EntityID: in.Entity, Name: in.Name, Kind: fraud.Kind(in.Kind), Expression: in.Expression, AddedBy: in.By, AddedWhy: in.Why, AddedAt: s.wallNow(),
	}
	err := s.store.Tx(ctx, func(tx store.Tx) (err error) {
		rule, err = tx.AddRule(ctx, rule)
		return err
	})
	return rule, err
}

// compile checks a rule against the seller's lists, and words what is wrong as a field's fault.
func (s *Service) compile(ctx context.Context, entityID, name, kind, expression string) (*fraud.Rule, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	lists, err := s.store.ListTypes(ctx, entityID)
	if err != nil {
		return nil, err
	}
	rule, err := fraud.Compile(name, fraud.Kind(kind), expression, lists)
	if wrong, ok := errors.AsType[*fraud.Error](err); ok {
		return nil, invalid("expression", "%s", wrong)
	}
	return rule, err
}

// Rules lists an entity's rules, all versions, of a status or (empty) of all.
func (s *Service) Rules(ctx context.Context, entityID, status string) (Page[store.FraudRule], error) {
	if status != "" && status != store.RuleDraft && status != store.RuleLive && status != store.RuleRetired {
		return Page[store.FraudRule]{}, invalid("status", "%.60q is not a status: use %s, %s or %s", status, store.RuleDraft, store.RuleLive, store.RuleRetired)
	}
	if err := s.entityExists(ctx, entityID); err != nil {
		return Page[store.FraudRule]{}, inRequest("entity", err)
	}
	rows, err := s.store.FraudRules(ctx, entityID, status)
	return page(rows, len(rows), func(r store.FraudRule) string { return r.Name }), err
}

// Rule lists the versions of a rule, the newest first.
func (s *Service) Rule(ctx context.Context, entityID, name string) (Page[store.FraudRule], error) {
	versions, err := s.versions(ctx, entityID, name)
	return page(versions, len(versions), func(r store.FraudRule) string { return r.Name }), err
}

func (s *Service) versions(ctx context.Context, entityID, name string) ([]store.FraudRule, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	versions, err := s.store.RuleVersions(ctx, entityID, name)
	if err == nil && len(versions) == 0 {
		err = notFound("rule %.60q of %s: not found", name, entityID)
	}
	return versions, err
}

// pick is the version that a request names, or the first of the usual ones.
func pick(versions []store.FraudRule, number int, usual ...string) (store.FraudRule, error) {
	for _, status := range usual {
		for _, version := range versions {
			if number == version.Version || number == 0 && version.Status == status {
				return version, nil
			}
		}
	}
	if number != 0 {
		return store.FraudRule{}, invalid("version", "rule %s has no version %d: its newest is %d", versions[0].Name, number, versions[0].Version)
	}
	return store.FraudRule{}, refused("rule_version_missing", "rule %s has no version that is %s: its newest, %d, is %s", versions[0].Name, usual[0],
		versions[0].Version, versions[0].Status)
}

// EnableRule puts a draft in force, in place of the version that was. It must have been tried on the payments of the past
// in exactly these words, or a reason be given why not.
func (s *Service) EnableRule(ctx context.Context, entityID, name string, in EnableRule) (store.FraudRule, error) {
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return store.FraudRule{}, err
	}
	versions, err := s.versions(ctx, entityID, name)
	if err != nil {
		return store.FraudRule{}, err
	}
	rule, err := pick(versions, in.Version, store.RuleDraft)
	switch {
	case err != nil:
		return rule, err
	case rule.Status == store.RuleLive:
		return rule, nil
	case rule.Status == store.RuleRetired:
		return rule, refused("rule_retired", "version %d of rule %s is retired for good: add the rule again", rule.Version, name)
	}
	if _, err := s.compile(ctx, entityID, rule.Name, string(rule.Kind), rule.Expression); err != nil {
		return rule, err
	}
	at := s.wallNow()
	rule.EnabledBy, rule.EnabledAt = in.By, &at
	ran, found, err := s.store.LatestDryRun(ctx, entityID, rule.Kind, rule.Expression)
	switch {
	case err != nil:
		return rule, err
	case found:
		rule.DryRunID = &ran.ID
	case in.WithoutDryRun:
		rule.NoDryRunBecause = in.Why
	default:
		return rule, refused("dry_run_missing",
			"nobody has seen what version %d of rule %s would have done: test it first (starter fraud rule test --entity %s --rule %s), or go without and say why",
			rule.Version, name, entityID, name)
	}
	if err := s.store.Tx(ctx, func(tx store.Tx) error { return tx.EnableRule(ctx, rule) }); err != nil {
		return rule, named(err)
	}
	rule.Status = store.RuleLive
	return rule, nil
}

// RetireRule takes a version out of force for good. Repeating it changes nothing.
func (s *Service) RetireRule(ctx context.Context, entityID, name string, in RetireRule) (store.FraudRule, error) {
	var p problems
	in.check(&p)
	if err := p.err(); err != nil {
		return store.FraudRule{}, err
	}
	versions, err := s.versions(ctx, entityID, name)
	if err != nil {
		return store.FraudRule{}, err
	}
	rule, err := pick(versions, in.Version, store.RuleLive, store.RuleDraft, store.RuleRetired)
	if err != nil || rule.Status == store.RuleRetired {
		return rule, err
	}
	at := s.wallNow()
	rule.RetiredBy, rule.RetiredWhy, rule.RetiredAt = in.By, in.Why, &at
	if err := s.store.RetireRule(ctx, rule); err != nil {
		return rule, named(err)
	}
	rule.Status = store.RuleRetired
	return rule, nil
}
