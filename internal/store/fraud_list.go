package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// FraudList is a list of values that rules ask for by its name.
type FraudList struct {
	EntityID  string         `db:"entity_id" json:"entity_id"`
	Name      string         `db:"name" json:"name"`
	ItemType  fraud.ItemType `db:"item_type" json:"item_type"`
	CreatedBy string         `db:"created_by" json:"created_by"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	// Items counts those in force.
	Items int64 `db:"items" json:"items"`
}

// FraudListItem is a value on a list.
type FraudListItem struct {
	ID        int64      `db:"id" json:"id"`
	EntityID  string     `db:"entity_id" json:"-"`
	List      string     `db:"list" json:"list"`
	Value     string     `db:"value" json:"value"`
	Source    string     `db:"source" json:"source"`
	SourceID  string     `db:"source_id" json:"source_id,omitempty"`
	AddedBy   string     `db:"added_by" json:"added_by"`
	Why       string     `db:"why" json:"why"`
	AddedAt   time.Time  `db:"added_at" json:"added_at"`
	ExpiresAt *time.Time `db:"expires_at" json:"expires_at,omitempty"`
}

// Where an item comes from.
const (
	FromOperator = "operator"
	FromDispute  = "dispute"
	FromWarning  = "early_fraud_warning"
)

// AddFraudList adds a list; ErrExists when the name is taken.
func (q Queries) AddFraudList(ctx context.Context, l FraudList) error {
	added, err := q.exec(ctx, "add list "+l.Name, `
		INSERT INTO fraud_list (entity_id, name, item_type, created_by, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		l.EntityID, l.Name, l.ItemType, l.CreatedBy, l.CreatedAt)
	if err == nil && added == 0 {
		return fmt.Errorf("list %q: %w", l.Name, ErrExists)
	}
	return err
}

// FraudLists lists an entity's lists, with how many items are in force at an instant.
func (q Queries) FraudLists(ctx context.Context, entityID string, at time.Time) ([]FraudList, error) {
	return many[FraudList](ctx, q.db, "lists of "+entityID, `
		SELECT l.entity_id, l.name, l.item_type, l.created_by, l.created_at,
		       (SELECT COUNT(*) FROM fraud_list_item i WHERE i.entity_id = l.entity_id AND i.list = l.name AND i.removed_at IS NULL
		          AND (i.expires_at IS NULL OR i.expires_at > $2)) AS items
		  FROM fraud_list l WHERE l.entity_id = $1 ORDER BY l.name`, entityID, at)
}

// ListTypes are what an entity's lists hold, by their names. Those that disputes and warnings feed are always there.
func (q Queries) ListTypes(ctx context.Context, entityID string) (map[string]fraud.ItemType, error) {
	type row struct {
		Name     string         `db:"name"`
		ItemType fraud.ItemType `db:"item_type"`
	}
	rows, err := many[row](ctx, q.db, "lists of "+entityID, `SELECT name, item_type FROM fraud_list WHERE entity_id = $1`, entityID)
	types := fraud.FedLists()
	for _, r := range rows {
		types[r.Name] = r.ItemType
	}
	return types, err
}

// FraudListItems lists the items of a list that are in force at an instant, by id behind a given one.
func (q Queries) FraudListItems(ctx context.Context, entityID, list string, at time.Time, after int64, limit int) ([]FraudListItem, error) {
	return many[FraudListItem](ctx, q.db, "items of list "+list, `
		SELECT id, entity_id, list, value, source, source_id, added_by, why, added_at, expires_at FROM fraud_list_item
		 WHERE entity_id = $1 AND list = $2 AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > $3) AND id > $4 ORDER BY id LIMIT $5`,
		entityID, list, at, after, limit)
}

// FraudListItem reads a value that is on a list; ErrNotFound when it is not.
func (q Queries) FraudListItem(ctx context.Context, entityID, list, value string) (FraudListItem, error) {
	return one[FraudListItem](ctx, q.db, fmt.Sprintf("%q on list %q", value, list), `
		SELECT id, entity_id, list, value, source, source_id, added_by, why, added_at, expires_at FROM fraud_list_item
		 WHERE entity_id = $1 AND list = $2 AND value = $3 AND removed_at IS NULL`, entityID, list, value)
}

