package quote

import (
	"cmp"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Result is all that follows from a scenario. Its JSON is documented in docs/quote.md, and fields are only ever added.
type Result struct {
	Invoices      []Invoice       `json:"invoices" doc:"Invoices and credit notes, in the order in which they were issued"`
	Skipped       []Skipped       `json:"skipped" doc:"Billing periods without an invoice, each with the reason"`
	Refused       []Refused       `json:"refused" doc:"Entries of the time line that could not be carried out, and changed nothing"`
	Subscriptions []Subscription  `json:"subscriptions" doc:"Where each subscription stands in the end"`
	Credit        []Credit        `json:"credit" doc:"What each customer has left to spend in the end"`
	Grants        []GrantLeft     `json:"grants" doc:"Where each grant stands in the end, and all that changed it"`
	Seats         []SeatStatement `json:"seats" doc:"What became of seats that were paid in advance, with fair billing"`
	Uses          []Used          `json:"uses" doc:"Whether features could be used, in the order in which it was asked"`
	Entitlements  []Entitled      `json:"entitlements" doc:"What customers may use in the end"`
}

// Amount is money. In expectations a single number stands for it.
type Amount struct {
	Amount   string         `json:"amount" doc:"In major units, with all decimals of the currency"`
	Currency money.Currency `json:"currency"`
	Minor    int64          `json:"minor" doc:"In minor units"`
}

func amountOf(a money.Amount) Amount {
	return Amount{Amount: a.Decimal().StringFixed(int32(a.Currency.Digits())), Currency: a.Currency, Minor: a.Minor}
}

// Invoice is an invoice or, with a total below zero, a credit note.
type Invoice struct {
	ID             string           `json:"id"`
	Number         int              `json:"number" doc:"Counts the scenario's invoices from 1"`
	Kind           Kind             `json:"kind" enum:"invoice,credit_note"`
	Reason         invoicing.Reason `json:"reason" doc:"Why it exists: cycle, change, pause, final, items or prepaid"`
	Subscription   string           `json:"subscription" doc:"Empty for an invoice that several share, and for one that sells credit"`
	Subscriptions  []string         `json:"subscriptions" doc:"All that it is for, by id"`
	PONumber       string           `json:"po_number,omitempty" doc:"The customer's purchase order"`
	Customer       string           `json:"customer" doc:"In whose name it is"`
	PaidBy         string           `json:"paid_by" doc:"The customer who pays it"`
	Cycle          int              `json:"cycle" doc:"The billing period it belongs to, from 0"`
	IssuedAt       Local            `json:"issued_at"`
	Period         Period           `json:"period" doc:"What it is for"`
	Currency       money.Currency   `json:"currency"`
	Lines          []Line           `json:"lines"`
	Taxes          []Tax            `json:"taxes"`
	Discounts      []Discounted     `json:"discounts" doc:"What each discount took off; it is in the lines already"`
	Subtotal       Amount           `json:"subtotal" doc:"The sum of the lines, without tax"`
	Tax            Amount           `json:"tax"`
	Total          Amount           `json:"total"`
	CarriedIn      Amount           `json:"carried_in" doc:"What was too little for earlier invoices to collect"`
	CarriedOut     Amount           `json:"carried_out" doc:"What is too little to be collected, and waits for the next invoice"`
	CreditApplied  Amount           `json:"credit_applied" doc:"What the customer's credit pays of it"`
	CreditGranted  Amount           `json:"credit_granted" doc:"What a credit note gives the customer"`
	Prepaid        []Prepaid        `json:"prepaid" doc:"What each grant pays of it"`
	PrepaidApplied Amount           `json:"prepaid_applied" doc:"What grants pay of it together"`
	Pays           []Offset         `json:"pays" doc:"Earlier invoices that the credit note pays at once"`
	AmountDue      Amount           `json:"amount_due" doc:"What the customer is asked for when it is issued"`
	Owed           Amount           `json:"owed" doc:"What of it is not paid in the end"`
}

// Kind tells invoices from credit notes.
type Kind string

// Kinds of documents.
const (
	AnInvoice   Kind = "invoice"
	ACreditNote Kind = "credit_note"
)

// Line is one charge or one credit. Amounts are without tax, which comes on top.
type Line struct {
	Subscription string                `json:"subscription" doc:"Whose it is"`
	Kind         invoicing.LineKind    `json:"kind"`
	Charge       string                `json:"charge"`
	Plan         string                `json:"plan"`
	PlanVersion  int                   `json:"plan_version"`
	Description  string                `json:"description"`
	Quantity     decimal.Decimal       `json:"quantity"`
	Amount       Amount                `json:"amount" doc:"What is charged: the rounded price less the discount"`
	Discount     Amount                `json:"discount" doc:"What discounts took off; below zero on a credit, for the part that goes back with it"`
	Exact        decimal.Decimal       `json:"exact" doc:"The price in major units before it was rounded, once, and before discounts"`
	Tax          Amount                `json:"tax"`
	TaxRate      decimal.Decimal       `json:"tax_rate" doc:"In per cent"`
	TaxTreatment tax.Treatment         `json:"tax_treatment"`
	TaxReason    string                `json:"tax_reason"`
	Period       Period                `json:"period" doc:"The time that the line pays for"`
	Credits      *LineRef              `json:"credits,omitempty" doc:"The line that is taken back"`
	Explanation  invoicing.Explanation `json:"explanation" doc:"The arithmetic: the rated steps, and the part of the period"`
}

// LineRef points at a line of an earlier invoice.
type LineRef struct {
	Invoice string `json:"invoice"`
	Line    int    `json:"line" doc:"From 1"`
}

// Tax is the tax of a group of lines that are taxed alike.
type Tax struct {
	Jurisdiction string          `json:"jurisdiction"`
	Scheme       tax.Scheme      `json:"scheme,omitempty"`
	Treatment    tax.Treatment   `json:"treatment"`
	Rate         decimal.Decimal `json:"rate" doc:"In per cent"`
	Base         Amount          `json:"base"`
	Tax          Amount          `json:"tax"`
}

// Offset is what a credit note pays of an earlier invoice.
type Offset struct {
	Invoice string `json:"invoice"`
	Amount  Amount `json:"amount"`
}

// Period is the time from start up to but not including end.
type Period struct {
	Start Local `json:"start"`
	End   Local `json:"end"`
}

// Skipped is a billing period without an invoice.
type Skipped struct {
	Subscription string `json:"subscription"`
	Cycle        int    `json:"cycle"`
	At           Local  `json:"at"`
	Period       Period `json:"period"`
	Reason       string `json:"reason"`
}

// Refused is an entry of the time line that could not be carried out.
type Refused struct {
	Path    string `json:"path" doc:"The entry, such as timeline[3]"`
	At      Local  `json:"at"`
	Code    string `json:"code" doc:"Stable, for programs"`
	Message string `json:"message"`
}

// Subscription is where a subscription stands in the end.
type Subscription struct {
	ID          string                   `json:"id"`
	Customer    string                   `json:"customer"`
	Status      subscription.Status      `json:"status"`
	Plan        string                   `json:"plan"`
	PlanVersion int                      `json:"plan_version"`
	Seats       int64                    `json:"seats"`
	AddOns      []subscription.HeldAddOn `json:"add_ons" doc:"What was bought with the plan, by id"`
	Period      *Period                  `json:"period,omitempty" doc:"The one under way"`
	NextDue     *Local                   `json:"next_due,omitempty" doc:"When it acts by itself again"`
	EndedAt     *Local                   `json:"ended_at,omitempty"`
	EndReason   string                   `json:"end_reason,omitempty"`
	PlanCredit  *Amount                  `json:"plan_credit,omitempty" doc:"With fair billing: what lowers later charges or, in the end, has expired"`
}

// Credit is what a customer has left to spend in a currency.
type Credit struct {
	Customer string `json:"customer"`
	Amount   Amount `json:"amount"`
	Carried  Amount `json:"carried" doc:"What was too little to be collected, and waits for the next invoice"`
}

func (w *world) result() (Result, error) {
	result := Result{
		Invoices: []Invoice{}, Skipped: append([]Skipped{}, w.skipped...), Refused: append([]Refused{}, w.refused...),
		Subscriptions: []Subscription{}, Credit: []Credit{}, Grants: []GrantLeft{}, Seats: []SeatStatement{},
		Uses: append([]Used{}, w.used...), Entitlements: []Entitled{},
	}
	for _, d := range w.issued {
		result.Invoices = append(result.Invoices, d.shown())
	}
	for _, b := range w.books {
		result.Subscriptions = append(result.Subscriptions, b.shown())
		if b.fair != nil {
			result.Seats = append(result.Seats, b.statementsShown()...)
		}
	}
	for _, c := range w.customers {
		entitled, err := w.entitlements(c)
		if err != nil {
			return result, err
		}
		result.Entitlements = append(result.Entitlements, entitled...)
		result.Grants = append(result.Grants, c.grantsShown()...)
		for _, p := range c.purses {
			result.Credit = append(result.Credit, Credit{Customer: c.id, Amount: amountOf(p.credit), Carried: amountOf(p.carried)})
		}
	}
	return result, nil
}

func (b *book) shown() Subscription {
	zone := b.zone
	shown := Subscription{
		AddOns: b.state.Terms.AddOns.List(),
		ID:     b.state.ID, Customer: b.owner.id, Status: b.state.Status, Plan: b.state.Terms.PlanID, PlanVersion: b.state.Terms.PlanVersion,
		Seats: b.state.Terms.Seats, EndReason: b.state.EndReason, EndedAt: localIf(b.state.EndedAt, zone),
	}
	if b.fair != nil {
		credit := b.planCreditShown()
		shown.PlanCredit = &credit
	}
	if due, ok := b.nextDue(); ok {
		shown.NextDue = localIf(&due, zone)
	}
	if !b.state.Ended() && !b.state.Period.End.IsZero() {
		period := periodOf(b.state.Period, zone)
		shown.Period = &period
	}
	return shown
}

func localIf(t *time.Time, zone calendar.Zone) *Local {
	if t == nil {
		return nil
	}
	at := local(*t, zone)
	return &at
}

func periodOf(p calendar.Period, zone calendar.Zone) Period {
	return Period{Start: local(p.Start, zone), End: local(p.End, zone)}
}

func (d *document) shown() Invoice {
	zone := d.zone
	shown := Invoice{
		ID: d.Key, Number: d.number, Kind: AnInvoice, Reason: d.Reason, PONumber: d.order, Subscriptions: []string{},
		Customer: d.to.id, PaidBy: d.payer.id, Cycle: d.cycle,
		IssuedAt: local(d.IssuedAt, zone), Period: periodOf(d.Period, zone), Currency: d.Total.Currency,
		Lines: []Line{}, Taxes: []Tax{}, Pays: []Offset{}, Discounts: []Discounted{}, Prepaid: []Prepaid{},
		PrepaidApplied: amountOf(orZero(d.PrepaidApplied, d.Total.Currency)),
		Subtotal:       amountOf(d.Subtotal), Tax: amountOf(d.Tax), Total: amountOf(d.Total),
		CarriedIn: amountOf(d.CarriedIn), CarriedOut: amountOf(d.CarriedOut), CreditApplied: amountOf(d.CreditApplied),
		CreditGranted: amountOf(d.CreditGranted), AmountDue: amountOf(d.AmountDue), Owed: amountOf(d.owed),
	}
	if d.Total.IsNegative() {
		shown.Kind = ACreditNote
	}
	for _, part := range d.parts {
		shown.Subscriptions = append(shown.Subscriptions, part.state.ID)
	}
	if len(d.parts) == 1 {
		shown.Subscription = d.parts[0].state.ID
	}
	for _, line := range d.Lines {
		line.SubscriptionID = cmp.Or(line.SubscriptionID, shown.Subscription)
		shown.Lines = append(shown.Lines, lineOf(line, zone))
	}
	for _, group := range d.Taxes {
		shown.Taxes = append(shown.Taxes, Tax{
			Jurisdiction: group.Jurisdiction, Scheme: group.Scheme, Treatment: group.Treatment, Rate: group.Rate,
			Base: amountOf(group.Base), Tax: amountOf(group.Tax),
		})
	}
	for _, total := range d.Discounts {
		shown.Discounts = append(shown.Discounts, Discounted{
			Discount: total.DiscountID, Coupon: total.CouponID, Name: total.Name, Taken: amountOf(total.Taken), GivenBack: amountOf(total.GivenBack),
		})
	}
	for _, p := range d.Prepaid {
		shown.Prepaid = append(shown.Prepaid, Prepaid{Grant: p.GrantID, Basis: p.Basis, Amount: amountOf(p.Amount), Cost: amountOf(p.Cost)})
	}
	for _, offset := range d.Offsets {
		shown.Pays = append(shown.Pays, Offset{Invoice: offset.InvoiceID, Amount: amountOf(offset.Amount)})
	}
	return shown
}

func lineOf(line invoicing.Line, zone calendar.Zone) Line {
	shown := Line{
		Subscription: line.SubscriptionID, Kind: line.Kind, Charge: line.ChargeID, Plan: line.PlanID, PlanVersion: line.PlanVersion, Description: line.Description,
		Quantity: line.Quantity, Amount: amountOf(line.Amount), Discount: amountOf(orZero(line.Discount, line.Amount.Currency)),
		Exact: line.Exact, Tax: amountOf(line.Tax),
		TaxRate: line.Decision.Rate, TaxTreatment: line.Decision.Treatment, TaxReason: line.Decision.Reason,
		Period: periodOf(line.Period, zone), Explanation: line.Explanation,
	}
	if line.Credits != nil {
		shown.Credits = &LineRef{Invoice: line.Credits.InvoiceID, Line: line.Credits.Position}
	}
	return shown
}

// orZero makes no amount at all a zero of the currency.
func orZero(a money.Amount, currency money.Currency) money.Amount {
	if a.Currency == "" {
		return money.Zero(currency)
	}
	return a
}
