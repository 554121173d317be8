package stripe

import (
	"encoding/json"
	"fmt"
	"net/http"
)

const (
	typeAPI         = "api_error"
	typeCard        = "card_error"
	typeIdempotency = "idempotency_error"
	typeInvalid     = "invalid_request_error"
)

// apiError is a refusal in Stripe's error envelope.
type apiError struct {
	Charge        string         `json:"charge,omitempty"`
	Code          string         `json:"code,omitempty"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	DocURL        string         `json:"doc_url,omitempty"`
	Message       string         `json:"message"`
	Param         string         `json:"param,omitempty"`
	PaymentIntent *paymentIntent `json:"payment_intent,omitempty"`
	PaymentMethod *paymentMethod `json:"payment_method,omitempty"`
	RequestLogURL string         `json:"request_log_url,omitempty"`
	SetupIntent   *setupIntent   `json:"setup_intent,omitempty"`
	Type          string         `json:"type"`

	// keepsEffects marks an error that is itself an outcome (a decline): what the request wrote is kept.
	keepsEffects bool
	status       int
	// unexecuted marks a refusal before execution, which is not kept under the idempotency key.
	unexecuted bool
}

func (e *apiError) Error() string { return e.Message }

// body writes the envelope. Stripe adds where the request is logged; the sandbox has no such page, but
// clients may look for the field.
func (e *apiError) body(requestID string) []byte {
	e.RequestLogURL = "https://dashboard.stripe.com/test/logs/" + requestID
	if e.Code != "" {
		e.DocURL = "https://stripe.com/docs/error-codes/" + dashed(e.Code)
	}
	encoded, err := json.Marshal(map[string]*apiError{"error": e})
	if err != nil {
		panic(fmt.Sprintf("an API error cannot be encoded: %v", err)) // only strings and our own objects inside
	}
	return encoded
}

// invalid is a parameter that cannot be used: found before execution, so never replayed.
func invalid(code, param, format string, args ...any) *apiError {
	return &apiError{
		Type: typeInvalid, Code: code, Param: param, Message: fmt.Sprintf(format, args...),
		status: http.StatusBadRequest, unexecuted: true,
	}
}

// refused is a request that was understood and executed, but that the state of its objects forbids.
func refused(code, param, format string, args ...any) *apiError {
	return &apiError{
		Type: typeInvalid, Code: code, Param: param, Message: fmt.Sprintf(format, args...),
		status: http.StatusBadRequest,
	}
}

func missing(param string) *apiError {
	return invalid("parameter_missing", param, "Missing required param: %s.", param)
}

// noSuch is an object named by a parameter that does not exist: 400.
func noSuch(kind, id, param string) *apiError {
	return refused("resource_missing", param, "No such %s: '%s'", kind, id)
}

// notFound is an object named by the path that does not exist: 404.
func notFound(kind, id, param string) *apiError {
	e := noSuch(kind, id, param)
	e.status = http.StatusNotFound
	return e
}

func unauthorized(format string, args ...any) *apiError {
	return &apiError{
		Type: typeInvalid, Message: fmt.Sprintf(format, args...),
		status: http.StatusUnauthorized, unexecuted: true,
	}
}

func internal(err error) *apiError {
	return &apiError{
		Type: typeAPI, Message: "The sandbox failed: " + err.Error(), status: http.StatusInternalServerError,
		unexecuted: true,
	}
}
