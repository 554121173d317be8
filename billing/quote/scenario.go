// Package quote plays a scenario, a contract written down, and answers with every invoice and credit note that follows
// from it. It keeps the records of subscriptions in memory and has package lifecycle decide, as the real thing does: what
// is quoted is what then happens. The format is documented in docs/quote.md.
package quote

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/catalogfile"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// Scenario is what a quote is made from. Parse reads and checks one.
type Scenario struct {
	Description string            `json:"description,omitempty" doc:"What the scenario is about, for people"`
	Settings    Settings          `json:"settings,omitzero" doc:"How the scenario is played"`
	Catalog     catalogfile.File  `json:"catalog" doc:"The plans that are sold, as in docs/examples/plans.json"`
	Coupons     []discount.Coupon `json:"coupons,omitempty" doc:"What can be redeemed"`
	Codes       []discount.Code   `json:"codes,omitempty" doc:"What customers type to redeem a coupon"`
	Rates       []Rate            `json:"rates,omitempty" doc:"Published exchange rates, for settings.presentment"`
	Seller      Seller            `json:"seller,omitzero" doc:"Who sells; without registrations nothing is taxed"`
	Customers   []Customer        `json:"customers" doc:"Who buys"`
	Timeline    []Entry           `json:"timeline" doc:"What happens, and when; entries of one instant happen in the order of the file"`
	Until       Instant           `json:"until" doc:"The last instant that is played: what falls due then still happens"`
	Expect      Expectation       `json:"expect,omitzero" doc:"What the result must contain; whatever is left out is not compared"`
}

// Settings are how a scenario is played.
type Settings struct {
	Strict      bool          `json:"strict,omitempty" doc:"End with an error when an entry is refused, instead of listing it under refused"`
	Collection  Collection    `json:"collection,omitempty" enum:"automatic,manual" doc:"automatic when left out: paid when issued; manual: by entries"`
	Presentment *Presentment  `json:"presentment,omitempty" doc:"Sells in currencies that the catalog does not have, at prices converted by the rates"`
	Prepaid     wallet.Policy `json:"prepaid,omitzero" doc:"Which grants are used first"`
}

// Collection is how invoices come to be paid.
type Collection string

// Ways to collect invoices.
const (
	Automatic Collection = "automatic" // paid when issued, unless an entry says otherwise
	Manual    Collection = "manual"    // unpaid until an entry says otherwise
)

// Seller is who issues the invoices.
type Seller struct {
	Country       string             `json:"country,omitempty" doc:"ISO 3166-1 alpha-2; US when left out"`
	Registrations []tax.Registration `json:"registrations,omitempty" doc:"Where the seller is registered for tax"`
}

// Customer is who gets the invoices.
type Customer struct {
	ID         string         `json:"id" doc:"Names the customer in the time line"`
	Zone       string         `json:"zone" doc:"IANA time zone, such as Europe/Berlin: days begin and end in it"`
	Country    string         `json:"country" doc:"ISO 3166-1 alpha-2: where the customer is taxed"`
	Currency   money.Currency `json:"currency" doc:"ISO 4217: what the customer's subscriptions are billed in"`
	Region     string         `json:"region,omitempty" doc:"ISO 3166-2, where tax differs inside the country"`
	PostalCode string         `json:"postal_code,omitempty" doc:"Where tax differs inside the country"`
	Business   bool           `json:"business,omitempty" doc:"Whether the customer is a business"`
	TaxID      string         `json:"tax_id,omitempty" doc:"The customer's VAT id"`
	TaxIDValid bool           `json:"tax_id_valid,omitempty" doc:"Whether the tax id was validated, which reverse charge needs"`
	Parent     string         `json:"parent,omitempty" doc:"The customer above, such as the headquarters of a branch"`
	InvoicedTo account.Owner  `json:"invoiced_to,omitempty" enum:"self,parent" doc:"In whose name the invoices are; self when left out"`
	PaidBy     account.Owner  `json:"paid_by,omitempty" enum:"self,parent" doc:"Who pays the invoices; self when left out"`
}

