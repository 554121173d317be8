package contract

import (
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// typed reads a form, in which everything is text, as the schema means it. What cannot be meant stays as it is sent, for
// the validation to refuse.
func typed(schema *openapi3.Schema, v *form.Value) any {
	if len(schema.AnyOf) > 0 {
		return alternative(schema.AnyOf, v)
	}
	items, isList := v.AsList()
	switch {
	case schema.Type.Is(openapi3.TypeObject) && v.Kind == form.Hash:
		return object(schema, v)
	case schema.Type.Is(openapi3.TypeArray) && isList:
		return listOf(schema.Items.Value, items)
	case schema.Type.Is(openapi3.TypeArray) && v.Kind == form.Text && v.Text == "":
		return []any{} // the libraries' way to send an empty list
	case v.Kind == form.Text:
		return scalar(schema, v.Text)
	default:
		return sent(v)
	}
}

// alternative is the first that fits; if none does, the first of all, which is the fullest in Stripe's description.
func alternative(alternatives openapi3.SchemaRefs, v *form.Value) any {
	for _, ref := range alternatives {
		if reading := typed(ref.Value, v); ref.Value.VisitJSON(reading) == nil {
			return reading
		}
	}
	return typed(alternatives[0].Value, v)
}

func object(schema *openapi3.Schema, v *form.Value) map[string]any {
	fields := make(map[string]any, len(v.Fields))
	for name, field := range v.Fields {
		switch of, free := schema.Properties[name], schema.AdditionalProperties.Schema; {
		case of != nil:
			fields[name] = typed(of.Value, field)
		case free != nil:
			fields[name] = typed(free.Value, field)
		default:
			fields[name] = sent(field)
		}
	}
	return fields
}

func listOf(schema *openapi3.Schema, items []*form.Value) []any {
	elements := make([]any, len(items))
	for i, item := range items {
		elements[i] = typed(schema, item)
	}
	return elements
}

func scalar(schema *openapi3.Schema, text string) any {
	switch {
	case schema.Type.Is(openapi3.TypeBoolean) && (text == "true" || text == "false"):
		return text == "true"
	case schema.Type.Is(openapi3.TypeInteger) || schema.Type.Is(openapi3.TypeNumber):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	}
	return text
}

// sent is a form without a schema.
func sent(v *form.Value) any {
	switch v.Kind {
	case form.Hash:
		return object(openapi3.NewSchema(), v)
	case form.List:
		return listOf(openapi3.NewSchema(), v.Items)
	default:
		return v.Text
	}
}
