package stripe

import (
	"maps"
	"strconv"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// args reads the parameters of one request, already validated against the endpoint's spec.
type args struct{ in *form.Value }

func (a args) field(name string) *form.Value {
	if a.in == nil || a.in.Kind != form.Hash {
		return nil
	}
	return a.in.Fields[name]
}

// has says whether the parameter was sent at all, even as the empty text that unsets it.
func (a args) has(name string) bool { return a.field(name) != nil }

func (a args) text(name string) string {
	if v := a.field(name); v != nil {
		return v.Text
	}
	return ""
}

func (a args) textOr(name, otherwise string) string {
	if s := a.text(name); s != "" {
		return s
	}
	return otherwise
}

func (a args) integer(name string) int64 {
	n, _ := strconv.ParseInt(a.text(name), 10, 64)
	return n
}

func (a args) boolean(name string) bool { return a.text(name) == "true" }

func (a args) hash(name string) args { return args{in: a.field(name)} }

func (a args) list(name string) []string {
	items := a.hashes(name)
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = item.in.Text
	}
	return texts
}

// hashes are the elements of a list of hashes.
func (a args) hashes(name string) []args {
	v := a.field(name)
	if v == nil {
		return nil
	}
	items, _ := v.AsList()
	elements := make([]args, len(items))
	for i, item := range items {
		elements[i] = args{in: item}
	}
	return elements
}

// setText writes a sent parameter to an optional field; an empty text clears it.
func (a args) setText(name string, field **string) {
	if a.has(name) {
		*field = optional(a.text(name))
	}
}

// optional is nil for the empty text: Stripe writes null, never "".
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// mergeMetadata applies the metadata parameter: given keys are set, empty values delete, an empty
// parameter clears everything.
func (a args) mergeMetadata(current map[string]string) (map[string]string, *apiError) {
	merged := maps.Clone(current)
	if merged == nil {
		merged = map[string]string{}
	}
	v := a.field("metadata")
	if v == nil {
		return merged, nil
	}
	if v.Kind == form.Text {
		return map[string]string{}, nil
	}
	for key, value := range v.Fields {
		if value.Text == "" {
			delete(merged, key)
			continue
		}
		merged[key] = value.Text
	}
	if len(merged) > maxMetadataKeys {
		return nil, invalid("", "metadata", "You may only specify up to %d metadata keys on an object.", maxMetadataKeys)
	}
	return merged, nil
}
