package message

import (
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// PaymentStatus is the outcome of an attempt to collect an invoice.
type PaymentStatus string

// Outcomes of an attempt. Declined is a result, not an error: the workflow decides what follows.
const (
	Paid           PaymentStatus = "paid"
	Declined       PaymentStatus = "declined"
	Processing     PaymentStatus = "processing"
	RequiresAction PaymentStatus = "requires_action"
	// Announced: nothing was tried, because the customer must first know of the debit for some days.
	Announced PaymentStatus = "announced"
)

// Updates, queries and signals of the Dunning workflow.
const (
	// RetryNowUpdate makes the next attempt at once. Input the instant it is dated, result PaymentStatus.
	RetryNowUpdate = "retry-now"
	// PayNowUpdate makes the next attempt at once, by the customer on our pay page. Input PayNow, result PaymentStatus.
	PayNowUpdate = "pay-now"
	// PaymentNewsSignal says that the provider reported on the invoice's payment or the customer changed the method:
	// the workflow finds out what is true. Input PaymentNews.
	PaymentNewsSignal = "payment-news"
	// DunningQuery answers with DunningState.
	DunningQuery = "status"
)

// Charge asks for one attempt to collect an invoice.
type Charge struct {
	InvoiceID string    `json:"invoice_id"`
	Attempt   int       `json:"attempt"`
	At        time.Time `json:"at"`
	// Pages, for an attempt that the customer makes on our pay page, is where our pay pages are. Empty: without the customer.
	Pages string `json:"pages,omitempty"`
	// Transfer has the customer asked for a bank transfer, whatever methods they have.
	Transfer bool `json:"transfer,omitempty"`
}

// PayNow asks for an attempt at once, made by a customer who is there.
type PayNow struct {
	At time.Time `json:"at"`
	// Pages is where our pay pages are: the customer comes back to the invoice's after authenticating the payment.
	Pages string `json:"pages"`
	// Transfer says that the customer wants to pay by bank transfer.
	Transfer bool `json:"transfer,omitempty"`
}

// Charged is how it went.
type Charged struct {
	Status      PaymentStatus `json:"status"`
	DeclineCode string        `json:"decline_code,omitempty"`
	Amount      money.Amount  `json:"amount"`
	// Review is the payment's id when a person has to decide about it. One that is Processing then waits for the decision.
	Review string `json:"review,omitempty"`
	// Method is what was charged, as operators know it: the network of a card, the kind of everything else. Never whose.
	Method string `json:"method,omitempty"`
}

// Words say how it went, such as "USD 10.00 with visa: declined, insufficient_funds".
func (c Charged) Words() string {
	words := c.Amount.String()
	if c.Method != "" {
		words += " with " + c.Method
	}
	words += ": " + strings.ReplaceAll(string(c.Status), "_", " ")
	if c.DeclineCode != "" {
		words += ", " + c.DeclineCode
	}
	if c.Review != "" {
		words += ", under review"
	}
	return words
}

// OpenDunningInput hands over an invoice at an instant.
type OpenDunningInput struct {
	InvoiceID      string    `json:"invoice_id"`
	CustomerID     string    `json:"customer_id"`
	SubscriptionID string    `json:"subscription_id"`
	At             time.Time `json:"at"`
	// UnderWay says that the subscription is not past due: see DunningInput.
	UnderWay bool `json:"under_way,omitempty"`
}

// DunningInput starts the Dunning workflow.
type DunningInput struct {
	InvoiceID string `json:"invoice_id"`
	// CustomerID is whose the subscription was when the invoice was issued.
	CustomerID     string `json:"customer_id"`
	SubscriptionID string `json:"subscription_id"`
	// Others are the other subscriptions that the invoice is for: all of them are told how collecting it goes.
	Others []InvoicePart `json:"others,omitempty"`
	// At is when the invoice was handed over.
	At   time.Time   `json:"at"`
	Next DunningStep `json:"next"`
	// Attempts and LastCode are what earlier runs of this workflow came to; At is then when the last of them stopped.
	Attempts int    `json:"attempts,omitempty"`
	LastCode string `json:"last_code,omitempty"`
	// UnderWay says that the first payment is announced, or on its way through the banks, and has not failed: the subscription
	// is past due only from the first failure on, of which this workflow tells it.
	UnderWay bool `json:"under_way,omitempty"`
}

// InvoicePart is a subscription that an invoice is for, and whose it was when the invoice was issued.
type InvoicePart struct {
	SubscriptionID string `json:"subscription_id"`
	CustomerID     string `json:"customer_id"`
}

// DunningStep is what dunning does next, and when.
type DunningStep struct {
	Kind DunningKind `json:"kind"`
	At   time.Time   `json:"at"`
	// Attempt is the number the next attempt will have, whenever and for whatever reason it is made.
	Attempt int    `json:"attempt"`
	Reason  string `json:"reason"`
	// Owed is what is still to be collected.
	Owed money.Amount `json:"owed"`
	// Method is what a retry would charge, named as in Charged.
	Method string `json:"method,omitempty"`
	// Cancel, with GiveUp, ends the subscription as well.
	Cancel bool `json:"cancel,omitempty"`
}

// DunningKind is the kind of a step.
type DunningKind string

// The steps: charge again, wait for the customer until At, give up, or nothing more because the invoice is settled.
const (
	DunningRetry  DunningKind = "retry"
	DunningWait   DunningKind = "wait_for_customer"
	DunningGiveUp DunningKind = "give_up"
	DunningOver   DunningKind = "settled"
)

// DunningState answers DunningQuery.
type DunningState struct {
	Next     DunningStep `json:"next"`
	Attempts int         `json:"attempts"`
	LastCode string      `json:"last_code,omitempty"`
}

// PaymentNews is dated in billing time.
type PaymentNews struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// InvoiceAt names an invoice and an instant.
type InvoiceAt struct {
	InvoiceID string    `json:"invoice_id"`
	At        time.Time `json:"at"`
}

// GiveUp ends the collection of an invoice without payment.
type GiveUp struct {
	InvoiceID string    `json:"invoice_id"`
	At        time.Time `json:"at"`
	Reason    string    `json:"reason"`
}

// GivenUp is how giving up ended: Paid if the invoice had been paid after all.
type GivenUp struct {
	Paid bool `json:"paid,omitempty"`
	// UnderWay says that the customer is paying at this moment: nothing was given up.
	UnderWay bool `json:"under_way,omitempty"`
}

// CustomerNews says that something happened to the payment methods of a customer.
type CustomerNews struct {
	CustomerID string      `json:"customer_id"`
	News       PaymentNews `json:"news"`
}

// Activities around payments.
var (
	// ChargeInvoice makes one attempt, exactly once, and records its outcome.
	ChargeInvoice = Activity[Charge, Charged]{"ChargeInvoice"}
	// AskProvider finds out what became of an invoice's payment and records it.
	AskProvider = Activity[InvoiceAt, Charged]{"AskProvider"}
	// NextDunningStep decides from the recorded attempts what follows, and records when.
	NextDunningStep = Activity[InvoiceAt, DunningStep]{"NextDunningStep"}
	// GiveUpInvoice writes an invoice off, unless it has been paid.
	GiveUpInvoice = Activity[GiveUp, GivenUp]{"GiveUpInvoice"}
	// TellCollections passes news on to the dunning of all of a customer's invoices.
	TellCollections = Activity[CustomerNews, None]{"TellCollections"}
)
