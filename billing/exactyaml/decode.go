package exactyaml

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"
)

// into fills a Go value from a tree.
func (f Format) into(node *yaml.Node, v reflect.Value, path string) error {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		return f.into(node, v.Elem(), path)
	}
	switch target := v.Addr().Interface().(type) {
	case *decimal.Decimal:
		return f.scalar(node, path, func(text string) error { return setNumber(target, text) })
	case yaml.Unmarshaler:
		return f.at(path, target.UnmarshalYAML(node))
	case encoding.TextUnmarshaler:
		return f.scalar(node, path, func(text string) error { return target.UnmarshalText([]byte(text)) })
	case json.Unmarshaler:
		text, err := json.Marshal(plain(node))
		if err != nil {
			return f.at(path, err)
		}
		return f.at(path, target.UnmarshalJSON(text))
	}
	switch v.Kind() {
	case reflect.Struct:
		return f.fields(node, v, path)
	case reflect.Slice:
		return f.items(node, v, path)
	case reflect.Map:
		return f.entries(node, v, path)
	default:
		return f.scalar(node, path, func(text string) error { return setScalar(node, v, text) })
	}
}

func setNumber(number *decimal.Decimal, text string) error {
	if err := number.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("%q is no number: write digits, with a point before decimals, such as 1234.5", Clip(text))
	}
	return nil
}

// setScalar reads a text, a whole number or a truth value.
func setScalar(node *yaml.Node, v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if node.Tag != "!!bool" {
			return fmt.Errorf("%q must be true or false", text)
		}
		v.SetBool(strings.EqualFold(text, "true"))
	case reflect.Int, reflect.Int64:
		number, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q must be a whole number", text)
		}
		v.SetInt(number)
	default:
		return fmt.Errorf("cannot be read into a %s", v.Type())
	}
	return nil
}

// Scalar hands the text of a single value on; the error begins with the path.
func Scalar(node *yaml.Node, path string, set func(text string) error) error {
	return Format{}.scalar(node, path, set)
}

func (f Format) scalar(node *yaml.Node, path string, set func(text string) error) error {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" {
		return fmt.Errorf("%s: a single value is expected, not %s", f.orTop(path), Describe(node))
	}
	return f.at(path, set(node.Value))
}

// fields fills a struct. The fields that must be there are those that are not left out when they are empty.
func (f Format) fields(node *yaml.Node, v reflect.Value, path string) error {
	values, err := f.members(node, path)
	if err != nil {
		return err
	}
	var known []string
	for _, field := range reflect.VisibleFields(v.Type()) {
		name, optional := NameOf(field)
		if name == "" {
			continue
		}
		known = append(known, name)
		i := slices.IndexFunc(values, func(m Member) bool { return m.Name == name })
		switch {
		case i >= 0 && optional && f.leftOut(values[i].Value, field.Type):
		case i >= 0:
			if err := f.into(values[i].Value, v.FieldByIndex(field.Index), Join(path, name)); err != nil {
				return err
			}
			if err := checkTags(field, v.FieldByIndex(field.Index)); err != nil {
				return f.at(Join(path, name), err)
			}
		case !optional:
			return fmt.Errorf("%s: is missing", Join(path, name))
		}
	}
	for _, given := range values {
		if !slices.Contains(known, given.Name) {
			return fmt.Errorf("%s: no such field: use one of %s", Join(path, given.Name), strings.Join(known, ", "))
		}
	}
	return nil
}

// leftOut says that a value is null and stands for nothing. In YAML "pause:" with nothing behind it is a pause without any
// settings.
func (f Format) leftOut(node *yaml.Node, t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return node.Tag == "!!null" && (f.isJSON || t.Kind() != reflect.Struct || t == reflect.TypeFor[decimal.Decimal]())
}

// NameOf is a field's name in a document, empty for one that is not part of it, and whether it may be left out.
func NameOf(field reflect.StructField) (name string, optional bool) {
	name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "-" || !field.IsExported() {
		return "", true
	}
	return name, strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
}

