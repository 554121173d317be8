package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// prices says what a plan version costs. counts is false for what is only billed again because a later invoice refers to it.
type prices func(terms subscription.Terms, counts bool) (catalog.Plan, error)

// replay is a subscription whose life is lived again: what lifecycle.Records are, over its history. What was in force and
// what was used are facts; what is charged is made anew.
type replay struct {
	History
	memory.Records

	inForce func(subscription.Terms) (catalog.Plan, error)
	prices  prices
	// coupons are what discounts take off the invoices of this subscription and of those that share them.
	coupons *coupons
	// counts, past, used and issued belong to the step under way: whether its invoice is compared, whether what discounts
	// took off it is on record, the usage that it billed, and the invoice itself, which has no id if there was none.
	counts bool
	past   bool
	used   map[metered]invoicing.Usage
	issued Issued
	// customer is whose invoice it is, next the one that follows a transfer.
	customer string
	next     string
	made     []made
	// seats are how many there were after the step under way, which happened at an instant. settled are the lines of which a
	// statement was made, planCredit what the statements have left.
	seats      int64
	at         time.Time
	settled    map[invoicing.LineRef]bool
	planCredit money.Amount
}

// made is an invoice of the replay.
type made struct {
	memory.Invoice

	customer string
	counts   bool
}

// metered is a meter under a plan version.
type metered struct {
	planID  string
	version int
	meter   string
}

// nobody is taxed: amounts without tax are compared.
const nowhere = "US"

func (r *replay) account() lifecycle.Account {
	return lifecycle.Account{
		Records: r, Currency: r.Currency, Zone: r.Zone, Seller: tax.Seller{Country: nowhere}, Buyer: tax.Buyer{Country: nowhere},
	}
}

// happen lets a step happen again on the account of its subscription. The state that it comes to is on record and not asked for.
func (s *step) happen(ctx context.Context, account lifecycle.Account) error {
	what, do := string(s.event.Command.Kind), s.repeat
	if s.month != nil {
		what, do = "month "+s.month.Month, s.billMonth
	}
	if err := do(ctx, account); err != nil {
		return fmt.Errorf("subscription %s: %s of %s: %w", s.of.SubscriptionID, what, stamp(s.at), err)
	}
	return nil
}

func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// billMonth bills a month of the monthly run again.
func (s *step) billMonth(ctx context.Context, account lifecycle.Account) error {
	r, month := s.of, s.month
	r.counts, r.past = month.Counts, month.Past
	if err := r.begin(cmp.Or(r.invoice(month.InvoiceID).CustomerID, r.CustomerID), month.InvoiceID); err != nil {
		return err
	}
	standing := subscription.State{ID: r.SubscriptionID, Status: subscription.Active, StartAt: r.StartAt, EndedAt: r.EndedAt}
	_, err := account.BillMonth(ctx, standing, month.Month, month.AsOf)
	if errors.Is(err, invoicing.ErrNothingToBill) {
		return nil
	}
	return err
}

// repeat carries out a command again, or turns a boundary.
func (s *step) repeat(ctx context.Context, account lifecycle.Account) error {
	r, event := s.of, s.event
	first := event.InvoiceID
	if event.After.CustomerID != s.before.CustomerID {
		first, r.next = event.FormerID, event.InvoiceID
	}
	r.counts, r.past, r.seats, r.at = event.Counts, event.Past, event.After.Terms.Seats, s.at
	err := r.begin(s.before.CustomerID, first)
	if err != nil {
		return err
	}
	switch event.Command.Kind {
	case Boundary:
		_, err = account.Turn(ctx, s.before, s.at)
	case Planned:
		if !missed(s.before, event) {
			_, err = account.Turn(ctx, s.before, s.at)
		}
	case subscription.Release: // bills nothing; that the subscription was held is in no record of a command
	default:
		_, err = account.CarryOut(ctx, s.before, event.Command)
	}
	return err
}

// missed says that a planned command was refused on its day. Why is not asked again: the reason may be gone.
func missed(state subscription.State, event Event) bool {
	planned, _, is := state.PlannedFor(event.Command.At)
	return is && slices.ContainsFunc(event.After.Missed, func(m subscription.Missed) bool { return m.CommandID == planned.ID })
}

