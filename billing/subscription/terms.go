package subscription

// Terms are what the customer bought: a version of a plan, a number of seats (0 for plans without seats) and what is added
// to it. Two terms are equal (==) if they say the same.
type Terms struct {
	PlanID      string `json:"plan_id"`
	PlanVersion int    `json:"plan_version"`
	Seats       int64  `json:"seats"`
	AddOns      AddOns `json:"add_ons,omitzero"`
}

// With are the same terms with other add-ons.
func (t Terms) With(addOns AddOns) Terms {
	t.AddOns = addOns
	return t
}
