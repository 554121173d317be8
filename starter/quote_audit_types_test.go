package main

import (
	"reflect"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Reasons that several fields have.
const (
	forTheRecord  = "who asks, and why: for the record"
	noOrderNeeded = "a page of a list"
	ofTheEntry    = "timeline.at"
	theSeller     = "a scenario has one seller"
	noMail        = "for documents and mail, of which a quote has none"
	noPayments    = "how invoices are collected: a quote is told by paid and unpaid"
	theQuote      = "a price that was shown before: write it under prices, as agreed"
	noTrialLimits = "limits on trials are there against fraud: a quote grants each trial"
	noRepetition  = "makes a repetition safe; a file says each thing once"
)

// sameInBoth are what the engine and scenarios take in the very same form.
func sameInBoth() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[catalog.Plan](), reflect.TypeFor[catalog.Charge](), reflect.TypeFor[catalog.AddOn](), reflect.TypeFor[catalog.Phase](),
		reflect.TypeFor[catalog.Price](), reflect.TypeFor[catalog.Spend](), reflect.TypeFor[discount.Coupon](), reflect.TypeFor[discount.Target](),
		reflect.TypeFor[discount.Code](), reflect.TypeFor[wallet.Policy](), reflect.TypeFor[wallet.Purpose](), reflect.TypeFor[tax.Registration](),
	}
}

func auditedKinds() map[string]string {
	return map[string]string{
		string(subscription.ChangeTerms):  "timeline.change",
		string(subscription.Pause):        "timeline.pause",
		string(subscription.Resume):       "timeline.resume",
		string(subscription.Cancel):       "timeline.cancel",
		string(subscription.Reactivate):   "timeline.reactivate",
		string(subscription.Transfer):     "timeline.transfer",
		string(subscription.Withdraw):     "timeline.withdraw",
		string(subscription.Charge):       "timeline.charge",
		string(subscription.CancelCharge): "timeline.cancel_charge",
		string(subscription.BillLate):     "late usage is billed by itself, at the instant of its entry",
		string(subscription.Release):      "a quote holds no payment for a review",
	}
}

// fairBilling is agreed in the same words everywhere.
var fairBilling = map[string]string{
	"window_days": "timeline.subscribe.fair_billing.window_days", "minimum_seats": "timeline.subscribe.fair_billing.minimum_seats",
	"members": "timeline.subscribe.fair_billing.members",
}

