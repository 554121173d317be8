package service

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// NewGrant asks for prepaid credit. Amounts are minor units of the currency.
type NewGrant struct {
	ID       string `json:"id" doc:"Your name for the grant: repeating it grants nothing more." example:"annual-2027"`
	Amount   int64  `json:"amount" doc:"What it can pay, in minor units."`
	Currency string `json:"currency,omitempty" doc:"The customer's when absent."`
	Payment  string `json:"payment,omitempty" enum:"none,invoice,outside" doc:"none (a present) when absent; invoice sells it on one; outside is paid elsewhere."`
	Cost     *int64 `json:"cost,omitempty" doc:"What it is paid for without tax, in minor units; the amount when absent. Not for a present."`
	Usable   string `json:"usable,omitempty" enum:"when_paid,at_once" doc:"When what is sold on an invoice can be used; when_paid when absent."`
	Priority *int   `json:"priority,omitempty" doc:"0 to 100, the lowest is used first; 50 when absent."`
	// ExpiresAt and ValidFor exclude each other.
	ExpiresAt time.Time `json:"expires_at,omitzero" doc:"From when it cannot be used any more. Not for what can be used when it is paid."`
	ValidFor  string    `json:"valid_for,omitempty" doc:"For how long it can be used, from the day on which it can be." example:"1 year"`
	Charges   []string  `json:"charges,omitempty" doc:"The charges that it pays; with meters, all when both are absent."`
	Meters    []string  `json:"meters,omitempty" doc:"The meters that it pays."`
	// Rollover is the part that goes on when it expires.
	Rollover *wallet.Rollover `json:"rollover,omitempty" doc:"The percent of what is left, at most cap, that can be used for an interval more."`
}

// SetPrepaid sets which grants an entity's customers use first, of those with the same priority that expire together. Invoices
// that were issued stay as they are.
func (s *Service) SetPrepaid(ctx context.Context, entityID string, policy wallet.Policy) (store.Entity, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return store.Entity{}, err
	}
	if err := s.store.SetPrepaidPolicy(ctx, entityID, policy); err != nil {
		return store.Entity{}, err
	}
	return s.store.Entity(ctx, entityID)
}

// GrantedCredit is a grant with what is left of it. Amounts are minor units.
type GrantedCredit struct {
	ID       string         `json:"id"`
	Currency money.Currency `json:"currency"`
	Basis    wallet.Basis   `json:"basis"`
	// Status is usable, waiting (for its payment), expired, used or revoked.
	Status    string           `json:"status" doc:"usable, waiting (for its payment), expired or empty."`
	Amount    int64            `json:"amount"`
	Cost      int64            `json:"cost"`
	Left      int64            `json:"left"`
	CostLeft  int64            `json:"cost_left" doc:"What of it the customer has paid for: it is still owed."`
	Priority  int              `json:"priority"`
	From      time.Time        `json:"from"`
	ExpiresAt *time.Time       `json:"expires_at,omitempty"`
	AppliesTo wallet.Purpose   `json:"applies_to,omitzero"`
	Rollover  *wallet.Rollover `json:"rollover,omitempty"`
	Invoice   string           `json:"invoice,omitempty" doc:"The invoice that sells it."`
}

func shownGrant(g store.Grant, at time.Time) GrantedCredit {
	shown := GrantedCredit{
		ID: g.Grant.ID, Currency: g.Grant.Amount.Currency, Basis: g.Grant.Basis, Status: "usable", Amount: g.Grant.Amount.Minor, Cost: g.Grant.Cost.Minor,
		Left: g.Left.Minor, CostLeft: g.CostLeft.Minor, Priority: g.Grant.Priority, From: g.Grant.From, AppliesTo: g.Grant.AppliesTo,
		Rollover: g.Grant.Rollover, Invoice: g.InvoiceID,
	}
	if !g.Grant.ExpiresAt.IsZero() {
		shown.ExpiresAt = &g.Grant.ExpiresAt
	}
	switch {
	case g.Left.IsZero():
		shown.Status = "empty"
	case g.Waiting:
		shown.Status = "waiting"
	case shown.ExpiresAt != nil && !at.Before(*shown.ExpiresAt):
		shown.Status = "expired"
	}
	return shown
}

// GrantCredit gives or sells prepaid credit to a customer.
func (s *Service) GrantCredit(ctx context.Context, customerID string, in NewGrant) (GrantedCredit, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return GrantedCredit{}, err
	}
	request, err := in.request(customer)
	if err != nil {
		return GrantedCredit{}, err
	}
	before, err := s.store.Grants(ctx, customer.ID, "")
	if err != nil {
		return GrantedCredit{}, err
	}
	if request.At, err = s.now(ctx, customer); err != nil {
		return GrantedCredit{}, err
	}
	for _, g := range before {
		if g.Grant.ID == in.ID {
			request.At = g.GrantedAt // a repetition means what was granted then
		}
	}
	if _, err := s.clientOf(customer).GrantCredit(ctx, customer.EntityID, request); err != nil {
		return GrantedCredit{}, answered(err)
	}
	g, err := s.store.Grant(ctx, customer.ID, in.ID)
	return shownGrant(g, request.At), err
}

