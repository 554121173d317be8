package ratecase

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/shopspring/decimal"
)

// wrongValue is the path of the first value that should be a decimal or a list and is none; the decoder of JSON does not say
// at which one it failed, or names Go's types. Empty if there is none.
func wrongValue(data []byte) string { return locate(data, reflect.TypeFor[Case]()) }

// here is the path of a value in itself.
const here = "."

func locate(data json.RawMessage, t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return locate(data, t.Elem())
	case t == reflect.TypeFor[decimal.Decimal]():
		if new(decimal.Decimal).UnmarshalJSON(data) != nil {
			return here
		}
	case t.Kind() == reflect.Struct:
		return locateField(data, t)
	case t.Kind() == reflect.Slice && t != reflect.TypeFor[json.RawMessage]():
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			return here
		}
		for i, item := range items {
			if path := locate(item, t.Elem()); path != "" {
				return join(fmt.Sprintf("[%d]", i), path)
			}
		}
	}
	return ""
}

func locateField(data json.RawMessage, t reflect.Type) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return ""
	}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		value, given := fields[name]
		if !given {
			continue
		}
		if path := locate(value, field.Type); path != "" {
			return join(name, path)
		}
	}
	return ""
}

// join puts a name or an index in front of a path.
func join(name, path string) string {
	switch {
	case path == here:
		return name
	case strings.HasPrefix(path, "["):
		return name + path
	}
	return name + "." + path
}
