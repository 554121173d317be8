package subscription

// Terms are what the customer bought: a version of a plan, a number of seats (0 for plans without seats) and what is added
// to it. Two terms are equal (==) if they say the same.
type Terms struct {
	PlanID      string `json:"plan_id"`
	PlanVersion int    `json:"plan_version"`
	Seats       int64  `json:"seats"`
	AddOns      AddOns `json:"add_ons,omitzero"`
}

// SamePlan says that the terms are of the same version of the same plan.
func (t Terms) SamePlan(o Terms) bool { return t.PlanID == o.PlanID && t.PlanVersion == o.PlanVersion }

// With are the same terms with other add-ons.
func (t Terms) With(addOns AddOns) Terms {
	t.AddOns = addOns
	return t
}
