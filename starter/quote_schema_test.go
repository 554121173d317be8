package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestScenarioSchemaIsDocumented keeps docs/quote.schema.json as the types are:
//
//	go run ./starter quote schema > docs/quote.schema.json
func TestScenarioSchemaIsDocumented(t *testing.T) {
	t.Parallel()
	documented, err := os.ReadFile("../docs/quote.schema.json")
	require.NoError(t, err)
	require.Equal(t, string(documented), ok(t, "quote", "schema"))
}

// TestExamplesFollowTheSchema holds the documentation's scenarios, and their results, to the documented schema.
func TestExamplesFollowTheSchema(t *testing.T) {
	t.Parallel()
	scenarios, results := documentedSchema(t)
	files, err := filepath.Glob(quoteExamples + "/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		require.NoError(t, scenarios.Validate(plainYAML(t, file)), file)
		result, err := jsonschema.UnmarshalJSON(strings.NewReader(ok(t, "quote", "-f", file, "--json")))
		require.NoError(t, err)
		require.NoError(t, results.Validate(result), file)
	}
}

// documentedSchema are the schemas of scenarios and of results.
func documentedSchema(t *testing.T) (scenarios, results *jsonschema.Schema) {
	t.Helper()
	documented, err := os.Open("../docs/quote.schema.json")
	require.NoError(t, err)
	defer func() { require.NoError(t, documented.Close()) }()
	schema, err := jsonschema.UnmarshalJSON(documented)
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("quote.json", schema))
	scenarios, err = compiler.Compile("quote.json")
	require.NoError(t, err)
	results, err = compiler.Compile("quote.json#/$defs/Result")
	require.NoError(t, err)
	return scenarios, results
}

// A schema that takes everything is none: an editor shows these mistakes before the scenario is played.
func TestTheSchemaFindsMistakes(t *testing.T) {
	t.Parallel()
	scenarios, _ := documentedSchema(t)
	text, err := os.ReadFile(quoteExamples + "/hybrid.yaml")
	require.NoError(t, err)
	require.NoError(t, scenarios.Validate(plain(t, text)))
	for _, mistake := range [][2]string{
		{"subscribe:", "subscrib:"},
		{"subscribe:", "cancel: {}\n    subscribe:"},
		{"plan: ", "plam: "},
		{"model: graduated", "model: gradual"},
		{"proration: day", "proration: daily"},
		{"billed_by: renewal", "billed_by: hand"},
		{"unit: month", "unit: mon"},
		{"kind: recurring", "kind: monthly"},
		{"timing: advance", "timing: before"},
		{"scheme: eu_vat", "scheme: vat"},
		{"until:", "end:"},
		{"seats: ", "seats: x"},
	} {
		require.Contains(t, string(text), mistake[0])
		require.Error(t, scenarios.Validate(plain(t, []byte(strings.Replace(string(text), mistake[0], mistake[1], 1)))), mistake[1])
	}
}

// Whatever a scenario can say is described where it is written.
func TestTheSchemaDescribesEveryField(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/quote.schema.json")
	require.NoError(t, err)
	var schema struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]map[string]any } `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	seen := map[string]bool{"ExpectedResult": true}
	var visit func(value any)
	visit = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if name, is := strings.CutPrefix(fmt.Sprint(v["$ref"]), schemaParts); is && !seen[name] {
				seen[name] = true
				for property, p := range schema.Defs[name].Properties {
					require.NotEmpty(t, p["description"], "%s.%s", name, property)
					require.NotContains(t, p["description"], "A decimal, read exactly", "%s.%s", name, property)
					visit(p)
				}
			}
			for _, part := range v {
				visit(part)
			}
		case []any:
			for _, part := range v {
				visit(part)
			}
		}
	}
	visit(schema.Properties)
	require.Greater(t, len(seen), 40)
}

// plainYAML reads YAML as JSON has it, where a day is a text.
func plainYAML(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return plain(t, text)
}

func plain(t *testing.T, text []byte) any {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	daysAsTexts(&document)
	var value any
	require.NoError(t, document.Decode(&value))
	encoded, err := json.Marshal(value)
	require.NoError(t, err)
	read, err := jsonschema.UnmarshalJSON(bytes.NewReader(encoded))
	require.NoError(t, err)
	return read
}

func daysAsTexts(node *yaml.Node) {
	if node.Tag == "!!timestamp" {
		node.Tag = "!!str"
	}
	for _, part := range node.Content {
		daysAsTexts(part)
	}
}
