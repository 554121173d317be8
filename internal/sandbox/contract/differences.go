package contract

import (
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// difference is something that version 2024-06-20 has and the description here does not.
type difference struct {
	// where is an object such as "charge", or an operation with the path to a parameter, such as
	// "POST /v1/payment_intents [payment_method_options][card]".
	where  string
	field  string
	schema *openapi3.Schema
}

// differences are found by running the sandbox against stripe-go v79 and stripe-node 16.8, whose types are generated for
// 2024-06-20. What came with 2024-09-30.acacia needs no mention as long as the sandbox does not send or accept it.
//
// Stripe publishes two descriptions of a version: this one, and a fuller one with which it generates its libraries. Fields
// and parameters of the second, old ones that are no longer advertised, are sent and accepted all the same, and a library
// may rely on them.
func differences() []difference {
	text := openapi3.NewStringSchema
	all := []difference{
		// Of the libraries' description: what paid before there were payment methods; null since.
		{"charge", "source", openapi3.NewObjectSchema().WithNullable()},
		{"payment_intent", "source", openapi3.NewObjectSchema().WithNullable()},
		// Of the libraries' description: the code now told in payment_method_details.
		{"dispute", "network_reason_code", text().WithNullable()},
		// Of later libraries: it does nothing to a session that the customer pays in its own currency.
		{"POST /v1/checkout/sessions", "adaptive_pricing", openapi3.NewObjectSchema().WithProperty("enabled", openapi3.NewBoolSchema()).WithoutAdditionalProperties()},
	}
	for _, intent := range []string{"payment_intents", "setup_intents"} {
		for _, step := range []string{"", "/{intent}", "/{intent}/confirm"} {
			operation := "POST /v1/" + intent + step
			// Of the libraries' description.
			all = append(all,
				difference{operation + " [payment_method_options][card]", "moto", openapi3.NewBoolSchema()},
				difference{operation + " [payment_method_options][link]", "persistent_token", text()})
		}
	}
	return all
}

// restore takes the description back to 2024-06-20, as the libraries know it.
func restore(d *Description) error {
	for _, is := range differences() {
		schema := d.find(is.where)
		if schema == nil {
			return fmt.Errorf("the description has no %s, of which differences are listed", is.where)
		}
		if schema.Properties[is.field] != nil {
			return fmt.Errorf("the description has %s of %s by now: take it off the list of differences", is.field, is.where)
		}
		schema.WithProperty(is.field, is.schema)
	}
	return nil
}

func (d *Description) find(where string) *openapi3.Schema {
	name, path, isOperation := strings.Cut(where, " /v1/")
	if !isOperation {
		return d.objects[where]
	}
	path, params, _ := strings.Cut(path, " ")
	operation := d.Operation(name + " /v1/" + path)
	if operation == nil {
		return nil
	}
	schema := operation.Params
	for field := range strings.SplitSeq(strings.Trim(params, "[]"), "][") {
		if field == "" {
			break
		}
		ref := schema.Properties[field]
		if ref == nil {
			return nil
		}
		schema = fullest(ref.Value)
	}
	return schema
}

// fullest is the alternative that has fields; the other one of a parameter is the empty text that unsets it.
func fullest(schema *openapi3.Schema) *openapi3.Schema {
	for _, ref := range schema.AnyOf {
		if len(ref.Value.Properties) > 0 || ref.Value.Type.Is(openapi3.TypeObject) {
			return ref.Value
		}
	}
	return schema
}
