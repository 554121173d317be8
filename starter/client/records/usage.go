package records

import (
	"context"
	"net/http"
	"time"

	"github.com/shopspring/decimal"
)

// UsageEvent is one metered event.
type UsageEvent struct {
	// ID is yours; sent again under the same meter, an event is counted once.
	ID       string          `json:"id"`
	Meter    string          `json:"meter"`
	Quantity decimal.Decimal `json:"quantity"`
	// At is when it was used.
	At time.Time `json:"at"`
	// Amount is the event's own price, in major units of the customer's currency, where a price of the meter is dynamic.
	Amount *decimal.Decimal `json:"amount,omitempty"`
	// Values are those of the dimensions that the meter is priced by.
	Values map[string]string `json:"values,omitempty"`
}

// UsageAdded says what became of events. Accepted = New + AlreadyKnown.
type UsageAdded struct {
	Accepted     int   `json:"accepted"`
	New          int64 `json:"new"`
	AlreadyKnown int64 `json:"already_known"`
	// Conflicting are what is stored under ids that were sent again with other content; it stays.
	Conflicting []UsageEvent `json:"conflicting,omitempty"`
}

// AddUsage stores 1 to 1000 events of a customer: all of them, or none if one is wrong. An event that was stored before is not
// counted again.
func (c *Client) AddUsage(ctx context.Context, customerID string, events []UsageEvent) (UsageAdded, error) {
	return send[UsageAdded](ctx, c, http.MethodPost, path("usage"), map[string]any{"customer": customerID, "events": events})
}
