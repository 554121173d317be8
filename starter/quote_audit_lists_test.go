package main

// Reasons that several commands and endpoints have.
const (
	noReviews   = "a quote screens and holds no payments"
	ownClock    = "a scenario has a clock of its own"
	noProviders = "what providers tell and owe: a quote has no provider"
	noReturns   = "a seller's tax returns follow from invoices and change none"
)

// auditedCommands tells of every command that changes something.
func auditedCommands() map[string]string {
	return map[string]string{
		"catalog apply": "catalog", "charge add": "timeline.charge", "charge cancel": "timeline.cancel_charge",
		"checkout create": "timeline.subscribe", "checkout expire": noPayments, "clock advance": ownClock,
		"clock attach": ownClock, "clock create": ownClock, "coupon add": "coupons", "coupon code": "codes",
		"coupon redeem": "timeline.redeem", "coupon remove": "timeline.remove_discount", "customer create": "customers",
		"customer pay-with": noPayments, "customer portal": noPayments, "customer remove-method": noPayments,
		"customer set-account": "timeline.customer", "customer set-email": noMail, "entitlement return": "timeline.return_use",
		"entitlement use": "timeline.use", "entity create": "seller", "entity set-methods": noPayments,
		"entity set-prepaid": "settings.prepaid", "entity set-presentment": "settings.presentment",
		"entity set-provider-account": noPayments, "event purge": noProviders, "event replay": noProviders,
		"event sweep": noProviders, "fraud explain": noReviews, "fraud list add": noReviews, "fraud list create": noReviews,
		"fraud list remove": noReviews, "fraud policy": noReviews, "fraud review approve": noReviews,
		"fraud review decline": noReviews, "fraud rule add": noReviews, "fraud rule enable": noReviews,
		"fraud rule retire": noReviews, "fraud warning refund": "timeline.refund", "fx-rate add": "rates",
		"fx-rate import": "rates", "grant add": "timeline.grant", "grant return": "timeline.return_grant",
		"invoice-run start": "months are billed by themselves when they are over", "member activity import": "timeline.activity",
		"member add": "timeline.activity", "member remove": "timeline.activity.event", "migrate": "the schema of the database",
		"payment adopt-refund": "timeline.refund", "payment refund": "timeline.refund", "payment retry": "timeline.paid",
		"payment transfer account": noPayments, "payment transfer ask": noPayments, "payment-method remove": noPayments,
		"payment-method set": noPayments, "payment-method verify": noPayments, "plan add": "catalog",
		"plan migrate": "timeline.migrate", "reconcile explain": noProviders,
		"reconcile settle": noProviders, "subscription bill-late": "late usage is billed by itself, at the instant of its entry",
		"subscription cancel": "timeline.cancel", "subscription change": "timeline.change",
		"subscription create": "timeline.subscribe", "subscription pause": "timeline.pause",
		"subscription reactivate": "timeline.reactivate", "subscription resume": "timeline.resume",
		"subscription set-billing-group": "timeline.billing_group", "subscription transfer": "timeline.transfer",
		"subscription withdraw": "timeline.withdraw", "tax-filing approve": noReturns, "tax-filing start": noReturns,
		"usage import": "timeline.usage", "wallet top-up": "timeline.top_up",
	}
}

// auditedEndpoints tells of every endpoint that changes something, by its operation.
func auditedEndpoints() map[string]string {
	return map[string]string{
		"add-charge": "timeline.charge", "add-coupon": "coupons", "add-coupon-code": "codes", "add-fraud-list-item": noReviews,
		"add-fraud-rule": noReviews, "add-member-activity": "timeline.activity", "add-usage": "timeline.usage",
		"adopt-refund": "timeline.refund", "advance-test-clock": ownClock, "approve-review": noReviews,
		"attach-test-clock": ownClock, "bill-late-subscription": "late usage is billed by itself, at the instant of its entry",
		"cancel-charge": "timeline.cancel_charge", "cancel-subscription": "timeline.cancel",
		"change-subscription": "timeline.change", "create-checkout": "timeline.subscribe", "create-customer": "customers",
		"create-fraud-list": noReviews, "create-portal-session": noPayments, "create-test-clock": ownClock,
		"decline-review": noReviews, "enable-fraud-rule": noReviews, "end-discount": "timeline.remove_discount",
		"expire-checkout": noPayments, "explain-movement": noProviders, "grant-credit": "timeline.grant",
		"migrate-plan": "timeline.migrate", "pause-subscription": "timeline.pause",
		"reactivate-subscription": "timeline.reactivate", "redeem-coupon": "timeline.redeem", "refund-payment": "timeline.refund",
		"refund-warning": "timeline.refund", "remove-fraud-list-item": noReviews, "remove-member": "timeline.activity.event",
		"remove-payment-method": noPayments, "resume-subscription": "timeline.resume", "retire-fraud-rule": noReviews,
		"retry-payment": "timeline.paid", "return-credit": "timeline.return_grant", "return-use": "timeline.return_use",
		"set-account": "timeline.customer", "set-billing-group": "timeline.billing_group", "set-email": noMail,
		"set-fraud-policy": noReviews, "set-payment-method": noPayments, "set-top-up": "timeline.top_up",
		"settle-difference": noProviders, "subscribe": "timeline.subscribe", "test-fraud-rule": noReviews,
		"transfer-subscription": "timeline.transfer", "use-feature": "timeline.use", "verify-payment-method": noPayments,
		"withdraw-subscription": "timeline.withdraw",
	}
}