// begin prepares for an invoice of a customer: the usage that it billed is what its lines say.
func (r *replay) begin(customer, invoiceID string) error {
	r.customer, r.used, r.issued = customer, map[metered]invoicing.Usage{}, r.invoice(invoiceID)
	for _, line := range r.issued.Lines {
		if line.Kind != invoicing.UsageLine {
			continue
		}
		plan, err := r.inForce(subscription.Terms{PlanID: line.PlanID, PlanVersion: line.PlanVersion})
		if err != nil {
			return err
		}
		charge, err := plan.Charge(line.ChargeID)
		if err != nil {
			return fmt.Errorf("invoice %s: %w", invoiceID, err)
		}
		r.used[metered{line.PlanID, line.PlanVersion, charge.Meter}] = invoicing.Usage{
			Meter: charge.Meter, Quantity: line.Quantity, Late: line.Late, Detail: line.Measured,
		}
	}
	return nil
}

// Plan is a plan version at the prices of the replay.
func (r *replay) Plan(_ context.Context, terms subscription.Terms) (catalog.Plan, error) {
	return r.prices(terms, r.counts)
}

// Agree changes nothing: what was agreed is on record.
func (r *replay) Agree(context.Context, lifecycle.Deal) error { return nil }

// Offer is the plan as well: that the terms were sold is a fact.
func (r *replay) Offer(ctx context.Context, terms subscription.Terms, _ time.Time) (catalog.Plan, error) {
	return r.Plan(ctx, terms)
}

// Enforce changes nothing: which terms were in force is on record.
func (r *replay) Enforce(context.Context, subscription.Terms, time.Time) error { return nil }

// CloseSegment changes nothing, as Enforce does not.
func (r *replay) CloseSegment(context.Context, time.Time) error { return nil }

// ClaimUsage returns what the event's invoice billed of a meter under the terms in force before an instant: all of it for
// the first stretch of time under them, since an invoice charges a meter once per plan version.
func (r *replay) ClaimUsage(_ context.Context, claim lifecycle.UsageClaim) ([]invoicing.Usage, error) {
	for _, s := range r.Terms {
		if !s.From.Before(claim.To) || !s.To.IsZero() && s.To.Before(claim.To) {
			continue
		}
		key := metered{s.Terms.PlanID, s.Terms.PlanVersion, claim.Meter}
		used, billed := r.used[key]
		if !billed {
			return nil, nil
		}
		delete(r.used, key)
		return []invoicing.Usage{used}, nil
	}
	return nil, nil
}

// Transfer goes on with the invoice of the new customer.
func (r *replay) Transfer(_ context.Context, customerID string) (lifecycle.Account, error) {
	err := r.begin(customerID, r.next)
	return r.account(), err
}

// Issue makes an invoice by the rules and keeps it. What the customer has and owes does not change its lines.
func (r *replay) Issue(_ context.Context, facts invoicing.Facts, _ int) (*lifecycle.Issued, error) {
	facts.Balance, facts.PlanCredit = money.Zero(facts.Currency), r.planCredit
	facts.Items = append(r.items(), facts.Items...)
	var err error
	if facts.Discounts, err = r.discounts(facts, ofBoth); err != nil {
		return nil, err
	}
	built, err := invoicing.Build(facts)
	if err != nil {
		return nil, err
	}
	if err := r.noteDiscounts(built); err != nil {
		return nil, err
	}
	if r.planCredit, err = built.PlanCreditLeft(r.planCredit); err != nil {
		return nil, err
	}
	r.keep(built, facts.IssuedAt)
	return &lifecycle.Issued{InvoiceID: built.Key, Total: built.Total, AmountDue: built.AmountDue}, nil
}

// keep records an invoice that was made.
func (r *replay) keep(built invoicing.Invoice, at time.Time) {
	issued := memory.Invoice{Invoice: built, IssuedAt: at}
	r.Keep(issued)
	r.made = append(r.made, made{Invoice: issued, customer: r.customer, counts: r.counts})
}

// AddItem and CancelItem change nothing: what was charged is on record.
func (r *replay) AddItem(context.Context, invoicing.Item, time.Time) error { return nil }

// CancelItem changes nothing, as AddItem does not.
func (r *replay) CancelItem(context.Context, string, time.Time) error { return nil }

// AddCycle is needed by nobody.
func (r *replay) AddCycle(context.Context, lifecycle.Cycle, time.Time) error { return nil }

// HasCycle is true: usage was late only for what had been billed.
func (r *replay) HasCycle(context.Context, int) (bool, error) { return true, nil }
