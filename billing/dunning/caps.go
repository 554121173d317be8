package dunning

import (
	"slices"
	"time"
)

// Cap is a card network's limit: at most Max tries of one card in any window of WindowHours.
type Cap struct {
	Network     string `json:"network"`
	Max         int    `json:"max"`
	WindowHours int    `json:"window_hours"`
	Source      string `json:"source"`
}

func (c Cap) window() time.Duration { return time.Duration(c.WindowHours) * time.Hour }

// Caps are the limits of a network as Stripe names it (visa, mastercard, amex, discover). A network that is unknown
// or not given gets all of them, the strictest reading.
func Caps(network string) []Cap {
	var own []Cap
	for _, c := range caps {
		if c.Network == network {
			own = append(own, c)
		}
	}
	if own == nil {
		return slices.Clone(caps)
	}
	return own
}

// LongestWindow is how far back tries of a card count against any cap.
func LongestWindow() time.Duration {
	var longest time.Duration
	for _, c := range caps {
		longest = max(longest, c.window())
	}
	return longest
}

// clearOfAll moves t to the first instant at which one more try keeps every cap, given the tries so far in any order. It
// counts the original payment too, where the networks count reattempts: one stricter than required.
func clearOfAll(t time.Time, tries []time.Time, limits []Cap) time.Time {
	for moved := true; moved; {
		moved = false
		for _, c := range limits {
			if free := c.clear(t, tries); free.After(t) {
				t, moved = free, true
			}
		}
	}
	return t
}

// clear: a try leaves the window once it is a whole window old.
func (c Cap) clear(t time.Time, tries []time.Time) time.Time {
	var inside []time.Time
	for _, try := range tries {
		if try.Add(c.window()).After(t) {
			inside = append(inside, try)
		}
	}
	if len(inside) < c.Max {
		return t
	}
	slices.SortFunc(inside, time.Time.Compare)
	return inside[len(inside)-c.Max].Add(c.window())
}
