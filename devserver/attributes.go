package main

import (
	"fmt"
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/searchattribute/sadefs"
)

// assignFields gives each wanted attribute a database field of its type that is still free, and returns
// the aliases (field to attribute name) with those already there. A fixed number of fields exists per type.
func assignFields(aliases map[string]string, wanted map[string]enumspb.IndexedValueType) (map[string]string, error) {
	fields := sadefs.GetDBIndexSearchAttributes(nil).CustomSearchAttributes
	assigned := maps.Clone(aliases)
	if assigned == nil {
		assigned = map[string]string{}
	}
	known := map[string]string{}
	for field, name := range assigned {
		known[name] = field
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if sadefs.IsReserved(name) {
			return nil, fmt.Errorf("search attribute %q: the name belongs to Temporal; choose another", name)
		}
		if field, ok := known[name]; ok {
			if fields[field] != wanted[name] {
				return nil, fmt.Errorf("search attribute %q is %s in this database, not %s; use another name or a new --db", name, fields[field], wanted[name])
			}
			continue
		}
		field, err := freeField(fields, assigned, wanted[name])
		if err != nil {
			return nil, fmt.Errorf("search attribute %q: %w", name, err)
		}
		assigned[field] = name
	}
	return assigned, nil
}

func freeField(fields map[string]enumspb.IndexedValueType, assigned map[string]string, wanted enumspb.IndexedValueType) (string, error) {
	slots := 0
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if fields[field] != wanted {
			continue
		}
		if _, used := assigned[field]; !used {
			return field, nil
		}
		slots++
	}
	return "", fmt.Errorf("all %d slots for type %s are taken", slots, wanted)
}
