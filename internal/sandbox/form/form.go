// Package form decodes the bracketed form encoding that Stripe's API and its client libraries use:
// "a[b][c]=1" for hashes, "a[]=x" and "a[0]=x" for arrays.
package form

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds on one form. They are far above any real request and keep hostile ones cheap.
const (
	MaxPairs = 10_000
	MaxDepth = 12
)

// Kind says which shape a Value has.
type Kind int

// The three shapes.
const (
	Text Kind = iota
	Hash
	List
)

// Value is a node of a decoded form.
type Value struct {
	Fields map[string]*Value // of a Hash
	Items  []*Value          // of a List
	Kind   Kind
	Text   string // of a Text
}

// Decode reads an application/x-www-form-urlencoded text into a Hash. Malformed escapes, malformed
// brackets, bytes that are not UTF-8 and a name used with two shapes ("a=1&a[b]=2") are errors that name
// the parameter.
func Decode(encoded string) (*Value, error) {
	root := &Value{Kind: Hash, Fields: map[string]*Value{}}
	if encoded == "" {
		return root, nil
	}
	pairs := strings.Split(encoded, "&")
	if len(pairs) > MaxPairs {
		return nil, fmt.Errorf("form has %d parameters; at most %d are accepted", len(pairs), MaxPairs)
	}
	for _, pair := range pairs {
		if pair == "" {
			continue
		}
		if err := root.addPair(pair); err != nil {
			return nil, err
		}
	}
	return root, nil
}

func (v *Value) addPair(pair string) error {
	rawName, rawText, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(rawName)
	if err != nil {
		return fmt.Errorf("parameter name %q is not URL-encoded: %w", rawName, err)
	}
	text, err := url.QueryUnescape(rawText)
	if err != nil {
		return fmt.Errorf("value of parameter %q is not URL-encoded: %w", name, err)
	}
	if !utf8.ValidString(name) || !utf8.ValidString(text) {
		return fmt.Errorf("parameter %q is not UTF-8", name)
	}
	path, err := splitName(name)
	if err != nil {
		return err
	}
	if err := v.set(path, text); err != nil {
		return fmt.Errorf("parameter %q: %w", name, err)
	}
	return nil
}

// splitName turns "a[b][]" into ["a", "b", ""].
func splitName(name string) ([]string, error) {
	head, rest, nested := strings.Cut(name, "[")
	if head == "" || strings.Contains(head, "]") {
		return nil, fmt.Errorf("parameter name %q is malformed: it must start with a name", name)
	}
	path := []string{head}
	for nested {
		part, after, closed := strings.Cut(rest, "]")
		if !closed || strings.Contains(part, "[") {
			return nil, fmt.Errorf("parameter name %q has an unclosed bracket", name)
		}
		path = append(path, part)
		if len(path) > MaxDepth {
			return nil, fmt.Errorf("parameter name %q is nested more than %d deep", name, MaxDepth)
		}
		if after == "" {
			return path, nil
		}
		if !strings.HasPrefix(after, "[") {
			return nil, fmt.Errorf("parameter name %q has text after a bracket", name)
		}
		rest = after[1:]
	}
	return path, nil
}

func (v *Value) set(path []string, text string) error {
	key, rest := path[0], path[1:]
	child, exists := v.Fields[key]
	if !exists {
		child = newValue(rest)
		v.Fields[key] = child
	} else if child.Kind != shapeOf(rest) {
		return errors.New("used both as a value and as a collection")
	}
	switch child.Kind {
	case Text:
		child.Text = text // the last one wins, as for any form
		return nil
	case List:
		return child.push(rest[1:], text)
	default:
		return child.set(rest, text)
	}
}

// push appends to a list written with "[]". For a list of hashes a repeated field starts the next hash.
func (v *Value) push(rest []string, text string) error {
	if len(rest) == 0 {
		v.Items = append(v.Items, &Value{Kind: Text, Text: text})
		return nil
	}
	if rest[0] == "" {
		return errors.New("a list directly inside a list is not supported")
	}
	if n := len(v.Items); n > 0 && v.Items[n-1].Kind == Hash && !v.Items[n-1].holds(rest) {
		return v.Items[n-1].set(rest, text)
	}
	item := &Value{Kind: Hash, Fields: map[string]*Value{}}
	v.Items = append(v.Items, item)
	return item.set(rest, text)
}

func (v *Value) holds(path []string) bool {
	child, ok := v.Fields[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	return child.Kind == Hash && child.holds(path[1:])
}

func newValue(rest []string) *Value {
	shape := shapeOf(rest)
	if shape == Hash {
		return &Value{Kind: Hash, Fields: map[string]*Value{}}
	}
	return &Value{Kind: shape}
}

func shapeOf(rest []string) Kind {
	switch {
	case len(rest) == 0:
		return Text
	case rest[0] == "":
		return List
	default:
		return Hash
	}
}

// AsList returns the elements of a List, or of a Hash whose names are indexes ("a[0]", "a[1]") in the
// order of the indexes. ok is false for anything else.
func (v *Value) AsList() (items []*Value, ok bool) {
	switch v.Kind {
	case List:
		return v.Items, true
	case Hash:
		return v.indexed()
	default:
		return nil, false
	}
}

func (v *Value) indexed() ([]*Value, bool) {
	indexes := make([]int, 0, len(v.Fields))
	for name := range v.Fields {
		index, err := strconv.Atoi(name)
		if err != nil || index < 0 || strconv.Itoa(index) != name {
			return nil, false
		}
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	items := make([]*Value, len(indexes))
	for i, index := range indexes {
		items[i] = v.Fields[strconv.Itoa(index)]
	}
	return items, true
}
