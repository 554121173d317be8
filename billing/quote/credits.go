package quote

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// Redeem gives a coupon to a subscription or to a customer.
type Redeem struct {
	ID           string `json:"id,omitempty" doc:"Names the discount where results list it; the coupon's id when left out"`
	Coupon       string `json:"coupon,omitempty" doc:"The coupon's id; not needed with a code"`
	Code         string `json:"code,omitempty" doc:"What the customer types; upper and lower case are the same"`
	Subscription string `json:"subscription,omitempty" doc:"Whose invoices it lowers; those of all the customer's subscriptions when left out"`
	Customer     string `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer, or with a subscription"`
}

// RemoveDiscount ends a discount.
type RemoveDiscount struct {
	ID       string `json:"id" doc:"The discount's id: the coupon's, if redeem gave it no other"`
	Customer string `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer"`
}

// Grant gives a customer credit that pays invoices after tax.
type Grant struct {
	ID        string           `json:"id" doc:"Names the grant: what is granted twice under one id is granted once"`
	Customer  string           `json:"customer,omitempty" doc:"Who gets it; may be left out when there is one customer"`
	Amount    decimal.Decimal  `json:"amount" doc:"What it can pay, in major units"`
	Currency  money.Currency   `json:"currency,omitempty" doc:"The customer's when left out"`
	Basis     wallet.Basis     `json:"basis,omitempty" enum:"paid,promotional" doc:"Whether it was paid for (paid, the default) or is a present"`
	Cost      *decimal.Decimal `json:"cost,omitempty" doc:"What was paid for it without tax, in major units; the amount when left out"`
	Payment   CreditPayment    `json:"payment,omitempty" enum:"outside,invoice" doc:"How a paid one is paid: outside (when left out) or by an invoice"`
	Usable    Usable           `json:"usable,omitempty" enum:"when_paid,at_once" doc:"From when credit that an invoice sells can be used; when_paid when left out"`
	Priority  *int             `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"The lowest number is used first; 50 when left out"`
	ExpiresAt Instant          `json:"expires_at,omitzero" doc:"From when it cannot be used any more; never when left out"`

	ValidFor  *calendar.Interval `json:"valid_for,omitempty" doc:"In place of expires_at: for how long, from the day on which it can be used"`
	AppliesTo wallet.Purpose     `json:"applies_to,omitzero" doc:"The charges or meters that it pays; all when left out"`
	Rollover  *Rollover          `json:"rollover,omitempty" doc:"What part does not expire with it"`
}

// CreditPayment is how credit is paid that costs something.
type CreditPayment string

// Payments of credit.
const (
	PaidOutside   CreditPayment = "outside"
	PaidByInvoice CreditPayment = "invoice"
)

// Usable says from when credit that an invoice sells can be used.
type Usable string

// When credit can be used.
const (
	WhenPaid Usable = "when_paid"
	AtOnce   Usable = "at_once"
)

// ReturnGrant takes back what is left of a grant.
type ReturnGrant struct {
	ID       string `json:"id" doc:"The grant's id"`
	Customer string `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer"`
}

// TopUp agrees on how a customer's credit is bought by itself, or ends that.
type TopUp struct {
	Customer     string             `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer"`
	Currency     money.Currency     `json:"currency,omitempty" doc:"The customer's when left out"`
	Off          bool               `json:"off,omitempty" doc:"Buy nothing by itself any more"`
	Below        *decimal.Decimal   `json:"below,omitempty" doc:"Buys when the balance, less what usage has spoken for, is at or below this"`
	Every        *calendar.Interval `json:"every,omitempty" doc:"Buys at each boundary of the interval after the anchor"`
	Anchor       calendar.Date      `json:"anchor,omitzero" doc:"The day from which the interval counts; the entry's own when left out"`
	Amount       *decimal.Decimal   `json:"amount,omitempty" doc:"What is bought each time; either this or up_to"`
	UpTo         *decimal.Decimal   `json:"up_to,omitempty" doc:"The balance that is bought up to"`
	MostPerMonth *decimal.Decimal   `json:"most_per_month,omitempty" doc:"The most that is bought in a calendar month"`
	Priority     *int               `json:"priority,omitempty" minimum:"0" maximum:"100" doc:"Of what is bought; 50 when left out"`
	ValidFor     *calendar.Interval `json:"valid_for,omitempty" doc:"For how long what is bought can be used; without end when left out"`
}

// Rollover is the part of a grant that goes on when the grant expires.
type Rollover struct {
	Percent decimal.Decimal   `json:"percent" doc:"Of what is left, above 0 and at most 100"`
	Cap     *decimal.Decimal  `json:"cap,omitempty" doc:"The most that is rolled over, in major units"`
	For     calendar.Interval `json:"for" doc:"For how long it can be used then"`
}

