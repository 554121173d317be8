package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"
	stripeclient "github.com/stripe/stripe-go/v79/client"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// WithStripe returns a service that can ask Stripe what no webhook told, and that ignores events of the other mode. live
// says that the client's key is one of the live mode.
func (s *Service) WithStripe(api *stripeclient.API, live bool) *Service {
	with := *s
	with.stripe, with.live = api, live
	return &with
}

// CanSweep says that the service can ask Stripe.
func (s *Service) CanSweep() bool { return s.stripe != nil }

// StripeEventTypes are the kinds of Stripe's events from which something follows.
func StripeEventTypes() []string {
	return append(slices.Concat(cashEventTypes(), methodEventTypes(), fraudEventTypes()),
		string(stripe.EventTypePaymentIntentSucceeded), string(stripe.EventTypePaymentIntentPaymentFailed),
		string(stripe.EventTypePaymentIntentProcessing), string(stripe.EventTypePaymentIntentRequiresAction),
		string(stripe.EventTypePaymentIntentCanceled), string(stripe.EventTypePaymentIntentPartiallyFunded),
		string(stripe.EventTypeCheckoutSessionCompleted), string(stripe.EventTypeCheckoutSessionExpired),
		string(stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded), string(stripe.EventTypeCheckoutSessionAsyncPaymentFailed),
		string(stripe.EventTypeCustomerUpdated), string(stripe.EventTypePaymentMethodAttached),
		string(stripe.EventTypeChargeRefundUpdated),
		string(stripe.EventTypeChargeDisputeCreated), string(stripe.EventTypeChargeDisputeUpdated),
		string(stripe.EventTypeChargeDisputeFundsWithdrawn), string(stripe.EventTypeChargeDisputeFundsReinstated),
		string(stripe.EventTypeChargeDisputeClosed),
		string(stripe.EventTypePayoutCreated), string(stripe.EventTypePayoutUpdated), string(stripe.EventTypePayoutPaid),
		string(stripe.EventTypePayoutFailed), string(stripe.EventTypePayoutCanceled), string(stripe.EventTypePayoutReconciliationCompleted),
	)
}

