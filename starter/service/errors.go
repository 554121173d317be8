package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// Kind says who has to do what about an Error.
type Kind string

// The kinds. Whatever is not an *Error is a failure of ours or of a neighbour.
const (
	Invalid    Kind = "invalid"    // the request itself is wrong; Fields say where
	NotFound   Kind = "not_found"  // what it names does not exist
	Conflict   Kind = "conflict"   // its identity is taken by something else
	Refused    Kind = "refused"    // it is well formed, but cannot be done now
	Unfinished Kind = "unfinished" // it was accepted and is not over yet: repeating it is safe and waits on
)

// Error is why a request was not carried out. Unless it is Unfinished, nothing was written.
type Error struct {
	Kind Kind
	// Code is stable, for programs; Message is for people.
	Code    string
	Message string
	// Fields are the fields at fault of an Invalid request.
	Fields []Field
}

// Field is a field at fault. Name is a path such as "events[3].quantity".
type Field struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	texts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		texts[i] = f.Name + ": " + f.Message
	}
	return strings.Join(texts, "; ")
}

// problems gathers what is wrong with a request, so that all of it is reported at once.
type problems []Field

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, Field{Name: field, Message: fmt.Sprintf(format, args...)})
}

func (p *problems) check(field string, err error) {
	if err != nil {
		p.add(field, "%s", err)
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid_fields", Fields: p}
}

func invalid(field, format string, args ...any) error {
	var p problems
	p.add(field, format, args...)
	return p.err()
}

func refused(code, format string, args ...any) error {
	return &Error{Kind: Refused, Code: code, Message: fmt.Sprintf(format, args...)}
}

func conflict(code, format string, args ...any) error {
	return &Error{Kind: Conflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &Error{Kind: NotFound, Code: "not_found", Message: fmt.Sprintf(format, args...)}
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == NotFound
}

// named turns the store's "not found" about what a request names into an Error of that kind.
func named(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return notFound("%s", err)
	}
	return err
}

// inRequest turns NotFound about what a field names into an Invalid request.
func inRequest(field string, err error) error {
	if isNotFound(err) {
		return invalid(field, "%s", err)
	}
	return err
}

// answered words what came back from a workflow. A refusal is the workflow's own decision.
func answered(err error) error {
	if refusal, ok := errors.AsType[*subscription.Refusal](err); ok {
		kind := Refused
		switch refusal.Code {
		case "subscription_exists", "command_id_reused":
			kind = Conflict
		case "subscription_not_running":
			kind = NotFound
		}
		return &Error{Kind: kind, Code: refusal.Code, Message: refusal.Message}
	}
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok && application.NonRetryable() {
		return &Error{Kind: Refused, Code: application.Type(), Message: application.Message()}
	}
	if isTimeout(err) {
		return &Error{Kind: Unfinished, Code: "unfinished", Message: "the request was accepted and is still being carried out: repeat it to wait for the result"}
	}
	return err
}

func isTimeout(err error) bool {
	var update *temporalclient.WorkflowUpdateServiceTimeoutOrCanceledError
	var deadline *serviceerror.DeadlineExceeded
	var collided *serviceerror.WorkflowNotReady // the request came at the moment of another message
	return errors.As(err, &update) || errors.As(err, &collided) || errors.As(err, &deadline) || errors.Is(err, context.DeadlineExceeded)
}