// OneOff puts a one-off charge or an adjustment on an invoice.
type OneOff struct {
	ID           string             `json:"id" doc:"Names the charge on its invoice"`
	Subscription string             `json:"subscription,omitempty" doc:"On whose invoice; may be left out when there is one subscription"`
	Kind         invoicing.LineKind `json:"kind,omitempty" enum:"one_off,adjustment" doc:"one_off when left out; an adjustment is not discounted"`
	Description  string             `json:"description,omitempty" doc:"What the customer reads; the id when left out"`
	Quantity     *decimal.Decimal   `json:"quantity,omitempty" doc:"1 when left out"`
	UnitAmount   decimal.Decimal    `json:"unit_amount" doc:"In major units, below 0 for what an adjustment gives back"`
	TaxCategory  string             `json:"tax_category" doc:"How it is taxed, as for the charges of a plan"`
	When         ChargeWhen         `json:"when,omitempty" enum:"next_invoice,now" doc:"next_invoice when left out; now makes an invoice of its own"`
}

// ChargeWhen says which invoice a charge is on.
type ChargeWhen string

// When charges are invoiced.
const (
	OnNextInvoice ChargeWhen = "next_invoice"
	ChargedNow    ChargeWhen = "now"
)

// Activity is what is known of a member of a subscription with fair billing.
type Activity struct {
	Subscription string        `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	Member       string        `json:"member" doc:"Who"`
	Event        ActivityEvent `json:"event,omitempty" enum:"active,joined,left" doc:"active when left out; who is active for the first time has joined"`
	On           calendar.Date `json:"on,omitzero" doc:"The day, if it becomes known later; the entry's own when left out"`
}

// ActivityEvent is what a member did.
type ActivityEvent string

// What members do.
const (
	WasActive ActivityEvent = "active"
	Joined    ActivityEvent = "joined"
	Left      ActivityEvent = "left"
)

// FairBilling charges the seats of members who are active, as in docs/quote.md.
type FairBilling struct {
	WindowDays   int             `json:"window_days,omitempty" minimum:"1" maximum:"366" doc:"For how many days an action makes a member active; 28 when left out"`
	MinimumSeats *int64          `json:"minimum_seats,omitempty" minimum:"0" doc:"How many seats are always billed; 1 when left out"`
	Members      []InitialMember `json:"members,omitempty" doc:"Who is there when the subscription begins"`
}

// InitialMember is a member from the beginning.
type InitialMember struct {
	ID         string        `json:"id"`
	LastActive calendar.Date `json:"last_active,omitzero" doc:"The last day with an action; the first day of the subscription when left out"`
}

// SeatStatement says what became of the seats of a period that were paid in advance.
type SeatStatement struct {
	Subscription string      `json:"subscription"`
	Charge       string      `json:"charge"`
	Period       Period      `json:"period"`
	Entries      []SeatEntry `json:"entries"`
	Charges      Amount      `json:"charges" doc:"Charged on the invoice that ends the period"`
	Credits      Amount      `json:"credits" doc:"Credited: it lowers what the subscription is charged from then on, and expires with it"`
}

// SeatEntry is what became of a member's seat.
type SeatEntry struct {
	Member string           `json:"member"`
	Kind   fairbilling.Kind `json:"kind" enum:"started,charged,took_over,credited,kept"`
	On     calendar.Date    `json:"on"`
	Days   int64            `json:"days" doc:"Days that are left of the paid period"`
	Of     int64            `json:"of" doc:"Days of the paid period"`
	Amount Amount           `json:"amount"`
}

// Discounted is what one discount did to an invoice.
type Discounted struct {
	Discount  string `json:"discount"`
	Coupon    string `json:"coupon"`
	Name      string `json:"name"`
	Taken     Amount `json:"taken" doc:"What it took off the lines, before tax"`
	GivenBack Amount `json:"given_back" doc:"The part of credited lines that it had taken off before: it is not paid out"`
}

// Prepaid is what one grant pays of an invoice.
type Prepaid struct {
	Grant  string       `json:"grant"`
	Basis  wallet.Basis `json:"basis"`
	Amount Amount       `json:"amount"`
	Cost   Amount       `json:"cost" doc:"The part that the customer had paid for: it becomes revenue"`
}

// GrantLeft is where a grant stands in the end.
type GrantLeft struct {
	Customer  string        `json:"customer"`
	Grant     string        `json:"grant"`
	Basis     wallet.Basis  `json:"basis"`
	Left      Amount        `json:"left"`
	CostLeft  Amount        `json:"cost_left" doc:"What of it the customer paid for: it is still owed"`
	Waiting   bool          `json:"waiting,omitempty" doc:"It can be used when it is paid"`
	ExpiresAt *Local        `json:"expires_at,omitempty"`
	Movements []GrantChange `json:"movements" doc:"All that changed it"`
}

// GrantChange is one movement of a grant.
type GrantChange struct {
	At     Local       `json:"at"`
	Kind   wallet.Kind `json:"kind" enum:"granted,spent,broken,rolled_over,returned"`
	Amount Amount      `json:"amount"`
	Cost   Amount      `json:"cost"`
}
