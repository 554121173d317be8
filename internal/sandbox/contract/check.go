package contract

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// deviations are the ways in which a value does not fit a schema, each with the path to where. Indexes of lists are
// written as *, so that one fault in a hundred objects is one finding.
func deviations(schema *openapi3.Schema, value any) []string {
	var found []string
	explain(schema.VisitJSON(value, openapi3.MultiErrors()), "", &found)
	slices.Sort(found)
	return slices.Compact(found)
}

func explain(err error, at string, found *[]string) {
	if several, ok := errors.AsType[openapi3.MultiError](err); ok {
		for _, one := range several {
			explain(one, at, found)
		}
		return
	}
	one, ok := errors.AsType[*openapi3.SchemaError](err)
	if !ok {
		if err != nil {
			*found = append(*found, at+": "+err.Error())
		}
		return
	}
	path := at + pointer(one.JSONPointer())
	if one.SchemaField == "anyOf" {
		if meant := meantBy(one.Schema.AnyOf, one.Value); meant != nil {
			explain(meant.VisitJSON(one.Value, openapi3.MultiErrors()), path, found)
			return
		}
	}
	*found = append(*found, fmt.Sprintf("%s: %s (it is %s)", path, one.Reason, brief(one.Value)))
}

// meantBy is the alternative that a value was meant to be, to say what is wrong with it: an object names itself.
func meantBy(alternatives openapi3.SchemaRefs, value any) *openapi3.Schema {
	fields, isObject := value.(map[string]any)
	if !isObject {
		return nil
	}
	var meant *openapi3.Schema
	for _, ref := range alternatives {
		_, deleted := ref.Value.Properties["deleted"]
		switch {
		case !ref.Value.Type.Is("object"):
		case objectOf(ref.Value) == fields["object"] && deleted == (fields["deleted"] == true):
			return ref.Value
		case meant == nil:
			meant = ref.Value
		}
	}
	return meant
}

func pointer(parts []string) string {
	var path strings.Builder
	for _, part := range parts {
		if _, err := strconv.Atoi(part); err == nil {
			part = "*"
		}
		path.WriteString("/" + part)
	}
	return path.String()
}

// brief shows a value without its contents, which may be long.
func brief(value any) string {
	const most = 60
	switch value := value.(type) {
	case map[string]any:
		return fmt.Sprintf("an object %v", value["object"])
	case []any:
		return "a list"
	default:
		shown := fmt.Sprintf("%#v", value)
		return shown[:min(most, len(shown))]
	}
}
