package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// FollowPaymentMethod takes a step with a payment method and records how it stands. What the provider refuses is a result,
// with the reason: a method that was to be set up is forgotten, and the one in its place stays.
func (p *Payments) FollowPaymentMethod(ctx context.Context, in message.PaymentMethodInput) (message.PaymentMethodState, error) {
	state, err := p.follow(ctx, in)
	if err != nil {
		return state, fmt.Errorf("%s of payment method %s: %w", in.Step, in.MethodID, err)
	}
	return state, nil
}

func (p *Payments) follow(ctx context.Context, in message.PaymentMethodInput) (message.PaymentMethodState, error) {
	row, err := p.Store.PaymentMethodByID(ctx, in.MethodID)
	if errors.Is(err, store.ErrNotFound) { // by an earlier try of this activity, whose answer was lost
		return message.PaymentMethodState{
			MethodID: in.MethodID, Status: store.MethodDropped, Reason: errRefused, Refusal: "it was refused: set it again to see why",
		}, nil
	}
	if err != nil {
		return message.PaymentMethodState{}, err
	}
	customer, err := p.Store.Customer(ctx, row.CustomerID)
	if err != nil {
		return message.PaymentMethodState{}, err
	}
	asked := provider{Payments: p, at: in.At, customer: customer}
	var seen store.PaymentMethod
	switch {
	case row.Status == store.MethodDropped || row.Status == store.MethodDetached:
		return methodState(row), nil
	case in.Step == message.VerifyStep:
		seen, err = asked.verify(ctx, row, in)
	case row.Kind == "":
		seen, err = asked.setUp(ctx, row, in.ReturnURL)
	default:
		seen, err = asked.refresh(ctx, row)
	}
	refused, ok := refusedMethod(err)
	if row.Kind != "" && in.Step != message.VerifyStep {
		ok = errors.As(err, &refused) // that the provider cannot be read says nothing about the method
	}
	if ok && refused.passing {
		state := methodState(row)
		state.Refusal = refused.message
		return state, nil
	}
	if ok {
		seen, err = row, nil
		seen.Status, seen.StatusReason = store.MethodDropped, refused.code
	}
	if err != nil {
		return message.PaymentMethodState{}, err
	}
	state, err := p.record(ctx, seen, in.At)
	state.Refusal = refused.message
	return state, err
}

func methodState(m store.PaymentMethod) message.PaymentMethodState {
	return message.PaymentMethodState{MethodID: m.ID, Kind: m.Kind, Status: m.Status, Reason: m.StatusReason}
}

// record writes down what was seen of a method. One that has become usable takes its place among the customer's methods.
func (p *Payments) record(ctx context.Context, seen store.PaymentMethod, at time.Time) (message.PaymentMethodState, error) {
	var state message.PaymentMethodState
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		before, err := tx.LockMethod(ctx, seen.ID)
		if err != nil {
			return err
		}
		after := merge(before, seen, at)
		state = methodState(after)
		state.Changed = after.Status != before.Status || after.DetailsChangedAt != before.DetailsChangedAt
		if before.Status == store.MethodPending && after.Status == store.MethodDropped {
			return tx.ForgetMethod(ctx, before.ID)
		}
		if err := tx.SaveMethod(ctx, after); err != nil {
			return err
		}
		if unfinished(before) && !before.Active && after.Status == store.MethodUsable {
			return tx.TakePlace(ctx, after, at)
		}
		return nil
	})
	return state, err
}

func unfinished(m store.PaymentMethod) bool {
	return m.Status == store.MethodPending || m.Status == store.MethodVerifying
}

