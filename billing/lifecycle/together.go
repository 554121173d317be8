package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/invoicing"
)

// Sharing are records of a subscription that can share an invoice.
type Sharing interface {
	Records
	// Share completes the facts of a cycle with what is the subscription's own, whoever it shares the invoice with. The error is
	// invoicing.ErrNothingToBill when there is nothing on its part, or ErrAlone when it has to have an invoice of its own.
	Share(ctx context.Context, facts invoicing.Facts) (invoicing.Facts, error)
}

// ErrAlone says that what a subscription bills cannot be on an invoice with others.
var ErrAlone = errors.New("the subscription needs an invoice of its own")

// Together bills several subscriptions at one instant on one invoice. Each goes through the same rules as alone (Turn,
// BillMonth), on the account that Of makes; what they bill for a cycle is held back until Issue. Anything else that they bill,
// such as the end of one of them, is on an invoice of its own as always.
type Together[R Sharing] struct{ parts []*Part[R] }

// Part is what one subscription brings to an invoice.
type Part[R Sharing] struct {
	SubscriptionID string
	Records        R
	Facts          invoicing.Facts
	Cycle          int
	// alone are the facts for an invoice of its own.
	alone invoicing.Facts
	// issued is what the subscription's outcome points to: it is known when the invoice is.
	issued *Issued
	// noted is the cycle, which is recorded with the invoice.
	noted *Cycle
}

// Of is the account of a subscription whose invoice of a cycle is held back. Its records are those given.
func (t *Together[R]) Of(subscriptionID string, a Account, records R) Account {
	a.Records = &held[R]{Sharing: records, id: subscriptionID, records: records, together: t}
	return a
}

func (t *Together[R]) inOrder() []*Part[R] {
	return slices.SortedFunc(slices.Values(t.parts), func(a, b *Part[R]) int { return strings.Compare(a.SubscriptionID, b.SubscriptionID) })
}

// head are the facts of the invoice that no part has to itself. Its identity is that of the first part, which can be on one
// invoice only, and says that there are others.
func head[R Sharing](parts []*Part[R]) invoicing.Facts {
	first := parts[0].Facts
	return invoicing.Facts{
		Key: first.Key + ":shared", Reason: first.Reason, IssuedAt: first.IssuedAt, Currency: first.Currency,
		Zone: first.Zone, Seller: first.Seller, Buyer: first.Buyer,
	}
}

// Parts are what Consolidate makes an invoice of.
func Parts[R Sharing](parts []*Part[R]) []invoicing.Part {
	list := make([]invoicing.Part, len(parts))
	for i, part := range parts {
		list[i] = invoicing.Part{SubscriptionID: part.SubscriptionID, Facts: part.Facts}
	}
	return list
}

// Issue has the invoice made of what was held back: for several parts, in the order of their subscriptions' ids, by all, with
// the facts that are not of one of them as far as they follow from the parts; for a single one as always. The outcomes of the
// subscriptions then have it.
func (t *Together[R]) Issue(ctx context.Context, all func(context.Context, invoicing.Facts, []*Part[R]) (*Issued, error)) error {
	if len(t.parts) == 0 {
		return nil
	}
	var issued *Issued
	var err error
	if only := t.parts[0]; len(t.parts) == 1 {
		issued, err = only.Records.Issue(ctx, only.alone, only.Cycle)
	} else {
		parts := t.inOrder()
		issued, err = all(ctx, head(parts), parts)
	}
	if err != nil {
		return err
	}
	for _, part := range t.parts {
		*part.issued, part.noted.InvoiceID = *issued, issued.InvoiceID
		if err := part.Records.AddCycle(ctx, *part.noted, part.Facts.IssuedAt); err != nil {
			return err
		}
	}
	return nil
}

// held are records that hold the invoice of a cycle back. Whoever becomes the owner on the way is billed as always.
type held[R Sharing] struct {
	Sharing

	id       string
	records  R
	together *Together[R]
	part     *Part[R]
}

// Issue holds the invoice of a cycle back, if there will be something on it.
func (h *held[R]) Issue(ctx context.Context, facts invoicing.Facts, cycle int) (*Issued, error) {
	if facts.Reason != invoicing.ForCycle {
		return h.records.Issue(ctx, facts, cycle)
	}
	complete, err := h.records.Share(ctx, facts)
	switch {
	case errors.Is(err, ErrAlone):
		return h.records.Issue(ctx, facts, cycle)
	case err != nil:
		return nil, err
	}
	h.part = &Part[R]{SubscriptionID: h.id, Records: h.records, Facts: complete, Cycle: cycle, alone: facts, issued: &Issued{}}
	return h.part.issued, nil
}

// AddCycle notes a cycle whose invoice is held back.
func (h *held[R]) AddCycle(ctx context.Context, cycle Cycle, at time.Time) error {
	if h.part == nil {
		return h.records.AddCycle(ctx, cycle, at)
	}
	h.part.noted = &cycle
	h.together.parts = append(h.together.parts, h.part)
	return nil
}
