package stripe

import (
	"maps"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

type paramKind int

const (
	textParam paramKind = iota
	intParam
	boolParam
	hashParam
	listParam
	metadataParam
	mapParam // fields of any name, which the endpoint checks itself
	createdParam
	emailParam
)

// param is what an endpoint accepts under one name.
type param struct {
	clears   bool   // an enum or a required text that the empty text unsets
	fields   spec   // of a hash
	filled   bool   // a text, such as an id, that the empty text does not unset
	item     *param // of a list
	kind     paramKind
	maxChars int // of a text; 0 means 5,000
	oneOf    []string
	required bool
}

// spec is what an endpoint accepts, by name. Anything else is an unknown parameter.
type spec map[string]param

const (
	defaultMaxChars = 5000
	maxEmailChars   = 512
)

func text() param                 { return param{} }
func filledText() param           { return param{filled: true} }
func textUpTo(chars int) param    { return param{maxChars: chars} }
func email() param                { return param{kind: emailParam, maxChars: maxEmailChars} }
func enum(values ...string) param { return param{oneOf: values} }
func integer() param              { return param{kind: intParam} }
func boolean() param              { return param{kind: boolParam} }
func hash(fields spec) param      { return param{kind: hashParam, fields: fields} }
func list(item param) param       { return param{kind: listParam, item: &item} }
func metadata() param             { return param{kind: metadataParam} }
func anyFields() param            { return param{kind: mapParam} }
func required(p param) param      { p.required = true; return p }
func clearable(p param) param     { p.clears = true; return p }
func (s spec) with(more spec) spec {
	merged := make(spec, len(s)+len(more))
	maps.Copy(merged, s)
	maps.Copy(merged, more)
	return merged
}

// pageSpec adds what every list endpoint takes.
func pageSpec(filters spec) spec {
	return filters.with(spec{"ending_before": filledText(), "limit": integer(), "starting_after": filledText()})
}

// datedPageSpec is for the lists that can also be narrowed by the time of creation.
func datedPageSpec(filters spec) spec {
	return pageSpec(filters).with(spec{"created": {kind: createdParam}})
}

// validate checks a decoded form and reports the first problem, by name so that the answer is stable.
func (s spec) validate(in *form.Value, path string) *apiError {
	names := make([]string, 0, len(in.Fields))
	for name := range in.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p, known := s[name]
		if !known {
			full := join(path, name)
			return invalid("parameter_unknown", full, "Received unknown parameter: %s", full)
		}
		if err := p.validate(in.Fields[name], join(path, name)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(keys(s)) {
		if _, given := in.Fields[name]; s[name].required && !given {
			return missing(join(path, name))
		}
	}
	return nil
}

func keys[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "[" + name + "]"
}

func (p param) validate(v *form.Value, path string) *apiError {
	if p.kind == mapParam {
		return nil
	}
	if v.Kind == form.Text && v.Text == "" {
		return p.validateEmpty(path)
	}
	switch p.kind {
	case hashParam:
		if v.Kind != form.Hash {
			return invalid("", path, "Invalid object")
		}
		return p.fields.validate(v, path)
	case listParam:
		return p.validateList(v, path)
	case metadataParam:
		return validateMetadata(v, path)
	case createdParam:
		return validateCreated(v, path)
	default:
		return p.validateScalar(v, path)
	}
}

// validateEmpty handles "name=": it unsets optional texts and collections, and is an error elsewhere. An
// empty id is an error, too: somebody forgot to fill it in.
func (p param) validateEmpty(path string) *apiError {
	unsettable := !p.required && !p.filled && len(p.oneOf) == 0 && p.kind != intParam && p.kind != boolParam && p.kind != createdParam
	if unsettable || p.clears {
		return nil
	}
	return invalid("parameter_invalid_empty", path, "You passed an empty string for '%[1]s'. We assume empty values are an attempt "+
		"to unset a parameter; however '%[1]s' cannot be unset. You should remove '%[1]s' from your request or supply a non-empty value.", path)
}

func (p param) validateScalar(v *form.Value, path string) *apiError {
	if v.Kind != form.Text {
		return invalid("", path, "Invalid string: %s must be a single value", path)
	}
	switch p.kind {
	case intParam:
		if _, err := strconv.ParseInt(v.Text, 10, 64); err != nil {
			return invalid("parameter_invalid_integer", path, "Invalid integer: %s", v.Text)
		}
	case boolParam:
		if v.Text != "true" && v.Text != "false" {
			return invalid("", path, "Invalid boolean: %s", v.Text)
		}
	default:
		return p.validateText(v.Text, path)
	}
	return nil
}

func (p param) validateText(s, path string) *apiError {
	limit := p.maxChars
	if limit == 0 {
		limit = defaultMaxChars
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return invalid("", path, "Invalid string: %s…; must be at most %d characters", string([]rune(s)[:20]), limit)
	}
	if len(p.oneOf) > 0 && !slices.Contains(p.oneOf, s) {
		return invalid("", path, "Invalid %s: must be one of %s", path, strings.Join(p.oneOf, ", "))
	}
	if address, err := mail.ParseAddress(s); p.kind == emailParam && (err != nil || address.Address != s) {
		return invalid("email_invalid", path, "Invalid email address: %s", s)
	}
	return nil
}

func (p param) validateList(v *form.Value, path string) *apiError {
	items, ok := v.AsList()
	if !ok {
		return invalid("", path, "Invalid array")
	}
	for i, item := range items {
		if err := p.item.validate(item, join(path, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

// validateCreated takes a unix time, or a hash of bounds.
func validateCreated(v *form.Value, path string) *apiError {
	if v.Kind == form.Hash {
		bounds := spec{"gt": integer(), "gte": integer(), "lt": integer(), "lte": integer()}
		return bounds.validate(v, path)
	}
	return integer().validateScalar(v, path)
}

// Limits of metadata (docs.stripe.com/api/metadata).
const (
	maxMetadataKeys       = 50
	maxMetadataKeyChars   = 40
	maxMetadataValueChars = 500
)

func validateMetadata(v *form.Value, path string) *apiError {
	if v.Kind != form.Hash {
		return invalid("", path, "Invalid object")
	}
	for _, key := range slices.Sorted(keys(v.Fields)) {
		value := v.Fields[key]
		switch {
		case value.Kind != form.Text:
			return invalid("", join(path, key), "Metadata values must be strings, but you passed in a hash for the key %s.", key)
		case utf8.RuneCountInString(key) > maxMetadataKeyChars:
			return invalid("", path, "Metadata keys must be up to %d characters long; '%s' is %d characters.",
				maxMetadataKeyChars, key, utf8.RuneCountInString(key))
		case utf8.RuneCountInString(value.Text) > maxMetadataValueChars:
			return invalid("", join(path, key), "Metadata values can have up to %d characters, but you passed in a value that is %d characters for the key %s.",
				maxMetadataValueChars, utf8.RuneCountInString(value.Text), key)
		}
	}
	return nil
}
