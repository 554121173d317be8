package message

import "time"

// LateUsageWorkflow is the name under which the LateUsage workflow is registered.
const LateUsageWorkflow = "LateUsage"

// LateUsageInput asks to bill what was used before the end of subscriptions and became known after it.
type LateUsageInput struct {
	// At is when, for customers who are not on a test clock; zero: now, as the schedule asks.
	At time.Time `json:"at,omitzero"`
	// After is the last subscription that was looked at.
	After string `json:"after,omitempty"`
}

// LateUsageBilled is what came of it.
type LateUsageBilled struct {
	Invoices []string `json:"invoices,omitempty"`
	// Failures say which subscriptions could not be billed, and why. They hold up no other.
	Failures []string `json:"failures,omitempty"`
	// Last is the last subscription that was looked at; empty when there are no more.
	Last string `json:"last,omitempty"`
}

// BillLateUsage bills the late usage of subscriptions, of each at most once a day: of so many as one activity can. What nobody pays
// for, by the terms of the subscription, is left alone.
var BillLateUsage = Activity[LateUsageInput, LateUsageBilled]{"BillLateUsage"}