// AddFraudListItem puts a value on a list. One that is on it stays as it is; what a dispute or warning
// put there before and somebody removed does not come back for the same reason. Added says that it was not there.
func (tx Tx) AddFraudListItem(ctx context.Context, i FraudListItem) (added bool, err error) {
	_, err = tx.exec(ctx, "remove expired item", `
		UPDATE fraud_list_item SET removed_at = expires_at, removed_by = 'expiry', removed_why = 'expired'
		 WHERE entity_id = $1 AND list = $2 AND value = $3 AND removed_at IS NULL AND expires_at <= $4`, i.EntityID, i.List, i.Value, i.AddedAt)
	if err != nil {
		return false, err
	}
	rows, err := tx.exec(ctx, "add to list "+i.List, `
		INSERT INTO fraud_list_item (entity_id, list, value, source, source_id, added_by, why, added_at, expires_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
		 WHERE NOT EXISTS (SELECT FROM fraud_list_item WHERE entity_id = $1 AND list = $2 AND value = $3 AND source_id = $5 AND $5 <> '')
		ON CONFLICT DO NOTHING`,
		i.EntityID, i.List, i.Value, i.Source, i.SourceID, i.AddedBy, i.Why, i.AddedAt, i.ExpiresAt)
	return rows > 0, err
}

// RemoveFraudListItem takes a value off a list; ErrNotFound when it is not on it.
func (q Queries) RemoveFraudListItem(ctx context.Context, entityID, list, value, by, why string, at time.Time) error {
	removed, err := q.exec(ctx, "remove from list "+list, `
		UPDATE fraud_list_item SET removed_at = $6, removed_by = $4, removed_why = $5 WHERE entity_id = $1 AND list = $2 AND value = $3 AND removed_at IS NULL`,
		entityID, list, value, by, why, at)
	if err == nil && removed == 0 {
		err = fmt.Errorf("%q on list %q: %w", value, list, ErrNotFound)
	}
	return err
}

// Listed says, for each of some attempts of one entity, which of its facts were on which of the entity's lists then.
func (q Queries) Listed(ctx context.Context, attempts []Attempted) ([]fraud.Listed, error) {
	listed := make([]fraud.Listed, len(attempts))
	var (
		values  []string
		at      []time.Time
		numbers []int
	)
	for i, attempt := range attempts {
		listed[i] = fraud.Listed{}
		for _, value := range attempt.Facts.Listable() {
			values, at, numbers = append(values, value), append(at, attempt.Payment.AskedAt), append(numbers, i)
		}
	}
	if len(values) == 0 {
		return listed, nil
	}
	type row struct {
		N     int    `db:"n"`
		List  string `db:"list"`
		Value string `db:"value"`
	}
	entityID := attempts[0].EntityID
	rows, err := many[row](ctx, q.db, "lists of "+entityID, `
		SELECT DISTINCT asked.n, list, value
		  FROM unnest($2::text[], $3::timestamptz[], $4::int[]) AS asked (value, at, n) JOIN fraud_list_item i USING (value)
		 WHERE entity_id = $1 AND added_at <= asked.at AND (expires_at IS NULL OR expires_at > asked.at) AND (removed_at IS NULL OR removed_at > asked.at)`,
		entityID, values, at, numbers)
	for _, r := range rows {
		listed[r.N].Add(r.List, r.Value)
	}
	return listed, err
}

// FeedLists puts the card and the mailbox of a payment on the lists that rules can ask for, because of a dispute or an
// early fraud warning.
func (tx Tx) FeedLists(ctx context.Context, paymentID, source, sourceID, why string, at time.Time) error {
	found, err := tx.Attempt(ctx, paymentID, false)
	if err != nil {
		return err
	}
	for list, holds := range fraud.FedLists() {
		value := found.Facts.Payment.Fingerprint
		if holds == fraud.Email {
			value = found.Facts.Customer.Email
		}
		if value == "" {
			continue
		}
		err := tx.AddFraudList(ctx, FraudList{EntityID: found.EntityID, Name: list, ItemType: holds, CreatedBy: source, CreatedAt: at})
		if err != nil && !errors.Is(err, ErrExists) {
			return err
		}
		if _, err := tx.AddFraudListItem(ctx, FraudListItem{
			EntityID: found.EntityID, List: list, Value: value, Source: source, SourceID: sourceID, AddedBy: source, Why: why, AddedAt: at,
		}); err != nil {
			return err
		}
	}
	return nil
}
