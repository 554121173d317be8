package contract

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stripe/stripe-mock/embedded"
)

// Description is the published OpenAPI description, prepared so that whatever it does not name is a fault.
type Description struct {
	objects    map[string]*openapi3.Schema // by the constant in their field "object"
	operations map[string]*Operation       // by the pattern that routes to them
	router     *http.ServeMux
}

// Operation is one method and path of the API.
type Operation struct {
	Name string // such as "POST /v1/charges/{charge}"
	// Params are the parameters of query and form together: Stripe reads both alike.
	Params *openapi3.Schema

	failed, succeeded *openapi3.Schema
}

// Stripe loads the description once for all tests of a program: it takes a moment.
var Stripe = sync.OnceValues(load)

func load() (*Description, error) {
	document, err := openapi3.NewLoader().LoadFromData(embedded.OpenAPISpec)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI description: %w", err)
	}
	d := &Description{objects: map[string]*openapi3.Schema{}, operations: map[string]*Operation{}, router: http.NewServeMux()}
	closing := closer{}
	for _, ref := range document.Components.Schemas {
		closing.visit(ref)
		if id, named := ref.Value.Extensions["x-resourceId"].(string); named && id == objectOf(ref.Value) {
			d.objects[id] = ref.Value
		}
	}
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			o := describe(method+" "+path, operation)
			for _, schema := range []*openapi3.Schema{o.Params, o.succeeded, o.failed} {
				closing.visit(openapi3.NewSchemaRef("", schema))
			}
			d.operations[o.Name] = o
			d.router.Handle(o.Name, http.NotFoundHandler())
		}
	}
	if err := errors.Join(optional(document.Components.Schemas), widen(document.Components.Schemas)); err != nil {
		return nil, err
	}
	return d, restore(d)
}

// Find returns the operation that a request is for; nil if the description has none.
func (d *Description) Find(r *http.Request) *Operation {
	_, pattern := d.router.Handler(r)
	return d.operations[pattern]
}

func describe(name string, operation *openapi3.Operation) *Operation {
	o := &Operation{Name: name, Params: openapi3.NewObjectSchema()}
	for _, ref := range operation.Parameters {
		if p := ref.Value; p.In == openapi3.ParameterInQuery {
			o.Params.WithPropertyRef(p.Name, p.Schema)
			if p.Required {
				o.Params.Required = append(o.Params.Required, p.Name)
			}
		}
	}
	if body := operation.RequestBody; body != nil {
		if form := body.Value.Content["application/x-www-form-urlencoded"]; form != nil && form.Schema != nil {
			for field, ref := range form.Schema.Value.Properties {
				o.Params.WithPropertyRef(field, ref)
			}
			o.Params.Required = append(o.Params.Required, form.Schema.Value.Required...)
		}
	}
	o.succeeded, o.failed = answerOf(operation, "200"), answerOf(operation, "default")
	return o
}

// answerOf is the schema of an answer in JSON; one that accepts nothing if the description has none.
func answerOf(operation *openapi3.Operation, status string) *openapi3.Schema {
	if answer := operation.Responses.Value(status); answer != nil {
		if content := answer.Value.Content["application/json"]; content != nil && content.Schema != nil {
			return content.Schema.Value
		}
	}
	return openapi3.NewObjectSchema().WithoutAdditionalProperties()
}

// objectOf is the constant that an object carries in its field "object".
func objectOf(schema *openapi3.Schema) string {
	field := schema.Properties["object"]
	if field == nil || len(field.Value.Enum) != 1 {
		return ""
	}
	constant, _ := field.Value.Enum[0].(string)
	return constant
}

// closer makes objects refuse fields that the description does not name, and want those that can be null. The description
// leaves both open, because an API may add fields. But a sandbox that sends others at a fixed version makes them up, and what
// can be null is sent as null: libraries in languages with types rely on it.
type closer map[*openapi3.Schema]bool

func (c closer) visit(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || c[ref.Value] {
		return
	}
	schema := ref.Value
	c[schema] = true
	if schema.Properties != nil && schema.AdditionalProperties.Has == nil && schema.AdditionalProperties.Schema == nil {
		schema.WithoutAdditionalProperties()
	}
	c.visit(schema.Items)
	c.visit(schema.AdditionalProperties.Schema)
	for _, branch := range slices.Concat(schema.AllOf, schema.AnyOf, schema.OneOf) {
		c.visit(branch)
	}
	for name, field := range schema.Properties {
		c.visit(field)
		if field.Value.Nullable && !slices.Contains(schema.Required, name) {
			schema.Required = append(schema.Required, name)
		}
	}
}

// Operation is the one with a pattern such as "GET /v1/charges/{id}", whatever the parameters in its path are called; nil if there is none.
func (d *Description) Operation(pattern string) *Operation {
	for name, o := range d.operations {
		if nameless(name) == nameless(pattern) {
			return o
		}
	}
	return nil
}

// nameless writes every parameter of a path as {}.
func nameless(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			parts[i] = "{}"
		}
	}
	return strings.Join(parts, "/")
}
