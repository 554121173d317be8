package service

import (
	"context"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/workflows/message"
)

// TopUp says when credit is bought by itself, and how much. Amounts are minor units of the currency.
type TopUp struct {
	Currency     string `json:"currency,omitempty" doc:"The customer's when absent."`
	Below        *int64 `json:"below,omitempty" doc:"Buys when the balance, less what is spoken for, is at or below this."`
	Every        string `json:"every,omitempty" doc:"Buys at each boundary of this interval from the day on which it is agreed." example:"month"`
	Amount       *int64 `json:"amount,omitempty" doc:"What is bought each time; either this or up_to."`
	UpTo         *int64 `json:"up_to,omitempty" doc:"The balance that is bought up to."`
	MostPerMonth *int64 `json:"most_per_month,omitempty" doc:"The most that is bought in a calendar month."`
	Priority     *int   `json:"priority,omitempty" doc:"Of what is bought, 0 to 100; 50 when absent."`
	ValidFor     string `json:"valid_for,omitempty" doc:"For how long what is bought can be used, from the day on which it is paid." example:"1 year"`
	Off          bool   `json:"off,omitempty" doc:"Nothing is bought by itself any more."`
}

// SetTopUp agrees with a customer on how credit is bought by itself.
func (s *Service) SetTopUp(ctx context.Context, customerID string, in TopUp) (TopUp, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return in, err
	}
	currency, err := currencyOr(in.Currency, customer.Currency)
	if err != nil {
		return in, err
	}
	request := message.SetTopUp{CustomerID: customer.ID, Currency: currency}
	if request.At, err = s.now(ctx, customer); err != nil {
		return in, err
	}
	if !in.Off {
		zone, err := calendar.LoadZone(customer.Zone)
		if err != nil {
			return in, err
		}
		if request.TopUp, err = in.terms(currency, zone.DateOf(request.At)); err != nil {
			return in, err
		}
	}
	if err := s.clientOf(customer).SetTopUp(ctx, customer.EntityID, request); err != nil {
		return in, answered(err)
	}
	in.Currency = string(currency)
	return in, nil
}

func (t TopUp) terms(currency money.Currency, today calendar.Date) (*message.TopUp, error) {
	var p problems
	amount := func(minor *int64) *money.Amount {
		if minor == nil {
			return nil
		}
		a := money.New(*minor, currency)
		return &a
	}
	terms := &message.TopUp{
		TopUp:    wallet.TopUp{Below: amount(t.Below), Amount: amount(t.Amount), UpTo: amount(t.UpTo), MostPerMonth: amount(t.MostPerMonth)},
		Priority: wallet.DefaultPriority,
	}
	if t.Priority != nil {
		if terms.Priority = *t.Priority; terms.Priority < wallet.FirstPriority || terms.Priority > wallet.LastPriority {
			p.add("priority", "must be between %d and %d, got %d", wallet.FirstPriority, wallet.LastPriority, terms.Priority)
		}
	}
	if t.Every != "" {
		every, err := calendar.ParseInterval(t.Every)
		p.check("every", err)
		terms.Every, terms.Anchor = &every, today
	}
	if t.ValidFor != "" {
		interval, err := calendar.ParseInterval(t.ValidFor)
		p.check("valid_for", err)
		terms.ValidFor = &interval
	}
	return terms, p.err()
}
