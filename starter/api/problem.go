package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/perennial-billing/perennial/starter/service"
)

// Problem is an error as RFC 9457 writes it, with a stable code for programs and the fields at fault.
type Problem struct {
	huma.ErrorModel

	Code string `json:"code,omitempty" doc:"Stable, for programs." example:"invalid_fields"`
}

// useProblems makes the framework's own errors Problems as well. Its hook is a variable of the package.
var useProblems = sync.OnceFunc(func() {
	plain := huma.NewError
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		// A body of the wrong shape is the same mistake as a field with a wrong value, and gets the same status.
		if status == http.StatusUnprocessableEntity {
			status = http.StatusBadRequest
		}
		problem := &Problem{Code: codeOf(status)}
		if model, ok := plain(status, detail, errs...).(*huma.ErrorModel); ok {
			problem.ErrorModel = *model
		}
		if status == http.StatusUnsupportedMediaType {
			problem.Detail = "send the body as application/json"
		}
		problem.Errors = problem.Errors[:min(len(problem.Errors), mostErrors)]
		for _, e := range problem.Errors {
			switch e.Value.(type) {
			case map[string]any, []any:
				e.Value = nil // a large part of the request, which the caller has
			}
			if e.Location == "body" {
				e.Value = nil
			}
			if strings.HasPrefix(e.Message, validation.MsgExpectedMatchExactlyOneSchema) {
				e.Message = "expected string or number" // of the only field that may be either, a quantity
			}
		}
		return problem
	}
})

// codeOf names an error of which nothing but the status is known, such as unsupported_media_type.
func codeOf(status int) string {
	if status == http.StatusBadRequest {
		return "invalid_fields"
	}
	return strings.ReplaceAll(strings.ToLower(http.StatusText(status)), " ", "_")
}

// mostErrors is how many mistakes of one request are listed: it can hold thousands.
const mostErrors = 100

var statusOf = map[service.Kind]int{
	service.Invalid:    http.StatusBadRequest,
	service.NotFound:   http.StatusNotFound,
	service.Conflict:   http.StatusConflict,
	service.Refused:    http.StatusUnprocessableEntity,
	service.Unfinished: http.StatusServiceUnavailable,
}

// problem words an error of the service for the caller. What is no fault of the caller's is logged and not shown.
func (a *API) problem(ctx context.Context, op huma.Operation, err error) error {
	var e *service.Error
	if !errors.As(err, &e) {
		if ctx.Err() == nil {
			a.log.Error("request failed", "operation", op.OperationID, "error", err)
		}
		return newProblem(http.StatusInternalServerError, "internal", "something failed on our side: repeat the request, which is safe")
	}
	shown := *e
	shown.Fields = e.Fields[:min(len(e.Fields), mostErrors)]
	problem := newProblem(statusOf[e.Kind], e.Code, shown.Error())
	if more := len(e.Fields) - len(shown.Fields); more > 0 {
		problem.Detail += fmt.Sprintf("; and %d more", more)
	}
	for _, field := range shown.Fields {
		problem.Errors = append(problem.Errors, &huma.ErrorDetail{Message: field.Message, Location: location(op, field.Name)})
	}
	if e.Kind == service.Unfinished {
		return huma.ErrorWithHeaders(problem, http.Header{"Retry-After": []string{"1"}})
	}
	return problem
}

// location says where in the request a field of the service is.
func location(op huma.Operation, field string) string {
	switch {
	case strings.HasSuffix(field, "-Key"):
		return "header." + field
	case strings.Contains(op.Path, "{"+field+"}"):
		return "path." + field
	case op.Method == http.MethodGet:
		return "query." + field
	}
	return "body." + field
}

func newProblem(status int, code, detail string) *Problem {
	return &Problem{Code: code, ErrorModel: huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}}
}

// serveUnknown makes a Problem of the router's own answer to a path or a method that does not exist.
func serveUnknown(w http.ResponseWriter, r *http.Request, router http.Handler) {
	answer := statusOnly{ResponseWriter: w, status: new(int)}
	router.ServeHTTP(answer, r)
	detail := "there is nothing at this path: see /docs"
	if *answer.status == http.StatusMethodNotAllowed {
		detail = r.Method + " is not possible here: use " + w.Header().Get("Allow")
	}
	problem := newProblem(*answer.status, codeOf(*answer.status), detail)
	w.Header().Set("Content-Type", problem.ContentType("application/json"))
	w.WriteHeader(problem.Status)
	_ = json.NewEncoder(w).Encode(problem) // the caller has left
}

// statusOnly lets headers through, notes the status and drops the text.
type statusOnly struct {
	http.ResponseWriter

	status *int
}

// WriteHeader implements http.ResponseWriter.
func (s statusOnly) WriteHeader(status int) { *s.status = status }

// Write implements http.ResponseWriter.
func (statusOnly) Write(text []byte) (int, error) { return len(text), nil }

// logger writes to a handler, or nowhere.
func logger(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
