package exactyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// tree reads JSON when the text begins as JSON does, because not all of JSON is YAML to the library: "\ud83d\ude00".
func (f Format) tree(data []byte) (*yaml.Node, error) {
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && strings.IndexByte("{[", trimmed[0]) >= 0 {
		if tree, err := jsonTree(trimmed); err == nil {
			return tree, nil
		}
	}
	documents := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	err := documents.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("the %s is empty: see %s for what belongs into it", f.Name, f.Manual)
	case err != nil:
		return nil, fmt.Errorf("the %s is neither YAML nor JSON: %w", f.Name, err)
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("the %s has more than one document (---): put each in a file of its own", f.Name)
	}
	if _, err := size(&document, map[*yaml.Node]int{}); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return document.Content[0], nil
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
			return 0, fmt.Errorf("more than %d values, aliases counted as often as they are used: split it", mostNodes)
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
		return nil, errors.New("unexpected data after the end")
	}
	return tree, nil
}

// deepest is far above any document of people; without it "[[[[…" would use up the stack.
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
		tag := "!!int"
		if strings.ContainsAny(value.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value.String()}, nil
	case string:
		return textNode(value), nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(value)}, nil
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	}
}

// truths are words that older readers of YAML take for true or false.
var truths = []string{"y", "yes", "n", "no", "on", "off"}

// textNode is a text, in quotes where the library would write it in a way that it, or another reader, reads differently.
func textNode(text string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if strings.ContainsFunc(text, unicode.IsControl) || slices.Contains(truths, strings.ToLower(text)) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}
