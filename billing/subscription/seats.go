package subscription

// SeatNextCycle gives the cycle that the next boundary begins so many seats: what its terms are else stays.
func (s State) SeatNextCycle(seats int64) State {
	terms := s.TermsAtBoundary()
	if terms.Seats == seats {
		return s
	}
	terms.Seats = seats
	var next Deferred
	if s.AtPeriodEnd != nil {
		next = *s.AtPeriodEnd
	}
	next.Terms = &terms
	s.AtPeriodEnd = &next
	return s
}
