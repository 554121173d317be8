package subscription

import "slices"

// Bounds of what an item says, in bytes.
const (
	longestItemID          = 100
	longestItemDescription = 500
)

// checkItem refuses an item that cannot be, with the code item_missing or item_invalid.
func (s State) checkItem(c Command) error {
	if c.Item == nil {
		return refuse("item_missing", "subscription %s: charge %s does not say what is charged", s.ID, c.ID)
	}
	if err := c.Item.Validate(); err != nil {
		return refuse("item_invalid", "subscription %s: %s", s.ID, err)
	}
	if len(c.Item.ID) > longestItemID || len(c.Item.Description) > longestItemDescription {
		return refuse("item_invalid", "subscription %s: an item has at most %d bytes of id and %d of description",
			s.ID, longestItemID, longestItemDescription)
	}
	return nil
}

// Noted is the state after a command that leaves the subscription as it is.
func (s State) Noted(c Command) State {
	s.LastAt = c.At.UTC()
	return s
}

// AfterTheEnd says that a command may be for a subscription that has ended.
func (k Kind) AfterTheEnd() bool {
	return slices.Contains([]Kind{Reactivate, Charge, CancelCharge, BillLate}, k)
}

// canBePlanned says that a command can wait for a date.
func (k Kind) canBePlanned() bool {
	return !slices.Contains([]Kind{Reactivate, Withdraw, Release, Charge, CancelCharge, BillLate}, k)
}
