package subscription

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// HeldAddOn is something that the plan's version sells with it (catalog.AddOn), and how many of it: 1 or more.
type HeldAddOn struct {
	ID       string `json:"id"`
	Quantity int64  `json:"quantity"`
}

// AddOns is a list of add-ons by id, each once. It is kept as one text, so that terms can be compared with ==; in JSON it is
// a list. The zero value is the empty list.
type AddOns struct{ text string }

// NewAddOns makes the list, in whatever order they come. The error is a *Refusal: add_on_invalid for an id that no add-on
// can have, add_on_quantity for a quantity below 1, add_on_twice.
func NewAddOns(list ...HeldAddOn) (AddOns, error) {
	for _, a := range list {
		if a.Quantity < 1 {
			return AddOns{}, refuse("add_on_quantity", "quantity of %q must be 1 or more, not %d: leave it out to have none", a.ID, a.Quantity)
		}
	}
	return AddOns{}.Changed(list...)
}

// Changed is the list with other quantities of some add-ons, 0 for those to be removed; the others stay as they are. Errors
// are those of NewAddOns.
func (a AddOns) Changed(list ...HeldAddOn) (AddOns, error) {
	kept := a.List()
	for i, change := range list {
		switch {
		case change.ID == "" || strings.ContainsAny(change.ID, addOnMarks):
			return AddOns{}, refuse("add_on_invalid", "%q is no id of an add-on", change.ID)
		case change.Quantity < 0:
			return AddOns{}, refuse("add_on_quantity", "quantity of %q must be 0 or more, not %d: 0 removes it", change.ID, change.Quantity)
		case slices.ContainsFunc(list[:i], func(before HeldAddOn) bool { return before.ID == change.ID }):
			return AddOns{}, refuse("add_on_twice", "%q is there twice: give one quantity", change.ID)
		}
		kept = slices.DeleteFunc(kept, func(held HeldAddOn) bool { return held.ID == change.ID })
		if change.Quantity > 0 {
			kept = append(kept, change)
		}
	}
	slices.SortFunc(kept, func(a, b HeldAddOn) int { return cmp.Compare(a.ID, b.ID) })
	texts := make([]string, len(kept))
	for i, held := range kept {
		texts[i] = fmt.Sprintf("%s*%d", held.ID, held.Quantity)
	}
	return AddOns{strings.Join(texts, " ")}, nil
}

// addOnMarks separate the parts of the text; no add-on's id has them.
const addOnMarks = "* "

// List returns the add-ons, sorted by id.
func (a AddOns) List() []HeldAddOn {
	texts := strings.Fields(a.text)
	list := make([]HeldAddOn, len(texts))
	for i, text := range texts {
		id, quantity, _ := strings.Cut(text, "*")
		list[i].ID = id
		list[i].Quantity, _ = strconv.ParseInt(quantity, 10, 64) // Changed wrote it
	}
	return list
}

// Quantities are how many there are of each add-on, nil for none.
func (a AddOns) Quantities() map[string]int64 {
	if a.IsZero() {
		return nil
	}
	quantities := make(map[string]int64)
	for _, held := range a.List() {
		quantities[held.ID] = held.Quantity
	}
	return quantities
}

// IsZero says that there are no add-ons.
func (a AddOns) IsZero() bool { return a.text == "" }

// String lists the add-ons as "storage*3 support*1": id and quantity.
func (a AddOns) String() string { return a.text }

// MarshalJSON writes a list.
func (a AddOns) MarshalJSON() ([]byte, error) { return json.Marshal(a.List()) }

// UnmarshalJSON reads a list and holds it to the rules of NewAddOns.
func (a *AddOns) UnmarshalJSON(text []byte) error {
	var list []HeldAddOn
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("add_ons: %w", err)
	}
	made, err := NewAddOns(list...)
	if err != nil {
		return fmt.Errorf("add_ons: %w", err)
	}
	*a = made
	return nil
}