// Entry is one thing that happens. Exactly one of its actions is set.
type Entry struct {
	At Instant `json:"at" doc:"When it happens"`

	Subscribe  *Subscribe  `json:"subscribe,omitempty" doc:"A customer begins a subscription"`
	Usage      *Usage      `json:"usage,omitempty" doc:"A customer used something that a meter counts"`
	Change     *Change     `json:"change,omitempty" doc:"A subscription goes over to another plan, to other seats or to other add-ons"`
	Pause      *Pause      `json:"pause,omitempty" doc:"A subscription stops until it is resumed"`
	Resume     *Resume     `json:"resume,omitempty" doc:"A pause ends"`
	Cancel     *Cancel     `json:"cancel,omitempty" doc:"A subscription ends"`
	Reactivate *Reactivate `json:"reactivate,omitempty" doc:"A cancellation is taken back, or a canceled subscription begins again"`
	Transfer   *Transfer   `json:"transfer,omitempty" doc:"Another customer becomes the owner"`
	Withdraw   *Withdraw   `json:"withdraw,omitempty" doc:"A command that was planned for a date is taken back"`
	Paid       *Payment    `json:"paid,omitempty" doc:"An invoice is paid"`
	Unpaid     *Payment    `json:"unpaid,omitempty" doc:"An invoice could not be collected, and is owed"`

	Redeem         *Redeem         `json:"redeem,omitempty" doc:"A customer gets a coupon"`
	RemoveDiscount *RemoveDiscount `json:"remove_discount,omitempty" doc:"A discount ends"`
	Grant          *Grant          `json:"grant,omitempty" doc:"A customer gets or buys credit that pays invoices"`
	ReturnGrant    *ReturnGrant    `json:"return_grant,omitempty" doc:"What is left of a grant is taken back; what it cost becomes the customer's credit"`
	TopUp          *TopUp          `json:"top_up,omitempty" doc:"A customer agrees on how credit is bought by itself"`
	Charge         *OneOff         `json:"charge,omitempty" doc:"A one-off charge, or an adjustment"`
	Customer       *CustomerChange `json:"customer,omitempty" doc:"A customer moves to another zone or country, or is taxed otherwise"`
	Activity       *Activity       `json:"activity,omitempty" doc:"A member was active, joined or left"`
	CancelCharge   *CancelCharge   `json:"cancel_charge,omitempty" doc:"A charge that waits for an invoice is taken back"`
	BillingGroup   *BillingGroup   `json:"billing_group,omitempty" doc:"A subscription shares its invoices with others from now on, or has another purchase order"`
	Refund         *Refund         `json:"refund,omitempty" doc:"Credit of a customer is paid out"`
	Migrate        *Migrate        `json:"migrate,omitempty" doc:"Subscriptions go over to another version of their plan"`
	Use            *Use            `json:"use,omitempty" doc:"A customer wants to use a feature that a plan opens, perhaps with a limit"`
	ReturnUse      *ReturnUse      `json:"return_use,omitempty" doc:"A use that came to nothing is given back"`
}

// actions lists the actions of an entry that are set.
func (e Entry) actions() []action {
	var set []action
	add := func(is bool, a action) {
		if is {
			set = append(set, a)
		}
	}
	add(e.Subscribe != nil, e.Subscribe)
	add(e.Usage != nil, e.Usage)
	add(e.Change != nil, e.Change)
	add(e.Pause != nil, e.Pause)
	add(e.Resume != nil, e.Resume)
	add(e.Cancel != nil, e.Cancel)
	add(e.Reactivate != nil, e.Reactivate)
	add(e.Transfer != nil, e.Transfer)
	add(e.Withdraw != nil, e.Withdraw)
	add(e.Paid != nil, paid{e.Paid})
	add(e.Unpaid != nil, unpaid{e.Unpaid})
	add(e.Redeem != nil, e.Redeem)
	add(e.RemoveDiscount != nil, e.RemoveDiscount)
	add(e.Grant != nil, e.Grant)
	add(e.ReturnGrant != nil, e.ReturnGrant)
	add(e.TopUp != nil, e.TopUp)
	add(e.Charge != nil, e.Charge)
	add(e.Customer != nil, e.Customer)
	add(e.Activity != nil, e.Activity)
	add(e.CancelCharge != nil, e.CancelCharge)
	add(e.BillingGroup != nil, e.BillingGroup)
	add(e.Refund != nil, e.Refund)
	add(e.Migrate != nil, e.Migrate)
	add(e.Use != nil, e.Use)
	add(e.ReturnUse != nil, e.ReturnUse)
	return set
}

// Subscribe begins a subscription.
type Subscribe struct {
	ID          string         `json:"id" doc:"Names the subscription in the time line"`
	Customer    string         `json:"customer,omitempty" doc:"Who subscribes; may be left out when there is one customer"`
	Plan        string         `json:"plan" doc:"The plan's id"`
	PlanVersion int            `json:"plan_version,omitempty" minimum:"1" doc:"When left out, the newest that is sold when it begins"`
	Seats       int64          `json:"seats,omitempty" minimum:"0" doc:"For plans with a charge per seat"`
	AddOns      []Added        `json:"add_ons,omitempty" doc:"What is bought with the plan"`
	Currency    money.Currency `json:"currency,omitempty" doc:"The customer's when left out"`
	StartsAt    Instant        `json:"starts_at,omitzero" doc:"When it begins, earlier or later than the entry; at the entry's instant when left out"`
	EndsAfter   int            `json:"ends_after,omitempty" minimum:"0" doc:"A fixed term: the number of periods after which it ends by itself"`
	EndsAt      Instant        `json:"ends_at,omitzero" doc:"A fixed term to an instant, in place of ends_after; the last period is prorated"`
	Prices      catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for this version in place of the catalogue's, by charge id"`
	FairBilling *FairBilling   `json:"fair_billing,omitempty" doc:"Charge the seats of active members; seats may then be left out"`

	BillingGroup string `json:"billing_group,omitempty" doc:"Shares the invoices of what falls due together with the customer's subscriptions in the same group"`
	PONumber     string `json:"po_number,omitempty" doc:"The customer's purchase order; subscriptions with different ones share no invoice"`
}

