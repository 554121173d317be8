package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Attempts that wait for a bank transfer. The provider tells the customer an account and a reference, which we ask it for
// each time and keep nowhere; what arrives there pays the invoice's intent by itself.

// Decline codes, for transfers that did not come to a payment: the first is our own.
const (
	errTransferMissing = "transfer_not_received"
	errTransferRoute   = "currency_not_supported"
)

// How long an attempt waits for a transfer: of customers who always pay so, for the usual term of payment between
// businesses (Directive 2011/7/EU, Article 3(3)); of one who wanted to pay so once, as long as a transfer takes, with a weekend.
const (
	transferTerm = 30 * 24 * time.Hour
	transferOnce = 7 * 24 * time.Hour
)

// waitsUntil is when an attempt ends that waits for its customer.
func waitsUntil(live store.Payment) time.Time {
	switch {
	case !live.Transfer:
		return live.AskedAt.Add(presentLife)
	case live.MethodID == nil:
		return live.AskedAt.Add(transferOnce)
	}
	return live.AskedAt.Add(transferTerm)
}

// takesPlace says whether an attempt takes the place of one that waits for the customer. A transfer may be on its way: only a
// customer who wants to pay in another way takes it back.
func takesPlace(in message.Charge, live store.Payment) bool {
	if live.Transfer {
		return in.Pages != "" && !in.Transfer
	}
	return in.Pages == "" || live.Pages == "" || in.Transfer
}

// endedAs is the outcome of an attempt that waited for its customer, after its intent was cancelled.
func endedAs(live store.Payment, closed outcome) outcome {
	if live.Transfer && closed.status == store.PaymentFailed {
		closed.declineCode = errTransferMissing
	}
	return closed
}

// askTransfer has the customer told where to send the money. What they sent before pays at once.
func (p provider) askTransfer(ctx context.Context, invoice store.Invoice, attempt store.Payment) (outcome, error) {
	failed := outcome{status: store.PaymentFailed, fee: money.Zero(invoice.Currency)}
	route, found := paymethod.RouteOf(invoice.Currency, p.customer.Country)
	if !found {
		failed.declineCode = errTransferRoute
		return failed, nil
	}
	// What the customer sends cannot be stolen card data, but a seller may block whom they want.
	screened, err := p.screenPage(ctx, invoice, attempt)
	if err != nil {
		return outcome{}, err
	}
	if screened == fraud.Action(fraud.Block) {
		failed.declineCode = errBlocked
		return failed, nil
	}
	intent, taken, err := p.transferIntent(ctx, invoice, attempt, route)
	if declined, ok := declineOf(err, invoice.Currency); ok {
		return declined, nil
	}
	if err != nil || taken.status != "" {
		return taken, err
	}
	if err := p.Store.AddTransferPayer(ctx, p.customer.ID, p.at); err != nil {
		return outcome{}, err
	}
	asked, err := p.confirmWith(ctx, invoice, attempt, intent, &stripe.PaymentIntentConfirmParams{
		PaymentMethodData:    &stripe.PaymentIntentPaymentMethodDataParams{Type: stripe.String(paymethod.KindTransfer)},
		PaymentMethodOptions: transferOptions(route),
	})
	if err == nil && asked.status == store.PaymentFailed { // no other attempt can use an intent of this kind
		invoice.ProviderIntent = &intent
		_, err = p.closeIntent(ctx, invoice)
	}
	return asked, err
}

// transferIntent returns the intent that waits for the transfer of an attempt. An intent that an attempt of another kind made
// cannot: it is cancelled first. If that turns out to have taken the money, or to be taking it, taken is what it came to.
func (p provider) transferIntent(
	ctx context.Context, invoice store.Invoice, attempt store.Payment, route paymethod.Route,
) (intent string, taken outcome, err error) {
	if invoice.ProviderIntent != nil {
		read, err := p.read(ctx, *invoice.ProviderIntent)
		if err != nil || read.Metadata["attempt"] == attempt.ID {
			return *invoice.ProviderIntent, outcome{}, err
		}
		closed, err := p.closeIntent(ctx, invoice)
		if err != nil || closed.status != store.PaymentFailed {
			return "", closed, err
		}
	}
	amount, err := stripeunit.Of(invoice.Owed())
	if err != nil {
		return "", outcome{}, err
	}
	params, err := p.intentParams(ctx, invoice, attempt.Attempt, amount)
	if err != nil {
		return "", outcome{}, err
	}
	params.Metadata["attempt"] = attempt.ID
	params.AutomaticPaymentMethods, params.PaymentMethodTypes = nil, stripe.StringSlice([]string{paymethod.KindTransfer})
	params.PaymentMethodOptions = transferOptions(route)
	intent, err = p.newIntent(ctx, invoice.ID, params)
	return intent, outcome{}, err
}

func transferOptions(route paymethod.Route) *stripe.PaymentIntentPaymentMethodOptionsParams {
	transfer := &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferParams{Type: &route.Scheme}
	if route.Country != "" {
		transfer.EUBankTransfer = &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceBankTransferEUBankTransferParams{Country: &route.Country}
	}
	return &stripe.PaymentIntentPaymentMethodOptionsParams{CustomerBalance: &stripe.PaymentIntentPaymentMethodOptionsCustomerBalanceParams{
		FundingType: stripe.String("bank_transfer"), BankTransfer: transfer,
	}}
}

// applyCash uses money that the customer has sent for an intent that waits for it, where the account does not do so by itself,
// and reads what the intent came to. What the provider refuses changes nothing: it was faster than we.
func (p provider) applyCash(ctx context.Context, intent string, currency money.Currency) (outcome, error) {
	read, err := p.read(ctx, intent)
	if err != nil {
		return outcome{}, err
	}
	waiting := read.NextAction != nil && read.NextAction.DisplayBankTransferInstructions != nil
	if waiting && read.Customer != nil {
		held, err := p.Stripe.CashBalances.Get(&stripe.CashBalanceParams{Params: p.params(ctx, ""), Customer: &read.Customer.ID})
		if err != nil {
			return outcome{}, fmt.Errorf("read cash balance: %w", later(err))
		}
		remaining := read.NextAction.DisplayBankTransferInstructions.AmountRemaining
		if available := held.Available[string(read.Currency)]; available > 0 {
			key := fmt.Sprintf("apply:%s:%d:%d", intent, remaining, available)
			params := &stripe.PaymentIntentApplyCustomerBalanceParams{Params: p.params(ctx, key), Amount: stripe.Int64(min(available, remaining))}
			_, cause := p.Stripe.PaymentIntents.ApplyCustomerBalance(intent, params)
			if read, err = p.read(ctx, intent); err != nil {
				return outcome{}, fmt.Errorf("apply what the customer sent: %w; then: %w", cause, err)
			}
		}
	}
	return outcomeOf(read, currency)
}
