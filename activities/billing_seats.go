package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// seatMembers completes what is asked for with the seats of the members who are there from the beginning. It returns how seats
// follow members, nil if they do not.
func seatMembers(ctx context.Context, tx store.Tx, in message.Subscribe, zone calendar.Zone) (message.Subscribe, *lifecycle.Seated, error) {
	if in.FairBilling == nil {
		return in, nil, nil
	}
	plan, err := sold(ctx, tx, in.EntityID, in.Terms)
	if err != nil {
		return in, nil, err
	}
	seated, err := agreementOf(in).SeatMembers(*in.FairBilling, plan, zone)
	in.Terms = seated.Terms
	if refused, is := errors.AsType[*subscription.Refusal](err); is {
		return in, nil, refused
	}
	if err != nil {
		return in, nil, refusal("fair_billing_invalid", "fair_billing.%s", err)
	}
	return in, &seated, nil
}

func recordSeating(ctx context.Context, tx store.Tx, s *lifecycle.Seated) error {
	if s == nil {
		return nil
	}
	return tx.AddFairBilling(ctx, s.SubscriptionID, store.FairBilling{
		WindowDays: s.WindowDays, MinimumSeats: s.MinimumSeats, FirstSeats: s.FirstSeats,
	}, s.Members)
}

// FairBilling is what the subscription agreed to, nil if its seats are charged as they are bought.
func (a account) FairBilling(ctx context.Context) (*lifecycle.FairBilling, error) {
	row, err := a.tx.FairBilling(ctx, a.row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &lifecycle.FairBilling{Policy: row.Policy(), FirstSeats: row.FirstSeats}, nil
}

// ActiveSeats counts the members who are active on a day, as far as that is known.
func (a account) ActiveSeats(ctx context.Context, policy fairbilling.Policy, on calendar.Date) (int64, error) {
	members, err := a.Members(ctx, policy, on, on.AddDays(1))
	return policy.Seats(members, on), err
}

// Members lists who may be active on a day of [from, to).
func (a account) Members(ctx context.Context, policy fairbilling.Policy, from, to calendar.Date) ([]fairbilling.Member, error) {
	return a.tx.ActiveMembers(ctx, a.row.ID, policy.WindowDays, from, to)
}

// UnsettledLines lists what was charged in advance for time that ends at an instant and was neither credited nor settled.
func (a account) UnsettledLines(ctx context.Context, end time.Time) ([]invoicing.BilledLine, error) {
	rows, err := a.tx.UnsettledLines(ctx, a.row.ID, end)
	if err != nil {
		return nil, err
	}
	return a.billedLines(ctx, rows)
}

// KeepStatement records a statement, and its credits as plan credit.
func (a account) KeepStatement(ctx context.Context, s lifecycle.SeatStatement) error {
	entries := make([]store.SeatEntry, len(s.Entries))
	for i, e := range s.Entries {
		entries[i] = store.SeatEntry{MemberID: e.Member, Kind: string(e.Kind), Day: e.On.String(), Days: e.Days, Of: e.Of, Amount: e.Amount.Minor}
	}
	id, err := a.tx.AddSeatStatement(ctx, store.SeatStatement{
		SubscriptionID: a.row.ID, InvoiceKey: s.Key, LineInvoice: s.Line.InvoiceID, LinePosition: s.Line.Position, ChargeID: s.ChargeID,
		PeriodStart: s.Period.Start, PeriodEnd: s.Period.End, Currency: a.row.Currency, Charges: s.Charges.Minor, Credits: s.Credits.Minor,
		SettledAt: s.At,
	}, entries)
	if err != nil {
		return err
	}
	if err := a.tx.NoteSettled(ctx, a.row.ID, s.Through); err != nil {
		return err
	}
	return a.tx.MovePlanCredit(ctx, a.row.ID, a.row.Currency, store.PlanCreditEntry{
		Key: fmt.Sprintf("plan-credit:earned:%s:%d", s.Line.InvoiceID, s.Line.Position), Kind: store.PlanCreditEarned,
		Amount: s.Credits.Minor, StatementID: &id, At: s.At,
	})
}

// ExpirePlanCredit ends what is left of the plan credit.
func (a account) ExpirePlanCredit(ctx context.Context, at time.Time, why string) error {
	left, err := a.tx.PlanCredit(ctx, a.row.ID, a.row.Currency)
	if err != nil {
		return err
	}
	return a.tx.MovePlanCredit(ctx, a.row.ID, a.row.Currency, store.PlanCreditEntry{
		Key: "plan-credit:expired:" + a.row.ID + ":" + at.UTC().Format(time.RFC3339Nano), Kind: store.PlanCreditExpired,
		Amount: -left.Minor, Reason: why, At: at,
	})
}

// notePlanCredit records what an invoice used of the plan credit and, with its credits, gave back.
func (a account) notePlanCredit(ctx context.Context, invoiceID string, built invoicing.Invoice, at time.Time) error {
	for _, total := range built.Discounts {
		if total.DiscountID != invoicing.PlanCreditID {
			continue
		}
		for _, moved := range []struct { // first what is used again
			kind   string
			amount money.Amount
		}{{store.PlanCreditGivenBack, total.GivenBack}, {store.PlanCreditUsed, total.Taken.Neg()}} {
			err := a.tx.MovePlanCredit(ctx, a.row.ID, a.row.Currency, store.PlanCreditEntry{
				Key: "plan-credit:" + moved.kind + ":" + invoiceID, Kind: moved.kind, Amount: moved.amount.Minor, InvoiceID: &invoiceID, At: at,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
