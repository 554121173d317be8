package quote

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"github.com/perennial-billing/perennial/billing/exactyaml"
)

// Expectation is the part of a result that a scenario states. It is written like the result: what is left out is not
// compared, lists must be as long as they are written, and an amount may be written as its number alone.
type Expectation struct{ node *yaml.Node }

// UnmarshalYAML keeps what is expected as it is written.
func (e *Expectation) UnmarshalYAML(node *yaml.Node) error {
	e.node = node
	return nil
}

// IsZero says that nothing is expected.
func (e Expectation) IsZero() bool { return e.node == nil }

// Difference is a value that is not as expected.
type Difference struct {
	Path string `json:"path"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// String is the difference for people.
func (d Difference) String() string {
	return fmt.Sprintf("%s: expected %s, got %s", d.Path, d.Want, d.Got)
}

// Compare lists where a result differs from what is expected. A field that results do not have is an error.
func (e Expectation) Compare(r Result) ([]Difference, error) {
	if e.IsZero() {
		return nil, nil
	}
	var c comparison
	err := c.value(e.node, reflect.ValueOf(r), "expect")
	return c.differences, err
}

type comparison struct{ differences []Difference }

func (c *comparison) differ(path, want, got string) {
	c.differences = append(c.differences, Difference{Path: path, Want: want, Got: got})
}

func (c *comparison) value(node *yaml.Node, v reflect.Value, path string) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			c.nothing(node, path)
			return nil
		}
		v = v.Elem()
	}
	if amount, is := reflect.TypeAssert[Amount](v); is && node.Kind == yaml.ScalarNode {
		return c.number(node, amount.Amount, path)
	}
	if _, is := reflect.TypeAssert[encoding.TextMarshaler](v); is {
		return c.text(node, v, path)
	}
	switch v.Kind() {
	case reflect.Struct:
		return c.fields(node, v, path)
	case reflect.Slice:
		return c.items(node, v, path)
	default:
		return exactyaml.Scalar(node, path, func(text string) error {
			if got := fmt.Sprint(v.Interface()); got != text {
				c.differ(path, text, got)
			}
			return nil
		})
	}
}

// nothing compares with a value that is not there.
func (c *comparison) nothing(node *yaml.Node, path string) {
	if node.Tag != "!!null" {
		c.differ(path, exactyaml.Describe(node), "nothing")
	}
}

// number compares numbers, however they are written.
func (c *comparison) number(node *yaml.Node, got, path string) error {
	return exactyaml.Scalar(node, path, func(text string) error {
		want, err := decimal.NewFromString(text)
		if err != nil {
			return fmt.Errorf("%q is not a number", exactyaml.Clip(text))
		}
		if have, err := decimal.NewFromString(got); err != nil || !have.Equal(want) {
			c.differ(path, text, got)
		}
		return nil
	})
}

// text compares instants, by the customer's clock where no offset is written, and numbers.
func (c *comparison) text(node *yaml.Node, v reflect.Value, path string) error {
	switch got := v.Interface().(type) {
	case decimal.Decimal:
		return c.number(node, got.String(), path)
	case Local:
		return exactyaml.Scalar(node, path, func(text string) error {
			var want Instant
			if err := want.UnmarshalText([]byte(text)); err != nil {
				return err
			}
			if !want.In(got.zone).Equal(got.at) {
				c.differ(path, text, got.String())
			}
			return nil
		})
	default:
		return exactyaml.Scalar(node, path, func(text string) error {
			if got := fmt.Sprint(got); got != text {
				c.differ(path, text, got)
			}
			return nil
		})
	}
}

func (c *comparison) fields(node *yaml.Node, v reflect.Value, path string) error {
	values, err := exactyaml.Members(node, path)
	if err != nil {
		return err
	}
	fields := reflect.VisibleFields(v.Type())
	for _, expected := range values {
		i := slices.IndexFunc(fields, func(f reflect.StructField) bool {
			name, _ := exactyaml.NameOf(f)
			return name == expected.Name
		})
		if i < 0 {
			var known []string
			for _, f := range fields {
				if name, _ := exactyaml.NameOf(f); name != "" {
					known = append(known, name)
				}
			}
			return fmt.Errorf("%s: no such field: use one of %s", exactyaml.Join(path, expected.Name), strings.Join(known, ", "))
		}
		if err := c.value(expected.Value, v.FieldByIndex(fields[i].Index), exactyaml.Join(path, expected.Name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) items(node *yaml.Node, v reflect.Value, path string) error {
	if node.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s: a list is expected, not %s", path, exactyaml.Describe(node))
	}
	if v.Len() != len(node.Content) {
		c.differ(path, strconv.Itoa(len(node.Content))+" in the list", strconv.Itoa(v.Len()))
	}
	for i := range min(v.Len(), len(node.Content)) {
		if err := c.value(node.Content[i], v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}
