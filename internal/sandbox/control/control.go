// Package control holds the JSON messages of the sandbox's own admin API, the part that is not
// Stripe-shaped: scripted outcomes, injected faults and the books. The servers and the Go client share them.
package control

import "time"

// Scenario scripts the outcomes of successive charges. Exactly one of Customer, PaymentMethod and
// PaymentMethodToken says whose charges; exactly one of Script, DeclineUntil and Always says what happens.
// A scenario replaces an earlier one for the same subject.
type Scenario struct {
	Always             string    `json:"always,omitempty"` // every charge ends like this: "ok", "authentication_required" or a decline code
	Customer           string    `json:"customer,omitempty"`
	DeclineCode        string    `json:"decline_code,omitempty"`         // with DeclineUntil; generic_decline if empty
	DeclineUntil       time.Time `json:"decline_until,omitzero"`         // billing time from which charges succeed
	PaymentMethod      string    `json:"payment_method,omitempty"`       // pm_...
	PaymentMethodToken string    `json:"payment_method_token,omitempty"` // for every method made from it, such as pm_card_visa
	Script             []string  `json:"script,omitempty"`               // one outcome per charge; afterwards the card behaves as usual
}

// Advance moves the settlement clock forward. Exactly one of its fields is given.
type Advance struct {
	By string    `json:"by,omitempty"` // a duration such as "72h", from the clock's present
	To time.Time `json:"to,omitzero"`  // an instant that has not passed
}

// Payer is what a customer fills in on one of the sandbox's pages.
type Payer struct {
	Email         string // empty: the page's own
	Name          string
	PaymentMethod string // a test method such as pm_card_visa, a kind without accounts such as ideal, or a test card's number
}

// Clock is the settlement clock: what time it is for requests without a billing time of their own, and what waits.
type Clock struct {
	Due     int       `json:"due"`               // how many things are to happen by themselves
	NextDue time.Time `json:"next_due,omitzero"` // when the next of them does
	Now     time.Time `json:"now"`
}

// FaultKind says what goes wrong with a request.
type FaultKind string

// The faults. "Before" kinds leave no trace in the books; "after commit" kinds do the work and lose the answer.
const (
	Delay              FaultKind = "delay"                // waits DelayMS while holding the idempotency key, then goes on
	DropAfterCommit    FaultKind = "drop_after_commit"    // does the work, closes the connection without an answer
	DropBefore         FaultKind = "drop_before"          // closes the connection without doing anything
	HTML502            FaultKind = "html_502"             // a gateway's HTML page; nothing done
	LockTimeout        FaultKind = "lock_timeout"         // somebody else holds the object: a 429 with nothing done, nothing kept
	ServerError        FaultKind = "500"                  // execution began and failed: no effect, the 500 is kept under the key
	ServerErrorAfter   FaultKind = "500_after_commit"     // the work is done, yet a 500 is answered and kept under the key
	TimeoutAfterCommit FaultKind = "timeout_after_commit" // does the work, never answers
	TooManyRequests    FaultKind = "429"                  // rate limited; nothing done, nothing kept
)

// Fault is injected into the next Count matching requests.
type Fault struct {
	Count                int       `json:"count,omitempty"`    // at least 1; 0 means 1
	DelayMS              int       `json:"delay_ms,omitempty"` // for Delay, milliseconds, at most 60,000
	IdempotencyKeyPrefix string    `json:"idempotency_key_prefix,omitempty"`
	Kind                 FaultKind `json:"kind"`
	Method               string    `json:"method,omitempty"` // empty: any
	PathPrefix           string    `json:"path_prefix,omitempty"`
	RateLimitedReason    string    `json:"rate_limited_reason,omitempty"` // for TooManyRequests of Stripe: which limit; global-rate if empty
}

// The schedules of payouts.
const (
	DailyPayouts  = "daily"
	ManualPayouts = "manual"
)