// checkTags holds a value to the tags of its field, which the JSON Schema repeats.
func checkTags(field reflect.StructField, v reflect.Value) error {
	if words, ok := field.Tag.Lookup("enum"); ok && !slices.Contains(strings.Split(words, ","), v.String()) {
		return fmt.Errorf("%q must be one of %s", Clip(v.String()), strings.ReplaceAll(words, ",", ", "))
	}
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if least, err := strconv.ParseInt(field.Tag.Get("minimum"), 10, 64); err == nil && v.CanInt() && v.Int() < least {
		return fmt.Errorf("must be at least %d, got %d", least, v.Int())
	}
	return nil
}

func (f Format) items(node *yaml.Node, v reflect.Value, path string) error {
	if node.Kind != yaml.SequenceNode {
		return fmt.Errorf("%s: a list is expected, not %s", f.orTop(path), Describe(node))
	}
	v.Set(reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content)))
	for i, item := range node.Content {
		if err := f.into(item, v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func (f Format) entries(node *yaml.Node, v reflect.Value, path string) error {
	values, err := f.members(node, path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, given := range values {
		value := reflect.New(v.Type().Elem()).Elem()
		if err := f.into(given.Value, value, Join(path, given.Name)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(given.Name).Convert(v.Type().Key()), value)
	}
	return nil
}

// Member is a name with its value.
type Member struct {
	Name  string
	Value *yaml.Node
}

// Members lists the members of a mapping; the error begins with the path. Those that are merged in ("<<") come after its
// own, which take precedence.
func Members(node *yaml.Node, path string) ([]Member, error) { return Format{}.members(node, path) }

func (f Format) members(node *yaml.Node, path string) ([]Member, error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Tag == "!!null" { // "pause:" with nothing behind it
		return nil, nil
	}
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: fields with values are expected, not %s", f.orTop(path), Describe(node))
	}
	var own, merged []Member
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i].Value, node.Content[i+1]
		if node.Content[i].Tag == "!!merge" {
			more, err := f.members(value, Join(path, name))
			if err != nil {
				return nil, err
			}
			merged = append(merged, more...)
			continue
		}
		if slices.ContainsFunc(own, func(m Member) bool { return m.Name == name }) {
			return nil, fmt.Errorf("%s: is given twice", Join(path, name))
		}
		own = append(own, Member{name, value})
	}
	for _, m := range merged {
		if !slices.ContainsFunc(own, func(o Member) bool { return o.Name == m.Name }) {
			own = append(own, m)
		}
	}
	return own, nil
}

// plain is a node as encoding/json writes it, with numbers as they stand.
func plain(node *yaml.Node) any {
	switch {
	case node.Kind == yaml.AliasNode:
		return plain(node.Alias)
	case node.Kind == yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, item := range node.Content {
			items[i] = plain(item)
		}
		return items
	case node.Kind == yaml.MappingNode:
		members := make(map[string]any, len(node.Content)/2)
		for i := 0; i+1 < len(node.Content); i += 2 {
			members[node.Content[i].Value] = plain(node.Content[i+1])
		}
		return members
	case node.Tag == "!!null":
		return nil
	case node.Tag == "!!bool":
		return strings.EqualFold(node.Value, "true")
	case node.Tag == "!!int" || node.Tag == "!!float":
		return json.Number(node.Value)
	}
	return node.Value
}

// Describe says what a node is, for an error.
func Describe(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "fields with values"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Tag == "!!null":
		return "nothing"
	}
	return strconv.Quote(Clip(node.Value))
}

// Clip keeps what is quoted in an error short.
func Clip(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// at puts the path in front of an error.
func (f Format) at(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", f.orTop(path), err)
}

func (f Format) orTop(path string) string { return cmp.Or(path, f.Name) }

// Join is the path of a member.
func Join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
