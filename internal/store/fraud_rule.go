package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// FraudRule is a version of a rule.
type FraudRule struct {
	EntityID        string     `db:"entity_id" json:"entity_id"`
	Name            string     `db:"name" json:"name"`
	Version         int        `db:"version" json:"version"`
	Kind            fraud.Kind `db:"kind" json:"kind"`
	Expression      string     `db:"expression" json:"expression"`
	Status          string     `db:"status" json:"status"`
	AddedBy         string     `db:"added_by" json:"added_by"`
	AddedWhy        string     `db:"added_why" json:"added_why"`
	AddedAt         time.Time  `db:"added_at" json:"added_at"`
	DryRunID        *int64     `db:"dry_run_id" json:"dry_run,omitempty"`
	NoDryRunBecause string     `db:"no_dry_run_because" json:"no_dry_run_because,omitempty"`
	EnabledBy       string     `db:"enabled_by" json:"enabled_by,omitempty"`
	EnabledAt       *time.Time `db:"enabled_at" json:"enabled_at,omitempty"`
	RetiredBy       string     `db:"retired_by" json:"retired_by,omitempty"`
	RetiredWhy      string     `db:"retired_why" json:"retired_why,omitempty"`
	RetiredAt       *time.Time `db:"retired_at" json:"retired_at,omitempty"`
}

// The states of a rule's version. A retired one is over.
const (
	RuleDraft   = "draft"
	RuleLive    = "live"
	RuleRetired = "retired"
)

const ruleColumns = `entity_id, name, version, kind, expression, status, added_by, added_why, added_at, dry_run_id, no_dry_run_because,
	enabled_by, enabled_at, retired_by, retired_why, retired_at`

// LiveRules lists the rules by which an entity's payments are screened.
func (q Queries) LiveRules(ctx context.Context, entityID string) ([]FraudRule, error) {
	return many[FraudRule](ctx, q.db, "live rules of "+entityID,
		`SELECT `+ruleColumns+` FROM fraud_rule WHERE entity_id = $1 AND status = 'live' ORDER BY name`, entityID)
}

// FraudRules lists an entity's rules, all versions, of a status or (empty) of all.
func (q Queries) FraudRules(ctx context.Context, entityID, status string) ([]FraudRule, error) {
	return many[FraudRule](ctx, q.db, "rules of "+entityID, `
		SELECT `+ruleColumns+` FROM fraud_rule WHERE entity_id = $1 AND ($2 = '' OR status = $2) ORDER BY name, version`, entityID, status)
}

// RuleVersions lists the versions of a rule, the newest first.
func (q Queries) RuleVersions(ctx context.Context, entityID, name string) ([]FraudRule, error) {
	return many[FraudRule](ctx, q.db, "versions of rule "+name,
		`SELECT `+ruleColumns+` FROM fraud_rule WHERE entity_id = $1 AND name = $2 ORDER BY version DESC`, entityID, name)
}

