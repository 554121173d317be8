package quote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// newest is the newest version of a plan that is sold to a customer at an instant. If none is yet it is one that is refused
// with its date, and 0 if there is none at all.
func (w *world) newest(planID string, at time.Time, zone calendar.Zone) int {
	versions := w.versions(planID)
	if newest, found := catalog.Newest(versions, at, zone); found {
		return newest.Version
	}
	if len(versions) == 0 {
		return 0
	}
	return versions[0].Version
}

func (w *world) versions(planID string) []catalog.Plan {
	var versions []catalog.Plan
	for _, p := range w.catalog {
		if p.ID == planID {
			versions = append(versions, p)
		}
	}
	return versions
}

// plan is the version that terms name; one that the catalogue does not have is refused with those that it has.
func (w *world) plan(terms subscription.Terms) (catalog.Plan, error) {
	of := func(p catalog.Plan) bool { return p.ID == terms.PlanID && p.Version == terms.PlanVersion }
	if i := slices.IndexFunc(w.catalog, of); i >= 0 {
		return w.catalog[i], nil
	}
	var versions, plans []string
	for _, p := range w.catalog {
		if !slices.Contains(plans, p.ID) {
			plans = append(plans, p.ID)
		}
		if p.ID == terms.PlanID {
			versions = append(versions, fmt.Sprint(p.Version))
		}
	}
	if len(versions) == 0 {
		return catalog.Plan{}, refuse("plan_unknown", "plan %q is not in the catalogue, which has %s", terms.PlanID, cmp.Or(strings.Join(plans, ", "), "none"))
	}
	return catalog.Plan{}, refuse("plan_unknown", "plan %q has no version %d in the catalogue, which has %s",
		terms.PlanID, terms.PlanVersion, strings.Join(versions, ", "))
}
