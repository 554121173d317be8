package dunning

import "fmt"

// End is what becomes of the debt when dunning gives up.
type End string

const (
	// EndCancel cancels the subscription.
	EndCancel End = "cancel"
	// EndUncollectible writes the invoice off and leaves the subscription alone.
	EndUncollectible End = "uncollectible"
)

const (
	maxDays     = 90
	maxAttempts = 50
	maxQuick    = 24 // hours
)

// Policy is a dunning ladder. Days count from the local day of the first failed attempt.
type Policy struct {
	// RetryAfter lists the days of the retries, rising, 1 to 90: [1 3 5 7].
	RetryAfter []int `json:"retry_after"`
	// TechnicalRetryHours are the waits after the first, second … technical decline in a row, 1 to 24 each. They come
	// before the ladder; empty means that technical declines wait for it too.
	TechnicalRetryHours []int `json:"technical_retry_hours,omitempty"`
	// MaxAttempts bounds all attempts, the first failed one included, 1 to 50. A method that the customer changed
	// gets its one try beyond it.
	MaxAttempts int `json:"max_attempts"`
	// EndAfter is the day on whose evening (20:00 local) dunning gives up, not before the last retry and at most 90.
	EndAfter int `json:"end_after"`
	// End is what happens then.
	End End `json:"end"`
}

// DefaultPolicy retries on days 1, 3, 5 and 7, technical declines also after 2 and 6 hours, and cancels on day 14.
func DefaultPolicy() Policy {
	return Policy{RetryAfter: []int{1, 3, 5, 7}, TechnicalRetryHours: []int{2, 6}, MaxAttempts: 8, EndAfter: 14, End: EndCancel}
}

// Validate names the first field that is out of range.
func (p Policy) Validate() error {
	previous := 0
	for i, d := range p.RetryAfter {
		if d <= previous || d > maxDays {
			return fmt.Errorf("dunning policy: retry_after[%d] is %d: it must be more than %d and at most %d", i, d, previous, maxDays)
		}
		previous = d
	}
	for i, h := range p.TechnicalRetryHours {
		if h < 1 || h > maxQuick {
			return fmt.Errorf("dunning policy: technical_retry_hours[%d] is %d: it must be from 1 to %d", i, h, maxQuick)
		}
	}
	if p.MaxAttempts < 1 || p.MaxAttempts > maxAttempts {
		return fmt.Errorf("dunning policy: max_attempts is %d: it must be from 1 to %d", p.MaxAttempts, maxAttempts)
	}
	if least := max(previous, 1); p.EndAfter < least || p.EndAfter > maxDays {
		return fmt.Errorf("dunning policy: end_after is %d: it must be from %d, the last retry, to %d", p.EndAfter, least, maxDays)
	}
	if p.End != EndCancel && p.End != EndUncollectible {
		return fmt.Errorf("dunning policy: end is %q: it must be %s or %s", p.End, EndCancel, EndUncollectible)
	}
	return nil
}
