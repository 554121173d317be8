package api

import (
	"bytes"
	_ "embed" // for the page's template
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Parse(docsHTML))

// The parts of the page: what OpenAPI says, in the order in which people read.
type (
	docsPage struct {
		Title, Description string
		Groups             []docsGroup
		Schemas            []docsSchema
	}
	docsGroup struct {
		Name       string
		Operations []docsOperation
	}
	docsOperation struct {
		ID, Method, Path, Summary, Description string
		Parameters                             []docsField
		Body                                   *docsType
		Answers                                []docsAnswer
	}
	docsAnswer struct {
		Status string
		Type   docsType
	}
	docsSchema struct {
		Name   string
		Fields []docsField
	}
	docsField struct {
		Name, In, Description string
		Type                  docsType
		Required              bool
		Example               any
	}
	docsType struct {
		Prefix, Name string
		Link         bool
	}
)

// addDocs serves the documentation from the API's own description. It loads nothing from elsewhere: it is there on
// machines without a way out, and no other host learns who reads it.
func (a *API) addDocs(described *huma.OpenAPI) {
	a.mux.HandleFunc("GET /docs", func(w http.ResponseWriter, _ *http.Request) {
		var page bytes.Buffer
		if err := docsTemplate.Execute(&page, docsOf(described)); err != nil {
			a.log.Error("documentation failed", "error", err)
			http.Error(w, "The documentation cannot be shown; the same for programs is at /openapi.json.", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_, _ = w.Write(page.Bytes()) // the reader has left
	})
}

func docsOf(described *huma.OpenAPI) docsPage {
	page := docsPage{Title: described.Info.Title, Description: described.Info.Description}
	groups := map[string][]docsOperation{}
	for _, path := range slices.Sorted(maps.Keys(described.Paths)) {
		item := described.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op != nil {
				groups[op.Tags[0]] = append(groups[op.Tags[0]], docsOfOperation(op))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		page.Groups = append(page.Groups, docsGroup{Name: name, Operations: groups[name]})
	}
	schemas := described.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		page.Schemas = append(page.Schemas, docsSchema{Name: name, Fields: docsOfFields(schemas[name])})
	}
	return page
}

func docsOfOperation(op *huma.Operation) docsOperation {
	shown := docsOperation{ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Description: op.Description}
	for _, p := range op.Parameters {
		field := docsOfField(p.Name, p.Schema, p.Required)
		field.In = p.In
		if p.Description != "" {
			field.Description = p.Description
		}
		shown.Parameters = append(shown.Parameters, field)
	}
	if op.RequestBody != nil {
		shown.Body = docsOfContent(op.RequestBody.Content)
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := docsAnswer{Status: status}
		if body := docsOfContent(op.Responses[status].Content); body != nil {
			answer.Type = *body
		}
		shown.Answers = append(shown.Answers, answer)
	}
	return shown
}

func docsOfContent(content map[string]*huma.MediaType) *docsType {
	for _, media := range content { // there is one: JSON
		shown := docsOfType(media.Schema)
		return &shown
	}
	return nil
}

func docsOfFields(schema *huma.Schema) []docsField {
	fields := make([]docsField, 0, len(schema.Properties))
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		fields = append(fields, docsOfField(name, schema.Properties[name], slices.Contains(schema.Required, name)))
	}
	return fields
}

func docsOfField(name string, schema *huma.Schema, required bool) docsField {
	field := docsField{Name: name, Description: schema.Description, Type: docsOfType(schema), Required: required}
	if len(schema.Examples) > 0 {
		field.Example = schema.Examples[0]
	}
	return field
}

func docsOfType(schema *huma.Schema) docsType {
	switch {
	case schema.Ref != "":
		return docsType{Name: schema.Ref[strings.LastIndexByte(schema.Ref, '/')+1:], Link: true}
	case schema.Items != nil:
		item := docsOfType(schema.Items)
		item.Prefix = "list of " + item.Prefix
		return item
	case len(schema.OneOf) > 0:
		names := make([]string, len(schema.OneOf))
		for i, one := range schema.OneOf {
			names[i] = docsOfType(one).Name
		}
		return docsType{Name: strings.Join(names, " or ")}
	case schema.Format != "" && schema.Format != "int64":
		return docsType{Name: schema.Format}
	}
	return docsType{Name: schema.Type}
}
