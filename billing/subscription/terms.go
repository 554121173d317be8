package subscription

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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

// AddOn is a version of another plan that is billed with the subscription's own, in the same period, with a quantity of
// its own in place of seats (1 or more).
type AddOn struct {
	PlanID      string `json:"plan_id"`
	PlanVersion int    `json:"plan_version"`
	Quantity    int64  `json:"quantity"`
}

// AddOns is a list of add-ons by plan id, each plan once. It is kept as one text, so that terms can be compared with ==;
// in JSON it is a list. The zero value is the empty list.
type AddOns struct{ text string }

// NewAddOns makes the list, in whatever order they come. A plan twice, a version below 1 and a quantity below 1 are errors.
func NewAddOns(list ...AddOn) (AddOns, error) {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b AddOn) int { return cmp.Compare(a.PlanID, b.PlanID) })
	texts := make([]string, len(sorted))
	for i, a := range sorted {
		switch {
		case a.PlanID == "" || strings.ContainsAny(a.PlanID, addOnMarks):
			return AddOns{}, fmt.Errorf("add_ons: plan_id %q is no id of a plan", a.PlanID)
		case a.PlanVersion < 1:
			return AddOns{}, fmt.Errorf("add_ons: plan_version of %q must be 1 or more, not %d", a.PlanID, a.PlanVersion)
		case a.Quantity < 1:
			return AddOns{}, fmt.Errorf("add_ons: quantity of %q must be 1 or more, not %d: leave it out to have none", a.PlanID, a.Quantity)
		case i > 0 && sorted[i-1].PlanID == a.PlanID:
			return AddOns{}, fmt.Errorf("add_ons: plan %q is there twice: give one quantity", a.PlanID)
		}
		texts[i] = fmt.Sprintf("%s@%d*%d", a.PlanID, a.PlanVersion, a.Quantity)
	}
	return AddOns{strings.Join(texts, " ")}, nil
}

// addOnMarks separate the parts of the text; no plan's id has them.
const addOnMarks = "@* "

// List returns the add-ons, sorted by plan id.
func (a AddOns) List() []AddOn {
	texts := strings.Fields(a.text)
	list := make([]AddOn, len(texts))
	for i, text := range texts {
		id, rest, _ := strings.Cut(text, "@")
		version, quantity, _ := strings.Cut(rest, "*")
		list[i].PlanID = id
		list[i].PlanVersion, _ = strconv.Atoi(version) // NewAddOns wrote it
		list[i].Quantity, _ = strconv.ParseInt(quantity, 10, 64)
	}
	return list
}

// IsZero says that there are no add-ons.
func (a AddOns) IsZero() bool { return a.text == "" }

// String lists the add-ons as "storage@1*3 support@2*1": plan, version and quantity.
func (a AddOns) String() string { return a.text }

// MarshalJSON writes a list.
func (a AddOns) MarshalJSON() ([]byte, error) { return json.Marshal(a.List()) }

// UnmarshalJSON reads a list and holds it to the rules of NewAddOns.
func (a *AddOns) UnmarshalJSON(text []byte) error {
	var list []AddOn
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("add_ons: %w", err)
	}
	made, err := NewAddOns(list...)
	if err != nil {
		return err
	}
	*a = made
	return nil
}