// Payouts says how money leaves the balance. A new sandbox pays out by request only.
type Payouts struct {
	FailNext string `json:"fail_next,omitempty"` // the next payout to arrive fails with this code, such as account_closed
	Schedule string `json:"schedule"`            // DailyPayouts: all that is available, every midnight (UTC); ManualPayouts: by request
}

// Settlement says in which currency money reaches the balance. Without a currency, each in its own.
type Settlement struct {
	Currency string `json:"currency"` // in lower case
	// Rates are what one of another currency is worth in it, as decimals by lower-case code; those without one settle in
	// themselves.
	Rates map[string]string `json:"rates"`
}

// Movement is something that Stripe does to the balance by itself. A fee has a negative amount.
type Movement struct {
	Category    string `json:"category"` // fee, network_cost, other_adjustment, tax or topup
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"` // in lower case
	Description string `json:"description,omitempty"`
}

// MovementBooked names the balance transaction of a Movement.
type MovementBooked struct {
	ID string `json:"id"`
}

// WebhookFaultKind says what goes wrong with a webhook.
type WebhookFaultKind string

// The webhook faults.
const (
	DelayWebhook     WebhookFaultKind = "delay"     // arrives DelayMS later; later events overtake it
	DuplicateWebhook WebhookFaultKind = "duplicate" // arrives twice
	LoseWebhook      WebhookFaultKind = "lose"      // never arrives; the event can be listed with delivery_success false
	ReorderWebhook   WebhookFaultKind = "reorder"   // the next event arrives first, if one comes within two seconds
)

// WebhookFault spoils the next Count deliveries of matching events.
type WebhookFault struct {
	Count   int              `json:"count,omitempty"`    // at least 1; 0 means 1
	DelayMS int              `json:"delay_ms,omitempty"` // for DelayWebhook, milliseconds, from 1 to 60,000
	Kind    WebhookFaultKind `json:"kind"`
	Type    string           `json:"type,omitempty"` // beginning of the event's type, such as "payment_intent."; empty: any
}

// CardUpdate is what the card network tells about a saved card: its new dates, or that another card replaced it. At least
// one of the fields besides PaymentMethod is given.
type CardUpdate struct {
	ExpMonth      int64  `json:"exp_month,omitempty"`
	ExpYear       int64  `json:"exp_year,omitempty"`
	Number        string `json:"number,omitempty"` // of the test card that replaces it
	PaymentMethod string `json:"payment_method"`   // pm_...
}

// Revocation takes back every permission to debit a bank account.
type Revocation struct {
	PaymentMethod string `json:"payment_method"` // pm_...
}

// Books is what the sandbox itself recorded: the independent side of a reconciliation.
// Amounts are in Stripe's minor units of the currency.
type Books struct {
	// Cash is what customers sent by bank transfer and no payment has used. It is none of the balance.
	Cash     []BookedCash    `json:"cash"`
	Charges  []BookedCharge  `json:"charges"`
	Disputes []BookedDispute `json:"disputes"`
	Payouts  []BookedPayout  `json:"payouts"`
	Refunds  []BookedRefund  `json:"refunds"`
	Totals   []BookTotal     `json:"totals"` // by currency, in alphabetical order
	// Balances is what is held for us, available or not, by currency: the sum of all movements of the balance.
	Balances []BookedBalance `json:"balances"`
}

// BookedCash is a customer's cash balance in one currency.
type BookedCash struct {
	Available int64  `json:"available"`
	Currency  string `json:"currency"`
	Customer  string `json:"customer"`
}

