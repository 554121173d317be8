package main

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/quote"
)

func (p *program) quoteSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of scenarios", Args: cobra.NoArgs,
		Example: "  go run ./starter quote schema",
		RunE: p.do(func(context.Context, []string) error {
			schema, err := scenarioSchema()
			if err != nil {
				return err
			}
			_, err = p.out.Write(schema)
			return err
		}),
	}
}

// Where the parts of the schema are.
const schemaParts = "#/$defs/"

// scenarioSchema describes scenarios, as they are read, and under $defs/Result their result.
func scenarioSchema() ([]byte, error) {
	registry := huma.NewMapRegistry(schemaParts, huma.DefaultSchemaNamer)
	registry.RegisterTypeAlias(reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[exactNumber]())
	registry.RegisterTypeAlias(reflect.TypeFor[quote.Local](), reflect.TypeFor[string]())
	registry.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[minorAmount]())
	registry.RegisterTypeAlias(reflect.TypeFor[quote.Expectation](), reflect.TypeFor[expectedResult]())
	top := registry.Schema(reflect.TypeFor[quote.Scenario](), false, "")
	registry.Schema(reflect.TypeFor[quote.Result](), false, "")
	// An entry has its instant and one action.
	entry, two := registry.Map()["Entry"], 2
	entry.MinProperties, entry.MaxProperties = &two, &two

	if err := describe(registry.Map(), catalogueFields); err != nil {
		return nil, err
	}
	parts, err := plainSchema(registry.Map())
	if err != nil {
		return nil, err
	}
	delete(parts, "Scenario")
	expected, err := expectedParts()
	if err != nil {
		return nil, err
	}
	maps.Copy(parts, expected)
	schema, err := plainSchema(top)
	if err != nil {
		return nil, err
	}
	schema["$schema"], schema["$defs"] = "https://json-schema.org/draft/2020-12/schema", parts
	schema["title"] = "Scenario of starter quote"
	written, err := json.MarshalIndent(schema, "", "  ")
	return append(written, '\n'), err
}

// expectedParts describes what a scenario may expect of its result: any part of it, with amounts as numbers.
func expectedParts() (map[string]any, error) {
	registry := huma.NewMapRegistry(schemaParts, func(t reflect.Type, hint string) string {
		return "Expected" + huma.DefaultSchemaNamer(t, hint)
	})
	for _, number := range []reflect.Type{reflect.TypeFor[decimal.Decimal](), reflect.TypeFor[quote.Amount]()} {
		registry.RegisterTypeAlias(number, reflect.TypeFor[exactNumber]())
	}
	registry.RegisterTypeAlias(reflect.TypeFor[quote.Local](), reflect.TypeFor[string]())
	registry.RegisterTypeAlias(reflect.TypeFor[money.Amount](), reflect.TypeFor[minorAmount]())
	registry.Schema(reflect.TypeFor[quote.Result](), false, "")
	for _, part := range registry.Map() {
		part.Required = nil
	}
	return plainSchema(registry.Map())
}

// minorAmount describes amounts inside explanations.
type minorAmount struct {
	Minor    int64  `json:"minor" doc:"In minor units"`
	Currency string `json:"currency"`
}

// exactNumber describes numbers.
type exactNumber string

// Schema implements huma.SchemaProvider.
func (exactNumber) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Description: "A decimal, read exactly whether it is a number or a text.",
		OneOf:       []*huma.Schema{{Type: huma.TypeString}, {Type: huma.TypeNumber}},
	}
}

// expectedResult describes expectations.
type expectedResult string

// Schema implements huma.SchemaProvider.
func (expectedResult) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Ref: schemaParts + "ExpectedResult"}
}

// plainSchema is a schema as JSON, without the nulls for lists and pointers, which a scenario does not have.
func plainSchema(schema any) (map[string]any, error) {
	written, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	if err := json.Unmarshal(written, &plain); err != nil {
		return nil, err
	}
	withoutNulls(plain)
	return plain, nil
}

func withoutNulls(schema map[string]any) {
	for name, value := range schema {
		switch v := value.(type) {
		case map[string]any:
			withoutNulls(v)
		case []any:
			if name == "type" {
				schema[name] = slices.DeleteFunc(v, func(kind any) bool { return kind == "null" })[0]
				continue
			}
			for _, item := range v {
				if part, is := item.(map[string]any); is {
					withoutNulls(part)
				}
			}
		}
	}
}
