package sandbox

import (
	"context"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// The messages of the sandbox's own admin API.
type (
	// Advance moves the settlement clock forward.
	Advance = control.Advance
	// Attachment is a file that travelled with a Mail.
	Attachment = control.Attachment
	// BookedBalance is the balance in one currency.
	BookedBalance = control.BookedBalance
	// BookedCash is what a customer sent by bank transfer and no payment has used.
	BookedCash = control.BookedCash
	// BookedCharge is one attempt to take money, successful or not.
	BookedCharge = control.BookedCharge
	// BookedDispute is a charge that the cardholder contests.
	BookedDispute = control.BookedDispute
	// BookedPayout is money sent from the balance to our bank account.
	BookedPayout = control.BookedPayout
	// BookedRefund is one refund.
	BookedRefund = control.BookedRefund
	// Books is what the sandbox itself recorded.
	Books = control.Books
	// BookTotal sums one currency of the books.
	BookTotal = control.BookTotal
	// CardUpdate is what the card network tells about a saved card.
	CardUpdate = control.CardUpdate
	// Clock is the settlement clock.
	Clock = control.Clock
	// Fault is injected into the next matching requests.
	Fault = control.Fault
	// FaultKind says what goes wrong.
	FaultKind = control.FaultKind
	// Mail is one accepted message.
	Mail = control.Mail
	// Payer is what a customer fills in on one of the sandbox's pages.
	Payer = control.Payer
	// MailEvent makes something happen to an accepted message.
	MailEvent = control.MailEvent
	// MailEventSent says how telling it was answered.
	MailEventSent = control.MailEventSent
	// Movement is something that Stripe does to the balance by itself.
	Movement = control.Movement
	// Payouts says how money leaves the balance.
	Payouts = control.Payouts
	// Revocation takes back every permission to debit a bank account.
	Revocation = control.Revocation
	// Scenario scripts the outcomes of successive charges.
	Scenario = control.Scenario
	// Settlement says in which currency money reaches the balance.
	Settlement = control.Settlement
	// WebhookFault spoils coming webhooks.
	WebhookFault = control.WebhookFault
)

// The kinds of faults; see package control for what each does.
const (
	Delay              = control.Delay
	DropAfterCommit    = control.DropAfterCommit
	DropBefore         = control.DropBefore
	HTML502            = control.HTML502
	LockTimeout        = control.LockTimeout
	ServerError        = control.ServerError
	ServerErrorAfter   = control.ServerErrorAfter
	TimeoutAfterCommit = control.TimeoutAfterCommit
	TooManyRequests    = control.TooManyRequests
)

// The kinds of webhook faults; see package control for what each does.
const (
	DelayWebhook     = control.DelayWebhook
	DuplicateWebhook = control.DuplicateWebhook
	LoseWebhook      = control.LoseWebhook
	ReorderWebhook   = control.ReorderWebhook
)

// The schedules of payouts.
const (
	DailyPayouts  = control.DailyPayouts
	ManualPayouts = control.ManualPayouts
)

// AsOfHeader carries the caller's billing time (RFC 3339) to either server.
const AsOfHeader = control.AsOfHeader

// FetchBooks reads the whole books of the Stripe side at stripeURL.
func FetchBooks(ctx context.Context, stripeURL string) (Books, error) {
	return control.FetchBooks(ctx, stripeURL)
}

// SetPayouts says how money leaves the balance at stripeURL. Errors name the field at fault.
func SetPayouts(ctx context.Context, stripeURL string, p Payouts) error {
	return control.SetPayouts(ctx, stripeURL, p)
}

// SetSettlement says in which currency money reaches the balance at stripeURL. Errors name the field at fault.
func SetSettlement(ctx context.Context, stripeURL string, s Settlement) error {
	return control.SetSettlement(ctx, stripeURL, s)
}

// AddMovement books something that Stripe does to the balance at stripeURL by itself, and returns its id.
func AddMovement(ctx context.Context, stripeURL string, m Movement) (id string, err error) {
	return control.AddMovement(ctx, stripeURL, m)
}

// AddScenario scripts charges at stripeURL. Errors name the field at fault.
func AddScenario(ctx context.Context, stripeURL string, s Scenario) error {
	return control.AddScenario(ctx, stripeURL, s)
}

// AddWebhookFault spoils coming webhooks of the Stripe side at stripeURL.
func AddWebhookFault(ctx context.Context, stripeURL string, f WebhookFault) error {
	return control.AddWebhookFault(ctx, stripeURL, f)
}

// UpdateCard plays the card network's account updater at stripeURL: the method keeps its id.
func UpdateCard(ctx context.Context, stripeURL string, u CardUpdate) error {
	return control.UpdateCard(ctx, stripeURL, u)
}

// RevokeMandates plays a customer, or their bank, who takes back every permission to debit a bank account at stripeURL.
func RevokeMandates(ctx context.Context, stripeURL string, r Revocation) error {
	return control.RevokeMandates(ctx, stripeURL, r)
}

// AddFault injects a fault into the Stripe or SendGrid side at baseURL.
func AddFault(ctx context.Context, baseURL string, f Fault) error {
	return control.AddFault(ctx, baseURL, f)
}

// AdvanceClock moves the settlement clock at stripeURL and lets everything happen that is due by then.
func AdvanceClock(ctx context.Context, stripeURL string, a Advance) (Clock, error) {
	return control.AdvanceClock(ctx, stripeURL, a)
}

// FetchClock reads the settlement clock at stripeURL.
func FetchClock(ctx context.Context, stripeURL string) (Clock, error) {
	return control.FetchClock(ctx, stripeURL)
}

// Authenticate plays the customer who is asked to authenticate a payment or setup intent. The intent's state
// afterwards tells the outcome.
func Authenticate(ctx context.Context, stripeURL, intentID, clientSecret string, succeed bool) error {
	return control.Authenticate(ctx, stripeURL, intentID, clientSecret, succeed)
}

// Pay plays the customer on a page that asks for a payment method, and returns where the customer is sent next.
func Pay(ctx context.Context, pageURL string, p Payer) (next string, err error) {
	return control.Pay(ctx, pageURL, p)
}

// Mailbox reads the newest messages to one address, or to anybody when to is empty: at most 1,000.
func Mailbox(ctx context.Context, sendGridURL, to string) ([]Mail, error) {
	return control.Mailbox(ctx, sendGridURL, to)
}

// SetEventWebhook has the SendGrid side tell address what becomes of mail, and returns the public key that verifies it.
func SetEventWebhook(ctx context.Context, sendGridURL, address string) (publicKey string, err error) {
	return control.SetEventWebhook(ctx, sendGridURL, address)
}

// SendMailEvent makes something happen to a message that was accepted, and has the event webhook told.
func SendMailEvent(ctx context.Context, sendGridURL string, e MailEvent) (MailEventSent, error) {
	return control.SendMailEvent(ctx, sendGridURL, e)
}
