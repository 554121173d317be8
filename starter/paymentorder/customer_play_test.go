package paymentorder_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

// visit is one order being played on one unpaid invoice.
type visit struct {
	ctx     context.Context
	id      string
	invoice store.Invoice
	differs string // how the books differed when they were compared last

	mu             sync.Mutex
	bank, checkout string // the pages that the owner was sent to
}

func (v *visit) run(seller string, order sequence) error {
	customer := startertest.NewCustomer(seller, v.id+"-c")
	customer.PaymentMethod = "pm_card_authenticationRequired"
	if _, err := running.Service.CreateCustomer(v.ctx, customer); err != nil {
		return err
	}
	started, err := running.Service.Subscribe(v.ctx, service.NewSubscription{ID: v.id, Customer: customer.ID, Plan: seller + "-pro"})
	if err != nil {
		return err
	}
	if v.invoice, err = running.Store.Invoice(v.ctx, started.Invoice.InvoiceID); err != nil {
		return err
	}
	for _, step := range order {
		var group errgroup.Group
		for _, thing := range step {
			group.Go(func() error {
				if err := v.happens(thing); err != nil {
					return fmt.Errorf("%s: %w", thing, err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// happens does one thing. That it is refused, because of something that happened before, is no error.
func (v *visit) happens(thing string) error {
	var err error
	switch thing {
	case confirms:
		err = v.remember(&v.bank)(running.Service.PayNow(v.ctx, v.invoice.PageKey))
	case opens:
		err = v.remember(&v.checkout)(running.Service.PayAnotherWay(v.ctx, v.invoice.PageKey))
	case bank:
		return v.approve()
	case pays:
		return v.pay()
	case closes:
		err = v.close()
	case comes:
		err = v.comeBack()
	case retries:
		err = v.retry()
	case told:
		err = v.tell()
	}
	if _, refused := errors.AsType[*service.Error](err); refused {
		return nil
	}
	return err
}

// comeBack does not wait for long: what happens next in this order may be what the page would wait for.
func (v *visit) comeBack() error {
	ctx, cancel := context.WithTimeout(v.ctx, time.Second)
	defer cancel()
	err := running.Service.CustomerReturned(ctx, v.invoice.PageKey)
	if ctx.Err() != nil && v.ctx.Err() == nil {
		return nil
	}
	return err
}

func (v *visit) remember(page *string) func(string, error) error {
	return func(address string, err error) error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if address != "" {
			*page = address
		}
		return err
	}
}

// approve answers at the bank, whose page may have nothing to ask any more.
func (v *visit) approve() error {
	if v.bank == "" {
		return nil
	}
	return post(v.ctx, v.bank, url.Values{"outcome": {"succeed"}})
}

func (v *visit) pay() error {
	if v.checkout == "" {
		return nil
	}
	return post(v.ctx, v.checkout, url.Values{"payment_method": {"pm_card_visa"}})
}

func post(ctx context.Context, page string, form url.Values) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	if err := res.Body.Close(); err != nil || res.StatusCode < http.StatusInternalServerError {
		return err
	}
	return fmt.Errorf("the page answered %s", res.Status)
}

func (v *visit) close() error {
	open, err := running.Store.Checkouts(v.ctx, store.CheckoutFilter{InvoiceID: v.invoice.ID, Status: store.CheckoutOpen, Limit: 10})
	for _, row := range open {
		_, failure := running.Service.ExpireCheckout(v.ctx, row.ID)
		err = errors.Join(err, failure)
	}
	return err
}

// retry gives the customer another card, which needs no owner, and has it charged.
func (v *visit) retry() error {
	err := running.Store.ReplacePaymentMethod(v.ctx, store.PaymentMethod{
		ID: "method_" + v.id, CustomerID: v.id + "-c", ProviderToken: "pm_card_visa", Position: 2, ChangedAt: time.Now().UTC(),
	})
	if err != nil {
		return err
	}
	err = v.retryNow()
	for collides(err) {
		err = v.retryNow()
	}
	var refused *temporal.ApplicationError
	var ended *serviceerror.NotFound
	if errors.As(err, &ended) || errors.As(err, &refused) && refused.NonRetryable() {
		return nil // the invoice is paid, and nobody collects it
	}
	return err
}

func (v *visit) retryNow() error {
	update, err := running.Temporal.UpdateWorkflow(v.ctx, temporalclient.UpdateWorkflowOptions{
		WorkflowID: message.DunningID(v.invoice.ID), UpdateName: message.RetryNowUpdate, Args: []any{time.Now().UTC()},
		WaitForStage: temporalclient.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return update.Get(v.ctx, nil)
}

// collides says that the server could not deliver a request, because another message came at that moment.
func collides(err error) bool {
	_, collided := errors.AsType[*serviceerror.WorkflowNotReady](err)
	return collided
}

// tell brings all events about the invoice, as webhooks would.
func (v *visit) tell() error {
	list := running.Config.Stripe().Events.List(&stripe.EventListParams{ListParams: stripe.ListParams{Context: v.ctx, Limit: stripe.Int64(100)}})
	for list.Next() {
		event := list.Event()
		if !slices.Contains(service.StripeEventTypes(), string(event.Type)) {
			continue
		}
		metadata, _ := event.Data.Object["metadata"].(map[string]any)
		if metadata["invoice"] != v.invoice.ID {
			continue
		}
		payload := fmt.Appendf(nil, `{"id":%q,"object":"event","type":%q,"created":%d,"data":{"object":%s}}`, event.ID, event.Type, event.Created, event.Data.Raw)
		if err := running.Service.KeepEvent(v.ctx, payload); err != nil {
			return err
		}
	}
	return list.Err()
}

// payAfterAll pays the invoice if it is not paid: whatever happened, that must be possible.
func (v *visit) payAfterAll() error {
	for range 3 { // an attempt that was under way may be what the first one finds
		invoice, err := running.Store.Invoice(v.ctx, v.invoice.ID)
		if err != nil || invoice.Status == "paid" {
			return err
		}
		if err := v.retry(); err != nil {
			return err
		}
	}
	return nil
}

// taken are the charges that took an invoice's money, by invoice, from the provider's books.
func taken(t *testing.T) map[string][]sandbox.BookedCharge {
	t.Helper()
	books, err := sandbox.FetchBooks(t.Context(), running.Config.StripeURL)
	require.NoError(t, err)
	charges := map[string][]sandbox.BookedCharge{}
	for _, charge := range books.Charges {
		if invoice := charge.Metadata["invoice"]; charge.Status == "succeeded" {
			charges[invoice] = append(charges[invoice], charge)
		}
	}
	return charges
}

// agree compares the provider's books with ours: the money was taken once at most, and if so, that is our payment.
func (v *visit) agree(t *testing.T, theirs []sandbox.BookedCharge) bool {
	t.Helper()
	invoice, err := running.Store.Invoice(t.Context(), v.invoice.ID)
	require.NoError(t, err)
	payments, err := running.Store.Payments(t.Context(), v.invoice.ID)
	require.NoError(t, err)
	succeeded := ""
	for _, attempt := range payments {
		if attempt.Status == store.PaymentSucceeded {
			succeeded = *attempt.ProviderCharge
		}
	}
	require.LessOrEqual(t, len(theirs), 1, "the money was taken twice")
	took := ""
	for _, charge := range theirs {
		require.Equal(t, v.invoice.AmountDue, charge.Amount)
		took = charge.ID
	}
	v.differs = fmt.Sprintf("invoice is %s; provider has charge %q, we have %q", invoice.Status, took, succeeded)
	return took == succeeded && (invoice.Status == "paid") == (took != "")
}
