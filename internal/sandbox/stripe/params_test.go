package stripe

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox/contract"
)

var update = flag.Bool("update", false, "write the list of refused parameters anew instead of comparing with it")

// paramReview compares the parameters of the sandbox's endpoints with those that Stripe describes.
type paramReview struct {
	faults  []string // accepted here and refused by Stripe, or wanted by Stripe and not here
	refused []string // known to Stripe and refused here
}

// Every parameter of every endpoint is Stripe's, by name, kind and values. Parameters and values that Stripe knows and the
// sandbox does not play are refused, and listed.
func TestParametersAreStripes(t *testing.T) {
	t.Parallel()
	description, err := contract.Stripe()
	require.NoError(t, err)
	r := &paramReview{}
	for _, e := range endpoints() {
		name := e.method + " " + e.path
		if name == "GET /v1/files/{id}/contents" {
			continue // at files.stripe.com, which has no description
		}
		operation := description.Operation(name)
		require.NotNil(t, operation, name)
		r.hash(name, e.params, []*openapi3.Schema{operation.Params})
	}
	slices.Sort(r.faults)
	require.Empty(t, r.faults)

	const list = "testdata/refused_parameters.txt"
	slices.Sort(r.refused)
	found := strings.Join(r.refused, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(list, []byte(found), 0o600))
	}
	written, err := os.ReadFile(list)
	require.NoError(t, err)
	require.Equal(t, string(written), found, "what is refused has changed: -update writes %s anew", list)
}

// hash compares with all alternatives of a hash together: of a card's, one has its number and one a token.
func (r *paramReview) hash(at string, ours spec, theirs []*openapi3.Schema) {
	fields, required := map[string][]*openapi3.Schema{}, slices.Clone(theirs[0].Required)
	for _, one := range theirs {
		for name, field := range one.Properties {
			fields[name] = append(fields[name], alternatives(field.Value)...)
		}
		required = slices.DeleteFunc(required, func(name string) bool { return !slices.Contains(one.Required, name) })
	}
	for name, p := range ours {
		if fields[name] == nil {
			r.fault("%s[%s] is unknown to Stripe", at, name)
			continue
		}
		if slices.Contains(required, name) && !p.required {
			r.fault("%s[%s] is required by Stripe", at, name)
		}
		r.compare(at+"["+name+"]", p, fields[name])
	}
	for name := range fields {
		if _, known := ours[name]; !known {
			r.refused = append(r.refused, at+"["+name+"]")
		}
	}
}

func (r *paramReview) compare(at string, ours param, theirs []*openapi3.Schema) {
	kind := map[paramKind]string{
		boolParam: openapi3.TypeBoolean, createdParam: openapi3.TypeObject, emailParam: openapi3.TypeString, hashParam: openapi3.TypeObject,
		intParam: openapi3.TypeInteger, listParam: openapi3.TypeArray, mapParam: openapi3.TypeObject, metadataParam: openapi3.TypeObject,
		textParam: openapi3.TypeString,
	}[ours.kind]
	same := slices.DeleteFunc(slices.Clone(theirs), func(one *openapi3.Schema) bool { return !one.Type.Is(kind) })
	switch {
	case len(same) == 0:
		r.fault("%s is %s here and something else at Stripe", at, kind)
	case ours.kind == hashParam:
		r.hash(at, ours.fields, same)
	case ours.kind == listParam:
		r.compare(at+"[]", *ours.item, alternatives(same[0].Items.Value))
	case ours.kind == mapParam && same[0].AdditionalProperties.Schema == nil:
		r.fault("%s takes any field here", at)
	case ours.kind == textParam:
		r.values(at, ours, theirs)
	}
}

// values compares enumerations. Where Stripe lists values and the sandbox takes a text, its code has to check it.
func (r *paramReview) values(at string, ours param, theirs []*openapi3.Schema) {
	listed, free := []string{}, false
	for _, one := range theirs {
		switch {
		case one.Type.Is(openapi3.TypeBoolean):
			listed = append(listed, "true", "false")
		case len(one.Enum) == 0:
			free = true
		}
		for _, value := range one.Enum {
			listed = append(listed, fmt.Sprint(value))
		}
	}
	if free {
		return
	}
	if len(ours.oneOf) == 0 && !checkedByCode[at[strings.LastIndex(at, "/")+1:]] {
		r.fault("%s is any text here, and at Stripe one of %d values", at, len(listed))
	}
	if len(ours.oneOf) > 0 && ours.clears != slices.Contains(listed, "") {
		r.fault("%s can be unset here: %v; at Stripe: %v", at, ours.clears, !ours.clears)
	}
	for _, value := range ours.oneOf {
		if !slices.Contains(listed, value) {
			r.fault("%s=%s is unknown to Stripe", at, value)
		}
	}
	for _, value := range listed {
		if len(ours.oneOf) > 0 && value != "" && !slices.Contains(ours.oneOf, value) {
			r.refused = append(r.refused, at+"="+value)
		}
	}
}

// checkedByCode are the texts whose values are not in the table of parameters.
var checkedByCode = map[string]bool{
	"report_runs[parameters][timezone]": true, "webhook_endpoints[api_version]": true, "webhook_endpoints[enabled_events][]": true,
	"{id}[enabled_events][]": true,
}

func (r *paramReview) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func alternatives(schema *openapi3.Schema) []*openapi3.Schema {
	if len(schema.AnyOf) == 0 {
		return []*openapi3.Schema{schema}
	}
	var all []*openapi3.Schema
	for _, ref := range schema.AnyOf {
		all = append(all, alternatives(ref.Value)...)
	}
	return all
}