// Added is an add-on that is bought.
type Added struct {
	ID       string `json:"id" doc:"The add-on's id in the plan"`
	Quantity *int64 `json:"quantity,omitempty" minimum:"0" doc:"How many; 1 when left out. In a change 0 removes the add-on"`
}

// Usage is a quantity of what a meter counts: one event, or the sum of many.
type Usage struct {
	Customer string          `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer"`
	Meter    string          `json:"meter" doc:"What was used, as a charge names it"`
	Quantity decimal.Decimal `json:"quantity" doc:"How much: up to 18 digits before the point and 12 after it"`
	// Amount and Values make the entry one event, which Detail then has nothing to add to.
	Amount     *decimal.Decimal  `json:"amount,omitempty" doc:"The amount of the one event that the entry then is, in the customer's currency"`
	Values     map[string]string `json:"values,omitempty" doc:"The dimension values of the one event that the entry then is"`
	Detail     rating.Detail     `json:"detail,omitzero" doc:"The same of many events: event_count, events, groups by dimension values, amount"`
	HappenedAt Instant           `json:"happened_at,omitzero" doc:"When it was used, if it became known only at the entry's instant"`
}

// When says whether a command takes effect at once.
type When string

// When commands take effect.
const (
	Now       When = "now"
	PeriodEnd When = "period_end"
)

// Timing is when a command takes effect, if not at the entry's own instant. One of the two is set, or none.
type Timing struct {
	When When    `json:"when,omitempty" enum:"now,period_end" doc:"now when left out"`
	On   Instant `json:"on,omitzero" doc:"A later instant, for which the command is planned"`
}

// Bill says when the difference that a change makes is invoiced.
type Bill string

// When a change is invoiced.
const (
	BillNow  Bill = "now"
	BillNext Bill = "next"
)

// Change asks for other terms.
type Change struct {
	Subscription string  `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string  `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Plan         string  `json:"plan,omitempty" doc:"The new plan; the present one when left out"`
	PlanVersion  int     `json:"plan_version,omitempty" minimum:"1" doc:"When left out, the newest that is sold then, or the present one with the plan"`
	Seats        *int64  `json:"seats,omitempty" minimum:"0" doc:"The new number of seats; as many as before when left out"`
	AddOns       []Added `json:"add_ons,omitempty" doc:"Add-ons with their new quantities; the others stay as they are"`
	Bill         Bill    `json:"bill,omitempty" enum:"now,next" doc:"Whether the difference is invoiced now (when left out) or with the next invoice"`
	NewPeriod    bool    `json:"new_period,omitempty" doc:"Ends the period under way and begins a whole one with the change, whose day is the new billing day"`

	Prices catalog.Agreed `json:"prices,omitempty" doc:"Prices agreed for a version that the subscription has not had"`
	Timing
}

// Pause stops a subscription.
type Pause struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Timing
	Mode subscription.PauseMode `json:"mode,omitempty" enum:"credit,keep,extend" doc:"What becomes of paid time that is left; credit when left out"`
}

// Resume ends a pause.
type Resume struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Timing
}

// Reactivate takes back a cancellation, or begins a canceled subscription again.
type Reactivate struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
}

// Transfer makes another customer the owner.
type Transfer struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Timing
	Customer string `json:"customer" doc:"The new owner"`
}

// Withdraw takes back a planned command.
type Withdraw struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Planned      string `json:"planned" doc:"The id of the planned command"`
}

// Cancel ends a subscription.
type Cancel struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	ID           string `json:"id,omitempty" doc:"The command's id: what is asked for twice under one id is done once"`
	Timing
	CreditUnused bool   `json:"credit_unused,omitempty" doc:"Credit the paid time that is left; only when it ends now or on a date"`
	Reason       string `json:"reason,omitempty" doc:"Why, for the record"`
}

// Payment names an invoice by the order in which its subscription's invoices were issued, or by the credit that it sells.
type Payment struct {
	Subscription string `json:"subscription,omitempty" doc:"Which; may be left out when there is one subscription"`
	Invoice      int    `json:"invoice,omitempty" minimum:"1" doc:"1 for the subscription's first invoice; the latest when left out"`
	Grant        string `json:"grant,omitempty" doc:"In place of both: the credit that the invoice sells"`
	Customer     string `json:"customer,omitempty" doc:"Whose grant; may be left out when there is one customer"`
}
