package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/paymethod"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// methodRefusal is why the provider does not take a payment method. One that is passing leaves it as it is; declined says
// that a bank was asked.
type methodRefusal struct {
	code, message     string
	declined, passing bool
}

func (r methodRefusal) Error() string { return r.message }

// Codes of refusals, which attempts to charge fail with as well.
const (
	errRefused    = "payment_method_refused"
	errUnknown    = "payment_method_unknown"
	errDetached   = "payment_method_detached"
	errUnverified = "payment_method_unverified"
	errUnusable   = "payment_method_unusable"
)

// refusedMethod recognises what the provider will say again however often it is asked.
func refusedMethod(err error) (methodRefusal, bool) {
	if own, ok := errors.AsType[methodRefusal](err); ok {
		return own, true
	}
	var answer *stripe.Error
	if !errors.As(err, &answer) || burnt(err) {
		return methodRefusal{}, false
	}
	refused := methodRefusal{code: errRefused, message: answer.Msg}
	switch answer.HTTPStatusCode {
	case http.StatusPaymentRequired:
		refused.code, refused.declined = declineCode(answer), true
	case http.StatusNotFound:
		refused.code = errUnknown
	case http.StatusBadRequest:
		switch code := string(answer.Code); {
		case answer.Code == stripe.ErrorCodePaymentMethodUnexpectedState:
			refused.code = errDetached
		case strings.HasPrefix(code, "payment_method_"):
			refused.code = code
		}
	default:
		return methodRefusal{}, false
	}
	return refused, true
}

// noted describes a method of ours, and keeps what the rules against fraud may ask about it.
func (p provider) noted(ctx context.Context, row store.PaymentMethod, m *stripe.PaymentMethod) (store.PaymentMethod, error) {
	return describe(row, m), p.Store.SaveMethodDetail(ctx, methodDetail(row.ID, m))
}

// describe copies what the provider says of a method that is saved to its customer.
func describe(row store.PaymentMethod, m *stripe.PaymentMethod) store.PaymentMethod {
	row.ProviderID, row.Kind, row.Status, row.StatusReason = &m.ID, string(m.Type), store.MethodUsable, ""
	switch {
	case m.Card != nil:
		row.Network, row.Funding = string(m.Card.Brand), string(m.Card.Funding)
		row.DetailsHash = shortHash(fmt.Sprintf("%s %d %d", m.Card.Fingerprint, m.Card.ExpYear, m.Card.ExpMonth))
	case m.USBankAccount != nil:
		row.Funding, row.Last4 = string(m.USBankAccount.AccountType), m.USBankAccount.Last4
		if details := m.USBankAccount.StatusDetails; details != nil && details.Blocked != nil {
			row.Status, row.StatusReason = store.MethodBlocked, orDefault(string(details.Blocked.NetworkCode), string(details.Blocked.Reason))
		}
	case m.SEPADebit != nil:
		row.Last4 = m.SEPADebit.Last4
	case m.BACSDebit != nil:
		row.Last4 = m.BACSDebit.Last4
	case m.AUBECSDebit != nil:
		row.Last4 = m.AUBECSDebit.Last4
	case m.ACSSDebit != nil:
		row.Last4 = m.ACSSDebit.Last4
	}
	return row
}

// afterSetup reads what a setup intent came to.
func (p provider) afterSetup(ctx context.Context, row store.PaymentMethod, intent *stripe.SetupIntent) (store.PaymentMethod, error) {
	row.SetupIntent = &intent.ID
	switch intent.Status {
	case stripe.SetupIntentStatusSucceeded:
		return p.saved(ctx, row, intent)
	case stripe.SetupIntentStatusRequiresAction, stripe.SetupIntentStatusProcessing:
		row.Status, row.StatusReason = store.MethodVerifying, string(intent.Status)
		if intent.NextAction != nil {
			row.StatusReason = string(intent.NextAction.Type)
		}
		if intent.PaymentMethod != nil {
			row.Kind, row.Last4 = string(intent.PaymentMethod.Type), describe(row, intent.PaymentMethod).Last4
		}
		return row, nil
	}
	refused := methodRefusal{code: errRefused, message: "the set-up is " + string(intent.Status)}
	if failure := intent.LastSetupError; failure != nil {
		refused.code, refused.message = orDefault(declineCode(failure), errRefused), failure.Msg
	}
	return row, refused
}

// saved reads the method and the mandate that a set-up made: of a kind that needs its customer, the one that does not.
func (p provider) saved(ctx context.Context, row store.PaymentMethod, intent *stripe.SetupIntent) (store.PaymentMethod, error) {
	saved, given := intent.PaymentMethod, intent.Mandate
	if kind, _ := paymethod.Lookup(string(saved.Type)); kind.Becomes != "" {
		var made *stripe.PaymentMethod
		if made, given = generated(intent.LatestAttempt, given); made == nil {
			return row, methodRefusal{code: errRefused, message: "the bank approved, and no method for later charges came of it"}
		}
		var err error
		if saved, err = p.Stripe.PaymentMethods.Get(made.ID, &stripe.PaymentMethodParams{Params: p.params(ctx, "")}); err != nil {
			return row, fmt.Errorf("read payment method %s: %w", made.ID, later(err))
		}
	}
	row, err := p.noted(ctx, row, saved)
	if err != nil || given == nil {
		return row, err
	}
	row.Mandate = &given.ID
	return p.underMandate(ctx, row)
}

