// Package exactyaml reads and writes documents of people in YAML, and reads them in JSON, without losing anything: unlike
// the decoders of libraries it names the path of what is wrong, takes no field that it does not know, misses none that
// must be there, and hands numbers on as they are written, never through floating point.
package exactyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// A document is written by people; this is far above any of them.
const largest = 8 << 20

// Format is a kind of document.
type Format struct {
	// Name is what errors call the whole document, such as "scenario".
	Name string
	// Manual is where the format is described.
	Manual string

	isJSON bool
}

// Decode fills what v points at with a document in YAML, or in JSON. Fields go by their json tags: one that is not left out
// when it is empty must be there, tags enum and minimum are kept to, and unknown fields are errors, which begin with the
// path of the field, such as "timeline[3].at: …". Types may read themselves as yaml.Unmarshaler, encoding.TextUnmarshaler
// or json.Unmarshaler. Input above 8 MiB is an error.
func (f Format) Decode(r io.Reader, v any) error {
	data, err := io.ReadAll(io.LimitReader(r, largest+1))
	if err != nil {
		return fmt.Errorf("read the %s: %w", f.Name, err)
	}
	if len(data) > largest {
		return fmt.Errorf("the %s is larger than %d MiB", f.Name, largest>>20)
	}
	tree, err := f.tree(data)
	if err != nil {
		return err
	}
	return f.into(tree, reflect.ValueOf(v).Elem(), "")
}

// DecodeJSON is Decode for a text that has to be JSON, such as one line of a stream; null is as if the field were left out.
// After an error v has the fields before the wrong one.
func (f Format) DecodeJSON(data []byte, v any) error {
	tree, err := jsonTree(data)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("a %s is one JSON object: it is not complete", f.Name)
	case err != nil:
		return fmt.Errorf("a %s is one JSON object: %w", f.Name, err)
	}
	f.isJSON = true
	return f.into(tree, reflect.ValueOf(v).Elem(), "")
}

// Encode writes as YAML what json.Marshal makes of v, in its order. Decode reads the same from it.
func Encode(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tree, err := jsonTree(data)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(tree); err != nil {
		return fmt.Errorf("write YAML: %w", err)
	}
	_, err = w.Write(text.Bytes())
	return err
}
