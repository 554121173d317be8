package quote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// A scenario is written by people; this is far above any of them.
const largestScenario = 8 << 20

// Parse reads a scenario in YAML, or in JSON, and checks what can be checked before it is played. Unknown fields and
// anything that does not fit are errors that begin with the path of the field, such as "timeline[3].at: …". Numbers are
// read exactly, whether they are written as numbers or as texts.
func Parse(r io.Reader) (*Scenario, error) {
	data, err := io.ReadAll(io.LimitReader(r, largestScenario+1))
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	if len(data) > largestScenario {
		return nil, fmt.Errorf("the scenario is larger than %d MiB", largestScenario>>20)
	}
	tree, err := treeOf(data)
	if err != nil {
		return nil, err
	}
	var scenario Scenario
	if err := (decoder{}).into(tree, reflect.ValueOf(&scenario).Elem(), ""); err != nil {
		return nil, err
	}
	return &scenario, scenario.check()
}

// treeOf reads JSON when the text begins as JSON does, because not all of JSON is YAML to the library: "\ud83d\ude00".
func treeOf(data []byte) (*yaml.Node, error) {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		if tree, err := jsonTree(trimmed); err == nil {
			return tree, nil
		}
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := documents.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the scenario is empty: see docs/quote.md for what belongs into it")
	case err != nil:
		return nil, fmt.Errorf("the scenario is neither YAML nor JSON: %w", err)
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.New("the scenario has more than one document (---): put each in a file of its own")
	}
	_, err = size(&document, map[*yaml.Node]int{})
	return document.Content[0], err
}

// mostNodes keeps a short file whose aliases multiply from filling the memory.
const mostNodes = 1_000_000

// size counts the values under a node, those of an alias as often as it is used. An alias inside of what it stands for is
// an error: it would have no end.
func size(node *yaml.Node, known map[*yaml.Node]int) (int, error) {
	const underWay = -1
	switch n, seen := known[node]; {
	case n == underWay:
		return 0, fmt.Errorf("line %d: %q is part of what it stands for", node.Line, node.Anchor)
	case seen:
		return n, nil
	}
	known[node] = underWay
	total := 1
	for _, part := range append(node.Content, node.Alias) {
		if part == nil {
			continue
		}
		n, err := size(part, known)
		if err != nil {
			return 0, err
		}
		if total += n; total > mostNodes {
			return 0, fmt.Errorf("the scenario has more than %d values, aliases counted as often as they are used: split it", mostNodes)
		}
	}
	known[node] = total
	return total, nil
}

// jsonTree reads JSON into the tree that YAML makes, numbers as they are written.
func jsonTree(data []byte) (*yaml.Node, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	tree, err := jsonNode(decoder, 0)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected data after the scenario")
	}
	return tree, nil
}

// deepest is far below any scenario; without it "[[[[…" would use up the stack.
const deepest = 1000

func jsonNode(decoder *json.Decoder, depth int) (*yaml.Node, error) {
	if depth > deepest {
		return nil, fmt.Errorf("lists in lists are at most %d deep", deepest)
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch value := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.MappingNode}
		if value == '[' {
			node.Kind = yaml.SequenceNode
		}
		for decoder.More() {
			child, err := jsonNode(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err := decoder.Token() // its end
		return node, err
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: value.String()}, nil
	case string:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(value)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
}