// auditedTypes tells of every field of what the engine takes where a scenario says the same.
var auditedTypes = map[reflect.Type]map[string]string{
	reflect.TypeFor[subscription.Command](): {
		"id": "timeline.change.id", "kind": "timeline", "at": ofTheEntry, "on": "timeline.change.on", "at_period_end": "timeline.change.when",
		"terms": "timeline.change", "prices": "timeline.change.prices", "credit_unused": "timeline.cancel.credit_unused",
		"mode": "timeline.pause.mode", "bill_next": "timeline.change.bill", "new_period": "timeline.change.new_period", "customer": "timeline.transfer.customer", "item": "timeline.charge",
		"withdraws": "timeline.withdraw.planned", "actor": forTheRecord, "reason": "timeline.cancel.reason",
	},
	reflect.TypeFor[subscription.Terms](): {
		"plan_id": "timeline.change.plan", "plan_version": "timeline.change.plan_version", "seats": "timeline.change.seats",
		"add_ons": "timeline.change.add_ons",
	},
	reflect.TypeFor[subscription.HeldAddOn](): {"id": "timeline.subscribe.add_ons.id", "quantity": "timeline.subscribe.add_ons.quantity"},
	reflect.TypeFor[invoicing.Item](): {
		"id": "timeline.charge.id", "kind": "timeline.charge.kind", "description": "timeline.charge.description",
		"quantity": "timeline.charge.quantity", "unit_amount": "timeline.charge.unit_amount", "tax_category": "timeline.charge.tax_category",
		"period": "when what is charged is earned: no price depends on it, and neither HTTP nor the command line takes it",
	},
	reflect.TypeFor[message.Subscribe](): {
		"subscription_id": "timeline.subscribe.id", "customer_id": "timeline.subscribe.customer", "entity_id": theSeller,
		"currency": "timeline.subscribe.currency", "terms": "timeline.subscribe", "start_at": "timeline.subscribe.starts_at",
		"ends_after": "timeline.subscribe.ends_after", "ends_at": "timeline.subscribe.ends_at", "prices": "timeline.subscribe.prices",
		"fair_billing": "timeline.subscribe.fair_billing", "billing_group": "timeline.subscribe.billing_group",
		"po_number": "timeline.subscribe.po_number", "quote": theQuote, "device": noTrialLimits, "await_start": "whether the caller waits",
	},
	reflect.TypeFor[fairbilling.Agreement]():  fairBilling,
	reflect.TypeFor[service.NewFairBilling](): fairBilling,
	reflect.TypeFor[fairbilling.Arrival](): {
		"id": "timeline.subscribe.fair_billing.members.id", "last_active": "timeline.subscribe.fair_billing.members.last_active",
	},
	reflect.TypeFor[service.NewSubscription](): {
		"id": "timeline.subscribe.id", "customer": "timeline.subscribe.customer", "plan": "timeline.subscribe.plan",
		"plan_version": "timeline.subscribe.plan_version", "seats": "timeline.subscribe.seats", "add_ons": "timeline.subscribe.add_ons",
		"prices": "timeline.subscribe.prices", "fair_billing": "timeline.subscribe.fair_billing", "currency": "timeline.subscribe.currency",
		"quote": theQuote, "device": noTrialLimits, "start_at": "timeline.subscribe.starts_at", "ends_after": "timeline.subscribe.ends_after",
		"ends_at": "timeline.subscribe.ends_at", "billing_group": "timeline.subscribe.billing_group", "po_number": "timeline.subscribe.po_number",
	},
	reflect.TypeFor[service.BillingGroup](): {
		"billing_group": "timeline.billing_group.billing_group", "po_number": "timeline.billing_group.po_number",
	},
	reflect.TypeFor[service.Account](): {
		"parent": "timeline.customer.parent", "invoiced_to": "timeline.customer.invoiced_to", "paid_by": "timeline.customer.paid_by",
	},
	reflect.TypeFor[account.Account](): {
		"id": "customers.id", "parent": "customers.parent", "invoiced_to": "customers.invoiced_to", "paid_by": "customers.paid_by",
	},
	reflect.TypeFor[account.Sharing](): {
		"CustomerID": "timeline.subscribe.customer", "Currency": "timeline.subscribe.currency", "Zone": "customers.zone",
		"BillingGroup": "timeline.subscribe.billing_group", "PONumber": "timeline.subscribe.po_number",
	},
	reflect.TypeFor[tax.Seller](): {"country": "seller.country", "registrations": "seller.registrations"},
	reflect.TypeFor[tax.Buyer](): {
		"country": "timeline.customer.country", "region": "timeline.customer.region", "postal_code": "timeline.customer.postal_code",
		"business": "timeline.customer.business", "tax_id": "timeline.customer.tax_id", "tax_id_valid": "timeline.customer.tax_id_valid",
	},
	reflect.TypeFor[service.NewCustomer](): {
		"id": "customers.id", "entity": theSeller, "name": noMail, "email": noMail, "locale": noMail, "country": "customers.country",
		"postal_code": "customers.postal_code", "zone": "customers.zone", "currency": "customers.currency", "business": "customers.business",
		"tax_id": "customers.tax_id", "tax_id_validated": "customers.tax_id_valid", "test_clock": "a scenario has a clock of its own",
		"payment_method": noPayments, "parent": "customers.parent", "invoiced_to": "customers.invoiced_to", "paid_by": "customers.paid_by",
	},
	reflect.TypeFor[service.NewEntity](): {
		"id": theSeller, "name": noMail, "country": "seller.country", "zone": "the days of a seller's tax returns: invoices have the customer's",
		"book_currency": "in which the books are: invoices have the customer's currency", "invoice_prefix": "numbers count from 1", "address": noMail,
		"dunning_policy": noPayments, "tax_registrations": "seller.registrations",
	},
	reflect.TypeFor[presentment.Policy](): {
		"base_currency": "settings.presentment.base_currency", "markup_percent": "settings.presentment.markup_percent",
		"rounding": "settings.presentment.rounding", "round_usage": "settings.presentment.round_usage",
		"max_rate_age_days": "settings.presentment.max_rate_age_days", "rate_source": "settings.presentment.rate_source",
		"quote_hours": "how long a price holds that is shown: a scenario shows none before it is agreed",
	},
	reflect.TypeFor[tax.Rate](): {"from": "rates.from", "to": "rates.to", "date": "rates.date", "value": "rates.value", "source": "rates.source"},
}
