package subscription

import (
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// RenewsAt says that what is due next is the end, at an instant, of a billing period that the subscription itself bills: with
// others whose periods end there, too, it can share an invoice. What begins, if anything, is decided then.
func (s State) RenewsAt(at time.Time) bool {
	due, is := s.NextDue()
	return is && due.Equal(at) && s.Running() && s.BilledBy == catalog.ByRenewal && s.Period.End.Equal(at)
}
