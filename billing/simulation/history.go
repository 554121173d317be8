// Package simulation bills again what happened, with another catalogue: the same subscriptions, seats, changes, pauses and
// usage at other prices. What each boundary and command means is decided by package lifecycle and each invoice is made by
// package invoicing, as when they were issued. The same is done with the catalogue that was in force; that control run must
// make the invoices that were issued, line by line, or the comparison says nothing.
//
// Amounts are without tax: a price is compared with a price.
package simulation

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// History is what is on record of one subscription, as far as it takes to make its invoices of a stretch of time again.
type History struct {
	SubscriptionID string
	// CustomerID is who has the subscription today.
	CustomerID string
	// Beside says that only other subscriptions, with which it shares coupons, were billed in the stretch of time.
	Beside bool
	// Sharing is what it shares invoices by today.
	Sharing  account.Sharing
	Currency money.Currency
	Zone     calendar.Zone
	StartAt  time.Time
	EndedAt  *time.Time
	// Before is the state that the first of Events met; nil if that is the subscription's beginning.
	Before *subscription.State
	// Events are, oldest first, those of the stretch of time and the ones before it since a billing period began: what was
	// charged in advance then is credited by a change now. With a coupon that is the first period of all.
	Events []Event
	// Months are those that the monthly run billed in the same time, oldest first.
	Months []Month
	// Terms are those that were in force, oldest first.
	Terms []lifecycle.Segment
	// Sold are the plan versions that were sold at prices which the catalogue does not have.
	Sold []Sold
	// Agreed are the plan versions for which prices were agreed with the customer.
	Agreed []Agreed
	// Discounts are the coupons that its customers had for the subscription or for all of theirs.
	Discounts []Discount
	// Seating is how seats followed members, nil where they were charged as they were bought.
	Seating *Seating
	// Issued are the invoices of Events and Months.
	Issued []Issued
}

// What is on record beside the commands that somebody gave: that a boundary was turned, or the day of a planned command came.
const (
	Boundary subscription.Kind = "boundary"
	Planned  subscription.Kind = "planned"
)

// Event is a boundary that was turned, or a command that was carried out.
type Event struct {
	Command subscription.Command
	// After is the state that it left.
	After subscription.State
	// InvoiceID is the invoice that came of it, if any; FormerID the one of who was the customer before a transfer.
	InvoiceID string
	FormerID  string
	// RecordedAt tells in which order what happened at one instant came about.
	RecordedAt time.Time
	// Counts says that the event is in the stretch of time, and its invoice compared.
	Counts bool
	// Past says that the event was before the billing period in which the stretch of time begins, the earliest one of the
	// subscriptions that share coupons: its invoice is made again for its lines, but what discounts took off in all until then
	// is on record.
	Past bool
}

// Month is a calendar month ("2027-01") that the monthly run billed on an invoice issued at AsOf, or found nothing to bill in.
type Month struct {
	Month     string
	AsOf      time.Time
	InvoiceID string
	// Counts and Past are as those of an Event.
	Counts bool
	Past   bool
}

// Sold is a plan version with the prices that the subscription was sold it at.
type Sold struct {
	PlanID      string
	PlanVersion int
	At          time.Time
	Conversion  presentment.Conversion
}

// Agreed are prices of a plan version in place of the catalogue's.
type Agreed struct {
	PlanID      string
	PlanVersion int
	Prices      catalog.Agreed
}

// agreed are the prices that were agreed for a plan version, if any were.
func (h History) agreed(planID string, version int) catalog.Agreed {
	for _, a := range h.Agreed {
		if a.PlanID == planID && a.PlanVersion == version {
			return a.Prices
		}
	}
	return nil
}

// Discount is a coupon that a customer had, with what it took off invoices, of other subscriptions as well.
type Discount struct {
	discount.Discount

	CustomerID string
	// SubscriptionID is the only one that it is for; empty for all of the customer's.
	SubscriptionID string
	Taken          []Taken
}

// Taken is what a discount took off an invoice.
type Taken struct {
	discount.Use

	InvoiceID string
	// Serial orders the seller's invoices as they were issued.
	Serial   int64
	IssuedAt time.Time
}

// Issued is an invoice on record. Key is its business identity, such as "invoice:sub_1:cycle-3".
type Issued struct {
	ID         string
	CustomerID string
	Number     string
	// Serial orders the seller's invoices as they were issued, from 1.
	Serial int64
	Key    string
	// Counts says that the invoice was issued in the stretch of time.
	Counts bool
	Lines  []Line
}

// Line is what an invoice charged or credited, after discounts and without tax.
type Line struct {
	Kind        invoicing.LineKind
	PlanID      string
	PlanVersion int
	ChargeID    string
	Quantity    decimal.Decimal
	// Late is the part of a usage's quantity that belongs to earlier periods.
	Late decimal.Decimal
	// Measured is what else was known of a usage, nothing of a line that was issued before that was kept.
	Measured rating.Detail
	Amount   money.Amount
	// Unit is what one of an item costs before discounts, in major units; other lines do not say it.
	Unit   decimal.Decimal
	Period calendar.Period
}

// first is the state that the first event met. Before its beginning a subscription is what was agreed, which its first
// state still says.
func (h History) first() subscription.State {
	if h.Before != nil || len(h.Events) == 0 {
		return valueOf(h.Before)
	}
	after := h.Events[0].After
	state := subscription.New(after.ID, after.CustomerID, after.Terms, after.BilledBy, after.StartAt, after.EndsAfter)
	state.Anchor, state.EndsAt = h.Zone.DateOf(after.StartAt), after.EndsAt
	return state
}

func valueOf(state *subscription.State) subscription.State {
	if state == nil {
		return subscription.State{}
	}
	return *state
}

// invoice finds an issued invoice by its id.
func (h History) invoice(id string) Issued {
	for _, issued := range h.Issued {
		if issued.ID == id {
			return issued
		}
	}
	return Issued{}
}
