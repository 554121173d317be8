package calendar

import "time"

// Clock returns the instant as the zone's clocks show it, for people: what it is written as has the zone's offset.
func (z Zone) Clock(t time.Time) time.Time { return t.In(z.loc()) }