// merge is a method as it is recorded after the provider was asked. What ended stays ended, and a block that a bank's answer
// or a dispute made is not lifted by the provider's having none.
func merge(before, seen store.PaymentMethod, at time.Time) store.PaymentMethod {
	after := seen
	after.DetailsChangedAt = before.DetailsChangedAt
	switch {
	case before.Status == store.MethodDropped || before.Status == store.MethodDetached:
		return before
	case seen.Status == store.MethodDropped && before.Active: // it was in use without having been verified
		after.Status = store.MethodBlocked
	case before.Status == store.MethodBlocked && seen.Status == store.MethodUsable && before.StatusReason != mandateInactive,
		before.Status == store.MethodBlocked && seen.Status == store.MethodBlocked:
		after.Status, after.StatusReason = before.Status, before.StatusReason
	}
	renewed := before.DetailsHash != "" && before.DetailsHash != seen.DetailsHash
	if renewed || before.Status != store.MethodUsable && before.Active && after.Status == store.MethodUsable {
		changed := at.Add(time.Millisecond) // after what was tried at the same instant, as can be on a test clock
		after.DetailsChangedAt = &changed
	}
	return after
}

// mandateInactive is why a method is blocked whose mandate was revoked: by its customer, its bank or the provider.
const mandateInactive = "mandate_inactive"

// setUp has the provider save a method to its customer. Attaching is enough for cards; what is debited from a bank account
// also needs a mandate, and what sends its customer to a bank needs the bank's approval: both are set up by a setup intent.
func (p provider) setUp(ctx context.Context, row store.PaymentMethod, returnURL string) (store.PaymentMethod, error) {
	customer, err := p.providerCustomer(ctx)
	if err != nil {
		return row, err
	}
	if row.ProviderToken == paymethod.KindTransfer {
		return p.byTransfer(ctx, row)
	}
	attached, refusal, err := p.attach(ctx, row, customer)
	if err != nil {
		return row, err
	}
	token := row.ProviderToken
	if attached != nil {
		token = attached.ID
		kind, known := paymethod.Lookup(string(attached.Type))
		if known {
			if err := kind.CheckCurrency(p.customer.Currency); err != nil && row.Status == store.MethodPending {
				return row, methodRefusal{code: "payment_method_unsupported", message: err.Error()}
			}
		}
		if kind.Family != paymethod.Debit && kind.Becomes == "" {
			return p.noted(ctx, row, attached)
		}
		if kind.Becomes != "" && returnURL == "" && row.SetupIntent == nil {
			return row, methodRefusal{code: "return_url_missing", message: fmt.Sprintf(
				"%s sends the customer to their bank: say with return_url where they come back to", kind.Name)}
		}
	}
	intent, err := p.setupIntent(ctx, row, p.setupParams(ctx, row, attached, customer, token, returnURL))
	if answer, ok := refusedMethod(err); ok && refusal != nil && answer.code == errRefused {
		err = refusal // the first answer says why
	}
	if err != nil {
		return row, err
	}
	return p.afterSetup(ctx, row, intent)
}

// byTransfer is the choice to be asked for a bank transfer. The provider has nothing to save: the account is the customer's.
func (p provider) byTransfer(ctx context.Context, row store.PaymentMethod) (store.PaymentMethod, error) {
	kind, _ := paymethod.Lookup(paymethod.KindTransfer)
	if err := kind.CheckCurrency(p.customer.Currency); err != nil {
		return row, methodRefusal{code: "payment_method_unsupported", message: err.Error()}
	}
	row.Kind, row.Status, row.StatusReason = kind.Kind, store.MethodUsable, ""
	return row, p.Store.SaveMethodDetail(ctx, store.MethodDetail{MethodID: row.ID, Kind: row.Kind})
}

// attach saves a method to its customer. Some kinds cannot be attached without more: then refusal is why, and a setup intent
// has the last word.
func (p provider) attach(ctx context.Context, row store.PaymentMethod, customer string) (attached *stripe.PaymentMethod, refusal, err error) {
	params := &stripe.PaymentMethodAttachParams{Params: p.params(ctx, "attach:"+row.ID), Customer: &customer}
	attached, err = p.Stripe.PaymentMethods.Attach(row.ProviderToken, params)
	if burnt(err) {
		params.IdempotencyKey = nil // attaching what is attached to this customer changes nothing
		attached, err = p.Stripe.PaymentMethods.Attach(row.ProviderToken, params)
	}
	if err == nil {
		return attached, nil, nil
	}
	err = fmt.Errorf("attach payment method %s: %w", row.ID, later(err))
	var answer *stripe.Error
	if errors.As(err, &answer) && answer.HTTPStatusCode == 400 && !burnt(err) {
		return nil, err, nil
	}
	return nil, nil, err
}

