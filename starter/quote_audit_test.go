package main

import (
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// These tests keep the quote's format complete: whatever the engine takes that can change an invoice has its counterpart in a
// scenario. A new field, kind of command, command or endpoint fails them until somebody gives it one, or says why it needs none.
//
// A counterpart is the path of a field of the scenario, such as "timeline.subscribe.seats"; lists and maps are passed over. A
// reason is a text with blanks in it.

func isReason(text string) bool { return strings.Contains(text, " ") }

// requireCounterpart fails if a text is neither a reason nor the path of a field of the scenario.
func requireCounterpart(t *testing.T, text, of string) {
	t.Helper()
	if isReason(text) {
		return
	}
	at := reflect.TypeFor[quote.Scenario]()
	for part := range strings.SplitSeq(text, ".") {
		next, found := fieldsOf(at)[part]
		require.True(t, found, "%s: a scenario has no %s: %s has no field %q", of, text, at, part)
		at = element(next)
	}
}

// element is what a type holds in the end.
func element(of reflect.Type) reflect.Type {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	return of
}

// fieldsOf are the fields of a struct by their names in JSON, those of what is embedded in it included. One that is not in JSON has
// its name in Go.
func fieldsOf(of reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	if of.Kind() != reflect.Struct {
		return fields
	}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			for inner, held := range fieldsOf(element(field.Type)) {
				if _, hidden := fields[inner]; !hidden {
					fields[inner] = held
				}
			}
		case !field.IsExported():
		case name == "" || name == "-":
			fields[field.Name] = field.Type
		default:
			fields[name] = field.Type
		}
	}
	return fields
}

// isPlain says that a type is no struct of this module whose fields are an input by themselves.
func isPlain(of reflect.Type) bool {
	if of.Kind() != reflect.Struct || !strings.HasPrefix(of.PkgPath(), "github.com/perennial-billing/") {
		return true
	}
	for _, reads := range []reflect.Type{reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler]()} {
		if reflect.PointerTo(of).Implements(reads) {
			return true
		}
	}
	return len(fieldsOf(of)) == 0
}

// scenarioTypes are the structs that a scenario consists of: what the engine takes in the very same form needs no list.
func scenarioTypes() map[reflect.Type]bool {
	seen := map[reflect.Type]bool{}
	var visit func(of reflect.Type)
	visit = func(of reflect.Type) {
		if of = element(of); seen[of] || of.Kind() != reflect.Struct {
			return
		}
		seen[of] = true
		for field := range of.Fields() {
			visit(field.Type)
		}
	}
	visit(reflect.TypeFor[quote.Scenario]())
	return seen
}

func TestEveryInputHasItsPlaceInAScenario(t *testing.T) {
	t.Parallel()
	shared, audited := scenarioTypes(), map[reflect.Type]bool{}
	inputs := maps.Clone(auditedTypes)
	maps.Copy(inputs, auditedOrders)
	for of := range inputs {
		audited[of] = true
	}
	for of, told := range inputs {
		fields := fieldsOf(of)
		require.NotEmpty(t, fields, of)
		for name, held := range fields {
			text, known := told[name]
			require.True(t, known, "%s.%s is new: give it a place in scenarios (billing/quote), or a reason why it needs none", of, name)
			requireCounterpart(t, text, of.String()+"."+name)
			held = element(held)
			require.True(t, isReason(text) || isPlain(held) || shared[held] || audited[held], "%s.%s: the fields of %s are not told", of, name, held)
		}
		for name := range told {
			require.Contains(t, fields, name, "%s has no such field any more", of)
		}
	}
	for _, of := range sameInBoth() {
		require.True(t, shared[of], "%s: a scenario has a form of its own: list its fields", of)
	}
}

func TestEveryKindOfCommandHasItsPlaceInAScenario(t *testing.T) {
	t.Parallel()
	told := auditedKinds()
	kinds := constantsOf(t, "../billing/subscription", "Kind")
	require.Greater(t, len(kinds), 5)
	for _, kind := range kinds {
		text, known := told[kind]
		require.True(t, known, "commands of the kind %q are new: give them a place in scenarios, or a reason why they need none", kind)
		requireCounterpart(t, text, kind)
	}
	require.Len(t, told, len(kinds))
}

// constantsOf are the values of the constants of a type of strings in a package.
func constantsOf(t *testing.T, folder, typeName string) []string {
	t.Helper()
	files, err := filepath.Glob(folder + "/*.go")
	require.NoError(t, err)
	var values []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			spec, is := node.(*ast.ValueSpec)
			if !is {
				return true
			}
			if named, is := spec.Type.(*ast.Ident); is && named.Name == typeName {
				for _, value := range spec.Values {
					text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
					require.NoError(t, err)
					values = append(values, text)
				}
			}
			return true
		})
	}
	return values
}
