package stripe

import (
	"fmt"
	"slices"
	"strings"
)

// unexpectedState refuses an action that the intent's status forbids; the intent travels with the error.
func (p *paymentIntent) unexpectedState(action string, allowed ...string) error {
	message := fmt.Sprintf("This PaymentIntent's %s could not be performed because it has a status of %s. Only a PaymentIntent with one of the following statuses may be used: %s.",
		action, p.Status, strings.Join(allowed, ", "))
	if action == "confirm" && p.Status == statusSucceeded {
		message = "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed."
	}
	e := refused("payment_intent_unexpected_state", "", "%s", message)
	e.PaymentIntent = p
	return e
}

func (r *call) intent() (*paymentIntent, error) {
	p, found := paymentIntents.get(r.tx, r.id)
	if !found {
		return nil, notFound("payment_intent", r.id, "intent")
	}
	return p, nil
}

func updateIntent(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	if err := p.checkUpdate(r.args); err != nil {
		return nil, err
	}
	if err := p.apply(r); err != nil {
		return nil, err
	}
	paymentIntents.put(r.tx, p)
	return p, nil
}

// checkUpdate freezes what the payment was made of once it has been made or cancelled.
func (p *paymentIntent) checkUpdate(a args) error {
	open := []string{statusRequiresPaymentMethod, statusRequiresConfirmation, statusRequiresAction}
	if slices.Contains(open, p.Status) {
		return nil
	}
	for _, name := range []string{
		"amount", "capture_method", "currency", "customer", "payment_method", "payment_method_data", "payment_method_options",
		"payment_method_types", "setup_future_usage",
	} {
		if a.has(name) {
			e := refused("payment_intent_unexpected_state", name, "This PaymentIntent's %[1]s could not be updated because it has a status of %[2]s. "+
				"You may only update the %[1]s of a PaymentIntent with one of the following statuses: %[3]s.", name, p.Status, strings.Join(open, ", "))
			e.PaymentIntent = p
			return e
		}
	}
	return nil
}

func cancelIntent(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	open := []string{statusRequiresPaymentMethod, statusRequiresCapture, statusRequiresConfirmation, statusRequiresAction}
	if !slices.Contains(open, p.Status) {
		return nil, p.unexpectedState("cancel", open...)
	}
	if p.Status == statusRequiresCapture {
		r.releaseAuthorization(*p.LatestCharge)
	}
	r.returnCash(p)
	at := r.now()
	p.Status, p.CanceledAt, p.AmountCapturable, p.NextAction = statusCanceled, &at, 0, nil
	r.args.setText("cancellation_reason", &p.CancellationReason)
	paymentIntents.put(r.tx, p)
	r.emit("payment_intent.canceled", p, nil)
	return p, nil
}

// releaseAuthorization gives the held amount back; no money moved, so no balance transaction is written.
func (r *call) releaseAuthorization(chargeID string) {
	c, _ := charges.get(r.tx, chargeID)
	c.AmountRefunded, c.Refunded = c.Amount, true
	charges.put(r.tx, c)
	r.emit("charge.refunded", c, nil)
}

func captureIntent(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	if p.Status != statusRequiresCapture {
		return nil, p.unexpectedState("capture", statusRequiresCapture)
	}
	if r.args.text("final_capture") == "false" {
		return nil, invalid("", "final_capture", "This PaymentIntent can be captured only once: multicapture is not available, so `final_capture` cannot be `false`.")
	}
	amount := p.AmountCapturable
	if r.args.has("amount_to_capture") {
		amount = r.args.integer("amount_to_capture")
	}
	if amount < 1 || amount > p.AmountCapturable {
		return nil, invalid("amount_too_large", "amount_to_capture", "The amount_to_capture must be between 1 and the remaining capturable amount, %s.",
			display(p.AmountCapturable, p.Currency))
	}
	if refusal := checkGranularity(amount, p.Currency); refusal != nil {
		return nil, refusal
	}
	if p.Metadata, err = merged(r.args, p.Metadata); err != nil {
		return nil, err
	}
	c, _ := charges.get(r.tx, *p.LatestCharge)
	r.settleCharge(c, amount)
	charges.put(r.tx, c)
	r.emit("charge.captured", c, nil)
	p.Status, p.AmountReceived, p.AmountCapturable = statusSucceeded, amount, 0
	paymentIntents.put(r.tx, p)
	r.emit("payment_intent.succeeded", p, nil)
	r.followPayment(p)
	return p, nil
}