// AddRule adds the next version of a rule, as a draft, and returns its number. A newest version that says the same and is
// not retired is answered instead.
func (tx Tx) AddRule(ctx context.Context, r FraudRule) (FraudRule, error) {
	// Two at once would take the same number: the second waits here.
	_, err := tx.exec(ctx, "lock rules", `SELECT pg_advisory_xact_lock(hashtextextended('fraud_rule:' || $1 || ':' || $2, 0))`, r.EntityID, r.Name)
	if err != nil {
		return r, err
	}
	versions, err := tx.RuleVersions(ctx, r.EntityID, r.Name)
	if err != nil {
		return r, err
	}
	if len(versions) > 0 {
		if newest := versions[0]; newest.Kind == r.Kind && newest.Expression == r.Expression && newest.Status != RuleRetired {
			return newest, nil
		}
		r.Version = versions[0].Version
	}
	r.Version++
	r.Status = RuleDraft
	_, err = tx.exec(ctx, "add rule "+r.Name, `
		INSERT INTO fraud_rule (entity_id, name, version, kind, expression, status, added_by, added_why, added_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.EntityID, r.Name, r.Version, r.Kind, r.Expression, r.Status, r.AddedBy, r.AddedWhy, r.AddedAt)
	return r, err
}

// EnableRule puts a draft in force, and takes the version that was in force out of it.
func (tx Tx) EnableRule(ctx context.Context, r FraudRule) error {
	_, err := tx.exec(ctx, "retire the version of "+r.Name+" in force", `
		UPDATE fraud_rule SET status = 'retired', retired_by = $3, retired_why = $4, retired_at = $5 WHERE entity_id = $1 AND name = $2 AND status = 'live'`,
		r.EntityID, r.Name, r.EnabledBy, fmt.Sprintf("replaced by version %d", r.Version), r.EnabledAt)
	if err != nil {
		return err
	}
	changed, err := tx.exec(ctx, "enable rule "+r.Name, `
		UPDATE fraud_rule SET status = 'live', dry_run_id = $4, no_dry_run_because = $5, enabled_by = $6, enabled_at = $7
		 WHERE entity_id = $1 AND name = $2 AND version = $3 AND status = 'draft'`,
		r.EntityID, r.Name, r.Version, r.DryRunID, r.NoDryRunBecause, r.EnabledBy, r.EnabledAt)
	if err == nil && changed == 0 {
		err = fmt.Errorf("draft version %d of rule %q: %w", r.Version, r.Name, ErrNotFound)
	}
	return err
}

// RetireRule takes a version out of force for good; ErrNotFound when it is retired already.
func (q Queries) RetireRule(ctx context.Context, r FraudRule) error {
	changed, err := q.exec(ctx, "retire rule "+r.Name, `
		UPDATE fraud_rule SET status = 'retired', retired_by = $4, retired_why = $5, retired_at = $6
		 WHERE entity_id = $1 AND name = $2 AND version = $3 AND status <> 'retired'`,
		r.EntityID, r.Name, r.Version, r.RetiredBy, r.RetiredWhy, r.RetiredAt)
	if err == nil && changed == 0 {
		err = fmt.Errorf("version %d of rule %q: %w", r.Version, r.Name, ErrNotFound)
	}
	return err
}

// DryRun is what an expression would have done to the payments asked for in [Since, Until).
type DryRun struct {
	ID         int64      `db:"id" json:"id"`
	EntityID   string     `db:"entity_id" json:"entity_id"`
	Kind       fraud.Kind `db:"kind" json:"kind"`
	Expression string     `db:"expression" json:"expression"`
	Since      time.Time  `db:"since" json:"since"`
	Until      time.Time  `db:"until" json:"until"`
	Payments   int64      `db:"payments" json:"payments"`
	Matched    int64      `db:"matched" json:"matched"`
	// Of those that matched: which succeeded, were disputed later, or reported as fraud by their issuers.
	Succeeded int64 `db:"succeeded" json:"succeeded"`
	Disputed  int64 `db:"disputed" json:"disputed"`
	Warned    int64 `db:"warned" json:"warned"`
	// Unknown counts the payments for which the expression had no result, because of facts that are not known.
	Unknown int64 `db:"unknown" json:"unknown"`
}

// AddDryRun records a dry run and returns its id.
func (q Queries) AddDryRun(ctx context.Context, d DryRun) (id int64, err error) {
	err = q.db.QueryRow(ctx, `
		INSERT INTO fraud_dry_run (entity_id, kind, expression, since, until, payments, matched, succeeded, disputed, warned, unknown)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		d.EntityID, d.Kind, d.Expression, d.Since, d.Until, d.Payments, d.Matched, d.Succeeded, d.Disputed, d.Warned, d.Unknown).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("record dry run: %w", err)
	}
	return id, nil
}

// LatestDryRun reads the latest dry run of exactly this expression; false when there is none.
func (q Queries) LatestDryRun(ctx context.Context, entityID string, kind fraud.Kind, expression string) (DryRun, bool, error) {
	found, err := one[DryRun](ctx, q.db, "dry run", `
		SELECT id, entity_id, kind, expression, since, until, payments, matched, succeeded, disputed, warned, unknown FROM fraud_dry_run
		 WHERE entity_id = $1 AND kind = $2 AND md5(expression) = md5($3) AND expression = $3 ORDER BY id DESC LIMIT 1`, entityID, kind, expression)
	if errors.Is(err, ErrNotFound) {
		return found, false, nil
	}
	return found, err == nil, err
}

// FraudPolicy reads how an entity treats suspicion: the default when nothing was set.
func (q Queries) FraudPolicy(ctx context.Context, entityID string) (fraud.Policy, error) {
	type row struct {
		Policy fraud.Policy `db:"policy"`
	}
	found, err := one[row](ctx, q.db, "fraud policy of "+entityID, `SELECT policy FROM fraud_policy WHERE entity_id = $1`, entityID)
	if errors.Is(err, ErrNotFound) {
		return fraud.DefaultPolicy(), nil
	}
	return found.Policy, err
}

// SetFraudPolicy sets how an entity treats suspicion.
func (q Queries) SetFraudPolicy(ctx context.Context, entityID string, policy fraud.Policy) error {
	_, err := q.exec(ctx, "set fraud policy of "+entityID, `
		INSERT INTO fraud_policy (entity_id, policy) VALUES ($1, $2) ON CONFLICT (entity_id) DO UPDATE SET policy = EXCLUDED.policy`, entityID, policy)
	return err
}
