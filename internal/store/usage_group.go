package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// usageGroup is a combination of dimension values in the usage of a meter, written in the one way that is stored.
type usageGroup struct {
	Meter  string `db:"meter"`
	Values string `db:"dimension_values"`
}

// usageGroups returns the number of each event's group, and registers the combinations that are new; nil where no event has
// values. That is no part of the events' transaction: a group without usage means nothing, and nobody waits for its lock.
func (s *Store) usageGroups(ctx context.Context, customerID string, events []UsageEvent) ([]*int64, error) {
	var of []*int64
	known := map[usageGroup]*int64{}
	for i, e := range events {
		if len(e.Values) == 0 {
			continue
		}
		text, err := json.Marshal(e.Values) // by name
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		if of == nil {
			of = make([]*int64, len(events))
		}
		group := usageGroup{Meter: e.Meter, Values: string(text)}
		if known[group] == nil {
			known[group] = new(int64)
		}
		of[i] = known[group]
	}
	return of, s.numberGroups(ctx, customerID, known)
}

func (s *Store) numberGroups(ctx context.Context, customerID string, groups map[usageGroup]*int64) error {
	if len(groups) == 0 {
		return nil
	}
	missing, err := s.readGroups(ctx, customerID, groups)
	if err != nil || missing == 0 {
		return err
	}
	meters, values := unnumbered(groups)
	if _, err := s.exec(ctx, "register groups of usage of "+customerID, `
		INSERT INTO usage_group (customer_id, meter, dimension_values)
		SELECT $1, meter, dimension_values FROM unnest($2::text[], $3::text[]) AS n (meter, dimension_values) ORDER BY 2, 3
		ON CONFLICT DO NOTHING`, customerID, meters, values); err != nil {
		return err
	}
	if missing, err = s.readGroups(ctx, customerID, groups); err == nil && missing > 0 {
		err = fmt.Errorf("groups of usage of %s: %d were registered and are not there", customerID, missing)
	}
	return err
}

// readGroups looks up the groups that have no number yet and says how many were not found.
func (s *Store) readGroups(ctx context.Context, customerID string, groups map[usageGroup]*int64) (missing int, err error) {
	type row struct {
		ID int64 `db:"id"`
		usageGroup
	}
	meters, values := unnumbered(groups)
	rows, err := many[row](ctx, s.db, "groups of usage of "+customerID, `
		SELECT g.id, g.meter, g.dimension_values FROM unnest($2::text[], $3::text[]) AS n (meter, dimension_values)
		  JOIN usage_group g ON (g.customer_id, g.meter, g.dimension_values) = ($1, n.meter, n.dimension_values)`, customerID, meters, values)
	for _, found := range rows {
		*groups[found.usageGroup] = found.ID
	}
	return len(meters) - len(rows), err
}

func unnumbered(groups map[usageGroup]*int64) (meters, values []string) {
	for group, id := range groups {
		if *id == 0 {
			meters, values = append(meters, group.Meter), append(values, group.Values)
		}
	}
	return meters, values
}
