package invoicing

import (
	"cmp"
	"slices"
	"strings"
)

// inOrder lists the facts in the one order in which they are treated, whatever order they came in: segments by time, lines
// billed by when they begin and then by where they stand, items by id. Discounts and grants are put in order where they are
// applied. Segments of no length at one instant stay as they are listed: nothing else knows which came first.
func (f Facts) inOrder() Facts {
	if f.Closes != nil {
		closing := *f.Closes
		closing.Segments = slices.SortedStableFunc(slices.Values(closing.Segments), func(a, b Segment) int {
			return cmp.Or(a.Period.Start.Compare(b.Period.Start), a.Period.End.Compare(b.Period.End))
		})
		f.Closes = &closing
	}
	if f.Revises != nil {
		revision := f.Revises.inOrder()
		f.Revises = &revision
	}
	f.Earlier = slices.Clone(f.Earlier)
	for i, earlier := range f.Earlier {
		f.Earlier[i] = earlier.inOrder()
	}
	f.Items = slices.SortedStableFunc(slices.Values(f.Items), func(a, b Item) int { return strings.Compare(a.ID, b.ID) })
	return f
}

func (r Revision) inOrder() Revision {
	r.Billed = slices.SortedStableFunc(slices.Values(r.Billed), func(a, b BilledLine) int {
		return cmp.Or(
			a.Line.Period.Start.Compare(b.Line.Period.Start), strings.Compare(a.InvoiceID, b.InvoiceID), cmp.Compare(a.Position, b.Position),
		)
	})
	return r
}