// BookedBalance is the balance in one currency.
type BookedBalance struct {
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`
}

// BookedCharge is one attempt to take money, successful or not.
type BookedCharge struct {
	Amount         int64             `json:"amount"`
	AmountCaptured int64             `json:"amount_captured"`
	AmountRefunded int64             `json:"amount_refunded"`
	Created        time.Time         `json:"created"`
	Currency       string            `json:"currency"` // lower case, as Stripe writes it
	Customer       string            `json:"customer"`
	DeclineCode    string            `json:"decline_code,omitempty"` // of a failed charge
	Fee            int64             `json:"fee"`
	ID             string            `json:"id"`
	Metadata       map[string]string `json:"metadata"`
	PaymentIntent  string            `json:"payment_intent"`
	PaymentMethod  string            `json:"payment_method"`
	Status         string            `json:"status"` // pending, succeeded or failed
}

// BookedRefund is one refund.
type BookedRefund struct {
	Amount        int64             `json:"amount"`
	Charge        string            `json:"charge"`
	Created       time.Time         `json:"created"`
	Currency      string            `json:"currency"`
	ID            string            `json:"id"`
	Metadata      map[string]string `json:"metadata"`
	PaymentIntent string            `json:"payment_intent"`
	Status        string            `json:"status"` // pending, succeeded, failed
}

// BookedDispute is a charge that the cardholder contests.
type BookedDispute struct {
	Amount        int64     `json:"amount"` // in dispute
	Charge        string    `json:"charge"`
	Created       time.Time `json:"created"`
	Currency      string    `json:"currency"`
	Fee           int64     `json:"fee"`
	ID            string    `json:"id"`
	PaymentIntent string    `json:"payment_intent"`
	Reason        string    `json:"reason"`
	Status        string    `json:"status"`    // needs_response, or warning_needs_response for an inquiry
	Withdrawn     int64     `json:"withdrawn"` // taken off the balance: 0 for an inquiry
}

// BookedPayout is money sent from the balance to our bank account.
type BookedPayout struct {
	Amount    int64     `json:"amount"`
	Arrival   time.Time `json:"arrival"`
	Automatic bool      `json:"automatic"`
	Created   time.Time `json:"created"`
	Currency  string    `json:"currency"`
	ID        string    `json:"id"`
	Status    string    `json:"status"` // pending, paid, failed or canceled
}

// BookTotal sums one currency. Refunded excludes failed refunds, PaidOut failed and cancelled payouts; Fees are those of
// charges and disputes; Net is Captured - Refunded - Disputed - Fees. The balance is Net - PaidOut.
type BookTotal struct {
	Captured  int64  `json:"captured"`
	Currency  string `json:"currency"`
	Declined  int    `json:"declined"` // number of failed charges
	Disputed  int64  `json:"disputed"` // withdrawn by disputes
	Fees      int64  `json:"fees"`
	Net       int64  `json:"net"`
	PaidOut   int64  `json:"paid_out"` // sent to our bank account
	Pending   int    `json:"pending"`  // number of charges whose outcome the bank has not told
	Refunded  int64  `json:"refunded"`
	Succeeded int    `json:"succeeded"` // number of successful charges
}

// Mail is one message the SendGrid side accepted, for one personalization.
type Mail struct {
	Attachments []Attachment      `json:"attachments,omitempty"`
	Categories  []string          `json:"categories,omitempty"`
	CustomArgs  map[string]string `json:"custom_args,omitempty"`
	From        string            `json:"from"`
	Headers     map[string]string `json:"headers,omitempty"`
	HTML        string            `json:"html,omitempty"`
	ID          string            `json:"id"` // unique per personalization
	MessageID   string            `json:"message_id"`
	ReplyTo     string            `json:"reply_to,omitempty"`
	SentAt      time.Time         `json:"sent_at"` // billing time of the sender
	Subject     string            `json:"subject"`
	TemplateID  string            `json:"template_id,omitempty"`
	Text        string            `json:"text,omitempty"`
	To          []string          `json:"to"` // to, cc and bcc addresses in lower case
}

// Attachment is a file that travelled with a Mail.
type Attachment struct {
	Bytes    int    `json:"bytes"` // size after decoding
	Filename string `json:"filename"`
	Type     string `json:"type,omitempty"`
}
