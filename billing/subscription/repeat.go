package subscription

// Repeats says that a command asks for the same as another one with its id. Who repeats a request may date and explain
// it anew.
func (c Command) Repeats(first Command) bool {
	if (c.Terms == nil) != (first.Terms == nil) || c.Terms != nil && *c.Terms != *first.Terms {
		return false
	}
	if (c.Item == nil) != (first.Item == nil) || c.Item != nil && !c.Item.Equal(*first.Item) {
		return false
	}
	return c.Kind == first.Kind && c.AtPeriodEnd == first.AtPeriodEnd && c.On.Equal(first.On) && c.CreditUnused == first.CreditUnused &&
		c.Prices.Equal(first.Prices) && c.Mode == first.Mode && c.BillNext == first.BillNext &&
		c.NewPeriod == first.NewPeriod && c.Customer == first.Customer && c.Withdraws == first.Withdraws
}
