package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is a value in which two versions of a plan differ. Charges and entitlements go by their ids in the path:
// "charges.seats.prices.USD.unit_amount". An absent value is empty; what is no single value is JSON.
type Difference struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// String is the difference in a line.
func (d Difference) String() string {
	const none = "(none)"
	old, now := d.Old, d.New
	if old == "" {
		old = none
	}
	if now == "" {
		now = none
	}
	return fmt.Sprintf("%s %s → %s", d.Path, old, now)
}

// Diff lists in which fields a plan differs from an old version of it, other than the version's number, by path. Numbers
// are compared as numbers, and an empty list says the same as none, as do what is left out and its default: the plan's id as
// product, one as the least number of seats.
func Diff(old, plan Plan) ([]Difference, error) {
	old.Version, plan.Version = 0, 0
	old.Product, plan.Product = old.ProductID(), plan.ProductID()
	old.Seats, plan.Seats = old.Seats.plain(), plan.Seats.plain()
	before, err := tree(old)
	if err != nil {
		return nil, err
	}
	after, err := tree(plan)
	if err != nil {
		return nil, err
	}
	var c comparison
	c.compare("", before, after)
	return c.differences, nil
}

// tree is a plan as its JSON, with numbers as they are written.
func tree(plan Plan) (any, error) {
	data, err := json.Marshal(plan)
	if err != nil {
		return nil, fmt.Errorf("plan %q: %w", plan.ID, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	err = decoder.Decode(&value)
	return value, err
}

type comparison struct{ differences []Difference }

func (c *comparison) differ(path, old, now string) {
	c.differences = append(c.differences, Difference{Path: path, Old: old, New: now})
}

func (c *comparison) compare(path string, old, now any) {
	old, now = present(old), present(now)
	oldFields, wasFields := old.(map[string]any)
	newFields, isFields := now.(map[string]any)
	if wasFields && isFields {
		c.fields(path, oldFields, newFields)
		return
	}
	oldItems, wasItems := old.([]any)
	newItems, isItems := now.([]any)
	switch {
	case wasItems && isItems && named(oldItems) && named(newItems):
		c.order(path, oldItems, newItems)
		c.fields(path, byName(oldItems), byName(newItems))
	case wasItems && isItems && len(oldItems) == len(newItems):
		for i := range oldItems {
			c.compare(fmt.Sprintf("%s[%d]", path, i), oldItems[i], newItems[i])
		}
	case inWords(old) != inWords(now):
		c.differ(path, inWords(old), inWords(now))
	}
}

func (c *comparison) fields(path string, old, now map[string]any) {
	names := maps.Clone(old)
	maps.Copy(names, now)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		c.compare(strings.TrimPrefix(path+"."+name, "."), old[name], now[name])
	}
}

// order notes that what stands in both lists changed places: lines stand on invoices as charges do in the plan.
func (c *comparison) order(path string, old, now []any) {
	both := func(of, in []any) []string {
		names := namesOf(in)
		return slices.DeleteFunc(namesOf(of), func(name string) bool { return !slices.Contains(names, name) })
	}
	before, after := both(old, now), both(now, old)
	if !slices.Equal(before, after) {
		c.differ(path, "in the order "+strings.Join(before, ", "), strings.Join(after, ", "))
	}
}

// present is nil for what says nothing: an empty list, or no fields.
func present(value any) any {
	switch v := value.(type) {
	case []any:
		if len(v) == 0 {
			return nil
		}
	case map[string]any:
		if len(v) == 0 {
			return nil
		}
	}
	return value
}

// nameOf is the field that tells an item of a list from the others: a charge's id, an entitlement's feature.
func nameOf(item any) (string, bool) {
	fields, _ := item.(map[string]any)
	for _, field := range []string{"id", "feature"} {
		if name, is := fields[field].(string); is {
			return name, true
		}
	}
	return "", false
}

func named(items []any) bool {
	return !slices.ContainsFunc(items, func(item any) bool { _, is := nameOf(item); return !is })
}

func namesOf(items []any) []string {
	names := make([]string, len(items))
	for i, item := range items {
		names[i], _ = nameOf(item)
	}
	return names
}

func byName(items []any) map[string]any {
	fields := make(map[string]any, len(items))
	for _, item := range items {
		name, _ := nameOf(item)
		fields[name] = item
	}
	return fields
}

func inWords(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprint(value) // cannot happen: it came from JSON
	}
	return strings.TrimSpace(text.String())
}
