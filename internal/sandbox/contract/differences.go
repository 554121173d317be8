package contract

import (
	"errors"
	"fmt"
	"slices"
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

// leftOut are the fields that can be null and are left out nevertheless, by component and field: "?: … | null" in
// stripe-node's types. All but two are sent only when they are asked for with expand.
func leftOut() [][2]string {
	return [][2]string{
		{"charge", "refunds"},
		{"customer", "cash_balance"},
		{"payment_method_details_card", "network_token"},
		{"portal_subscription_update", "products"},
		{"tax.calculation", "line_items"},
		{"tax.calculation_line_item", "tax_breakdown"},
		{"tax.transaction", "line_items"},
	}
}

// optional lets objects leave these fields out.
func optional(components openapi3.Schemas) error {
	for _, absent := range leftOut() {
		component := components[absent[0]]
		if component == nil || !slices.Contains(component.Value.Required, absent[1]) {
			return fmt.Errorf("the description wants no %s of %s: take it off the list of those left out", absent[1], absent[0])
		}
		component.Value.Required = slices.DeleteFunc(component.Value.Required, func(field string) bool { return field == absent[1] })
	}
	return nil
}

// widen names the bank transfers that a customer's funding instructions can be for. The description knows two as an answer
// (eu_bank_transfer, jp_bank_transfer), though it takes five as a question, and names the five in what a payment intent tells
// of the same accounts.
func widen(components openapi3.Schemas) error {
	component := components["funding_instructions_bank_transfer"]
	if component == nil || component.Value.Properties["type"] == nil {
		return errors.New("the description has no funding_instructions_bank_transfer.type, of which more values are listed")
	}
	kind := component.Value.Properties["type"].Value
	if slices.Contains(kind.Enum, any("us_bank_transfer")) {
		return errors.New("the description answers with us_bank_transfer by now: take funding_instructions_bank_transfer off the list")
	}
	kind.Enum = append(kind.Enum, "gb_bank_transfer", "mx_bank_transfer", "us_bank_transfer")
	return nil
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
