package subscription

import "slices"

// PlanSince is the cycle in which a plan came into force, whatever its version.
type PlanSince struct {
	PlanID string `json:"plan_id"`
	Cycle  int    `json:"cycle"`
}

// PeriodUnder counts from 0 which period under a plan the one under way is: what decides the plan's phase. A period that has
// begun counts, also as a stub, in a pause, and for a plan that came into force in the midst of it. A new version of the
// plan goes on counting, and so does a plan that was left and taken up again within the period.
func (s State) PeriodUnder(planID string) int {
	if i := s.indexSince(planID); i >= 0 {
		return s.Cycle - s.Since[i].Cycle
	}
	return s.Cycle
}

func (s State) indexSince(planID string) int {
	return slices.IndexFunc(s.Since, func(p PlanSince) bool { return p.PlanID == planID })
}

// takeUp notes a plan that comes into force in the period under way, and the one that it takes the place of.
func (s State) takeUp(planID string) State {
	if planID == s.Terms.PlanID || s.Cycle < 1 {
		return s
	}
	left, taken := s.indexSince(s.Terms.PlanID), s.indexSince(planID)
	s.Since = slices.Clone(s.Since)
	if left < 0 {
		s.Since = append(s.Since, PlanSince{PlanID: s.Terms.PlanID})
	}
	if taken < 0 {
		s.Since = append(s.Since, PlanSince{PlanID: planID, Cycle: s.Cycle})
	}
	return s
}

// sinceInCycle is what Since says in the cycle after s's, which begins under a plan.
func (s State) sinceInCycle(planID string) []PlanSince {
	since := s.Cycle + 1
	if planID == s.Terms.PlanID {
		since = 0
		if i := s.indexSince(planID); i >= 0 {
			since = s.Since[i].Cycle
		}
	}
	if since == 0 {
		return nil
	}
	return []PlanSince{{PlanID: planID, Cycle: since}}
}