// setupParams ask for a setup intent that is confirmed at once. A kind that is not known yet is found by the provider.
func (p provider) setupParams(
	ctx context.Context, row store.PaymentMethod, attached *stripe.PaymentMethod, customer, token, returnURL string,
) *stripe.SetupIntentParams {
	params := &stripe.SetupIntentParams{
		Params: p.params(ctx, "setup:"+row.ID), Customer: &customer, PaymentMethod: &token, Confirm: stripe.Bool(true),
		Usage: stripe.String("off_session"), Metadata: map[string]string{"payment_method": row.ID, "customer": row.CustomerID},
		MandateData: acceptedOffline(row.ChangedAt), Expand: setupExpansions(),
	}
	redirects := "never"
	if returnURL != "" {
		redirects, params.ReturnURL = "always", &returnURL
	}
	if attached != nil {
		params.PaymentMethodTypes = []*string{stripe.String(string(attached.Type))}
	} else {
		params.AutomaticPaymentMethods = &stripe.SetupIntentAutomaticPaymentMethodsParams{Enabled: stripe.Bool(true), AllowRedirects: &redirects}
	}
	return params
}

// setupIntent makes the setup intent of a method, once: a burnt key may have made it after all, and then the customer's list
// has it.
func (p provider) setupIntent(ctx context.Context, row store.PaymentMethod, params *stripe.SetupIntentParams) (*stripe.SetupIntent, error) {
	made, err := p.Stripe.SetupIntents.New(params)
	if burnt(err) {
		made, err = p.setupAgain(ctx, row.ID, params)
	}
	if err != nil {
		return nil, fmt.Errorf("set up payment method %s: %w", row.ID, later(err))
	}
	return made, nil
}

// acceptedOffline says that the customer gave the mandate to whoever gave us the method, and when. Where and with which
// browser is not ours to keep.
func acceptedOffline(at time.Time) *stripe.SetupIntentMandateDataParams {
	return &stripe.SetupIntentMandateDataParams{CustomerAcceptance: &stripe.SetupIntentMandateDataCustomerAcceptanceParams{
		Type: stripe.MandateCustomerAcceptanceTypeOffline, AcceptedAt: stripe.Int64(at.Unix()),
		Offline: &stripe.SetupIntentMandateDataCustomerAcceptanceOfflineParams{},
	}}
}

func setupExpansions() []*string {
	return stripe.StringSlice([]string{"payment_method", "latest_attempt", "mandate"})
}

func (p provider) setupAgain(ctx context.Context, methodID string, params *stripe.SetupIntentParams) (*stripe.SetupIntent, error) {
	found := p.Stripe.SetupIntents.List(&stripe.SetupIntentListParams{ListParams: stripe.ListParams{Context: ctx}, Customer: params.Customer})
	for found.Next() {
		if found.SetupIntent().Metadata["payment_method"] == methodID {
			return p.readSetup(ctx, found.SetupIntent().ID)
		}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	params.IdempotencyKey = nil
	return p.Stripe.SetupIntents.New(params)
}

func (p provider) readSetup(ctx context.Context, id string) (*stripe.SetupIntent, error) {
	read, err := p.Stripe.SetupIntents.Get(id, &stripe.SetupIntentParams{Params: p.params(ctx, ""), Expand: setupExpansions()})
	if err != nil {
		return nil, fmt.Errorf("read setup intent %s: %w", id, later(err))
	}
	return read, nil
}
