package stripe

import (
	"net/http"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// rateLimits are the limits that a 429 can name (docs.stripe.com/rate-limits), the usual one first.
func rateLimits() []string {
	return []string{"global-rate", "global-concurrency", "endpoint-rate", "endpoint-concurrency", "resource-specific"}
}

// limited plays the two refusals with status 429, both before anything is executed.
func (q *request) limited() *apiError {
	switch q.fault.Kind {
	case control.TooManyRequests:
		return &apiError{
			Type: typeInvalid, Code: "rate_limit", status: http.StatusTooManyRequests, unexecuted: true,
			Message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
		}
	case control.LockTimeout:
		return &apiError{
			Type: typeInvalid, Code: "lock_timeout", status: http.StatusTooManyRequests, unexecuted: true,
			Message: "This object cannot be accessed right now because another API request or Stripe process is currently accessing it. Try again, " +
				"and see https://stripe.com/docs/rate-limits#object-lock-timeouts.",
		}
	}
	return nil
}
