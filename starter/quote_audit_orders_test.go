package main

import (
	"reflect"

	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

// auditedOrders tells of every field of what is asked for over HTTP, on the command line and of workflows.
var auditedOrders = map[reflect.Type]map[string]string{
	reflect.TypeFor[service.Change](): {
		"CommandID": "timeline.change.id", "actor": forTheRecord, "reason": forTheRecord, "plan": "timeline.change.plan",
		"plan_version": "timeline.change.plan_version", "seats": "timeline.change.seats", "add_ons": "timeline.change.add_ons", "prices": "timeline.change.prices",
		"bill_next": "timeline.change.bill", "new_period": "timeline.change.new_period", "at_period_end": "timeline.change.when", "on": "timeline.change.on",
	},
	reflect.TypeFor[service.Cancel](): {
		"CommandID": "timeline.cancel.id", "actor": forTheRecord, "reason": "timeline.cancel.reason", "credit_unused": "timeline.cancel.credit_unused",
		"at_period_end": "timeline.cancel.when", "on": "timeline.cancel.on",
	},
	reflect.TypeFor[service.Pause](): {
		"CommandID": "timeline.pause.id", "actor": forTheRecord, "reason": forTheRecord, "mode": "timeline.pause.mode",
		"at_period_end": "timeline.pause.when", "on": "timeline.pause.on",
	},
	reflect.TypeFor[service.Resume](): {
		"CommandID": "timeline.resume.id", "actor": forTheRecord, "reason": forTheRecord, "at_period_end": "timeline.resume.when",
		"on": "timeline.resume.on",
	},
	reflect.TypeFor[service.Reactivate](): {
		"CommandID": "timeline.reactivate.id", "actor": forTheRecord, "reason": forTheRecord,
	},
	reflect.TypeFor[service.HandOver](): {
		"CommandID": "timeline.transfer.id", "actor": forTheRecord, "reason": forTheRecord, "customer": "timeline.transfer.customer",
		"at_period_end": "timeline.transfer.when", "on": "timeline.transfer.on",
	},
	reflect.TypeFor[service.Withdraw](): {
		"CommandID": "timeline.withdraw.id", "actor": forTheRecord, "reason": forTheRecord, "planned": "timeline.withdraw.planned",
	},
	reflect.TypeFor[service.Charge](): {
		"CommandID": noRepetition, "actor": forTheRecord, "reason": forTheRecord, "id": "timeline.charge.id",
		"kind": "timeline.charge.kind", "description": "timeline.charge.description", "quantity": "timeline.charge.quantity", "unit_amount": "timeline.charge.unit_amount",
		"tax_category": "timeline.charge.tax_category", "when": "timeline.charge.when",
	},
	reflect.TypeFor[service.CancelCharge](): {
		"CommandID": noRepetition, "actor": forTheRecord, "reason": forTheRecord, "ID": "timeline.cancel_charge.charge",
	},
	reflect.TypeFor[service.BillLate](): {
		"CommandID": noRepetition, "actor": forTheRecord, "reason": forTheRecord,
	},
	reflect.TypeFor[service.Redemption](): {
		"id": "timeline.redeem.id", "coupon": "timeline.redeem.coupon", "code": "timeline.redeem.code", "subscription": "timeline.redeem.subscription",
	},
	reflect.TypeFor[service.NewUse](): {
		"id": "timeline.use.id", "quantity": "timeline.use.quantity",
	},
	reflect.TypeFor[service.UsageBatch](): {
		"customer": "timeline.usage.customer", "events": "timeline.usage",
	},
	reflect.TypeFor[service.UsageEvent](): {
		"id": noRepetition, "meter": "timeline.usage.meter", "quantity": "timeline.usage.quantity", "at": "timeline.usage.happened_at",
		"amount": "timeline.usage.amount", "values": "timeline.usage.values",
	},
	reflect.TypeFor[service.MemberActivity](): {
		"actions": "timeline.activity",
	},
	reflect.TypeFor[service.MemberAction](): {
		"member": "timeline.activity.member", "at": "timeline.activity.on",
	},
	reflect.TypeFor[service.Migration](): {
		"Plan": "timeline.migrate.plan", "from": "timeline.migrate.from", "to": "timeline.migrate.to", "at": "timeline.migrate.when",
		"percent": "timeline.migrate.percent", "customers": "timeline.migrate.customers", "notice_days": "timeline.migrate.notice_days", "prices": "timeline.migrate.prices",
		"dry_run": "a scenario changes nothing but itself", "actor": forTheRecord, "after": noOrderNeeded, "limit": noOrderNeeded,
	},
	reflect.TypeFor[service.NewRefund](): {
		"id": noRepetition, "amount": "timeline.refund.amount", "goodwill": "it pays out no credit and changes no invoice", "reason": forTheRecord,
	},
	reflect.TypeFor[message.RefundInput](): {
		"refund_id": noRepetition, "payment_id": "timeline.refund.invoice", "amount": "timeline.refund.amount", "goodwill": "it pays out no credit and changes no invoice",
		"reason": forTheRecord, "at": ofTheEntry, "provider_refund": noPayments,
	},
	reflect.TypeFor[service.NewGrant](): {
		"id": "timeline.grant.id", "amount": "timeline.grant.amount", "cost": "timeline.grant.cost", "priority": "timeline.grant.priority",
		"expires_at": "timeline.grant.expires_at", "rollover": "timeline.grant.rollover", "payment": "timeline.grant.payment", "usable": "timeline.grant.usable",
		"valid_for": "timeline.grant.valid_for", "charges": "timeline.grant.applies_to.charges", "meters": "timeline.grant.applies_to.meters", "currency": "timeline.grant.currency",
	},
	reflect.TypeFor[message.GrantCredit](): {
		"customer_id": "timeline.grant.customer", "grant_id": "timeline.grant.id", "amount": "timeline.grant.amount", "cost": "timeline.grant.cost",
		"payment": "timeline.grant.payment", "at_once": "timeline.grant.usable", "priority": "timeline.grant.priority", "expires_at": "timeline.grant.expires_at",
		"valid_for": "timeline.grant.valid_for", "applies_to": "timeline.grant.applies_to", "rollover": "timeline.grant.rollover", "at": ofTheEntry,
	},
	reflect.TypeFor[wallet.Rollover](): {
		"percent": "timeline.grant.rollover.percent", "cap": "timeline.grant.rollover.cap", "for": "timeline.grant.rollover.for",
	},
	reflect.TypeFor[message.ReturnCredit](): {
		"customer_id": "timeline.return_grant.customer", "grant_id": "timeline.return_grant.id", "currency": "a scenario's grants have ids of their own", "at": ofTheEntry,
	},
	reflect.TypeFor[message.SetTopUp](): {
		"customer_id": "timeline.top_up.customer", "currency": "timeline.top_up.currency", "top_up": "timeline.top_up", "at": ofTheEntry,
	},
	reflect.TypeFor[message.TopUp](): {
		"below": "timeline.top_up.below", "every": "timeline.top_up.every", "anchor": "timeline.top_up.anchor", "amount": "timeline.top_up.amount",
		"up_to": "timeline.top_up.up_to", "most_per_month": "timeline.top_up.most_per_month", "priority": "timeline.top_up.priority", "valid_for": "timeline.top_up.valid_for",
		"since": ofTheEntry,
	},
	reflect.TypeFor[service.TopUp](): {
		"currency": "timeline.top_up.currency", "below": "timeline.top_up.below", "every": "timeline.top_up.every", "amount": "timeline.top_up.amount",
		"up_to": "timeline.top_up.up_to", "most_per_month": "timeline.top_up.most_per_month", "priority": "timeline.top_up.priority", "valid_for": "timeline.top_up.valid_for",
		"off": "timeline.top_up.off",
	},
}