// generated is what a bank's approval was turned into, with its mandate.
func generated(attempt *stripe.SetupAttempt, given *stripe.Mandate) (*stripe.PaymentMethod, *stripe.Mandate) {
	if attempt == nil || attempt.PaymentMethodDetails == nil {
		return nil, given
	}
	var made *stripe.PaymentMethod
	var mandate *stripe.Mandate
	switch details := attempt.PaymentMethodDetails; {
	case details.IDEAL != nil:
		made, mandate = details.IDEAL.GeneratedSEPADebit, details.IDEAL.GeneratedSEPADebitMandate
	case details.Bancontact != nil:
		made, mandate = details.Bancontact.GeneratedSEPADebit, details.Bancontact.GeneratedSEPADebitMandate
	}
	if mandate == nil {
		mandate = given
	}
	return made, mandate
}

// underMandate reads the mandate of a method. Without one in force it must not be debited.
func (p provider) underMandate(ctx context.Context, row store.PaymentMethod) (store.PaymentMethod, error) {
	read, err := p.Stripe.Mandates.Get(*row.Mandate, &stripe.MandateParams{Params: p.params(ctx, "")})
	if err != nil {
		return row, fmt.Errorf("read mandate %s: %w", *row.Mandate, later(err))
	}
	if details := read.PaymentMethodDetails; details != nil {
		switch {
		case details.SEPADebit != nil:
			row.MandateReference = details.SEPADebit.Reference
		case details.BACSDebit != nil:
			row.MandateReference = details.BACSDebit.Reference
		}
	}
	if read.Status == stripe.MandateStatusInactive && row.Status == store.MethodUsable {
		row.Status, row.StatusReason = store.MethodBlocked, mandateInactive
	}
	return row, nil
}

// refresh finds out how a method stands.
func (p provider) refresh(ctx context.Context, row store.PaymentMethod) (store.PaymentMethod, error) {
	if unfinished(row) && row.SetupIntent != nil {
		intent, err := p.readSetup(ctx, *row.SetupIntent)
		if err != nil {
			return row, err
		}
		return p.afterSetup(ctx, row, intent)
	}
	if row.ProviderID == nil {
		return row, nil
	}
	read, err := p.Stripe.PaymentMethods.Get(*row.ProviderID, &stripe.PaymentMethodParams{Params: p.params(ctx, "")})
	if err != nil {
		return row, fmt.Errorf("read payment method %s: %w", *row.ProviderID, later(err))
	}
	if row, err = p.noted(ctx, row, read); err != nil {
		return row, err
	}
	if read.Customer == nil {
		row.Status, row.StatusReason = store.MethodDetached, ""
		return row, nil
	}
	if row.Mandate == nil && paymethod.IsDebit(row.Kind) {
		if row.Mandate, err = p.mandateOf(ctx, read); err != nil {
			return row, err
		}
	}
	if row.Mandate == nil {
		return row, nil
	}
	return p.underMandate(ctx, row)
}

// mandateOf is the mandate under which a bank debit was saved beside us, on a page of the provider's; nil when there is none.
func (p provider) mandateOf(ctx context.Context, method *stripe.PaymentMethod) (*string, error) {
	made := p.Stripe.SetupIntents.List(&stripe.SetupIntentListParams{
		ListParams: stripe.ListParams{Context: ctx}, Customer: &method.Customer.ID, PaymentMethod: &method.ID,
	})
	for made.Next() {
		if given := made.SetupIntent().Mandate; given != nil {
			return &given.ID, nil
		}
	}
	if err := made.Err(); err != nil {
		return nil, fmt.Errorf("list set-ups of payment method %s: %w", method.ID, later(err))
	}
	return nil, nil
}

// verify proves that a bank account is the customer's by what arrived on it. The same answer given twice is one try, because
// the key stands for what was answered.
func (p provider) verify(ctx context.Context, row store.PaymentMethod, in message.PaymentMethodInput) (store.PaymentMethod, error) {
	if row.Status != store.MethodVerifying || row.SetupIntent == nil {
		return p.refresh(ctx, row)
	}
	params := &stripe.SetupIntentVerifyMicrodepositsParams{Params: p.params(ctx, ""), Expand: setupExpansions()}
	for _, amount := range in.Amounts {
		params.Amounts = append(params.Amounts, stripe.Int64(amount))
	}
	if in.Code != "" {
		params.DescriptorCode = &in.Code
	}
	params.IdempotencyKey = stripe.String("verify:" + row.ID + ":" + shortHash(fmt.Sprint(in.Amounts, in.Code)))
	intent, err := p.Stripe.SetupIntents.VerifyMicrodeposits(*row.SetupIntent, params)
	if burnt(err) || isUnexpected(err) {
		if intent, err = p.readSetup(ctx, *row.SetupIntent); err == nil && intent.Status == stripe.SetupIntentStatusRequiresAction {
			params.IdempotencyKey = nil // the provider failed and did nothing
			intent, err = p.Stripe.SetupIntents.VerifyMicrodeposits(*row.SetupIntent, params)
		}
	}
	if refused, ok := refusedMethod(err); ok && isMismatch(err) {
		refused.passing = true
		return row, refused
	}
	if err != nil {
		return row, later(err)
	}
	return p.afterSetup(ctx, row, intent)
}

// isUnexpected says that a setup intent has moved on: it is read to find out where.
func isUnexpected(err error) bool {
	var answer *stripe.Error
	return errors.As(err, &answer) &&
		(answer.Code == stripe.ErrorCodeSetupIntentUnexpectedState || answer.Code == stripe.ErrorCodePaymentMethodBankAccountAlreadyVerified)
}

// isMismatch says that an answer was wrong and another may be given.
func isMismatch(err error) bool {
	var answer *stripe.Error
	return errors.As(err, &answer) && (strings.HasSuffix(string(answer.Code), "_mismatch") ||
		answer.Code == stripe.ErrorCodePaymentMethodMicrodepositVerificationAmountsInvalid)
}
