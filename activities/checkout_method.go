package activities

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
)

// usedOn describes the method of a page that can be charged again; nil when there is none. Of a method that its bank
// approves each time, that is the bank debit which it brought about.
func (p provider) usedOn(ctx context.Context, session *stripe.CheckoutSession) (*store.PaymentMethod, error) {
	used, mandate := usedMethod(session)
	if used == nil {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	if used.Type == "" { // its id alone
		read, err := p.Stripe.PaymentMethods.Get(used.ID, &stripe.PaymentMethodParams{Params: p.params(ctx, "")})
		if err != nil {
			return nil, fmt.Errorf("read payment method %s: %w", used.ID, later(err))
		}
		used = read
	}
	seen := describe(store.PaymentMethod{}, used)
	if mandate == "" {
		return &seen, nil
	}
	seen.Mandate = &mandate
	seen, err := p.underMandate(ctx, seen)
	return &seen, err
}

func usedMethod(session *stripe.CheckoutSession) (used *stripe.PaymentMethod, mandate string) {
	var made *stripe.PaymentMethod
	if intent := session.PaymentIntent; intent != nil {
		used = intent.PaymentMethod
		if intent.LatestCharge != nil && intent.LatestCharge.PaymentMethodDetails != nil {
			made, mandate = debitOfCharge(intent.LatestCharge.PaymentMethodDetails)
		}
	}
	if intent := session.SetupIntent; intent != nil {
		used = intent.PaymentMethod
		var given *stripe.Mandate
		if made, given = generated(intent.LatestAttempt, intent.Mandate); given != nil {
			mandate = given.ID
		}
	}
	switch {
	case made != nil:
		return made, mandate
	case used == nil || used.Customer == nil:
		return nil, "" // it was not attached, and is used up
	}
	return used, mandate
}

// debitOfCharge is the bank debit that a payment has brought about, and the mandate that it was made under or gave.
func debitOfCharge(details *stripe.ChargePaymentMethodDetails) (made *stripe.PaymentMethod, mandate string) {
	var given *stripe.Mandate
	switch {
	case details.IDEAL != nil:
		made, given = details.IDEAL.GeneratedSEPADebit, details.IDEAL.GeneratedSEPADebitMandate
	case details.Bancontact != nil:
		made, given = details.Bancontact.GeneratedSEPADebit, details.Bancontact.GeneratedSEPADebitMandate
	case details.USBankAccount != nil:
		given = details.USBankAccount.Mandate
	case details.SEPADebit != nil:
		mandate = details.SEPADebit.Mandate
	case details.BACSDebit != nil:
		mandate = details.BACSDebit.Mandate
	case details.AUBECSDebit != nil:
		mandate = details.AUBECSDebit.Mandate
	case details.ACSSDebit != nil:
		mandate = details.ACSSDebit.Mandate
	}
	if given != nil {
		mandate = given.ID
	}
	return made, mandate
}