// request is what the workflow is asked for.
func (in NewGrant) request(customer store.Customer) (message.GrantCredit, error) {
	var p problems
	p.check("id", checkID(in.ID))
	if in.Amount < 1 {
		p.add("amount", "must be above 0, got %d", in.Amount)
	}
	currency, err := currencyOr(in.Currency, customer.Currency)
	p.check("currency", err)
	request := message.GrantCredit{
		CustomerID: customer.ID, GrantID: in.ID, Amount: money.New(in.Amount, currency), Cost: money.Zero(currency), Priority: wallet.DefaultPriority,
		AtOnce: in.Usable == "at_once", ExpiresAt: in.ExpiresAt.UTC(), AppliesTo: wallet.Purpose{Charges: in.Charges, Meters: in.Meters}, Rollover: in.Rollover,
	}
	switch in.Payment {
	case "", "none":
		if in.Cost != nil && *in.Cost != 0 {
			p.add("cost", "%d is paid for a present: say with payment how it is paid", *in.Cost)
		}
	case string(message.PaidByInvoice), string(message.PaidOutside):
		request.Payment, request.Cost = message.CreditPayment(in.Payment), request.Amount
		if in.Cost != nil {
			request.Cost = money.New(*in.Cost, currency)
		}
	default:
		p.add("payment", "%.60q must be one of none, invoice, outside", in.Payment)
	}
	if in.Usable != "" && in.Usable != "when_paid" && in.Usable != "at_once" {
		p.add("usable", "%.60q must be one of when_paid, at_once", in.Usable)
	}
	if in.Priority != nil {
		request.Priority = *in.Priority
	}
	if in.ValidFor != "" {
		interval, err := calendar.ParseInterval(in.ValidFor)
		p.check("valid_for", err)
		request.ValidFor = &interval
	}
	return request, p.err()
}

// Returned is what was taken back of a grant, in minor units. Cost became the customer's credit.
type Returned struct {
	ID       string         `json:"id"`
	Amount   int64          `json:"amount"`
	Cost     int64          `json:"cost"`
	Currency money.Currency `json:"currency"`
}

// ReturnCredit takes back what is left of a grant. What was paid for it becomes the customer's credit.
func (s *Service) ReturnCredit(ctx context.Context, customerID, grantID string) (Returned, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Returned{}, err
	}
	g, err := s.store.Grant(ctx, customer.ID, grantID)
	if err != nil {
		return Returned{}, named(err)
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Returned{}, err
	}
	returned, err := s.clientOf(customer).ReturnCredit(ctx, customer.EntityID, message.ReturnCredit{
		CustomerID: customer.ID, GrantID: grantID, Currency: g.Grant.Amount.Currency, At: at,
	})
	if err != nil {
		return Returned{}, answered(err)
	}
	return Returned{ID: grantID, Amount: returned.Amount.Minor, Cost: returned.Cost.Minor, Currency: returned.Amount.Currency}, nil
}

// Wallet is a customer's prepaid credit in a currency, now. Amounts are minor units.
type Wallet struct {
	Customer string         `json:"customer"`
	Currency money.Currency `json:"currency"`
	At       time.Time      `json:"at"`
	Balance  int64          `json:"balance" doc:"What can be used now."`
	Paid     int64          `json:"paid" doc:"The part of the balance that the customer has paid for."`
	// SpokenFor and Uncovered rate the open periods.
	SpokenFor int64           `json:"spoken_for" doc:"What grants would pay of what has been used and is not invoiced, were it invoiced now, tax included."`
	Uncovered int64           `json:"uncovered" doc:"What would be left to pay of it."`
	Available int64           `json:"available" doc:"The balance less what is spoken for."`
	Grants    []GrantedCredit `json:"grants"`
}

// Wallet says how a customer's prepaid credit stands, in the customer's currency unless another is named.
func (s *Service) Wallet(ctx context.Context, customerID, currencyCode string) (Wallet, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Wallet{}, err
	}
	currency, err := currencyOr(currencyCode, customer.Currency)
	if err != nil {
		return Wallet{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Wallet{}, err
	}
	standing, err := s.clientOf(customer).WalletStanding(ctx, customer.EntityID, message.WalletAt{CustomerID: customer.ID, Currency: currency, At: at})
	if err != nil {
		return Wallet{}, answered(err)
	}
	grants, err := s.store.Grants(ctx, customer.ID, currency)
	shown := Wallet{
		Customer: customer.ID, Currency: currency, At: at, Balance: standing.Balance.Minor, Paid: standing.Paid.Minor,
		SpokenFor: standing.SpokenFor.Minor, Uncovered: standing.Uncovered.Minor, Available: standing.Available.Minor,
		Grants: make([]GrantedCredit, len(grants)),
	}
	for i, g := range grants {
		shown.Grants[i] = shownGrant(g, at)
	}
	return shown, err
}