// stripeEvent is what every version of Stripe's API says of an event, and all that we read.
type stripeEvent struct {
	ID         string `json:"id"`
	Type       string `json:"type"`
	APIVersion string `json:"api_version,omitempty"`
	Account    string `json:"account,omitempty"` // a connected account; empty: our own
	Created    int64  `json:"created"`           // unix seconds
	Livemode   bool   `json:"livemode"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

var (
	eventIDPattern   = regexp.MustCompile(`^[A-Za-z0-9_.:/+=-]{1,200}$`)
	eventTypePattern = regexp.MustCompile(`^[a-z0-9_.]{1,100}$`)
)

// latestEvent is the last second that can be stored and printed, 31 December 9999.
const latestEvent = 253402300799

// check refuses what could never be applied and would be tried in vain.
func (e stripeEvent) check() error {
	switch {
	case !eventIDPattern.MatchString(e.ID):
		return invalid("id", "%.60q is not the id of an event", e.ID)
	case !eventTypePattern.MatchString(e.Type):
		return invalid("type", "%.60q is not the type of an event", e.Type)
	case e.Created < 0 || e.Created > latestEvent:
		return invalid("created", "%d is not a time in unix seconds", e.Created)
	case len(e.Data.Object) == 0 || e.Data.Object[0] != '{':
		return invalid("data", "holds no object")
	}
	return nil
}

// KeepEvent stores an event of Stripe, whose signature was verified. Storing it again changes nothing. Of its object only
// ids, amounts and states are kept: see reduce. An Invalid error says that it is no event.
func (s *Service) KeepEvent(ctx context.Context, payload []byte) error {
	var event stripeEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return invalid("body", "is not an event: %s", err)
	}
	_, err := s.keepStripe(ctx, event, store.FromWebhook)
	return err
}

func (s *Service) keepStripe(ctx context.Context, event stripeEvent, source string) (fresh bool, err error) {
	if err := event.check(); err != nil {
		return false, err
	}
	object, err := reduce(event.Data.Object)
	if err != nil {
		return false, invalid("data", "%s", err)
	}
	if event.Data.Object, err = json.Marshal(object); err != nil {
		return false, fmt.Errorf("keep event %s: %w", event.ID, err)
	}
	event.APIVersion, event.Account = cleaned(event.APIVersion), cleaned(event.Account)
	kept, err := json.Marshal(event)
	if err != nil {
		return false, fmt.Errorf("keep event %s: %w", event.ID, err)
	}
	id, _ := object["id"].(string)
	return s.store.AddInboundEvent(ctx, store.InboundEvent{
		ID: event.ID, Provider: providerStripe, Type: event.Type, ObjectID: id, Source: source,
		OccurredAt: time.Unix(event.Created, 0).UTC(), Payload: kept,
	})
}

// applyStripe does what follows from an event that is for this account and mode. Its API version does not matter: what is
// read of it, every version has.
func (s *Service) applyStripe(ctx context.Context, kept store.InboundEvent) (verdict, error) {
	var event stripeEvent
	if err := json.Unmarshal(kept.Payload, &event); err != nil {
		return hopeless("what is kept of it cannot be read: %s", err), nil
	}
	switch {
	case event.Account != "":
		return ignored("it is of the connected account %.60q: this system bills with its own", event.Account), nil
	case s.stripe != nil && event.Livemode != s.live:
		return ignored("it is of Stripe's %s mode, and STRIPE_API_KEY of the other", modeName(event.Livemode)), nil
	case !slices.Contains(StripeEventTypes(), kept.Type):
		return ignored("nothing follows from %s", kept.Type), nil
	case kept.Type == string(stripe.EventTypeChargeRefundUpdated):
		return s.applyRefund(ctx, kept, event)
	case slices.Contains(cashEventTypes(), kept.Type):
		return s.applyCash(ctx, kept, event)
	case slices.Contains(methodEventTypes(), kept.Type):
		return s.applyMethod(ctx, kept, event)
	case slices.Contains(fraudEventTypes(), kept.Type):
		return s.applyFraud(ctx, kept, event)
	case strings.HasPrefix(kept.Type, "charge.dispute."):
		return s.applyDispute(ctx, kept, event)
	case strings.HasPrefix(kept.Type, "payout."):
		return s.applyPayout(ctx, kept, event)
	case strings.HasPrefix(kept.Type, "checkout.session."):
		return s.applyCheckout(ctx, kept, event)
	case kept.Type == string(stripe.EventTypeCustomerUpdated), kept.Type == string(stripe.EventTypePaymentMethodAttached):
		return s.applyCustomer(ctx, kept, event)
	}
	return s.applyPayment(ctx, kept, event)
}

func modeName(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// applyPayment tells the collection of an invoice that its payment moved by itself: the bank answered, or the customer
// acted. The collection asks Stripe what is true. What our own requests brought about is known already.
func (s *Service) applyPayment(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var intent stripe.PaymentIntent
	if err := json.Unmarshal(event.Data.Object, &intent); err != nil {
		return hopeless("its payment intent cannot be read: %s", err), nil
	}
	invoice, err := s.invoiceOf(ctx, intent)
	if errors.Is(err, store.ErrNotFound) {
		return unseen(intent.Metadata["invoice"])
	}
	if err != nil {
		return verdict{}, err
	}
	payments, err := s.store.Payments(ctx, invoice.ID)
	if err != nil {
		return verdict{}, err
	}
	if end, err := weigh(invoice, payments, intent.ID, stripe.EventType(kept.Type)); end.status != "" || err != nil {
		return end, err
	}
	at, err := s.eventTime(ctx, invoice.PayerID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	told, err := s.client.TellDunning(ctx, invoice.ID, message.PaymentNews{At: at, Reason: kept.Type})
	if err == nil && !told {
		return waits("the collection of invoice %s is not running", invoice.ID)
	}
	return applied("the collection of invoice %s was told", invoice.ID), err
}

// unseen is about an intent that names an invoice we do not have: none of ours, or one that is still to be seen here.
func unseen(named string) (verdict, error) {
	if named == "" || !idPattern.MatchString(named) {
		return ignored("it is not about one of our invoices"), nil
	}
	return waits("there is no invoice %s yet", named)
}

// weigh ends an event of which the invoice's collection need not know. The zero verdict says that it must.
func weigh(invoice store.Invoice, payments []store.Payment, intentID string, kind stripe.EventType) (verdict, error) {
	succeeded := kind == stripe.EventTypePaymentIntentSucceeded
	other := invoice.ProviderIntent != nil && *invoice.ProviderIntent != intentID
	switch {
	case other && succeeded:
		return hopeless("payment intent %s took money for invoice %s, which is collected with %s: refund it or book it by hand",
			intentID, invoice.ID, *invoice.ProviderIntent), nil
	case other:
		return ignored("invoice %s is collected with another payment intent", invoice.ID), nil
	case len(payments) > 0 && payments[len(payments)-1].Status == store.PaymentPending:
		return waits("attempt %d of invoice %s is under way", payments[len(payments)-1].Attempt, invoice.ID)
	case invoice.Status != "open" && succeeded && !slices.ContainsFunc(payments, tookMoney):
		return hopeless("invoice %s is %s and its payment succeeded all the same: refund it or book it by hand", invoice.ID, invoice.Status), nil
	case invoice.Status != "open":
		return ignored("invoice %s is %s already", invoice.ID, invoice.Status), nil
	case !isNews(payments, kind):
		return ignored("the outcome is recorded already"), nil
	}
	return verdict{}, nil
}

// tookMoney says that a payment succeeded once, whatever became of it since.
func tookMoney(p store.Payment) bool { return p.SettledAt != nil && p.Status != store.PaymentFailed }

// invoiceOf finds the invoice of an intent by our record of it, or by what we wrote into the intent: the event can be
// faster than our record.
func (s *Service) invoiceOf(ctx context.Context, intent stripe.PaymentIntent) (store.Invoice, error) {
	invoice, err := s.store.InvoiceByIntent(ctx, intent.ID)
	if id := intent.Metadata["invoice"]; errors.Is(err, store.ErrNotFound) && checkID(id) == nil {
		return s.store.Invoice(ctx, id)
	}
	return invoice, err
}

// isNews says whether an event can be more than the echo of an attempt of ours. One that failed was recorded.
func isNews(payments []store.Payment, kind stripe.EventType) bool {
	if len(payments) == 0 {
		return kind == stripe.EventTypePaymentIntentSucceeded
	}
	switch payments[len(payments)-1].Status {
	case store.PaymentProcessing:
		return kind != stripe.EventTypePaymentIntentProcessing
	case store.PaymentRequiresAction:
		return kind != stripe.EventTypePaymentIntentRequiresAction
	case store.PaymentFailed:
		return kind == stripe.EventTypePaymentIntentSucceeded || kind == stripe.EventTypePaymentIntentProcessing
	}
	return false
}

// eventTime dates an event in the customer's billing time, which is never behind the test clock. Nothing is dated in the
// future: whoever dated the event had another clock than we.
func (s *Service) eventTime(ctx context.Context, customerID string, created time.Time) (time.Time, error) {
	customer, err := s.store.Customer(ctx, customerID)
	if err != nil {
		return created, err
	}
	if customer.TestClockID == nil {
		if now := s.wallNow(); now.Before(created) {
			return now, nil
		}
		return created, nil
	}
	clock, err := s.store.Clock(ctx, *customer.TestClockID)
	if clock.Now.After(created) {
		return clock.Now.UTC(), err
	}
	return created, err
}
