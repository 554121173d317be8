package lifecycle

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// UsualNotice is how many civil days before a renewal customers are told of its new price, unless the seller says otherwise.
const UsualNotice = 30

// MigrationID is the id of the command with which subscriptions go over from one version of a plan to another: each is moved once.
func MigrationID(planID string, from, to int) string {
	return fmt.Sprintf("migrate:%s:%d:%d", planID, from, to)
}

// MigratedTerms are the terms with which a subscription goes over to a version of its plan: all but the version stays, and the
// seats of a version without seats.
func MigratedTerms(terms subscription.Terms, to catalog.Plan) subscription.Terms {
	terms.PlanID, terms.PlanVersion = to.ID, to.Version
	if !to.HasSeats() {
		terms.Seats = 0
	}
	return terms
}

// CheckMigration says when a subscription goes over to a version by a migration's command, and refuses one that is to be left
// alone: that has not begun (not_begun), ends or changes anyway (canceled_at_period_end, change_pending), or that renews in fewer civil days than the
// notice (notice_too_short; 0 is none). Other codes are those of State.Check and CheckInForce.
func (a Account) CheckMigration(state subscription.State, c subscription.Command, to catalog.Plan, notice int) (time.Time, error) {
	switch waiting := state.AtPeriodEnd; {
	case state.Status == subscription.Scheduled:
		return time.Time{}, refuse("not_begun", "it has not begun")
	case waiting != nil && waiting.Cancel:
		return time.Time{}, refuse("canceled_at_period_end", "it is canceled and ends with its period")
	case waiting != nil || len(state.Planned) > 0:
		return time.Time{}, refuse("change_pending", "another change waits for the end of its period or its day")
	}
	if err := state.Check(c); err != nil {
		return time.Time{}, err
	}
	begin := a.TermsBegin(state, c)
	if days := a.Zone.DateOf(c.At).DaysUntil(a.Zone.DateOf(begin)); c.AtPeriodEnd && days < notice {
		return begin, refuse("notice_too_short", "it renews in %d days, sooner than the notice of %d days", days, notice)
	}
	return begin, CheckInForce(to, begin, a.Zone)
}
