package stripe

import (
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// searchKind says how a field can be compared.
type searchKind int

const (
	tokenField   searchKind = iota // exactly, in either case
	stringField                    // by its words, or by a part of it
	numericField                   // exactly, or by size
)

// searchField is a field that can be searched. Its value is absent when the field is empty.
type searchField[T any] struct {
	kind  searchKind
	value func(T) (value string, present bool)
}

// searchable are the fields of a resource by name, besides metadata.
type searchable[T any] struct {
	fields   map[string]searchField[T]
	metadata func(T) map[string]string
}

// minSubstring is the shortest text to search for within a field, in characters.
const minSubstring = 3

var decimals = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

func decimalText(s string) bool { return decimals.MatchString(s) }

func integerText(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

// check refuses fields that the resource does not have and comparisons that a field does not support.
func (s searchable[T]) check(q query, resource string) *apiError {
	for _, c := range q.clauses {
		field, known := s.fields[c.field]
		numeric := c.operator != ":" && c.operator != "~"
		switch {
		case c.field == "metadata" && c.operator == ":":
		case c.field == "metadata":
			return badQuery("metadata does not support the operator '%s'.", c.operator)
		case !known:
			return badQuery("%s have no field '%s'; use one of: metadata, %s.", resource, c.field, strings.Join(slices.Sorted(keys(s.fields)), ", "))
		case (c.operator == "~" && field.kind != stringField) || (numeric && field.kind != numericField):
			return badQuery("the field '%s' does not support the operator '%s'.", c.field, c.operator)
		case field.kind == numericField && !c.null && !decimalText(c.value):
			return badQuery("the field '%s' is compared with a number, not with '%s'.", c.field, shortened(c.value))
		case c.operator == "~" && utf8.RuneCountInString(c.value) < minSubstring:
			return badQuery("a substring to search for has at least %d characters.", minSubstring)
		}
	}
	return nil
}

func (s searchable[T]) matches(object T, q query) bool {
	for _, c := range q.clauses {
		if s.matchesClause(object, c) == q.any {
			return q.any
		}
	}
	return !q.any
}

func (s searchable[T]) matchesClause(object T, c clause) bool {
	var value string
	var present bool
	kind := tokenField
	if c.field == "metadata" {
		value, present = s.metadata(object)[c.key]
	} else {
		kind = s.fields[c.field].kind
		value, present = s.fields[c.field].value(object)
	}
	return c.compare(kind, value, present) != c.negated
}

func (c clause) compare(kind searchKind, value string, present bool) bool {
	switch {
	case c.null:
		return !present
	case !present:
		return false
	case kind == numericField:
		return c.compareNumber(value)
	case c.operator == "~":
		return strings.Contains(strings.ToLower(value), strings.ToLower(c.value))
	case kind == stringField:
		return containsWords(value, c.value)
	default:
		return strings.EqualFold(value, c.value)
	}
}

func (c clause) compareNumber(value string) bool {
	have, _ := new(big.Rat).SetString(value)
	wanted, _ := new(big.Rat).SetString(c.value)
	order := have.Cmp(wanted)
	switch c.operator {
	case ">":
		return order > 0
	case "<":
		return order < 0
	case ">=":
		return order >= 0
	case "<=":
		return order <= 0
	default:
		return order == 0
	}
}

// containsWords finds all the words in the same order, as Stripe compares texts exactly.
func containsWords(text, wanted string) bool {
	words := strings.Fields(wanted)
	if len(words) == 0 {
		return false
	}
	for word := range strings.FieldsSeq(text) {
		if len(words) > 0 && strings.EqualFold(word, words[0]) {
			words = words[1:]
		}
	}
	return len(words) == 0
}
