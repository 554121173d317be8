package sendgrid

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// checkShape compares a decoded body with the Go type that describes it, and reports every property that the
// type does not have and every value of another JSON type.
func checkShape(sent any, wanted reflect.Type, path string) []apiError {
	if wanted.Kind() == reflect.Pointer {
		wanted = wanted.Elem()
	}
	if wanted == reflect.TypeFor[json.RawMessage]() {
		return nil // accepted, and neither checked nor used
	}
	if expected, given := jsonType(wanted), jsonTypeOf(sent); given != expected {
		return []apiError{problem(path, "", fmt.Sprintf("Invalid type. Expected: %s, given: %s.", expected, given))}
	}
	var errs []apiError
	switch sent := sent.(type) {
	case []any:
		for i, item := range sent {
			errs = append(errs, checkShape(item, wanted.Elem(), within(path, fmt.Sprint(i)))...)
		}
	case map[string]any:
		fields := fieldTypes(wanted)
		for _, name := range slices.Sorted(maps.Keys(sent)) {
			field, known := fields[name]
			if wanted.Kind() == reflect.Map {
				field, known = wanted.Elem(), true
			}
			if !known {
				errs = append(errs, problem(within(path, name), "", fmt.Sprintf("Additional property %s is not allowed.", name)))
				continue
			}
			errs = append(errs, checkShape(sent[name], field, within(path, name))...)
		}
	}
	return errs
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fieldTypes(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	if t.Kind() == reflect.Struct {
		for _, f := range reflect.VisibleFields(t) {
			fields[f.Tag.Get("json")] = f.Type
		}
	}
	return fields
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	case reflect.Slice:
		return "array"
	case reflect.String:
		return "string"
	default:
		return "object"
	}
}

func jsonTypeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return "number"
		}
		return "integer"
	default:
		return "object"
	}
}

// reservedHeaders are those that SendGrid writes itself (docs.sendgrid.com, mail send errors, headers).
const reservedHeaders = "bcc cc content-transfer-encoding content-type dkim-signature from received reply-to subject to x-sg-eid x-sg-id"

func checkHeaders(headers map[string]string, path string) []apiError {
	var errs []apiError
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if slices.Contains(strings.Fields(reservedHeaders), strings.ToLower(name)) {
			errs = append(errs, problem(path+"."+name, "message.headers", fmt.Sprintf("The header %s is reserved and cannot be set.", name)))
		}
	}
	return errs
}
