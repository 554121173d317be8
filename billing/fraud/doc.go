// Package fraud decides what is done about a payment that may be fraud: by rules that operators write in CEL, the Common
// Expression Language, over facts about the payment, its customer, what went before, and what the provider said earlier.
//
// The kinds of rules come in the order of Stripe's Radar (https://docs.stripe.com/radar/rules/reference): request 3DS,
// allow, block, review. Rules of one kind are not ordered, and the first kind of which a rule matches ends the screening.
//
// Everything here is a function of what is passed in. Evaluate rules in activities, not in workflows: a newer version of
// the CEL library could price or word something differently, and a workflow would then not replay.
package fraud
