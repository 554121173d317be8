// Package message is what programs, workflows and activities say to each other: workflow ids, task queues, search
// attributes, the names of updates, signals and activities, and the types they carry. Only ids, amounts and instants
// travel here: people's data stays in Postgres.
package message

import (
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
)

// Task queues. Effects on a neighbour with a limit of its own have a queue of their own, where the limit is set.
const (
	BillingQueue  = "billing"
	PaymentsQueue = "payments"
)

// The names under which workflows are registered.
const (
	SubscriptionWorkflow = "Subscription"
	DunningWorkflow      = "Dunning"
	InvoiceRunWorkflow   = "InvoiceRun"
	TaxFilingWorkflow    = "TaxFiling"
)

// SubscriptionID is the id of the workflow that owns a subscription.
func SubscriptionID(subscription string) string { return "subscription/" + subscription }

// DunningID is the id of the workflow that collects an unpaid invoice.
func DunningID(invoice string) string { return "dunning/" + invoice }

// InvoiceRunID is the id of the workflow that bills a month ("2027-01") of a legal entity.
func InvoiceRunID(entity, period string) string { return "invoice-run/" + entity + "/" + period }

// TaxFilingID is the id of the workflow of one return: an entity's, under a scheme, for a quarter ("2027-Q1").
func TaxFilingID(entity, scheme, period string) string {
	return "tax-filing/" + entity + "/" + scheme + "/" + period
}

// Search attributes, by which operators find workflows.
var (
	BillingStatus = temporal.NewSearchAttributeKeyKeyword("BillingStatus")
	CustomerID    = temporal.NewSearchAttributeKeyKeyword("CustomerId")
	EntityID      = temporal.NewSearchAttributeKeyKeyword("EntityId")
	InvoiceID     = temporal.NewSearchAttributeKeyKeyword("InvoiceId")
	BillingPeriod = temporal.NewSearchAttributeKeyKeyword("BillingPeriod")
	Currency      = temporal.NewSearchAttributeKeyKeyword("Currency")
	AmountMinor   = temporal.NewSearchAttributeKeyInt64("AmountMinor")
	NextActionAt  = temporal.NewSearchAttributeKeyTime("NextActionAt")
)

// SearchAttributes lists what a namespace must have registered before any workflow starts.
func SearchAttributes() map[string]enums.IndexedValueType {
	attributes := map[string]enums.IndexedValueType{}
	for _, key := range []temporal.SearchAttributeKey{
		BillingStatus, CustomerID, EntityID, InvoiceID, BillingPeriod, Currency, AmountMinor, NextActionAt,
	} {
		attributes[key.GetName()] = key.GetValueType()
	}
	return attributes
}

// Activity is an activity's name together with the types of its input and result, so that the workflow that calls it
// and the worker that registers it cannot disagree: both are checked by the compiler.
type Activity[In, Out any] struct{ Name string }

// None is the result of an activity that only has an effect.
type None struct{}
