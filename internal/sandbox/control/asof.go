package control

import (
	"fmt"
	"net/http"
	"time"
)

// AsOfHeader carries the caller's billing time (RFC 3339). Objects made by the request are dated with it.
const AsOfHeader = "Perennial-As-Of"

// AsOf reads the billing time of a request; without the header it is the wall clock given as now.
func AsOf(r *http.Request, now time.Time) (time.Time, error) {
	text := r.Header.Get(AsOfHeader)
	if text == "" {
		return now.UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("header %s is not an RFC 3339 time such as 2027-01-31T00:00:00Z: %q", AsOfHeader, text)
	}
	if t.Year() < 2000 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("header %s must be between the years 2000 and 2200: %q", AsOfHeader, text)
	}
	return t.UTC(), nil
}
